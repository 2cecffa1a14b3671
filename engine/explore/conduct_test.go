//go:build !js

package explore

import (
	"slices"
	"strings"
	"testing"

	"slotrace/engine/visible"
)

// Goroutines that really run do what the scheduler's coroutines do.
func TestConductedGoroutinesDoWhatTheScheduleSays(t *testing.T) {
	for _, x := range textbooks {
		reset, run, outcome := x.make()
		m := New(x.threads, func(visible.Observer) Program { return funcs{reset, run} })
		w := NewWalk(m, 5)
		for range 40 {
			end, _ := w.Visit()
			want := slices.Clone(m.Events())
			came := outcome()
			s := ScheduleOf(want)
			reset()
			got, err := NewConductor(x.threads, s).Conduct(run)
			if err != nil || len(got) != len(want) {
				t.Fatalf("%s: %s: %v, %d operations of %d", x.name, s, err, len(got), len(want))
			}
			for i := range got {
				if got[i].Op != want[i].Op || got[i].Value != want[i].Value || got[i].Thread != want[i].Thread {
					t.Fatalf("%s: %s: operation %d is %+v, want %+v", x.name, s, i+1, got[i], want[i])
				}
			}
			if end == Completed && outcome() != came {
				t.Errorf("%s: %s came to %s, conducted to %s", x.name, s, came, outcome())
			}
			if end == Deadlock {
				break // who died held locks that nobody resets here
			}
		}
		m.Close()
	}
}

func TestAConductorSaysWhereThreadsDoOtherwise(t *testing.T) {
	for schedule, why := range map[string]string{
		"A2B2": "", "A1": "", "A2B1A1": "at operation 4 it would be the turn of A, which has ended",
		"A3B1": "at operation 3 it would be the turn of A, which has ended", "A2B3": "which has ended",
	} {
		c, _ := words(1)
		s, _ := ParseSchedule(schedule)
		events, err := NewConductor(2, s).Conduct(func(t *visible.Thread) { c[0].Store(t, 0, c[0].Load(t, 0)+1) })
		if (err == nil) != (why == "") || err != nil && !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v after %d operations", schedule, err, len(events))
		}
	}
	s, _ := ParseSchedule("A1")
	if _, err := NewConductor(1, s).Conduct(func(t *visible.Thread) { panic("no more") }); err == nil || !strings.Contains(err.Error(), "thread A panicked: no more") {
		t.Error(err)
	}
}
