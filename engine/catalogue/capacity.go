package catalogue

import (
	"errors"
	"fmt"
	"strings"

	"slotrace/engine"
	"slotrace/engine/alloc"
	"slotrace/engine/event"
	"slotrace/engine/verdict"
	"slotrace/engine/visible"
)

// capacity is a store that has a slot less than is put. When all threads have ended a
// memory is deleted and another put.
//
// With saturating the count is above the capacity for a moment, between the claim and the
// refusal; the invariant is about when all have ended.
var capacity = &Scenario{
	Name:      "capacity",
	Call:      "put",
	Invariant: "When all threads have ended the count is at most the capacity; a full store says so, and takes a put again after a delete.",
	Story: "Adding first and asking later needs a bound: either take back what was too much, or do not add above the capacity. " +
		"Otherwise every put that is refused moves the count, and it never comes back.",
	Canary:  "unbounded-add",
	Threads: 2, Ops: 1, MinThreads: 2, MinOps: 1,
	Variants: []Variant{
		boundedVariant("unbounded-add", false, "claim reserve reserve content block commit index|claim free free"),
		boundedVariant("bounded-cas", true, "look claim reserve reserve content block commit index|look free free"),
		boundedVariant("saturating", true, "claim reserve reserve content block commit index|claim refuse free free"),
	},
	New: func(v *Variant, threads, ops int, o visible.Observer, begin func(int)) Instance {
		slots := uint64(max(threads*ops-1, 1))
		g := newStage(engine.Options{Allocator: v.Name, Capacity: slots}, threads, ops, o, begin)
		return &filling{stage: g, slots: slots, errs: make([]error, threads*ops)}
	},
}

func boundedVariant(name string, holds bool, steps string) Variant {
	kind := alloc.Find(name)
	return Variant{Name: name, Holds: holds, Steps: steps, Sources: func() []event.Source {
		return []event.Source{excerpt("engine/alloc/"+kind.File, kind.Source(), ") Claim(", ""), function("put.go", engine.PutSource, ") reserve("), putSource()}
	}}
}

type filling struct {
	*stage
	slots uint64
	errs  []error // of the puts, by number
	ended bool    // what follows is of this execution
	count uint64  // when all threads had ended
	again error   // of a put after a delete
}

func (f *filling) Reset() {
	f.rewind()
	clear(f.errs)
	f.ended = false
}

func (f *filling) Run(t *visible.Thread) {
	for call := range f.ops {
		f.begin(t.ID)
		i := t.ID*f.ops + call
		f.errs[i] = f.put(t.ID, i)
	}
}

// end sees, once all threads have ended, whether the store is full, and takes a put again
// when something was deleted.
func (f *filling) end() {
	if f.ended {
		return
	}
	f.ended = true
	f.count = f.store.Picture().Count
	f.again = errors.New("nothing was stored")
	for i, err := range f.errs {
		if err == nil {
			m := f.memories[i]
			f.again = f.aside.Delete(m.ID)
			if f.again == nil {
				f.again = f.aside.Put(&m)
			}
			return
		}
	}
}

// stored is how many puts were made, and whether the others were told that the store is
// full.
func (f *filling) stored() (n uint64, told bool) {
	told = true
	for _, err := range f.errs {
		if err == nil {
			n++
		} else if !errors.Is(err, engine.ErrFull) {
			told = false
		}
	}
	return n, told
}

func (f *filling) Intact() bool {
	f.end()
	n, told := f.stored()
	return f.count <= f.slots && told && n == min(f.slots, uint64(len(f.errs))) && f.again == nil
}

func (f *filling) Breach([]visible.Event) verdict.Breach {
	f.end()
	n, _ := f.stored()
	b := verdict.Breach{Kind: "count", Why: fmt.Sprintf("%d puts were made and %d refused, of %d slots, and a put after a delete came to %s.", n, uint64(len(f.errs))-n, f.slots, outcome(f.again))}
	if f.count > f.slots {
		b.Why = fmt.Sprintf("The count is %d when all threads have ended, with room for %d: whoever was refused had added, and did not take it back.", f.count, f.slots)
		b.Evidence = []verdict.Evidence{{ID: "count", Expected: fmt.Sprint(f.slots), Got: fmt.Sprint(f.count)}}
	}
	return b
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "stored"
	case errors.Is(err, engine.ErrFull):
		return "full"
	}
	return err.Error()
}

// Outcome is which puts were made, and the count.
func (f *filling) Outcome(func(o visible.Object, low, high uint64) bool) string {
	f.end()
	var b strings.Builder
	for i, err := range f.errs {
		fmt.Fprintf(&b, "%s:%s ", f.name(i), outcome(err))
	}
	fmt.Fprintf(&b, "count=%d again:%s", f.count, outcome(f.again))
	return b.String()
}

func (f *filling) Calls() []verdict.Call {
	calls := make([]verdict.Call, len(f.errs))
	for i, err := range f.errs {
		calls[i] = verdict.Call{Thread: f.thread(i), Number: f.call(i), Kind: callPut, In: f.slots, Out: failed(err)}
	}
	return calls
}

func (f *filling) Model() *verdict.Model { return fullModel }

// fullModel is a store of In slots: a put is refused if and only if all are used.
var fullModel = &verdict.Model{
	Plain: func(calls []verdict.Call) bool {
		used := uint64(0)
		for _, c := range calls {
			ok, next := fill(used, c)
			if !ok {
				return false
			}
			used = next
		}
		return true
	},
	Init: func() any { return uint64(0) },
	Step: func(state any, c verdict.Call) (bool, any) {
		ok, next := fill(state.(uint64), c)
		return ok, next
	},
	Equal: func(a, b any) bool { return a == b },
}

func fill(used uint64, c verdict.Call) (ok bool, next uint64) {
	if used == c.In {
		return c.Out == 1, used
	}
	return c.Out == 0, used + 1
}

// View is the store, with the count told apart from the capacity.
func (f *filling) View() View {
	v := f.stage.View()
	v.Values[0].Text += fmt.Sprintf(" of %d", f.slots)
	return v
}
