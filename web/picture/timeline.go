package picture

import (
	"math"

	"slotrace/engine/event"
)

// beats is how many beats of the pace are to be seen at once, and shortest the
// least time that goes by on the screen from one end to the other: what went
// faster could not be followed. It is shown as a still, taken anew every while.
const (
	beats    = 40
	shortest = 2_500_000_000 // ns
	stillFor = 1200          // ms
	stepBeat = 300_000_000   // ns, by which single steps move the clock of a run without a pace
)

// Timeline says which stretch of the run's time lanes show.
type Timeline struct {
	Still bool // nothing may scroll: time goes on by pages

	// Shown is how much time lanes show, in a replay that can be zoomed; 0 = as the pace says.
	Shown int64

	clock   Clock
	heard   int64   // the newest word of the run's clock
	shown   float64 // the span at this moment, on its way to what it is to be
	last    float64 // the local time of the last At
	held    int64   // the time of the still
	takenAt float64 // and when it was taken
}

// Reset forgets all: another run begins.
func (t *Timeline) Reset() { *t = Timeline{Still: t.Still} }

// Heard is the newest word of the run's clock.
func (t *Timeline) Heard() int64 { return t.heard }

// Hear takes in where the run's clock stands, and whether it runs.
func (t *Timeline) Hear(run int64, running bool, local float64) {
	t.heard = run
	t.clock.Heard(run, running, local)
}

// Span is how much time fits on the screen.
func (t *Timeline) Span(s *event.State) int64 {
	if t.Shown > 0 {
		return t.Shown
	}
	if s.Pace == 0 {
		return stepBeat * beats
	}
	return int64(s.Pace) * 1000 * beats
}

// Snaps reports whether a paced run is too fast to scroll.
func (t *Timeline) Snaps(s *event.State) bool {
	return s.Pace > 0 && t.Span(s) < shortest && s.State == event.Running
}

// At is the time that lanes show, at a local time.
func (t *Timeline) At(now float64, s *event.State) int64 {
	run := t.clock.At(now)
	if want := float64(t.Span(s)); want > 0 {
		if t.shown == 0 {
			t.shown = want
		}
		t.shown += (want - t.shown) * (1 - math.Exp(-math.Min(100, now-t.last)*0.008))
		if math.Abs(want-t.shown) < want/500 {
			t.shown = want
		}
	}
	t.last = now
	if !t.Snaps(s) {
		t.held, t.takenAt = run, 0
		return run
	}
	if now-t.takenAt >= stillFor {
		t.held, t.takenAt = run, now
		t.shown = float64(t.Span(s))
	}
	return t.held
}

// Window is the stretch of time from the left end to the right.
func (t *Timeline) Window(now int64) (from, to int64) {
	span := int64(t.shown)
	if span == 0 {
		return 0, 1
	}
	from = max(now-span*96/100, 0)
	if t.Still {
		from = now / (span * 95 / 100) * (span * 95 / 100)
	}
	return from, from + span
}

// Moving reports whether time goes on by itself, so that another frame is needed.
func (t *Timeline) Moving(s *event.State) bool {
	return (s.Pace > 0 || s.State == event.Paused) && (t.clock.Moving() || int64(t.shown) != t.Span(s) && t.shown != 0)
}
