package trace

import (
	"testing"
	"testing/synctest"
	"time"

	"slotrace/engine/event"
	"slotrace/engine/tsc"
	"slotrace/engine/visible"
)

// put has a thread make the operations of one put of slot with the observer.
func put(o visible.Observer, tr *Tracer, t *visible.Thread, number uint32, slot uint64) {
	tr.Begin(t, number)
	for _, x := range []struct {
		op    visible.Op
		value uint64
	}{
		{visible.Op{Kind: visible.OpLoad, Step: visible.Look}, slot},
		{visible.Op{Kind: visible.OpCompareAndSwap, Step: visible.Claim}, visible.Missing},
		{visible.Op{Kind: visible.OpAdd, Step: visible.Claim}, slot + 1},
		{visible.Op{Kind: visible.OpWrite, Step: visible.Block}, 3136},
		{visible.Op{Kind: visible.OpUnlock, Step: visible.Leave}, 0},
		{visible.Op{Kind: visible.OpMapStore, Step: visible.Index}, 5},
	} {
		o.Point(t, x.op)
		o.Done(t, x.op, x.value)
	}
	tr.End(t)
}

func TestRecordsTellWhichSlotAndWhichStore(t *testing.T) {
	tr := NewTracer(NewClock(), 3)
	tr.All()
	th := &visible.Thread{ID: 2}
	put(tr, tr, th, 41, 7)
	records, _ := tr.Drain(nil)
	if len(records) != 12 {
		t.Fatalf("%d records of 6 operations", len(records))
	}
	want := []struct {
		step  visible.Step
		value uint32
	}{
		{visible.Look, 7}, {visible.Claim, event.NoValue}, {visible.Claim, 7}, {visible.Block, 7}, {visible.Leave, event.NoValue}, {visible.Index, 5},
	}
	// A swap that failed has no slot; the put goes on, and its next claim has one.
	for i, w := range want {
		arrive, done := records[2*i], records[2*i+1]
		if arrive.Phase != event.Arrive || arrive.Value != event.NoValue || arrive.Step != w.step || arrive.Thread != 2 || arrive.Number != 41 {
			t.Errorf("%+v", arrive)
		}
		if done.Phase != event.Done || done.Value != w.value || done.Step != w.step || done.Thread != 2 || done.Number != 41 {
			t.Errorf("%+v, want %+v", done, w)
		}
	}
	if more, _ := tr.Drain(nil); len(more) != 0 {
		t.Errorf("%d records came twice", len(more))
	}
}

func TestAFullRingDropsAndCounts(t *testing.T) {
	tr := NewTracer(NewClock(), 1)
	tr.All()
	th := &visible.Thread{}
	const puts = 1000 // of 12 records each
	for i := range uint32(puts) {
		put(tr, tr, th, i, 1)
	}
	kept := len(drain(tr))
	if kept != ringRecords || tr.Dropped() != puts*12-ringRecords {
		t.Errorf("%d kept, %d dropped of %d", kept, tr.Dropped(), puts*12)
	}
	put(tr, tr, th, puts, 1)
	if n := len(drain(tr)); n != 12 {
		t.Errorf("%d records after there was room again", n)
	}
}

func TestABurstHasWholePutsAndEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := NewClock()
		clock.Run(true)
		tr := NewTracer(clock, 1)
		th := &visible.Thread{}
		put(tr, tr, th, 0, 1)
		b := tr.Burst(time.Millisecond, false)
		time.Sleep(time.Hour) // nobody puts
		if _, begun := b.End(); begun {
			t.Error("it began without a put")
		}
		put(tr, tr, th, 1, 1)
		time.Sleep(2 * time.Millisecond) // on the test's own clock
		put(tr, tr, th, 2, 1)
		records, _ := tr.Drain(nil)
		if len(records) != 6 {
			t.Fatalf("%d records, want those of the put within the burst, done only", len(records))
		}
		for _, r := range records {
			if r.Number != 1 || r.Phase != event.Done {
				t.Errorf("%+v", r)
			}
		}
	})
}

