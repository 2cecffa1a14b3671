package lab

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
	"slotrace/engine/visible"
)

func allocation(variant string, threads, ops int) Setup {
	return Setup{"slot-allocation", variant, threads, ops}
}

func explored(t *testing.T, s Setup, mode string, b Bounds) Result {
	t.Helper()
	r, err := Explore(s, mode, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheShortestFailureOfCheckThenAct(t *testing.T) {
	r := explored(t, allocation("check-then-act", 3, 3), Find, Bounds{})
	c := r.Counterexample
	if r.Verdict != Violated || c.Threads != 2 || c.Ops != 1 || c.Operations != 6 || c.Preemptions != 1 || c.Schedule != "A1B3A2" {
		t.Errorf("%+v", r)
	}
	if c.Lamps.Intact || c.Lamps.Linearizable || c.Lamps.RaceFree || c.Lamps.GoRace != "silent" || c.Lamps.GoRaceHeap != "reports" {
		t.Errorf("lamps: %+v", c.Lamps)
	}
	if !strings.HasPrefix(c.Why, "B looked between A's look and A's tell: both took slot 0.") {
		t.Error(c.Why)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", b)
}

func TestLockEachStepLosesWithoutADataRace(t *testing.T) {
	r := explored(t, allocation("lock-each-step", 2, 1), Find, Bounds{})
	if c := r.Counterexample; r.Verdict != Violated || c.Lamps.Intact || c.Lamps.Linearizable || !c.Lamps.RaceFree || c.Preemptions != 1 {
		t.Errorf("%+v, %+v", r, r.Counterexample)
	}
	r = explored(t, allocation("lock-each-step", 2, 2), Prove, Bounds{})
	if r.Races != 0 || r.Violations.Int64() == 0 || !r.Complete {
		t.Errorf("%+v", r)
	}
}

func TestHoldingAllocatorsHold(t *testing.T) {
	for _, v := range catalogue.All[0].Variants {
		if !v.Holds {
			continue
		}
		for _, size := range [][2]int{{2, 2}, {3, 1}, {3, 2}} {
			r := explored(t, allocation(v.Name, size[0], size[1]), Prove, Bounds{})
			if r.Verdict != Holds || !r.Complete || r.Canary == nil {
				t.Errorf("%s %v: %+v", v.Name, size, r)
			}
			t.Logf("%s %v: %v classes, %d cut short, %.1f ms", v.Name, size, r.Executions.Int, r.CutShort, r.Elapsed)
		}
	}
}

func TestAFailureOf8x8ShrinksToTheShortest(t *testing.T) {
	r := explored(t, allocation("check-then-act", 8, 8), Walk, Bounds{Seed: 7, MaxExecutions: 1000})
	c := r.Counterexample
	if c == nil || c.Found == nil || c.Found.Threads != 8 || c.Found.Ops != 8 || c.Threads != 2 || c.Ops != 1 || c.Preemptions != 1 {
		t.Errorf("%+v", r)
	}
}

func TestEverySearchCountsAlike(t *testing.T) {
	for _, x := range []struct {
		variant      string
		threads, ops int
		all, losing  int64
	}{{"check-then-act", 2, 1, 20, 18}, {"check-then-act", 2, 2, 924, 918}, {"fetch-add", 2, 2, 70, 0}} {
		r := explored(t, allocation(x.variant, x.threads, x.ops), All, Bounds{})
		if r.Executions.Int64() != x.all || r.Violations.Int64() != x.losing || !r.Complete {
			t.Errorf("%+v: %+v", x, r)
		}
	}
}

// deaf hides one step from whoever watches, as if its hook were not there.
type deaf struct {
	visible.Observer
	step visible.Step
}

func (d deaf) Point(t *visible.Thread, op visible.Op) {
	if op.Step != d.step {
		d.Observer.Point(t, op)
	}
}

func (d deaf) Done(t *visible.Thread, op visible.Op, v uint64) {
	if op.Step != d.step {
		d.Observer.Done(t, op, v)
	}
}

func TestTheCanaryTurnsRedWhenAHookIsBroken(t *testing.T) {
	for _, scenario := range catalogue.All {
		for i := range scenario.Variants {
			v := &scenario.Variants[i]
			s := Setup{scenario.Name, v.Name, scenario.MinThreads, 1}
			if err := announced(s, v); err != nil {
				t.Error(err)
			}
			for step := visible.NoStep; step < visible.Steps; step++ {
				if !slices.Contains(strings.Fields(strings.ReplaceAll(v.Steps, "|", " ")), step.String()) {
					continue
				}
				x, err := newTrialSeen(s, func(o visible.Observer) visible.Observer { return deaf{o, step} })
				if err != nil {
					t.Fatal(err)
				}
				if err := x.announces(v); !errors.Is(err, ErrUnsound) {
					t.Errorf("%s, %s: without %s the canary sings: %v", scenario.Name, v.Name, step, err)
				}
				x.close()
			}
		}
	}
}

// Every schedule in which check-then-act loses has a data race, and none in which
// lock-each-step does.
func TestLosingSchedulesAndDataRaces(t *testing.T) {
	for _, x := range []struct {
		variant      string
		threads, ops int
		races        bool
	}{{"check-then-act", 2, 1, true}, {"check-then-act", 3, 1, true}, {"lock-each-step", 2, 1, false}} {
		tr, err := newTrial(allocation(x.variant, x.threads, x.ops))
		if err != nil {
			t.Fatal(err)
		}
		losing := 0
		for s := explore.NewEvery(tr.machine, explore.Unbounded); ; {
			end, ok := s.Visit()
			if !ok {
				break
			}
			lost := tr.judge(end) == broken
			if _, raced := tr.race(); raced != (lost && x.races) {
				t.Fatalf("%+v: %s: lost %v, with a data race %v", x, explore.ScheduleOf(tr.machine.Events()), lost, raced)
			}
			if lost {
				losing++
			}
		}
		if losing == 0 {
			t.Errorf("%+v: nothing was lost", x)
		}
		tr.close()
	}
}

func TestBadSetupsAreRefusedInASentence(t *testing.T) {
	for _, x := range []struct {
		s    Setup
		mode string
		b    Bounds
		why  string
	}{
		{Setup{"slots", "fetch-add", 2, 1}, Find, Bounds{}, "there is no scenario"},
		{Setup{"slot-allocation", "fetch", 2, 1}, Find, Bounds{}, "has no variant"},
		{allocation("fetch-add", 0, 1), Find, Bounds{}, "threads: 1 to 26, not 0"},
		{allocation("fetch-add", 27, 1), Find, Bounds{}, "threads: 1 to 26, not 27"},
		{allocation("fetch-add", 2, 100), Find, Bounds{}, "ops: 1 to 99, not 100"},
		{allocation("fetch-add", 2, 1), "guess", Bounds{}, "mode: there is no"},
		{allocation("fetch-add", 2, 1), Walk, Bounds{}, "has no end"},
		{allocation("fetch-add", 26, 99), Prove, Bounds{}, "too many"},
		{allocation("fetch-add", 5, 5), All, Bounds{}, "too many"},
		{allocation("fetch-add", 9, 9), Find, Bounds{}, "too many"},
	} {
		if _, err := Explore(x.s, x.mode, x.b, nil); err == nil || !strings.Contains(err.Error(), x.why) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %v", x, err)
		}
	}
}

func TestBoundsEndASearchWithoutAVerdict(t *testing.T) {
	for _, mode := range []string{Find, Prove, All, Walk, PCT} {
		r := explored(t, allocation("fetch-add", 8, 8), mode, Bounds{MaxExecutions: 500})
		if r.Verdict != Unknown || r.Complete || r.Executions.Int64() < 400 || r.Executions.Int64() > 600 || r.Stopped == "" {
			t.Errorf("%s: %+v", mode, r)
		}
	}
	ticks := 0
	r, err := Explore(allocation("fetch-add", 8, 8), Prove, Bounds{MaxExecutions: 1 << 40}, func(p func() Progress) bool {
		ticks++
		return p().Executions < 1000
	})
	if err != nil || r.Verdict != Unknown || ticks < 10 || r.Executions.Int64() > 1100 {
		t.Errorf("%v, %+v after %d ticks", err, r, ticks)
	}
}

func TestExactCounts(t *testing.T) {
	for _, x := range []struct {
		variant      string
		threads, ops int
		all, losing  string
	}{
		{"check-then-act", 2, 1, "20", "18"}, {"check-then-act", 2, 2, "924", "918"}, {"check-then-act", 3, 1, "1680", "1674"},
		{"check-then-act", 3, 2, "17153136", "17153046"}, {"check-then-act", 4, 2, "2308743493056", "2308743490536"},
		{"fetch-add", 3, 2, "34650", "0"}, {"fetch-add", 4, 2, "63063000", "0"},
	} {
		r := explored(t, allocation(x.variant, x.threads, x.ops), Count, Bounds{})
		if r.Executions.String() != x.all || r.Violations.String() != x.losing || !r.Complete {
			t.Errorf("%+v: %s executions, %s violate, complete %v", x, r.Executions, r.Violations, r.Complete)
		}
		t.Logf("%+v: %d states, %.1f ms", x, r.States, r.Elapsed)
	}
}

// Wherever a bound ends a search that says that a variant breaks, there is an execution
// to show for it.
func TestWhoSaysThatItBreaksShowsHow(t *testing.T) {
	for _, scenario := range catalogue.All {
		for n := range int64(60) {
			r := explored(t, Setup{scenario.Name, scenario.Canary, 3, 2}, Find, Bounds{MaxExecutions: n + 1})
			if (r.Verdict == Violated) != (r.Counterexample != nil) {
				t.Errorf("%s, %d executions: %s, %+v", scenario.Name, n+1, r.Verdict, r.Counterexample)
			}
		}
	}
}

// Histories of many calls are judged like those of few, and as soon, whatever they come to.
func TestHistoriesOfManyCallsAreJudged(t *testing.T) {
	for _, x := range []struct {
		s       Setup
		verdict string
	}{
		{Setup{"store", "fetch-add", 8, 9}, Unknown}, {Setup{"store", "check-then-act", 8, 8}, Violated}, {Setup{"store", "check-then-act", 26, 3}, Violated},
		{Setup{"store", "check-then-act", 26, 99}, Violated}, {Setup{"publish", "copy-before-index", 2, 70}, Unknown}, {allocation("check-then-act", 26, 4), Violated}, {Setup{"content-offset", "bump", 9, 9}, Unknown},
	} {
		r := explored(t, x.s, Walk, Bounds{Seed: 1, MaxExecutions: 1})
		if r.Verdict != x.verdict {
			t.Errorf("%+v: %s, %+v", x.s, r.Verdict, r.Counterexample)
		}
	}
}

// A bound of time holds for executions of thousands of operations.
func TestLongExecutionsAreBoundedInTime(t *testing.T) {
	ticks := 0
	r, err := Explore(Setup{"store", "fetch-add", 20, 20}, Walk, Bounds{MaxExecutions: 10}, func(func() Progress) bool { ticks++; return ticks < 3 })
	if err != nil || r.Executions.Int64() != 3 {
		t.Errorf("%v, %+v", err, r)
	}
	if r = explored(t, Setup{"store", "compare-and-swap", 20, 20}, Count, Bounds{Timeout: time.Second}); r.Verdict != Unknown {
		t.Errorf("%+v", r)
	}
}

// The estimate may be far above what there is, since reads commute: that is tried before a
// search is refused.
func TestASearchThatEndsIsNotRefused(t *testing.T) {
	for _, mode := range []string{Prove, Find} {
		if r := explored(t, Setup{"publish", "copy-before-index", 3, 2}, mode, Bounds{}); r.Verdict != Holds || !r.Complete {
			t.Errorf("%s: %+v", mode, r)
		}
	}
}

func TestASearchIsBoundedByItsWorkAndByWhatItKeeps(t *testing.T) {
	for _, mode := range []string{Find, Prove, Walk, PCT, All, Count} {
		r := explored(t, allocation("fetch-add", 8, 8), mode, Bounds{MaxOperations: 20_000})
		if r.Verdict != Unknown || r.Complete || r.Stopped != "20000 operations were the bound" {
			t.Errorf("%s: %s, complete %v, stopped %q", mode, r.Verdict, r.Complete, r.Stopped)
		}
	}
	r := explored(t, Setup{"lock-order", "one-order", 2, 32}, Count, Bounds{MaxStates: 100})
	if r.Complete || r.States < 100 || r.States > 1000 || !strings.HasPrefix(r.Stopped, "more than 100 states") {
		t.Errorf("%d states, complete %v, stopped %q", r.States, r.Complete, r.Stopped)
	}
	r = explored(t, allocation("fetch-add", 2, 2), Prove, Bounds{MaxOperations: 20_000, MaxStates: 1})
	if r.Verdict != Holds || !r.Complete {
		t.Errorf("within its bounds: %s, complete %v, stopped %q", r.Verdict, r.Complete, r.Stopped)
	}
}
