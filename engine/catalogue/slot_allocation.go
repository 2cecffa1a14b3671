package catalogue

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"slotrace/engine"
	"slotrace/engine/alloc"
	"slotrace/engine/event"
	"slotrace/engine/verdict"
	"slotrace/engine/visible"
)

// slotAllocation is the allocators alone: each store takes a slot, writes its block there
// and tells.
var slotAllocation = &Scenario{
	Name:      "slot-allocation",
	Call:      "store",
	Invariant: "No two live entries share a slot, and what was stored reads back.",
	Story: "An atomic load and an atomic add are not one atomic step: whoever looks in between takes the same slot. " +
		"Every schedule in which check-then-act loses data has a data race; lock-each-step loses with none: free of data races is not correct.",
	Canary:  "check-then-act",
	Threads: 2, Ops: 1, MinThreads: 2, MinOps: 1,
	Variants: []Variant{
		allocatorVariant("check-then-act", "look block tell"),
		allocatorVariant("lock-each-step", "enter look leave enter-block block leave-block enter-tell tell leave-tell"),
		allocatorVariant("fetch-add", "claim block"),
		allocatorVariant("mutex", "enter look claim leave block"),
		allocatorVariant("compare-and-swap", "look claim block"),
	},
	New: func(v *Variant, threads, ops int, o visible.Observer, begin func(int)) Instance {
		return newAllocation(&alloc.Kinds[alloc.Index(v.Name)], threads, ops, begin)
	},
	OnFile: func(v *Variant, o *engine.Options) func(thread, call int) string {
		o.Allocator = v.Name
		return blockOf
	},
}

func allocatorVariant(name, steps string) Variant {
	kind := &alloc.Kinds[alloc.Index(name)]
	return Variant{Name: name, Holds: kind.Holds, Steps: steps, Sources: func() []event.Source {
		return []event.Source{excerpt("engine/alloc/"+kind.File, kind.Source(), ") Claim(", ") Refuse(")}
	}}
}

// excerpt is event.ParseSource of a source that is compiled in, and tested.
func excerpt(file, text, from, until string) event.Source {
	s, err := event.ParseSource(file, text, from, until)
	if err != nil {
		panic(err)
	}
	return s
}

// The objects of an allocation.
const (
	objectCount visible.Object = iota + 1
	objectLock
	objectBlocks
	objectBlocksLock
)

// slotBytes is how large a block is here.
const slotBytes = 8

type allocation struct {
	threads, ops int
	begin        func(int)
	word         uint64
	count        visible.Counter
	lock         *visible.Mutex
	blocksLock   *visible.Mutex // nil if the allocator does not lock blocks
	allocator    alloc.Allocator
	memory       []byte
	blocks       visible.Bytes
	slots        []uint64 // by thread and call, untaken before
	wrote        []bool   // by thread and call
	tag          [][slotBytes]byte
	taken        []uint64 // slots in a set of bits, for Intact
	calls        []verdict.Call
}

const untaken = ^uint64(0)

func newAllocation(kind *alloc.Kind, threads, ops int, begin func(int)) *allocation {
	n := threads * ops
	a := &allocation{threads: threads, ops: ops, begin: begin, slots: make([]uint64, n), wrote: make([]bool, n), tag: make([][slotBytes]byte, n), taken: make([]uint64, n/64+1), calls: make([]verdict.Call, n)}
	a.count = visible.NewCounter(objectCount, 0, &a.word)
	a.lock = visible.NewMutex(objectLock, 0)
	if kind.Locks {
		a.blocksLock = visible.NewMutex(objectBlocksLock, 0)
	}
	a.allocator = kind.New(alloc.Shared{Count: &a.count, Lock: a.lock})
	a.memory = make([]byte, n*slotBytes)
	a.blocks = visible.NewBytes(objectBlocks, a.memory)
	for i := range a.tag {
		a.calls[i] = verdict.Call{Thread: a.thread(i), Number: a.call(i)}
		for j := range a.tag[i] {
			a.tag[i][j] = byte((i + 1) >> (8 * (j % 2))) // any half of it tells whose it is
		}
	}
	a.Reset()
	return a
}

func (a *allocation) Reset() {
	a.word = 0
	clear(a.memory)
	clear(a.wrote)
	for i := range a.slots {
		a.slots[i] = untaken
	}
}

func (a *allocation) Run(t *visible.Thread) {
	for call := range a.ops {
		a.begin(t.ID)
		me := t.ID*a.ops + call
		slot := a.allocator.Claim(t)
		a.slots[me] = slot
		if a.blocksLock != nil {
			a.blocksLock.Lock(t, visible.EnterBlock)
		}
		a.blocks.Write(t, visible.Block, slot*slotBytes, a.tag[me][:], nil)
		a.wrote[me] = true
		if a.blocksLock != nil {
			a.blocksLock.Unlock(t, visible.LeaveBlock)
		}
		a.allocator.Tell(t)
	}
}

func (a *allocation) Intact() bool {
	clear(a.taken)
	for i, slot := range a.slots {
		if slot >= uint64(len(a.slots)) || a.taken[slot/64]>>(slot%64)&1 != 0 || a.block(slot) != a.tag[i] {
			return false
		}
		a.taken[slot/64] |= 1 << (slot % 64)
	}
	return true
}

func (a *allocation) block(slot uint64) [slotBytes]byte {
	return [slotBytes]byte(a.memory[slot*slotBytes:])
}

// holder is whose block a slot holds, -1 if nobody's.
func (a *allocation) holder(slot uint64) int { return slices.Index(a.tag, a.block(slot)) }

