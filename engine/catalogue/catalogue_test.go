package catalogue_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
	"slotrace/engine/verdict"
	"slotrace/engine/visible"
)

// run is a variant's program under the scheduler, and what is found out about it.
type run struct {
	machine  *explore.Machine
	instance catalogue.Instance
	races    verdict.Races
	history  *verdict.Histories
	threads  int
	outcomes map[string]bool // of all executions, torn where writes raced
	plain    map[string]bool // the same, as if writes were atomic

	executions, cut, raced, lost int
	first                        string // what broke first
}

func newRun(s *catalogue.Scenario, v *catalogue.Variant, threads, ops int) *run {
	r := &run{threads: threads, outcomes: map[string]bool{}, plain: map[string]bool{}}
	r.machine = explore.New(threads, func(o visible.Observer) explore.Program {
		r.instance = s.New(v, threads, ops, o, func(t int) { r.machine.Begin(t) })
		return r.instance
	})
	r.machine.SetBudget(1000)
	if m := r.instance.Model(); m != nil {
		r.history = verdict.NewHistories(m)
	}
	return r
}

// judge looks at an execution that has ended.
func (r *run) judge(t *testing.T, end explore.End) {
	t.Helper()
	events := r.machine.Events()
	switch end {
	case explore.Abandoned:
		r.cut++
		return
	case explore.Completed:
	case explore.Deadlock:
		r.executions++
		r.lost++
		r.outcomes["deadlock"], r.plain["deadlock"] = true, true
		return
	default:
		t.Fatalf("%s: an execution ended as %d: %s", explore.ScheduleOf(events), end, r.machine.Err())
	}
	r.executions++
	_, raced := r.races.Find(r.threads, events, 0)
	if raced {
		r.raced++
	}
	linear := r.history == nil || r.history.Linearizable(r.instance.Calls(), events)
	if intact := r.instance.Intact(); !intact || !linear {
		r.lost++
		if r.first == "" {
			b := r.instance.Breach(events)
			r.first = fmt.Sprintf("%s: intact %v, linearizable %v: %+v", explore.ScheduleOf(events), intact, linear, b)
			if b.Why == "" || b.Kind == "" {
				t.Errorf("%s: nobody says why: %+v", explore.ScheduleOf(events), b)
			}
		}
	}
	r.plain[r.instance.Outcome(func(visible.Object, uint64, uint64) bool { return false })] = true
	r.outcomes[r.instance.Outcome(func(o visible.Object, low, high uint64) bool {
		if !raced {
			return false
		}
		for _, x := range r.races.All(events) {
			for _, e := range []visible.Op{events[x.First].Op, events[x.Second].Op} {
				if events[x.First].Op.Kind == events[x.Second].Op.Kind && e.Object == o && e.Low < high && low < e.High {
					return true
				}
			}
		}
		return false
	})] = true
}

func each(t *testing.T, do func(t *testing.T, s *catalogue.Scenario, v *catalogue.Variant)) {
	for _, s := range catalogue.All {
		for i := range s.Variants {
			v := &s.Variants[i]
			t.Run(s.Name+"/"+v.Name, func(t *testing.T) { do(t, s, v) })
		}
	}
}

// chooser has a function choose who goes on.
type chooser func(enabled visible.Set) int

func (c chooser) Next(_ *explore.Machine, enabled visible.Set) int { return c(enabled) }

// An operation that is not announced is not explored, either.
func TestStepsAreAsDeclared(t *testing.T) {
	each(t, func(t *testing.T, s *catalogue.Scenario, v *catalogue.Variant) {
		r := newRun(s, v, s.MinThreads, 1)
		defer r.machine.Close()
		if end := r.machine.Run(chooser(visible.Set.First), 0); end != explore.Completed {
			t.Fatalf("threads one after the other end as %d: %s", end, r.machine.Err())
		}
		steps := make([]string, s.MinThreads)
		for _, e := range r.machine.Events() {
			steps[e.Thread] = strings.TrimSpace(steps[e.Thread] + " " + e.Op.Step.String())
			if name := r.instance.Object(e.Op); name == "" || strings.HasPrefix(name, "object ") {
				t.Errorf("%s: %+v works on %q", e.Op.Step, e.Op, name)
			}
		}
		want := strings.Split(v.Steps, "|")
		for i, got := range steps {
			if w := want[min(i, len(want)-1)]; got != w {
				t.Errorf("thread %d: %s, declared as %s", i, got, w)
			}
		}
		var marked visible.StepSet
		for _, src := range v.Sources() {
			for _, m := range src.Marks {
				marked |= 1 << m.Step
			}
		}
		for _, e := range r.machine.Events() {
			if marked>>e.Op.Step&1 == 0 {
				t.Errorf("no line of the sources is marked as %s", e.Op.Step)
			}
		}
	})
}

func TestFirstTheBreakingThenTheHolding(t *testing.T) {
	for _, s := range catalogue.All {
		if c := s.Variant(s.Canary); c == nil || c.Holds {
			t.Errorf("%s: the canary is %+v", s.Name, c)
		}
		if s.Invariant == "" || s.Story == "" || s.Call == "" || s.Threads < s.MinThreads || s.Ops < s.MinOps {
			t.Errorf("%+v", s)
		}
	}
}

