//go:build unix

package lab

import (
	"strings"
	"testing"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
)

// Goroutines on a real file come to what the scheduler says, whatever the schedule.
func TestTheFileAgreesWithTheScheduler(t *testing.T) {
	for _, scenario := range catalogue.All {
		if scenario.OnFile == nil {
			continue
		}
		for _, v := range scenario.Variants {
			lost := 0
			for seed := range uint64(12) {
				s := Setup{scenario.Name, v.Name, 2 + int(seed%2), 1 + int(seed%3)}
				x, err := newTrial(s)
				if err != nil {
					t.Fatal(err)
				}
				explore.NewWalk(x.machine, seed).Visit()
				schedule := explore.ScheduleOf(x.machine.Events()).String()
				x.close()
				r, err := RunOnFile(s, schedule, t.TempDir())
				if err != nil {
					t.Fatalf("%+v, %s: %v", s, schedule, err)
				}
				if !r.Agrees || r.FileBytes == 0 {
					t.Errorf("%+v, %s: %s", s, schedule, r.Difference)
				}
				lost += len(r.Evidence)
			}
			if (lost == 0) != v.Holds {
				t.Errorf("%s, %s: %d lost on files", scenario.Name, v.Name, lost)
			}
		}
	}
	for schedule, why := range map[string]string{"A1B3": "add A2", "A9": "A has ended", "": "add"} {
		if _, err := RunOnFile(allocation("check-then-act", 2, 1), schedule, t.TempDir()); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", schedule, err)
		}
	}
}
