package picture

import (
	"testing"

	"slotrace/engine/event"
	"slotrace/engine/visible"
)

func TestRecordsWaitForTheirTimeAndComeInOrder(t *testing.T) {
	f := NewFollower(100)
	f.Take(&event.Steps{Lap: 1, Records: []event.Record{
		{At: 30, Thread: 0, Step: visible.Look, Phase: event.Done, Value: 4}, {At: 40, Thread: 0, Step: visible.Reserve},
	}})
	f.Take(&event.Steps{Lap: 1, Records: []event.Record{{At: 10, Thread: 0, Step: visible.Look}, {At: 35, Thread: 1, Step: visible.Look}}})
	if got := f.Advance(9); len(got) != 0 || len(f.Stores().Of(0)) != 0 {
		t.Fatalf("%d records before their time", len(got))
	}
	got := f.Advance(35)
	if len(got) != 3 || got[0].At != 10 || got[1].At != 30 || got[2].At != 35 {
		t.Fatalf("%+v, want those of 10, 30 and 35", got)
	}
	if f.Stores().Of(0)[0].Claimed() || !f.Waiting() {
		t.Error("the claim is told by the record of 40, which waits")
	}
	f.Advance(40)
	if !f.Stores().Of(0)[0].Claimed() || f.Waiting() {
		t.Error("it is 40 now")
	}
}

func TestABurstReplacesTheOneBeforeUnlessNothingHappened(t *testing.T) {
	f := NewFollower(100)
	one := &event.Steps{Lap: 1, Burst: true, Base: 1000, Length: 100, OneIn: 9, Records: []event.Record{{At: 1050, Step: visible.Look, Phase: event.Done, Value: 3}}}
	f.Take(one)
	first := f.Still()
	if first == nil || first.OneIn != 9 || first.From != 1048 || first.Length != 52 {
		t.Fatalf("the burst is %+v, want it to begin where something happens", first)
	}
	f.Take(&event.Steps{Lap: 1, Burst: true, Base: 2000, Length: 100})
	f.Take(&event.Steps{Lap: 1, Burst: true, Base: 2000, Length: 100, Records: []event.Record{{At: 2100, Step: visible.Look}}})
	if f.Still() != first {
		t.Error("a burst in which nothing happened took its place")
	}
	f.Take(&event.Steps{Lap: 1, Burst: true, Base: 3000, Length: 100, Records: []event.Record{{At: 3000, Step: visible.Look}}})
	if f.Still() == first || f.Still().From != 3000 {
		t.Error("the next burst did not take its place")
	}
	f.Take(&event.Steps{Lap: 1, Records: []event.Record{{At: 4000, Step: visible.Look, Phase: event.Arrive}}})
	if f.Still() == nil {
		t.Error("the run is paused, nobody has taken a step yet, and the burst is gone")
	}
	f.Take(&event.Steps{Lap: 1, Records: []event.Record{{At: 4000, Step: visible.Look, Phase: event.Done}}})
	if f.Still() != nil {
		t.Error("every step is told now, and the burst is still shown")
	}
}

func TestWhatWaitsIsBounded(t *testing.T) {
	f := NewFollower(100)
	s := &event.Steps{Lap: 1, Records: make([]event.Record, 4096)}
	for range 64 {
		for i := range s.Records {
			s.Records[i] = event.Record{At: s.Base + int64(i), Step: visible.Look}
		}
		s.Base += 4096
		f.Take(s)
	}
	if len(f.pending) > mostPending {
		t.Errorf("%d records wait", len(f.pending))
	}
}

func TestALossIsRemembered(t *testing.T) {
	f := NewFollower(100)
	f.Lose(3, 7)
	if !f.Lost(3, 7) || f.Lost(7, 3) || f.Lost(3, 8) {
		t.Error("another memory is lost, or none")
	}
}

