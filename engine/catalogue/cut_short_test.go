package catalogue_test

import (
	"testing"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
	"slotrace/engine/visible"
)

// Threads that die in the middle, wherever that is, leave no lock to be waited for and
// nothing that the next execution would find.
func TestAnExecutionThatIsCutShortLeavesNothingBehind(t *testing.T) {
	each(t, func(t *testing.T, s *catalogue.Scenario, v *catalogue.Variant) {
		r := newRun(s, v, 3, 1)
		defer r.machine.Close()
		never := func(visible.Object, uint64, uint64) bool { return false }
		first := chooser(visible.Set.First)
		turn := 0
		inTurns := chooser(func(enabled visible.Set) int {
			for turn++; !enabled.Has(turn % 3); turn++ {
			}
			return turn % 3
		})
		if end := r.machine.Run(first, 0); end != explore.Completed {
			t.Fatal(end, r.machine.Err())
		}
		want, length := r.instance.Outcome(never), len(r.machine.Events())
		for budget := 1; budget < length; budget++ {
			for _, c := range []chooser{first, inTurns} {
				r.machine.SetBudget(budget)
				end := r.machine.Run(c, 0)
				short := end == explore.Completed && len(r.machine.Events()) <= budget
				if !short && end != explore.Endless && end != explore.Deadlock {
					t.Errorf("%d operations of %d end as %d: %s", budget, length, end, r.machine.Err())
				}
			}
			r.machine.SetBudget(1000)
			if end := r.machine.Run(first, 0); end != explore.Completed || r.instance.Outcome(never) != want {
				t.Fatalf("behind one that was cut short after %d operations: %d, %s, want %s", budget, end, r.instance.Outcome(never), want)
			}
		}
	})
}
