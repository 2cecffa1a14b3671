package live

import (
	"runtime"
	"sync"
	"time"

	"slotrace/engine/event"
)

// The sweeper reads memories back while others are being written: what is new
// first, then again what shares its slot with another, since a slow writer may
// still come to it. It takes a little time often, so that it costs writers little.
const (
	sweepEvery  = 50 * time.Millisecond
	sweepFor    = 2 * time.Millisecond
	sweepStride = 32 // reads between two looks at the clock
)

type sweeper struct {
	reader *reader
	next   [event.MaxWriters]uint32 // of each log, the first store not yet read
	again  [event.MaxWriters]uint32 // of each log, where reading again goes on
}

func (sw *sweeper) begin() { clear(sw.next[:]); clear(sw.again[:]) }

// sweep reads until done is closed.
func (s *side) sweep(done <-chan struct{}) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.sweeping.Lock()
			s.sweepOnce(time.Now().Add(sweepFor))
			s.sweeping.Unlock()
		case <-done:
			return
		}
	}
}

// sweepOnce reads until the deadline or until there is nothing to read; sweeping is held.
func (s *side) sweepOnce(deadline time.Time) {
	lap, sw := s.cur, &s.sweeper
	var found []event.Loss
	reads := 0
	for w := range lap.logs {
		log := &lap.logs[w]
		for n := log.n.Load(); sw.next[w] < n; sw.next[w]++ {
			if reads++; reads%sweepStride == 0 && time.Now().After(deadline) {
				s.lose(found)
				return
			}
			found = s.readBack(sw.reader, lap, w, sw.next[w], found)
		}
	}
	for w := range lap.logs {
		log := &lap.logs[w]
		for n := sw.next[w]; sw.again[w] < n; sw.again[w]++ {
			if e := log.at(sw.again[w]); findingKind(e.kind.Load()) != intact || lap.claims[e.slot.Load()].Load()>>8 < 2 {
				continue
			}
			if reads++; reads%sweepStride == 0 && time.Now().After(deadline) {
				s.lose(found)
				return
			}
			found = s.readBack(sw.reader, lap, w, sw.again[w], found)
		}
	}
	clear(sw.again[:]) // all has been read: begin again next time
	s.lose(found)
}

// readAll reads the whole lap back, at the barrier; sweeping is held.
func (s *side) readAll() {
	lap := s.cur
	work := make(chan int)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			r := newReader(s.store, s.embedding)
			defer r.handle.Close()
			for w := range work {
				var found []event.Loss
				for i := range lap.logs[w].n.Load() {
					if findingKind(lap.logs[w].at(i).kind.Load()) > intact {
						continue // what is lost stays so
					}
					found = s.readBack(r, lap, w, i, found)
				}
				s.lose(found)
			}
		})
	}
	for w := range lap.logs {
		if lap.logs[w].n.Load() > 0 {
			work <- w
		}
	}
	close(work)
	all.Wait()
}

// readBack reads the i-th store of a log and appends it to found if it is newly lost.
func (s *side) readBack(r *reader, lap *lap, w int, i uint32, found []event.Loss) []event.Loss {
	log := &lap.logs[w]
	e, number := log.at(i), log.first+i
	f := r.read(w, number)
	if !lap.found(e, f.kind) {
		return found
	}
	return append(found, event.Loss{
		Slot: e.slot.Load(), Lap: lap.number, Writer: uint8(w), Store: number,
		ID: string(appendID(nil, w, number)), Expected: contentText(w, number), Got: f.other,
	})
}

// losses keeps the evidence of the latest losses.
type losses struct {
	total uint64
	kept  []event.Loss // numbers total-len(kept)+1 to total, oldest first
	fresh int          // of these, how many the board has not been shown
}

const keptLosses = 1 << 16

// lose enters new losses, which get their numbers here.
func (s *side) lose(found []event.Loss) {
	if len(found) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.losses
	for i := range found {
		l.total++
		found[i].Number = l.total
	}
	if len(l.kept)+len(found) > 2*keptLosses {
		l.kept = append(l.kept[:0], l.kept[max(0, len(l.kept)-keptLosses):]...)
	}
	l.kept = append(l.kept, found...)
	l.fresh += len(found)
}

// since returns up to limit kept losses with numbers above after.
func (l *losses) since(after uint64, limit int) []event.Loss {
	first := l.total - uint64(len(l.kept)) // number before the oldest kept
	if after < first {
		after = first
	}
	if after >= l.total {
		return nil
	}
	rest := l.kept[after-first:]
	return rest[:min(limit, len(rest))]
}
