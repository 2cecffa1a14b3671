package lab

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
)

// The modes of a search.
const (
	Find  = "find"  // sizes from the smallest on, then preemptions: the first violation is the shortest
	Prove = "prove" // one execution of each class of equivalent ones
	Count = "count" // exact numbers, from the graph of states
	Walk  = "walk"  // threads drawn at random
	PCT   = "pct"   // priorities drawn at random
	All   = "all"   // every execution, without reduction
)

// Modes are all of them.
var Modes = []string{Find, Prove, Count, Walk, PCT, All}

// Bounds end a search.
type Bounds struct {
	Seed          uint64
	MaxExecutions int64         // 0 = no bound
	MaxOperations int64         // of all executions together, whatever their length; 0 = no bound
	MaxStates     int           // to count by, each some hundred bytes; 0 = as many as a machine of one's own has room for
	Timeout       time.Duration // 0 = no bound; then a search of hopeless size is refused
}

// Progress is how far a search is.
type Progress struct {
	Setup              // of what is searched now
	Executions int64   // so far
	Share      float64 // of the space, about; 0 = it cannot be said
	Elapsed    time.Duration
}

// Tick is called by a search every few dozen executions. The search stops when it is
// false.
type Tick func(p func() Progress) bool

// tickEvery is how many executions of some dozen operations lie between two ticks: some ten
// microseconds. Of executions that have thousands it is one.
const (
	tickEvery  = 16
	operations = 32 // that count as another execution
)

// countAll is the largest number of classes, about, of which a proof that has failed
// still counts the rest.
const countAll = 100_000

// Explore searches. The error says what is off about what was asked for, or that a search
// without bounds would hardly end. tick may be nil.
func Explore(s Setup, mode string, b Bounds, tick Tick) (Result, error) {
	if err := s.Check(); err != nil {
		return Result{}, err
	}
	if !slices.Contains(Modes, mode) {
		return Result{}, fmt.Errorf("mode: there is no %q, %s or %s would do", catalogue.Clip(mode), strings.Join(Modes[:len(Modes)-1], ", "), Modes[len(Modes)-1])
	}
	if b.MaxExecutions < 0 || b.MaxOperations < 0 || b.MaxStates < 0 || b.Timeout < 0 {
		return Result{}, fmt.Errorf("bounds: %d executions, %d operations, %d states and %v are to be 0, for none, or more", b.MaxExecutions, b.MaxOperations, b.MaxStates, b.Timeout)
	}
	x := &search{bounds: b, tick: tick, begin: time.Now()}
	x.Setup, x.Mode, x.Verdict = s, mode, Unknown
	if mode == Walk || mode == PCT {
		x.Seed = &b.Seed
	}
	if err := x.refuse(); err != nil {
		return Result{}, err
	}
	canary, err := CheckCanary(s)
	if err != nil {
		return Result{}, err
	}
	x.Canary = canary
	if err := x.run(); err != nil {
		return Result{}, err
	}
	x.Executions, x.Violations = NumberOf(x.executions), NumberOf(x.violations)
	if x.counted.Int != nil {
		x.Executions, x.Violations = x.counted, x.losing
	}
	x.Elapsed = float64(time.Since(x.begin).Microseconds()) / 1000
	return x.Result, nil
}

// search is a search under way.
type search struct {
	Result
	bounds      Bounds
	tick        Tick
	begin       time.Time
	at          Setup // what is searched now
	share       func() float64
	executions  int64
	operations  int64
	violations  int64
	counted     Number
	losing      Number
	sinceTick   int
	stopAtFirst bool
}

// ErrUnsound says that nothing can be said of a program: not every operation is announced,
// or it does not do twice what it did once.
var ErrUnsound = errors.New("nothing can be said of it")

func (x *search) run() error {
	switch x.Mode {
	case Find:
		return x.find(x.Setup)
	case Count:
		return x.count()
	}
	t, err := newTrial(x.Setup)
	if err != nil {
		return err
	}
	defer t.close()
	var e explore.Search
	switch x.Mode {
	case Prove:
		classes, _ := t.estimate()
		x.stopAtFirst = classes > countAll
		e = explore.NewReduced(t.machine)
	case All:
		e = explore.NewEvery(t.machine, explore.Unbounded)
	case Walk:
		e, x.stopAtFirst = explore.NewWalk(t.machine, x.bounds.Seed), true
	case PCT:
		e, x.stopAtFirst = explore.NewPCT(t.machine, x.bounds.Seed, 3, t.length()), true
	}
	if x.Complete, err = x.visit(t, e); err != nil {
		return err
	}
	switch {
	case x.Counterexample != nil:
		x.Verdict = Violated
		return x.shorten()
	case x.Complete:
		x.Verdict = Holds
	}
	return nil
}