func TestTheClockFollowsBehindAndNeverGoesBack(t *testing.T) {
	var c Clock
	local, shown := 1000.0, int64(-1)
	for i := range 600 {
		local += 16.7
		if i%2 == 0 { // word comes 0 to 40 ms late
			late := float64(i % 7 * 6)
			c.Heard(int64((local-1000-late)*1e6), true, local)
		}
		at := c.At(local)
		if at < shown {
			t.Fatalf("frame %d: %d after %d", i, at, shown)
		}
		if i > 60 {
			if step := float64(at-shown) / 1e6; step < 8 || step > 34 {
				t.Fatalf("frame %d: it moved %.1f ms in 16.7", i, step)
			}
			if behind := local - 1000 - float64(at)/1e6; behind < lag-60 || behind > lag+120 {
				t.Fatalf("frame %d: it is %.0f ms behind", i, behind)
			}
		}
		shown = at
	}
}

func TestAPausedClockComesToRestWhereTheRunStands(t *testing.T) {
	var c Clock
	c.Heard(0, true, 0)
	for local := 0.0; local < 2000; local += 16 {
		c.Heard(int64(local*1e6), true, local)
		c.At(local)
	}
	const stands = 2_000_123_457
	c.Heard(stands, false, 2000)
	at := int64(0)
	for local := 2000.0; local < 4000; local += 16 {
		at = c.At(local)
	}
	if at != stands || c.Moving() {
		t.Errorf("it rests at %d, moving %t, want %d", at, c.Moving(), int64(stands))
	}
	c.Heard(stands+300_000_000, false, 4000) // a single step
	if c.At(4016); !c.Moving() {
		t.Error("a step does not move it")
	}
	for local := 4016.0; local < 6000; local += 16 {
		at = c.At(local)
	}
	if at != stands+300_000_000 {
		t.Errorf("after a step it is %d", at)
	}
}

func TestAClockThatIsFarBehindJumps(t *testing.T) {
	var c Clock
	c.Heard(0, true, 0)
	c.At(1000)
	c.Heard(60_000_000_000, true, 1000) // as after a page was hidden for a minute
	if at := c.At(1016); at < 59_000_000_000 {
		t.Errorf("a minute behind, it goes on from %d", at)
	}
}

func TestAClockThatHearsNothingStops(t *testing.T) {
	var c Clock
	c.Heard(0, true, 0)
	at := int64(0)
	for local := 0.0; local < 60_000; local += 16 {
		at = c.At(local)
	}
	if at > 3_000_000_000 {
		t.Errorf("it ran on to %d s", at/1_000_000_000)
	}
}

func TestWhenTimeIsMovedLanesBeginAnewAtOnce(t *testing.T) {
	f := NewFollower(100)
	f.Take(&event.Steps{Lap: 1, OneIn: 1, Records: []event.Record{{At: 10, Step: visible.Look, Phase: event.Done, Value: 3}}})
	f.Advance(10)
	f.Take(&event.Steps{Lap: 1, OneIn: 1, Records: []event.Record{{At: 90, Step: visible.Look, Phase: event.Done, Value: 3, Thread: 1}}})
	f.Lose(0, 0)
	f.Take(&event.Steps{Anew: true})
	if len(f.Stores().Of(0)) != 0 || f.Waiting() || f.Lost(0, 0) {
		t.Error("what was told before is still there")
	}
	var l Timeline
	l.Hear(5_000_000_000, false, 0)
	l.At(16, &event.State{State: event.Replay, Pace: 1})
	l.Reset()
	l.Shown = 2000
	l.Hear(1_000_000_000, false, 20)
	s := &event.State{State: event.Replay, Pace: 1}
	if at := l.At(21, s); at != 1_000_000_000 {
		t.Errorf("it shows %d, and time was moved to 1 s", at)
	}
	if from, to := l.Window(1_000_000_000); to-from != 2000 || from > 1_000_000_000 || to < 1_000_000_000 {
		t.Errorf("the window is %d to %d", from, to)
	}
}