func TestPausingShowsWhereAPutStands(t *testing.T) {
	tr := NewTracer(NewClock(), 1)
	th := &visible.Thread{}
	tr.Begin(th, 5)
	op := visible.Op{Kind: visible.OpLoad, Step: visible.Look}
	tr.Point(th, op)
	tr.Done(th, op, 3)
	tr.All() // the run is paused here
	tr.Point(th, visible.Op{Kind: visible.OpWrite, Step: visible.Block})
	records, _ := tr.Drain(nil)
	if len(records) != 1 || records[0].Step != visible.Block || records[0].Phase != event.Arrive || records[0].Number != 5 {
		t.Errorf("%+v", records)
	}
}

func TestTheClockStandsStillWhilePaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClock()
		time.Sleep(time.Second)
		c.Run(true)
		time.Sleep(2 * time.Second)
		c.Run(false)
		time.Sleep(time.Hour)
		c.Advance(time.Millisecond)
		if now := time.Duration(c.Now()); now != 2*time.Second+time.Millisecond {
			t.Errorf("%v", now)
		}
	})
}

// A machine that slept may wake with a counter that ran on, or began anew.
func TestACounterThatGoesAnotherWayIsNotBelieved(t *testing.T) {
	if tsc.Read() == 0 {
		t.Skip("there is no counter here")
	}
	for name, r := range map[string]reading{
		"ran on":     {offset: time.Minute, since: time.Now(), running: true, scale: 1 << 32, counts: tsc.Read() - uint64(time.Hour)},
		"began anew": {offset: time.Minute, since: time.Now().Add(-time.Hour), running: true, scale: 1 << 32, counts: tsc.Read() + uint64(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			c := NewClock()
			c.at.Store(&r)
			before := c.Now()
			if before < int64(time.Minute) {
				t.Errorf("it goes back to %v", time.Duration(before))
			}
			drain(NewTracer(c, 1))
			if c.at.Load().scale != 0 {
				t.Error("it still goes by the counter")
			}
			if now := c.Now(); now < before || now < int64(time.Hour) || now > int64(3*time.Hour) {
				t.Errorf("it is at %v, before at %v", time.Duration(now), time.Duration(before))
			}
			c.Run(false)
			if stopped := c.Now(); c.Now() != stopped {
				t.Error("it does not stand still")
			}
		})
	}
}

func TestTheClockGoesByTheCounterAsByTheSystem(t *testing.T) {
	c := NewClock()
	for range 3 {
		c.Run(true)
		r := *c.at.Load()
		if tsc.Measured() > 0 && r.scale == 0 {
			t.Skip("the counter has been watched for too short a while")
		}
		for range 100 {
			least := r.slowly()
			now := time.Duration(c.Now())
			most := r.slowly()
			if slack := time.Millisecond; now < least-slack || now > most+slack {
				t.Fatalf("%v, by the system %v to %v", now, least, most)
			}
		}
		c.Run(false)
	}
}

func drain(tr *Tracer) []event.Record { records, _ := tr.Drain(nil); return records }

// half has a thread make the first half of a put, and returns the other.
func half(tr *Tracer, t *visible.Thread, number uint32) (rest func()) {
	tr.Begin(t, number)
	look, block := visible.Op{Kind: visible.OpLoad, Step: visible.Look}, visible.Op{Kind: visible.OpWrite, Step: visible.Block}
	tr.Point(t, look)
	tr.Done(t, look, 3)
	return func() {
		tr.Point(t, block)
		tr.Done(t, block, 9)
		tr.End(t)
	}
}

func TestASpanHasThePutsThatBeginInIt(t *testing.T) {
	for name, set := range map[string]func(tr *Tracer){"every step": (*Tracer).All, "those of pictures": (*Tracer).Every} {
		for _, before := range []func(tr *Tracer){(*Tracer).All, (*Tracer).Every, (*Tracer).Nothing} {
			tr := NewTracer(NewClock(), 3)
			before(tr)
			put(tr, tr, &visible.Thread{}, 1, 1)
			one, two := half(tr, &visible.Thread{}, 2), half(tr, &visible.Thread{ID: 2}, 7)
			tr.Span()
			set(tr)
			one()
			put(tr, tr, &visible.Thread{}, 3, 1)
			rest := half(tr, &visible.Thread{ID: 1}, 5)
			records, early := tr.Drain(nil)
			wantNumbers(t, name, records[early:], 3, 5)
			two()
			rest()
			put(tr, tr, &visible.Thread{ID: 2}, 8, 1)
			records, early = tr.Drain(nil)
			wantNumbers(t, name, records[early:], 5, 8)
			for _, r := range records[:early] {
				if r.Number != 7 {
					t.Errorf("%s: %+v is told to be of before", name, r)
				}
			}
		}
	}
}

