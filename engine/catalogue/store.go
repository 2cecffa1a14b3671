package catalogue

import (
	"fmt"
	"strings"

	"slotrace/engine"
	"slotrace/engine/alloc"
	"slotrace/engine/event"
	"slotrace/engine/verdict"
	"slotrace/engine/visible"
)

// store is the whole of Put: each call puts a memory under an id of its own. When all
// threads have ended everything is read back, by calls of the history as well.
var store = &Scenario{
	Name:      "store",
	Call:      "put",
	Invariant: "What was put is got back, as if all calls had been made one after the other.",
	Story: "The same few lines, now with all that a store does around them: content, block, commit word, index. " +
		"None of it makes the wrong claim right, and none of it breaks a right one.",
	Canary:  "check-then-act",
	Threads: 2, Ops: 1, MinThreads: 2, MinOps: 1,
	Variants: []Variant{
		storeVariant("check-then-act", "look reserve reserve content block commit index tell"),
		storeVariant("lock-each-step", "enter look leave reserve reserve content enter-block block leave-block commit index enter-tell tell leave-tell"),
		storeVariant("fetch-add", "claim reserve reserve content block commit index"),
		storeVariant("mutex", "enter look claim leave reserve reserve content block commit index"),
		storeVariant("compare-and-swap", "look claim reserve reserve content block commit index"),
	},
	New: func(v *Variant, threads, ops int, o visible.Observer, begin func(int)) Instance {
		g := newStage(engine.Options{Allocator: v.Name}, threads, ops, o, begin)
		return &storing{stage: g, errs: make([]error, threads*ops), back: make([]int, threads*ops)}
	},
	OnFile: func(v *Variant, o *engine.Options) func(thread, call int) string {
		o.Allocator = v.Name
		return Stored
	},
}

func storeVariant(name, steps string) Variant {
	kind := alloc.Find(name)
	return Variant{Name: name, Holds: kind.Holds, Steps: steps, Sources: func() []event.Source {
		return []event.Source{excerpt("engine/alloc/"+kind.File, kind.Source(), ") Claim(", ") Refuse("), putSource()}
	}}
}

type storing struct {
	*stage
	errs []error // of the puts, by number
	read bool    // back is of this execution
	back []int   // what is got under each number's id
}

func (s *storing) Reset() {
	s.rewind()
	clear(s.errs)
	s.read = false
}

func (s *storing) Run(t *visible.Thread) {
	for call := range s.ops {
		s.begin(t.ID)
		i := t.ID*s.ops + call
		s.errs[i] = s.put(t.ID, i)
	}
}

// readBack gets everything, once all threads have ended.
func (s *storing) readBack() []int {
	if !s.read {
		for i := range s.back {
			s.back[i] = s.get(s.aside, s.embedding, s.content, i)
		}
		s.read = true
	}
	return s.back
}

func (s *storing) Intact() bool {
	for i, got := range s.readBack() {
		if got != i || s.errs[i] != nil {
			return false
		}
	}
	return true
}

func (s *storing) Breach(events []visible.Event) verdict.Breach {
	b := verdict.Breach{Kind: "collision"}
	for i, got := range s.readBack() {
		if s.errs[i] != nil {
			b.Evidence = append(b.Evidence, verdict.Evidence{ID: s.name(i), Expected: "to be stored", Got: s.errs[i].Error()})
		} else if got != i {
			b.Evidence = append(b.Evidence, verdict.Evidence{ID: s.name(i), Expected: s.name(i), Got: s.got(got)})
		}
		for j := range i {
			if b.Why == "" && s.took[i] == s.took[j] && s.took[i] != untaken {
				b.Why = s.why(events, j, i)
			}
		}
	}
	return b
}

// why tells how two puts came to one slot.
func (s *storing) why(events []visible.Event, i, j int) string {
	if at(events, s.thread(i), s.call(i), visible.Look) > at(events, s.thread(j), s.call(j), visible.Look) {
		i, j = j, i
	}
	first, second := Letter(s.thread(i)), Letter(s.thread(j))
	return fmt.Sprintf("%s looked between %s's look and %s's tell: both put into slot %d, which holds what was written last, and the other is gone.", second, first, first, s.took[i])
}

// Outcome is what is got under each id.
func (s *storing) Outcome(torn func(o visible.Object, low, high uint64) bool) string {
	var b strings.Builder
	for i, got := range s.readBack() {
		switch {
		case s.errs[i] != nil:
			fmt.Fprintf(&b, "%s:failed ", s.name(i))
		case s.torn(i, torn):
			fmt.Fprintf(&b, "%s=torn ", s.name(i))
		default:
			fmt.Fprintf(&b, "%s=%s ", s.name(i), s.got(got))
		}
	}
	return strings.TrimSpace(b.String())
}

func (s *storing) Calls() []verdict.Call {
	calls := make([]verdict.Call, 0, 2*len(s.errs))
	for i, err := range s.errs {
		calls = append(calls, verdict.Call{Thread: s.thread(i), Number: s.call(i), Kind: callPut, In: uint64(i), Out: failed(err)})
	}
	for i, back := range s.readBack() {
		calls = append(calls, verdict.Call{Thread: s.threads, Number: verdict.Final, Kind: callGet, In: uint64(i), Out: got(back)})
	}
	return calls
}

func (s *storing) Model() *verdict.Model { return memoriesModel }
