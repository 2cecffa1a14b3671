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
	end     int64 // the same; 0 = its first put has not come by yet. Only if trace is nil
	last    int64 // when the one before began
	next    time.Time
	ticks   int
	lap     uint32
	length  time.Duration
	trace   *trace.Burst // nil: every put is recorded anyway
	records []event.Record
}

// until is when the burst ends or ended, once it has begun.
func (b *burst) until() (at int64, begun bool) {
	if b.trace != nil {
		return b.trace.End()
	}
	return b.end, b.end > 0
}

// begun is when a writer's put began, as far as there are records of it.
type begun struct {
	number uint32
	known  bool
	at     int64
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

	s.tracing.Lock()
	s.follow()
	s.leadBurst()
	s.tracing.Unlock()

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown != s.cur && time.Since(s.shownEnd) >= lapRests {
		s.spare = append(s.spare, s.shown)
		s.shown = s.cur
	}
	showCells(board, s.number, s.slots, s.shown, &s.scan)
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

// mapped is who is shown a map: the board, or a recording.
type mapped interface {
	Cells(side int, lap uint32, ended bool, from, to int, cell func(i int) byte)
}

// showCells shows a lap's map; the side's mu is held.
func showCells(to mapped, side, slots int, lap *lap, sc *scan) {
	if sc.lap != lap || sc.number != lap.number || sc.ended != lap.ended {
		*sc = scan{lap: lap, number: lap.number, ended: lap.ended, done: ^uint64(0)}
	}
	if sc.next == 0 {
		if sc.claims = lap.claimed(); sc.claims == sc.done {
			return
		}
	}
	end := min(sc.next+cellsPerTick, slots)
	if lap.ended {
		end = slots // at once: the map is to be exact from then on
	}
	to.Cells(side, lap.number, lap.ended, sc.next, end, lap.cell)
	if sc.next = end; end == slots {
		sc.next, sc.done = 0, sc.claims
	}
}

// follow takes the records that have come to the board and to the recording; tracing is held.
func (s *side) follow() {
	records, early := s.tracer.Drain(s.records[:0])
	s.records = records
	if s.tape != nil {
		s.keepSteps(records, early)
	}
	if _, bursts := s.bursts(); !bursts {
		s.run.board.Steps(s.number, s.cur.number, records)
	} else {
		s.pick(records)
	}
}

// pick picks out what the burst under way shows: of the puts that began within it, the steps
// that the pacer stretches too. tracing is held.
func (s *side) pick(records []event.Record) {
	b := &s.burst
	end, open := b.until()
	if b.began != 0 && b.trace == nil && !open {
		for i := range records {
			if r := &records[i]; r.At >= b.began && (b.end == 0 || r.At < b.end) && s.puts[r.Thread].number != r.Number {
				b.end = r.At
			}
		}
		if open = b.end > 0; open {
			b.end += int64(b.length)
			end = b.end
		}
	}
	for i := range records {
		r := &records[i]
		p := &s.puts[r.Thread]
		if p.number != r.Number || !p.known {
			*p = begun{r.Number, true, r.At}
		}
		if open && b.began != 0 && p.at >= b.began && p.at <= end && event.Stretched(r.Step) {
			b.records = append(b.records, *r)
		}
	}
}

// leadBurst shows the burst that is over, or begins one if it is time; tracing is held.
func (s *side) leadBurst() {
	length, bursts := s.bursts()
	b := &s.burst
	now := s.run.clock.Now()
	switch {
	case !bursts:
	case b.began != 0:
		if end, open := b.until(); open && now > end {
			if b.ticks++; b.ticks > burstSettle {
				s.showBurst()
			}
		}
	case time.Now().After(b.next):
		*b = burst{began: max(now, 1), last: b.last, next: time.Now().Add(burstEvery), lap: s.cur.number, length: length}
		if s.tape == nil || !s.tape.on {
			b.trace = s.tracer.Burst(length, s.run.settings().PaceUS > 0)
		}
	}
}

// showBurst shows what has been recorded of the burst under way; tracing is held.
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
	s.tracing.Lock()
	defer s.tracing.Unlock()
	s.follow()
	if s.burst.began != 0 {
		s.showBurst()
		s.aim() // and if the settings have changed, retrace follows
	}
	clear(s.puts[:]) // a put that was refused is made again in the next lap
}

// retrace has the tracer record what the settings ask for, and forgets the burst
// that may be under way. It follows every change of the settings.
func (s *side) retrace() {
	s.tracing.Lock()
	defer s.tracing.Unlock()
	s.burst = burst{last: s.burst.last, next: s.burst.next}
	clear(s.puts[:])
	s.aim()
}

// aim has the tracer record what the settings, or the recording, ask for. A burst under way is
// forgotten, unless all its puts have begun. tracing is held.
func (s *side) aim() {
	_, bursts := s.bursts()
	kept := s.tape != nil && s.tape.on
	switch {
	case !bursts, kept && s.run.settings().PaceUS > 0:
		s.tracer.All()
	case kept:
		s.tracer.Every()
	default:
		s.tracer.Nothing() // until the next burst
	}
	if end, open := s.burst.until(); !open || s.run.clock.Now() <= end {
		s.burst = burst{last: s.burst.last, next: s.burst.next}
	}
}