// wantNumbers wants records of these two puts, and of no others.
func wantNumbers(t *testing.T, name string, records []event.Record, one, other uint32) {
	t.Helper()
	for _, r := range records {
		if r.Number != one && r.Number != other {
			t.Errorf("%s: %+v among those of %d and %d", name, r, one, other)
		}
	}
	if len(records) == 0 {
		t.Errorf("%s: nothing is there of %d and %d", name, one, other)
	}
}

func TestRingsCanBeLarger(t *testing.T) {
	tr := NewTracer(NewClock(), 2)
	tr.Rings(1, 5*ringRecords)
	tr.All()
	const puts = 1000 // of 12 records each
	for round := range uint32(3) {
		for i := range uint32(puts) {
			put(tr, tr, &visible.Thread{ID: 0}, round*puts+i, 1)
			put(tr, tr, &visible.Thread{ID: 1}, round*puts+i, 1)
		}
		var n [2]int
		next := round * puts
		for _, r := range drain(tr) {
			if r.Thread == 0 && r.Number != next+uint32(n[0]/12) {
				t.Fatalf("round %d: record %d is of put %d", round, n[0], r.Number)
			}
			n[r.Thread]++
		}
		if n != [2]int{12 * puts, ringRecords} {
			t.Errorf("round %d: %d records in the larger ring and in the other", round, n)
		}
	}
	tr.Rings(0, 0)
	dropped := tr.Dropped()
	for i := range uint32(puts) {
		put(tr, tr, &visible.Thread{}, i, 1)
	}
	if n := len(drain(tr)); n != ringRecords || tr.Dropped() != dropped+12*puts-ringRecords {
		t.Errorf("%d kept in a ring as at first, %d dropped", n, tr.Dropped()-dropped)
	}
}

func TestTheBlockTellsThatItsSlotHadBeenClaimed(t *testing.T) {
	tr := NewTracer(NewClock(), 1)
	tr.All()
	th := &visible.Thread{}
	tr.Begin(th, 0)
	tr.Collided(th)
	for _, step := range []visible.Step{visible.Content, visible.Block, visible.Index} {
		tr.Point(th, visible.Op{Step: step})
		tr.Done(th, visible.Op{Step: step}, 0)
	}
	tr.End(th)
	put(tr, tr, th, 1, 1)
	for _, r := range drain(tr) {
		if want := r.Number == 0 && r.Step == visible.Block; r.Collided != want {
			t.Errorf("%+v", r)
		}
	}
}

// A put whose records do not all find room is left out whole.
func TestAPutIsRecordedWholeOrNotAtAll(t *testing.T) {
	tr := NewTracer(NewClock(), 1)
	tr.Every()
	th := &visible.Thread{}
	const puts = ringRecords/3*3 + 10 // a ring does not hold a whole number of them
	for i := range uint32(puts) {
		put(tr, tr, th, i, 1)
	}
	of := make(map[uint32]int)
	for _, r := range drain(tr) {
		of[r.Number]++
	}
	each := of[0]
	for number, n := range of {
		if n != each {
			t.Errorf("put %d has %d records of %d", number, n, each)
		}
	}
	if dropped := tr.Dropped(); dropped != uint64((puts-len(of))*each) {
		t.Errorf("%d dropped of %d puts", dropped, puts-len(of))
	}
	for i := range uint32(ringRecords) {
		put(tr, tr, th, puts+i, 1)
	}
	half(tr, th, 6)()
	rest := half(tr, th, 7)
	drain(tr) // and there is room again
	rest()
	if records := drain(tr); len(records) != 0 {
		t.Errorf("of a put that began without room there are %+v", records)
	}
}