// sizes are those at which a variant is explored, at least.
func sizes(s *catalogue.Scenario) [][2]int {
	return [][2]int{{s.MinThreads, s.MinOps}, {2, 2}, {3, 1}}
}

func TestHoldingVariantsHoldAndBreakingOnesBreak(t *testing.T) {
	each(t, func(t *testing.T, s *catalogue.Scenario, v *catalogue.Variant) {
		for _, size := range sizes(s) {
			r := newRun(s, v, size[0], size[1])
			begin := time.Now()
			if !explore.Reduced(r.machine, func(e explore.End) bool {
				r.judge(t, e)
				return r.executions < enough(v)
			}) && v.Holds && !raceDetector {
				t.Error("not all was visited")
			}
			took := time.Since(begin)
			t.Logf("%d x %d: %d classes, %d cut short, %d broken, %d with a race, %d outcomes, %v, %.0f executions/s", size[0], size[1], r.executions, r.cut, r.lost, r.raced, len(r.outcomes), took.Round(10*time.Microsecond), float64(r.executions+r.cut)/took.Seconds())
			if v.Holds && (r.lost > 0 || r.raced > 0) || !v.Holds && r.lost == 0 {
				t.Errorf("%d x %d: %d of %d break, %d have data races: %s", size[0], size[1], r.lost, r.executions, r.raced, r.first)
			}
			r.machine.Close()
		}
	})
}

// enough is how many classes are judged: all of a variant that holds, unless the race
// detector makes that long.
func enough(v *catalogue.Variant) int {
	switch {
	case raceDetector:
		return 300
	case v.Holds:
		return explore.Unbounded
	}
	return 3000
}

// most is how many executions are looked at where all are too many, some how many walks.
func most() int {
	if raceDetector {
		return 2_000
	}
	return 50_000
}

const some = 500

func TestSamplesOfExecutionsHaveTheOutcomesOfTheClasses(t *testing.T) {
	each(t, func(t *testing.T, s *catalogue.Scenario, v *catalogue.Variant) {
		r := newRun(s, v, s.MinThreads, s.MinOps)
		defer r.machine.Close()
		explore.Reduced(r.machine, func(e explore.End) bool { r.judge(t, e); return true })

		all := newRun(s, v, s.MinThreads, s.MinOps)
		defer all.machine.Close()
		n := 0
		complete := explore.Every(all.machine, explore.Unbounded, func(e explore.End) bool {
			all.judge(t, e)
			n++
			return n < most()
		})
		random := rand.New(rand.NewPCG(1, 2))
		view := func(end bool) {
			see := all.instance.View()
			if len(see.Values)+len(see.Slots)+len(see.Index) == 0 {
				t.Fatal("there is nothing to see")
			}
			marked := false
			for _, s := range see.Slots {
				marked = marked || s.Broken
			}
			for _, e := range see.Index {
				marked = marked || e.Broken && end
			}
			if marked && (v.Holds || end && all.instance.Intact()) {
				t.Errorf("%s: something looks broken: %+v", explore.ScheduleOf(all.machine.Events()), see)
			}
		}
		walk := chooser(func(enabled visible.Set) int {
			for range random.IntN(enabled.Len()) {
				enabled &= enabled - 1
			}
			view(false)
			return enabled.First()
		})
		for range some {
			all.judge(t, all.machine.Run(walk, 0))
			view(true)
		}
		t.Logf("%d classes of %d executions (all: %v), %d outcomes", r.executions, n, complete, len(r.outcomes))
		for o := range all.outcomes {
			if !r.outcomes[o] {
				t.Errorf("%s is not the outcome of any class", o)
			}
		}
		for o := range r.outcomes {
			if complete && !all.outcomes[o] {
				t.Errorf("%s is the outcome of no execution", o)
			}
		}
	})
}

// On real threads an outcome is one that was explored, or has a mixture in it where
// writes race.
func TestRealThreadsShowNoOtherOutcome(t *testing.T) {
	each(t, func(t *testing.T, s *catalogue.Scenario, v *catalogue.Variant) {
		runs := [][2]int{{s.MinThreads, s.MinOps}}
		if v.Holds {
			runs = sizes(s)
		} else if raceDetector {
			t.Skip("it has data races")
		}
		for _, size := range runs {
			r := newRun(s, v, size[0], size[1])
			explore.Reduced(r.machine, func(e explore.End) bool { r.judge(t, e); return true })
			r.machine.Close()
			if r.outcomes["deadlock"] {
				t.Skip("threads that wait for each other for ever would hang this test, too")
			}
			seen := map[string]int{}
			x := s.New(v, size[0], size[1], nil, func(int) {})
			for range 1000 {
				x.Reset()
				start := make(chan struct{})
				var all sync.WaitGroup
				for id := range size[0] {
					all.Go(func() {
						<-start
						x.Run(&visible.Thread{ID: id})
					})
				}
				close(start)
				all.Wait()
				seen[strings.ReplaceAll(x.Outcome(func(visible.Object, uint64, uint64) bool { return false }), "a broken entry", "torn")]++
				if v.Holds && !x.Intact() {
					t.Fatal("it does not hold")
				}
			}
			t.Logf("%d x %d: %d of %d outcomes", size[0], size[1], len(seen), len(r.plain))
			for o, n := range seen {
				if !r.plain[o] && !r.outcomes[o] {
					t.Errorf("%d x %d: %d times %s", size[0], size[1], n, o)
				}
			}
		}
	})
}
