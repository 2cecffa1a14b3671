package picture

import (
	"testing"

	"slotrace/engine/event"
)

// runFor lets a run go on for so many ms, and calls each with every frame's time.
func runFor(l *Timeline, s *event.State, from, ms float64, each func(at, left, right int64)) {
	for local := from; local < from+ms; local += 16 {
		l.Hear(int64(local*1e6), true, local)
		at := l.At(local, s)
		left, right := l.Window(at)
		each(at, left, right)
	}
}

func TestTimeGoesOnInsideTheWindow(t *testing.T) {
	for _, still := range []bool{false, true} {
		l := Timeline{Still: still}
		s := &event.State{State: event.Running, Pace: 300_000}
		runFor(&l, s, 0, 60_000, func(at, left, right int64) {
			if at < left || at > right {
				t.Fatalf("still %t: it is %d, the window from %d to %d", still, at, left, right)
			}
		})
	}
}

func TestTheWindowTurnsPagesWhereNothingMayScroll(t *testing.T) {
	l := Timeline{Still: true}
	s := &event.State{State: event.Running, Pace: 300_000}
	lefts := make(map[int64]bool)
	runFor(&l, s, 0, 60_000, func(_, left, _ int64) { lefts[left] = true })
	if want := 60_000_000_000/l.Span(s) + 2; int64(len(lefts)) > want || len(lefts) < 3 {
		t.Errorf("the window stood at %d places in a minute, want about %d", len(lefts), want)
	}
}

func TestWhatIsTooFastToFollowIsShownAsStills(t *testing.T) {
	var l Timeline
	s := &event.State{State: event.Running, Pace: 2_000}
	times := make(map[int64]bool)
	runFor(&l, s, 0, 6_000, func(at, _, _ int64) { times[at] = true })
	if len(times) < 4 || len(times) > 8 {
		t.Errorf("%d stills in six seconds", len(times))
	}
	s.State = event.Paused
	l.Hear(6_000_000_000, false, 6_000)
	at := int64(0)
	for local := 6_000.0; local < 9_000; local += 16 {
		at = l.At(local, s)
	}
	if at != 6_000_000_000 {
		t.Errorf("paused, it shows %d, and the run stands at 6 s", at)
	}
}

func TestSingleStepsAreSeenInARunWithoutAPace(t *testing.T) {
	var l Timeline
	s := &event.State{State: event.Paused}
	l.Hear(1_000_000_000, false, 0)
	for local := 0.0; local < 2000; local += 16 {
		l.At(local, s)
	}
	if left, right := l.Window(l.At(2000, s)); right-left < 5*stepBeat {
		t.Errorf("the window is %d ns wide, less than a few steps", right-left)
	}
	if l.Moving(s) {
		t.Error("nothing moves, and frames are asked for")
	}
	l.Hear(1_300_000_000, false, 2000)
	if !l.Moving(s) {
		t.Error("a step was taken, and no frame is asked for")
	}
}