func (a *allocation) Breach(events []visible.Event) verdict.Breach {
	b := verdict.Breach{Kind: "collision"}
	for i, slot := range a.slots {
		if first := slices.Index(a.slots[:i], slot); first >= 0 && b.Why == "" {
			b.Why = a.why(events, first, i)
		}
		if h := a.holder(slot); h != i && h >= 0 {
			b.Evidence = append(b.Evidence, verdict.Evidence{ID: a.name(i), Expected: a.whose(i), Got: a.whose(h)})
		}
	}
	return b
}

func (a *allocation) name(i int) string  { return Stored(i/a.ops, i%a.ops) }
func (a *allocation) whose(i int) string { return blockOf(i/a.ops, i%a.ops) }

func blockOf(thread, call int) string { return fmt.Sprintf("%s's block %d", Letter(thread), call) }

// why tells how two stores came to one slot: who looked while the other had looked and
// not told.
func (a *allocation) why(events []visible.Event, i, j int) string {
	if at(events, a.thread(i), a.call(i), visible.Look) > at(events, a.thread(j), a.call(j), visible.Look) {
		i, j = j, i
	}
	slot := a.slots[i]
	first, second := Letter(a.thread(i)), Letter(a.thread(j))
	lost, kept := first, second
	if h := a.holder(slot); h == i {
		lost, kept = second, first
	}
	return fmt.Sprintf("%s looked between %s's look and %s's tell: both took slot %d. %s wrote last, what %s stored is gone.", second, first, first, slot, kept, lost)
}

func (a *allocation) thread(i int) int { return i / a.ops }
func (a *allocation) call(i int) int   { return i%a.ops + 1 }

// at is where a thread's call came to a step, -1 if it did not.
func at(events []visible.Event, thread, call int, s visible.Step) int {
	return slices.IndexFunc(events, func(e visible.Event) bool {
		return int(e.Thread) == thread && int(e.Call) == call && e.Op.Step == s
	})
}

// Outcome is which slot each store took, and whose block each slot holds.
func (a *allocation) Outcome(torn func(o visible.Object, low, high uint64) bool) string {
	var b strings.Builder
	for i, slot := range a.slots {
		fmt.Fprintf(&b, "%s:%d ", a.name(i), slot)
	}
	for slot := range uint64(len(a.slots)) {
		low := slot * slotBytes
		h := a.holder(slot)
		switch {
		case slices.Index(a.slots, slot) < 0:
		case a.shared(slot) && torn(objectBlocks, low, low+slotBytes):
			fmt.Fprintf(&b, "%d=torn ", slot)
		case h < 0:
			fmt.Fprintf(&b, "%d=? ", slot)
		default:
			fmt.Fprintf(&b, "%d=%s ", slot, a.name(h))
		}
	}
	return strings.TrimSpace(b.String())
}

// shared says whether two stores have taken the slot.
func (a *allocation) shared(slot uint64) bool {
	first := slices.Index(a.slots, slot)
	return first >= 0 && slices.Index(a.slots[first+1:], slot) >= 0
}

func (a *allocation) Calls() []verdict.Call {
	for i, slot := range a.slots {
		a.calls[i].Out = slot
	}
	return a.calls
}

func (a *allocation) Model() *verdict.Model { return givenOnce }

// givenOnce is the model of calls each of which is given something, Out, that no other is
// given.
var givenOnce = &verdict.Model{
	Plain: func(calls []verdict.Call) bool {
		for i := range calls {
			for j := range i {
				if calls[i].Out == calls[j].Out {
					return false
				}
			}
		}
		return true
	},
	AnyOrder: true,
}

func (a *allocation) View() View {
	v := View{Values: []Value{{"count", fmt.Sprint(a.word)}}}
	for slot := range uint64(len(a.slots)) {
		s := Slot{Name: fmt.Sprintf("slot %d", slot)}
		for i, taken := range a.slots {
			if taken == slot {
				s.Has = append(s.Has, Writer{a.thread(i), a.call(i), a.name(i), a.wrote[i]})
			}
		}
		s.Broken = len(s.Has) > 1
		if h := a.holder(slot); h >= 0 { // the latest last
			slices.SortStableFunc(s.Has, func(x, y Writer) int {
				return boolInt(x.Text == a.name(h)) - boolInt(y.Text == a.name(h))
			})
		}
		v.Slots = append(v.Slots, s)
	}
	for i, slot := range a.slots {
		if slot == untaken {
			continue
		}
		e := Entry{ID: a.name(i), To: fmt.Sprintf("slot %d", slot)}
		if h := a.holder(slot); h >= 0 && h != i {
			e.To += " reads " + a.whose(h)
			e.Broken = true
		}
		v.Index = append(v.Index, e)
	}
	return v
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (a *allocation) Object(op visible.Op) string {
	switch op.Object {
	case objectCount:
		return "count"
	case objectLock:
		return "lock"
	case objectBlocksLock:
		return "blocks' lock"
	}
	return fmt.Sprintf("slot %d", op.Low/slotBytes)
}

// Shared implements Countable. Once two stores have taken one slot all is lost.
func (a *allocation) Shared(b []byte) (key []byte, doomed bool) {
	clear(a.taken)
	for _, slot := range a.slots {
		if slot == untaken {
			continue
		}
		if a.taken[slot/64]>>(slot%64)&1 != 0 {
			return b, true
		}
		a.taken[slot/64] |= 1 << (slot % 64)
	}
	b = binary.LittleEndian.AppendUint64(b, a.word)
	for _, bits := range a.taken {
		b = binary.LittleEndian.AppendUint64(b, bits)
	}
	return b, false
}

// Abstraction implements Countable.
func (a *allocation) Abstraction() string {
	return "Of a state it counts the count, the slots that were taken, and what each thread has seen in its store under way and does next. Threads are interchangeable, and once two stores have taken one slot nothing else matters. Data races it leaves to the proof."
}
