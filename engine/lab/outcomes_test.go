package lab

import (
	"maps"
	"slices"
	"sync"
	"testing"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
	"slotrace/engine/visible"
)

// outcomes are those of the executions of a search, up to most of them; plain are the
// same as if no two writes could make a mixture.
func (t *trial) outcomes(s interface{ Visit() (explore.End, bool) }, most int) (seen, plain map[string]bool) {
	seen, plain = map[string]bool{}, map[string]bool{}
	for range most {
		end, ok := s.Visit()
		if !ok {
			break
		}
		if end == explore.Abandoned {
			continue
		}
		t.judge(end)
		seen[t.outcome(end)] = true
		if end == explore.Completed {
			plain[t.instance.Outcome(never)] = true
		}
	}
	return seen, plain
}

func never(visible.Object, uint64, uint64) bool  { return false }
func always(visible.Object, uint64, uint64) bool { return true }

// everyAtMost is how many executions are visited one by one.
const everyAtMost = 200_000

// What one execution of each class comes to, what every execution comes to, what a long
// random walk comes to, and what goroutines come to that really run, is the same.
func TestOutcomesAgree(t *testing.T) {
	for _, scenario := range catalogue.All {
		for _, v := range scenario.Variants {
			t.Run(scenario.Name+"/"+v.Name, func(t *testing.T) {
				x, err := newTrial(Setup{scenario.Name, v.Name, scenario.MinThreads, scenario.MinOps})
				if err != nil {
					t.Fatal(err)
				}
				defer x.close()
				reduced, plain := x.outcomes(explore.NewReduced(x.machine), 1e9)
				walks := 20_000
				if raceOn {
					walks = 2_000
				}
				if walked, _ := x.outcomes(explore.NewWalk(x.machine, 11), walks); !maps.Equal(reduced, walked) {
					t.Errorf("one of each class: %q, at random: %q", keys(reduced), keys(walked))
				}
				if _, every := x.estimate(); every <= everyAtMost && !raceOn {
					if all, _ := x.outcomes(explore.NewEvery(x.machine, explore.Unbounded), 1e9); !maps.Equal(reduced, all) {
						t.Errorf("one of each class: %q, every execution: %q", keys(reduced), keys(all))
					}
				}
				if !v.Holds && (raceOn || reduced["deadlock"]) {
					return // what races on the heap the race detector reports, and what deadlocks does not end
				}
				runs := 10_000
				if testing.Short() || raceOn {
					runs = 500
				}
				seen := 0
				for outcome, mixture := range really(scenario, &v, runs) {
					if !plain[outcome] && !reduced[mixture] {
						t.Errorf("goroutines came to %q, which the explorer calls impossible: %q", outcome, keys(reduced))
					}
					seen++
				}
				t.Logf("%d outcomes, of which %d goroutines came to %d", len(reduced), runs, seen)
			})
		}
	}
}

func keys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

// really runs the scenario in goroutines that really run, again and again. It returns what
// that came to, as it was found, and as it is told where bytes may be a mixture.
func really(scenario *catalogue.Scenario, v *catalogue.Variant, runs int) map[string]string {
	seen := map[string]string{}
	instance := scenario.New(v, scenario.MinThreads, scenario.MinOps, nil, func(int) {})
	for range runs {
		instance.Reset()
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range scenario.MinThreads {
			all.Go(func() {
				<-start
				instance.Run(&visible.Thread{ID: i})
			})
		}
		close(start)
		all.Wait()
		seen[instance.Outcome(never)] = instance.Outcome(always)
	}
	return seen
}

// The sizes at which variants are proved, or found to break, besides their own smallest.
func TestHoldingVariantsHoldAndBreakingOnesBreak(t *testing.T) {
	for _, scenario := range catalogue.All {
		for _, v := range scenario.Variants {
			for _, size := range [][2]int{{scenario.MinThreads, scenario.MinOps}, {2, 2}, {3, 1}} {
				b := Bounds{}
				if raceOn || testing.Short() {
					b.MaxExecutions = 2000
				}
				r := explored(t, Setup{scenario.Name, v.Name, size[0], size[1]}, Prove, b)
				if v.Holds && (r.Verdict == Violated || r.Races > 0 || !r.Complete && b.MaxExecutions == 0) || !v.Holds && r.Verdict != Violated {
					t.Errorf("%s, %s, %v: %+v, %+v", scenario.Name, v.Name, size, r, r.Counterexample)
				}
				t.Logf("%s, %s, %v: %s, %v classes, %d cut short, %.1f ms", scenario.Name, v.Name, size, r.Verdict, r.Executions, r.CutShort, r.Elapsed)
			}
		}
	}
}
