package lab

import (
	"encoding/json"
	"strings"
	"testing"

	"slotrace/engine/catalogue"
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

// What is not announced is what the scheduler cannot order, so each hook is broken once.
func TestTheCanaryTurnsRedWhenAHookIsBroken(t *testing.T) {
	for _, v := range catalogue.All[0].Variants {
		s := allocation(v.Name, 2, 1)
		if err := announced(s, &v); err != nil {
			t.Error(err)
		}
		for _, name := range strings.Fields(v.Steps) {
			for step := range visible.Steps {
				if step.String() != name {
					continue
				}
				broken := v
				broken.Steps = strings.TrimSpace(strings.Replace(" "+v.Steps+" ", " "+name+" ", " ", 1))
				if err := announced(s, &broken); err == nil {
					t.Errorf("%s without %s is not noticed", v.Name, name)
				}
			}
		}
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
