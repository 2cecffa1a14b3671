package catalogue

import (
	"fmt"
	"slices"
	"strings"

	"slotrace/engine/area"
	"slotrace/engine/event"
	"slotrace/engine/verdict"
	"slotrace/engine/visible"
)

// contentOffset is the content area alone: each store takes a range of it and writes its
// content there.
var contentOffset = &Scenario{
	Name:      "content-offset",
	Call:      "store",
	Invariant: "No two ranges of the content area overlap.",
	Story: "A lock guards what is inside it, nothing else: where the range begins was looked up before the lock was taken, " +
		"and somebody else had the lock in between.",
	Canary:  "length-outside-lock",
	Threads: 2, Ops: 1, MinThreads: 2, MinOps: 1,
	Variants: []Variant{
		areaVariant("length-outside-lock", "length enter-area reserve leave-area content"),
		areaVariant("length-inside-lock", "enter-area length reserve leave-area content"),
		areaVariant("bump", "reserve reserve content"),
	},
	New: func(v *Variant, threads, ops int, o visible.Observer, begin func(int)) Instance {
		return newRanges(area.Find(v.Name), threads, ops, begin)
	},
}

func areaVariant(name, steps string) Variant {
	kind := area.Find(name)
	return Variant{Name: name, Holds: kind.Holds, Steps: steps, Sources: func() []event.Source {
		return []event.Source{excerpt("engine/area/"+kind.File, kind.Source(), ") Take(", "")}
	}}
}

// The objects of a content area.
const (
	objectEnd visible.Object = iota + 1
	objectAreaLock
	objectContent
)

// cellBytes is what the lengths of contents are multiples of here: one or two.
const cellBytes = 4

type ranges struct {
	threads, ops int
	begin        func(int)
	word         uint64
	end          visible.Counter
	area         area.Area
	memory       []byte
	content      visible.Bytes
	text         [][]byte // what is stored, by thread and call
	at           []uint64 // where, untaken before
	wrote        []bool
	covered      []bool // cells, for Intact
}

func newRanges(kind *area.Kind, threads, ops int, begin func(int)) *ranges {
	n := threads * ops
	r := &ranges{threads: threads, ops: ops, begin: begin, text: make([][]byte, n), at: make([]uint64, n), wrote: make([]bool, n)}
	size := 0
	for i := range r.text {
		r.text[i] = []byte(strings.Repeat(r.name(i)+".", 1+i%2))
		size += len(r.text[i])
	}
	r.memory, r.covered = make([]byte, size), make([]bool, size/cellBytes)
	r.end = visible.NewCounter(objectEnd, 0, &r.word)
	r.content = visible.NewBytes(objectContent, r.memory)
	r.area = kind.New(area.Shared{End: &r.end, Lock: visible.NewMutex(objectAreaLock, 0), Size: uint64(size)})
	r.Reset()
	return r
}

func (r *ranges) name(i int) string { return Stored(i/r.ops, i%r.ops) }

func (r *ranges) Reset() {
	r.word = 0
	clear(r.memory)
	clear(r.wrote)
	for i := range r.at {
		r.at[i] = untaken
	}
}

func (r *ranges) Run(t *visible.Thread) {
	for call := range r.ops {
		r.begin(t.ID)
		me := t.ID*r.ops + call
		at, ok := r.area.Take(t, uint64(len(r.text[me])))
		if !ok {
			continue
		}
		r.at[me] = at
		r.content.Write(t, visible.Content, at, r.text[me], nil)
		r.wrote[me] = true
	}
}

func (r *ranges) Intact() bool {
	clear(r.covered)
	for i, at := range r.at {
		if at == untaken || !r.own(i) {
			return false
		}
		for c := range len(r.text[i]) / cellBytes {
			c += int(at) / cellBytes
			if r.covered[c] {
				return false
			}
			r.covered[c] = true
		}
	}
	return true
}

// read is what is where store i wrote.
func (r *ranges) read(i int) []byte { return r.memory[r.at[i]:][:len(r.text[i])] }
func (r *ranges) own(i int) bool    { return slices.Equal(r.read(i), r.text[i]) }

