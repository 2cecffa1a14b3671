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

// outcomes are those of the executions of a search, up to most of them.
func (t *trial) outcomes(s explorer, most int) map[string]bool {
	seen := map[string]bool{}
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
	}
	return seen
}

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
				reduced := x.outcomes(explore.NewReduced(x.machine), 1e9)
				walked := x.outcomes(explore.NewWalk(x.machine, 11), 20_000)
				if !maps.Equal(reduced, walked) {
					t.Errorf("one of each class: %q, at random: %q", keys(reduced), keys(walked))
				}
				if _, every := x.estimate(); every <= everyAtMost {
					if all := x.outcomes(explore.NewEvery(x.machine, explore.Unbounded), 1e9); !maps.Equal(reduced, all) {
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
				seen := really(scenario, &v, runs)
				for outcome := range seen {
					if !reduced[outcome] {
						t.Errorf("goroutines came to %q, which the explorer calls impossible: %q", outcome, keys(reduced))
					}
				}
				t.Logf("%d outcomes of %d classes, of which %d goroutines came to %d", len(reduced), len(reduced), runs, len(seen))
			})
		}
	}
}

func keys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

// really runs the scenario in goroutines that really run, again and again.
func really(scenario *catalogue.Scenario, v *catalogue.Variant, runs int) map[string]bool {
	seen := map[string]bool{}
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
		seen[instance.Outcome(func(visible.Object, uint64, uint64) bool { return !v.Holds && v.Name != "lock-each-step" })] = true
	}
	return seen
}
