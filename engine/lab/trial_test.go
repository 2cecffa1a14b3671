package lab

import (
	"testing"

	"slotrace/engine/explore"
	"slotrace/engine/visible"
)

// goesOn lets whoever has the lowest number go on.
type goesOn struct{}

func (goesOn) Next(_ *explore.Machine, enabled visible.Set) int { return enabled.First() }

// An execution that was cut short, and not judged, lies between two that are: the second
// begins as that one did, and not as the first.
func TestWhatWasCutShortIsNotTakenForWhatWasJudgedBefore(t *testing.T) {
	x, err := newTrial(allocation("check-then-act", 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer x.close()
	follow := func(schedule string, want explore.End) {
		turns, err := explore.ParseSchedule(schedule)
		if err != nil {
			t.Fatal(err)
		}
		if end, err := x.machine.Follow(turns, nil); end != want || err != nil {
			t.Fatal(schedule, end, err)
		}
	}
	follow("A3B3", explore.Completed)
	if f := x.judge(explore.Completed); f != sound {
		t.Fatal(f)
	}
	follow("A1B3A1", explore.Abandoned)
	if end := x.machine.Run(goesOn{}, 5); end != explore.Completed {
		t.Fatal(end)
	}
	if _, found := x.race(); !found {
		t.Error("the race of A1B3A2 is not found behind A3B3 and an execution that was cut short")
	}
}