// overlap says whether two stores were given a byte both.
func (r *ranges) overlap(i, j int) bool {
	return r.at[i] != untaken && r.at[j] != untaken && r.at[i] < r.at[j]+uint64(len(r.text[j])) && r.at[j] < r.at[i]+uint64(len(r.text[i]))
}

func (r *ranges) Breach([]visible.Event) verdict.Breach {
	b := verdict.Breach{Kind: "overlap"}
	for i := range r.at {
		if r.at[i] == untaken {
			b.Why = fmt.Sprintf("%s's store found the area full, which has room for all.", Letter(i/r.ops))
			continue
		}
		for j := range i {
			if b.Why == "" && r.overlap(i, j) {
				b.Why = fmt.Sprintf("%s and %s both looked where the content ends before either had moved the end: %s was given bytes %s, %s bytes %s.",
					Letter(j/r.ops), Letter(i/r.ops), r.name(j), r.where(j), r.name(i), r.where(i))
			}
		}
		if !r.own(i) {
			b.Evidence = append(b.Evidence, verdict.Evidence{ID: r.name(i), Expected: string(r.text[i]), Got: string(r.read(i))})
		}
	}
	return b
}

func (r *ranges) where(i int) string {
	return fmt.Sprintf("%d to %d", r.at[i], r.at[i]+uint64(len(r.text[i]))-1)
}

// Outcome is where each store wrote, and whether that is still there.
func (r *ranges) Outcome(torn func(o visible.Object, low, high uint64) bool) string {
	var b strings.Builder
	for i, at := range r.at {
		switch {
		case at == untaken:
			fmt.Fprintf(&b, "%s:full ", r.name(i))
		case torn(objectContent, at, at+uint64(len(r.text[i]))):
			fmt.Fprintf(&b, "%s:%d=torn ", r.name(i), at)
		case r.own(i):
			fmt.Fprintf(&b, "%s:%d ", r.name(i), at)
		default:
			fmt.Fprintf(&b, "%s:%d=overwritten ", r.name(i), at)
		}
	}
	return strings.TrimSpace(b.String())
}

func (r *ranges) Calls() []verdict.Call {
	calls := make([]verdict.Call, len(r.at))
	for i, at := range r.at {
		calls[i] = verdict.Call{Thread: i / r.ops, Number: i%r.ops + 1, In: uint64(len(r.text[i])), Out: at}
	}
	return calls
}

func (r *ranges) Model() *verdict.Model { return bytesGivenOnce }

// bytesGivenOnce is the model of calls each of which is given In bytes from Out on, of
// which no other is given any.
var bytesGivenOnce = &verdict.Model{
	Plain: func(calls []verdict.Call) bool {
		for i := range calls {
			for j := range i {
				if meet(calls[i], calls[j]) {
					return false
				}
			}
		}
		return true
	},
	AnyOrder: true,
}

func meet(a, b verdict.Call) bool { return a.Out < b.Out+b.In && b.Out < a.Out+a.In }

// View is the area, cell by cell.
func (r *ranges) View() View {
	v := View{Values: []Value{{"length", fmt.Sprint(r.word)}}}
	for low := uint64(0); low < uint64(len(r.memory)); low += cellBytes {
		s := Slot{Name: fmt.Sprintf("bytes %d to %d", low, low+cellBytes-1)}
		for i, at := range r.at {
			if at != untaken && at <= low && low < at+uint64(len(r.text[i])) {
				s.Has = append(s.Has, Writer{i / r.ops, i%r.ops + 1, r.name(i), r.wrote[i]})
			}
		}
		s.Broken = len(s.Has) > 1
		holds := strings.TrimSuffix(string(r.memory[low:][:cellBytes]), ".")
		slices.SortStableFunc(s.Has, func(x, y Writer) int { return boolInt(x.Text == holds) - boolInt(y.Text == holds) })
		v.Slots = append(v.Slots, s)
	}
	for i, at := range r.at {
		if at != untaken {
			v.Index = append(v.Index, Entry{r.name(i), "bytes " + r.where(i), r.wrote[i] && !r.own(i)})
		}
	}
	return v
}

func (r *ranges) Object(op visible.Op) string {
	switch op.Object {
	case objectEnd:
		return "length"
	case objectAreaLock:
		return "lock"
	}
	return fmt.Sprintf("bytes %d to %d", op.Low, op.High-1)
}