// visit judges executions until there are no more of them, or a bound or a violation ends
// that. It says whether all were visited. The first violation, or the first race if
// there is none, becomes the counterexample.
func (x *search) visit(t *trial, e explore.Search) (all bool, err error) {
	x.at = t.Setup
	x.share = func() float64 { return 0 }
	if s, ok := e.(interface{ Share() float64 }); ok {
		x.share = s.Share
	}
	if !x.goOn() {
		return false, nil
	}
	violated, cut := false, false
	all = t.machine.Each(e, func(end explore.End) bool {
		x.ran(len(t.machine.Events()))
		switch end {
		case explore.Nondeterministic:
			err = fmt.Errorf("%s: the code under test is not deterministic: %w: %s", t.Variant, ErrUnsound, t.machine.Err())
			return false
		case explore.Abandoned:
			x.CutShort++
			return x.goOn()
		case explore.Panicked, explore.Endless:
			cut = true // what came behind was not seen, nor what it depends on
		}
		x.executions++
		f := t.judge(end)
		if f == sound {
			return x.goOn()
		}
		if f.violates() {
			x.violations++
		} else {
			x.Races++
		}
		if x.Counterexample == nil || f.violates() && !violated {
			violated = f.violates()
			x.Counterexample = t.counterexample(end, f)
		}
		return !(x.stopAtFirst && violated) && x.goOn()
	})
	return all && !cut, err
}

// ran takes note of an execution of so many operations.
func (x *search) ran(n int) {
	x.operations += int64(n)
	x.sinceTick += n / operations
}

// goOn says whether bounds and tick let the search go on.
func (x *search) goOn() bool {
	if x.bounds.MaxExecutions > 0 && x.executions >= x.bounds.MaxExecutions {
		x.Stopped = fmt.Sprintf("%d executions were the bound", x.bounds.MaxExecutions)
		return false
	}
	if x.bounds.MaxOperations > 0 && x.operations >= x.bounds.MaxOperations {
		x.Stopped = fmt.Sprintf("%d operations were the bound", x.bounds.MaxOperations)
		return false
	}
	if x.sinceTick++; x.sinceTick < tickEvery {
		return true
	}
	x.sinceTick = 0
	if x.bounds.Timeout > 0 && time.Since(x.begin) >= x.bounds.Timeout {
		x.Stopped = fmt.Sprintf("%v were the bound", x.bounds.Timeout)
		return false
	}
	if x.tick != nil && !x.tick(x.progress) {
		x.Stopped = "it was stopped"
		return false
	}
	return true
}

func (x *search) progress() Progress {
	return Progress{x.at, x.executions, x.share(), time.Since(x.begin)}
}

// find looks at sizes up to the setup's, those with the fewest calls first. In each a
// search over classes says whether anything is to be found; if so, executions with no
// preemption are tried, then those with one, and so on.
func (x *search) find(bound Setup) error {
	x.stopAtFirst = true
	for _, s := range sizes(bound) {
		t, err := newTrial(s)
		if err != nil {
			return err
		}
		all, err := x.findIn(t)
		t.close()
		if err != nil || x.Verdict == Violated {
			return err
		}
		if x.Complete = all; !all {
			break
		}
	}
	switch {
	case x.Counterexample != nil: // a race, that breaks nothing
		x.Verdict = Violated
	case x.Complete:
		x.Verdict = Holds
	}
	return nil
}

func (x *search) findIn(t *trial) (all bool, err error) {
	before, raced := x.violations, x.Counterexample
	all, err = x.visit(t, explore.NewReduced(t.machine))
	if err != nil || x.violations == before {
		return all, err
	}
	x.Verdict = Violated
	some := x.Counterexample
	for preemptions := 0; x.goOn(); preemptions++ {
		found := x.violations
		x.Counterexample = raced
		if _, err := x.visit(t, explore.NewEvery(t.machine, preemptions)); err != nil || x.violations > found {
			x.violations = before + 1
			return false, err
		}
		x.Counterexample = some // if a bound ends it here, it is not of the fewest preemptions
	}
	return false, nil
}

// sizes are the setups of up to the bound's sizes, those with the fewest calls first, and
// of these those with the fewest threads.
func sizes(bound Setup) (all []Setup) {
	for threads := 1; threads <= bound.Threads; threads++ {
		for ops := 1; ops <= bound.Ops; ops++ {
			all = append(all, Setup{bound.Scenario, bound.Variant, threads, ops})
		}
	}
	slices.SortStableFunc(all, func(a, b Setup) int { return a.Threads*a.Ops - b.Threads*b.Ops })
	return all
}

// shorten replaces the counterexample of a search that does not find the shortest one.
func (x *search) shorten() error {
	c := x.Counterexample
	if x.violations == 0 { // a race alone
		return nil
	}
	s := Setup{x.Scenario, x.Variant, c.Threads, c.Ops}
	short, err := Shrink(s, c.Schedule)
	if err != nil {
		return err
	}
	if short.Schedule != c.Schedule || short.Threads != c.Threads || short.Ops != c.Ops {
		short.Found = &Found{c.Threads, c.Ops, c.Schedule}
	}
	x.Counterexample = short
	return nil
}
