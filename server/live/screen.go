package live

import (
	"time"

	"slotrace/engine/event"
	"slotrace/engine/trace"
)

// What the board is shown, and how often.
const (
	tickEvery   = 33 * time.Millisecond
	lapRests    = time.Second            // how long the map rests on a lap that has ended
	burstEvery  = 500 * time.Millisecond // between two bursts
	burstLength = 64 * time.Microsecond  // of real speed
	walkLength  = 12 * time.Millisecond  // the same of a walk, where a put takes as long as others' turns
	burstBeats  = 54                     // of a pace too fast for every step to be shown
	burstSettle = 3                      // ticks after which a burst's puts are over
	latestShown = 32                     // losses shown at a time

	// recordsShown is how many records a second a viewer gets at the most before
	// bursts are shown instead. A paced put makes about 20, and takes some 22 beats.
	recordsShown   = 4000
	recordsPerPut  = 20
	beatsPerPut    = 22
	everyStepShown = uint32(1)
)

// burst is the making of one: what was recorded since it began.
type burst struct {
	began   int64 // on the run's clock; 0 = none is under way
	last    int64 // when the one before began
	next    time.Time
	ticks   int
	lap     uint32
	length  time.Duration
	trace   *trace.Burst
	records []event.Record
}

// bursts says whether the run is too fast for every step to be shown, and then how
// long a burst is.
func (s *side) bursts() (length time.Duration, yes bool) {
	c := s.run.settings()
	switch {
	case c.Paused:
		return 0, false
	case c.PaceUS == 0 && s.walk != nil:
		return walkLength + time.Duration(c.WindowUS)*time.Microsecond*4, true
	case c.PaceUS == 0:
		return burstLength + time.Duration(c.WindowUS)*time.Microsecond*4, true
	}
	pace := time.Duration(c.PaceUS) * time.Microsecond
	put := beatsPerPut*pace + time.Duration(c.WindowUS)*time.Microsecond
	perSecond := float64(len(s.run.sides)*c.Writers*recordsPerPut) / put.Seconds()
	return burstBeats * pace, perSecond > recordsShown
}

// tick shows the side as it is.
func (s *side) tick() {
	board := s.run.board
	board.Totals(s.totals())

	s.mu.Lock()
	defer s.mu.Unlock()
	s.trace()
	if s.shown != s.cur && time.Since(s.shownEnd) >= lapRests {
		s.spare = append(s.spare, s.shown)
		s.shown = s.cur
	}
	s.showCells()
	if l := &s.losses; l.fresh > 0 {
		board.Evidence(s.number, l.total, l.kept[len(l.kept)-min(l.fresh, latestShown, len(l.kept)):])
		l.fresh = 0
	}
}

// scan is how far the shown lap's cells have been shown: a large map goes a part a
// tick, and one in which nothing is claimed any more not at all.
type scan struct {
	lap    *lap
	number uint32
	ended  bool
	next   int    // cell
	claims uint64 // as of the beginning of the pass
	done   uint64 // claims as of the beginning of the last pass that has ended
}

const cellsPerTick = 1 << 17

// showCells shows the map; mu is held.
func (s *side) showCells() {
	lap, sc := s.shown, &s.scan
	if sc.lap != lap || sc.number != lap.number || sc.ended != lap.ended {
		*sc = scan{lap: lap, number: lap.number, ended: lap.ended, done: ^uint64(0)}
	}
	if sc.next == 0 {
		if sc.claims = lap.claimed(); sc.claims == sc.done {
			return
		}
	}
	to := min(sc.next+cellsPerTick, s.slots)
	if lap.ended {
		to = s.slots // at once: the map is to be exact from then on
	}
	s.run.board.Cells(s.number, lap.number, lap.ended, sc.next, to, lap.cell)
	if sc.next = to; to == s.slots {
		sc.next, sc.done = 0, sc.claims
	}
}

// trace moves records to the board; mu is held.
func (s *side) trace() {
	length, bursts := s.bursts()
	b := &s.burst
	records := s.tracer.Drain(nil)
	switch {
	case !bursts:
		s.run.board.Steps(s.number, s.cur.number, records)
	case b.began != 0:
		b.records = append(b.records, told(records)...)
		if end, begun := b.trace.End(); begun && s.run.clock.Now() > end {
			if b.ticks++; b.ticks > burstSettle {
				s.showBurst()
			}
		}
	case time.Now().After(b.next):
		now := s.run.clock.Now()
		*b = burst{began: max(now, 1), last: b.last, next: time.Now().Add(burstEvery), lap: s.cur.number, length: length}
		b.trace = s.tracer.Burst(length, s.run.settings().PaceUS > 0)
	}
}

// showBurst shows what has been recorded of the burst under way; mu is held.
func (s *side) showBurst() {
	b := &s.burst
	for i := range b.records {
		if at := b.records[i].At; i == 0 || at < b.began {
			b.began = at
		}
	}
	oneIn := everyStepShown
	if b.last != 0 && b.length > 0 {
		oneIn = uint32(max(1, min((b.began-b.last)/int64(b.length), 1<<32-1)))
	}
	if len(b.records) > 0 {
		s.run.board.Burst(event.Steps{
			Side: uint8(s.number), Lap: b.lap, Burst: true, Base: b.began, Length: uint32(min(b.length, 4e9)), OneIn: oneIn, Records: b.records,
		})
	}
	*b = burst{last: b.began, next: b.next}
}

// collect shows what was recorded of a lap before it ends, at the barrier.
func (s *side) collect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	records := s.tracer.Drain(nil)
	if s.burst.began != 0 {
		s.burst.records = append(s.burst.records, told(records)...)
		s.showBurst()
		s.tracer.Nothing() // and if the settings have changed, retrace follows
	} else if _, bursts := s.bursts(); !bursts {
		s.run.board.Steps(s.number, s.cur.number, records)
	}
}

// told leaves the records that a picture shows: those of the steps that the pacer
// stretches too.
func told(records []event.Record) []event.Record {
	kept := records[:0]
	for _, r := range records {
		if event.Stretched(r.Step) {
			kept = append(kept, r)
		}
	}
	return kept
}

// retrace has the tracer record what the settings ask for, and forgets the burst
// that may be under way. It follows every change of the settings.
func (s *side) retrace() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.burst = burst{last: s.burst.last, next: s.burst.next}
	if _, bursts := s.bursts(); bursts {
		s.tracer.Nothing() // until the next burst
	} else {
		s.tracer.All()
	}
}
