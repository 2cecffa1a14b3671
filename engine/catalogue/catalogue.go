// Package catalogue holds the scenarios: small programs on the real engine, each with
// variants of how the code in question is written, of which some break its invariant and
// some hold. A scenario is one file of this package, and a line of All.
//
// A variant is a seam of the engine itself, so what is explored is the code that runs.
package catalogue

import (
	"fmt"
	"slices"
	"strings"

	"slotrace/engine"
	"slotrace/engine/event"
	"slotrace/engine/verdict"
	"slotrace/engine/visible"
)

// All are the scenarios, in the order in which they are shown.
var All = []*Scenario{slotAllocation, store, contentOffset, capacity, publish, lockOrder}

// Scenario is a program, its variants, and what it teaches.
type Scenario struct {
	Name      string // stable: links, scripts and tests hold it
	Call      string // what a thread's call is called, such as "store"
	Invariant string // a sentence
	Story     string // what to take away: a sentence or two
	Canary    string // the variant that every search must find broken before it is believed
	// Threads and Ops are the sizes that show it best; MinThreads and MinOps the smallest at
	// which a breaking variant breaks.
	Threads, Ops       int
	MinThreads, MinOps int
	Variants           []Variant
	// New makes the program for some threads, each of which makes ops calls, with an observer
	// of all their operations; nil = nobody watches, and threads may really run at once. A
	// thread calls begin where it begins a call.
	New func(v *Variant, threads, ops int, o visible.Observer, begin func(thread int)) Instance
	// OnFile sets the options of a store whose puts are the scenario's calls, and says what
	// each stores; nil if there is none. See OnFile, the type.
	OnFile func(v *Variant, o *engine.Options) (content func(thread, call int) string)
}

// Variant is one way to write the code in question.
type Variant struct {
	Name  string // stable
	Holds bool
	// Steps are what the calls of a single thread come to with one call each, in order, as
	// visible.Step names them; where a thread's differ from the first's they follow a "|".
	// They guard against an operation that is not announced.
	Steps string
	// Sources are excerpts of the code in question, with the lines of its steps.
	Sources func() []event.Source
	// Runs are those of the Sources that a thread runs; nil if that is all for every thread.
	Runs func(thread int) []event.Source
}

// Instance is a scenario's program: Reset makes all as it is at first, and thread t.ID
// runs Run. The other methods are for when no thread runs.
type Instance interface {
	Reset()
	Run(t *visible.Thread)
	// Intact says whether the invariant holds, all threads having ended.
	Intact() bool
	// Breach says how it was broken by the execution of these events.
	Breach(events []visible.Event) verdict.Breach
	// Outcome is what came of the execution, as far as its callers could tell, on one line.
	// torn says whether bytes of an object, which two threads wrote, may be a mixture of both.
	Outcome(torn func(o visible.Object, low, high uint64) bool) string
	// Calls are the calls of all threads, until the next execution; nil if the scenario has no
	// model to judge them by.
	Calls() []verdict.Call
	// Model is what calls may come to; nil if there is none.
	Model() *verdict.Model
	// View is what is shared, as it is now, in the middle of an execution or at its end.
	View() View
	// Object names what an operation works on, such as "count" or "slot 0".
	Object(op visible.Op) string
}

// Countable is an Instance whose states can be told apart by less than all that happened,
// so that there are few enough to count executions by.
type Countable interface {
	// Shared appends to b what of the shared things decides, with where the threads stand,
	// how executions go on and whether they break the invariant; nothing in it may depend on
	// which thread is which. doomed says that all of them will break it, which needs no b.
	Shared(b []byte) (key []byte, doomed bool)
	// Abstraction says in a sentence what the count relies on.
	Abstraction() string
}

// View is what threads share, for a picture.
type View struct {
	Values []Value // counters, lengths, locks: what has a name and one value
	Slots  []Slot  // in order
	Index  []Entry // what leads where
}

// Value is a thing with a name.
type Value struct{ Name, Text string }

// Slot is a place that can hold one thing, and who has it, the one that wrote last at the
// end.
type Slot struct {
	Name   string
	Has    []Writer
	Broken bool // more than one has it
}

// Writer is a thread's call, and what it stores.
type Writer struct {
	Thread int
	Call   int
	Text   string
	Wrote  bool // it has written there, and not only taken the place
}

// Entry says what an id leads to.
type Entry struct {
	ID, To string
	Broken bool // it does not read back
}

// Find returns the scenario and variant of these names.
func Find(scenario, variant string) (*Scenario, *Variant, error) {
	i := slices.IndexFunc(All, func(s *Scenario) bool { return s.Name == scenario })
	if i < 0 {
		return nil, nil, fmt.Errorf("there is no scenario %q: %s would do", Clip(scenario), list(All, func(s *Scenario) string { return s.Name }))
	}
	s := All[i]
	v := s.Variant(variant)
	if v == nil {
		return nil, nil, fmt.Errorf("%s has no variant %q: %s would do", s.Name, Clip(variant), list(s.Variants, func(v Variant) string { return v.Name }))
	}
	return s, v, nil
}

// Variant returns the variant of that name, or nil.
func (s *Scenario) Variant(name string) *Variant {
	if i := slices.IndexFunc(s.Variants, func(v Variant) bool { return v.Name == name }); i >= 0 {
		return &s.Variants[i]
	}
	return nil
}

func list[T any](of []T, name func(T) string) string {
	names := make([]string, len(of))
	for i, x := range of {
		names[i] = name(x)
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// Clip shortens what somebody else wrote, before it is told back.
func Clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// Letter is how a thread is called.
func Letter(thread int) string { return string(rune('A' + thread)) }

// Stored is how thread's call is called where it is something's content or id: a-0.
func Stored(thread, call int) string { return fmt.Sprintf("%c-%d", 'a'+thread, call) }
