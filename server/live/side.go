package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"slotrace/engine"
	"slotrace/engine/event"
	"slotrace/engine/explore"
	"slotrace/engine/trace"
	"slotrace/engine/visible"
	"slotrace/server/run"
)

// side is one store of a run, its writers, and the goroutine that leads them: the
// only one that holds them at the barrier, resets the store and begins laps.
type side struct {
	run       *active
	number    int
	slots     int
	embedding int
	store     *engine.Store
	path      string // of the store's folder, "" = on the heap
	tracer    *trace.Tracer
	pacer     *trace.Pacer
	walk      *explore.LiveWalk // nil: the writers are threads
	yield     func()
	crew      *crew
	asked     chan struct{} // a writer cannot go on: the store is full, or the run has its size
	orders    chan order
	ended     chan struct{}  // closed when the side has made its stores, or was stopped
	wait      sync.WaitGroup // the writers
	limited   bool
	left      atomic.Int64 // stores that no writer has taken on yet, if limited
	made      atomic.Int64 // stores that have been made, if limited

	urgency sync.Mutex // guards urgent, and goes before the pacer's own
	urgent  int

	sweeping sync.Mutex // held while memories are read back
	sweeper  sweeper    // guarded by sweeping
	cur      *lap       // changed at the barrier with mu held

	led atomic.Bool // the lead is there

	tracing sync.Mutex // guards what follows up to mu, and goes before it; cur is changed with it held, too
	records []event.Record
	burst   burst
	puts    [run.MaxWriters]begun
	tape    *tape // nil: the side is not being recorded
	roomy   bool  // the writers' rings are large enough for every step

	mu        sync.Mutex // guards what follows
	writers   []*writer
	retired   uint64 // collisions of writers that are no more
	turn      turn
	turns     []string // allocators that have had their turn and stored something, in order
	shown     *lap
	shownEnd  time.Time // when shown ended
	spare     []*lap
	scan      scan
	base      sums // of the laps before cur
	recent    sums // as of the last change
	losses    losses
	histogram *hdrhistogram.Histogram
	rates     []rate
}

// sums are counts over laps. All but collisions are from laps' books.
type sums struct{ stored, readable, lost, collided, collisions uint64 }

// order is something to be done at the barrier.
type order struct {
	do   func() error
	done chan error
}

// turn is that of the allocator in use.
type turn struct {
	allocator string
	since     uint64 // what was stored when it began
}

type rate struct {
	clock  int64
	stored uint64
}

const latencyTop = int64(10 * time.Second)

func newSide(r *active, number int, allocator string, o Options) (*side, error) {
	c := r.config
	options := engine.Options{
		Capacity:  uint64(c.Slots),
		Embedding: uint32(c.Embedding),
		Content:   uint64(c.Slots+run.MaxWriters) * 64, // "w64-m4294967295" and "Writer 64 content 4294967295" have 44 bytes
		Allocator: allocator,
		Replace:   true,
	}
	var store *engine.Store
	var path string
	var err error
	if o.Heap {
		store, err = engine.New(options)
	} else {
		path = filepath.Join(o.Dir, fmt.Sprintf("live-%d", number))
		store, err = engine.Create(path, options)
	}
	if err != nil {
		return nil, err
	}
	s := &side{
		run: r, number: number, slots: c.Slots, embedding: c.Embedding, store: store, path: path,
		tracer:    trace.NewTracer(r.clock, run.MaxWriters),
		pacer:     trace.NewPacer(r.clock, run.MaxWriters, uint64(r.id)),
		yield:     o.Yield,
		crew:      newCrew(c.Writers),
		asked:     make(chan struct{}, 1),
		orders:    make(chan order),
		ended:     make(chan struct{}),
		limited:   c.Stores > 0,
		cur:       newLap(c.Slots, run.MaxWriters),
		turn:      turn{allocator: allocator},
		losses:    losses{kept: make([]event.Loss, 0, 1024)},
		histogram: hdrhistogram.New(1, latencyTop, 2),
	}
	if o.Walk {
		s.walk = explore.NewLiveWalk(uint64(r.id))
	}
	s.left.Store(c.Stores)
	s.cur.begin(1)
	s.shown = s.cur
	s.sweeper.reader = newReader(store, c.Embedding)
	for range c.Writers {
		s.hire()
	}
	return s, nil
}

// discard undoes newSide.
func (s *side) discard() error {
	err := s.store.Close()
	if s.path != "" {
		err = errors.Join(err, os.RemoveAll(s.path))
	}
	return err
}

// hire adds a writer, at the barrier or before the start.
func (s *side) hire() {
	id := len(s.writers)
	w := &writer{side: s, id: id, thread: visible.Thread{ID: id}, log: &s.cur.logs[id]}
	w.next = s.run.numbers[s.number][id]
	if w.log.n.Load() == 0 { // else a predecessor of the same number began the log: its numbers go on
		w.log.first = w.next
	}
	if s.walk != nil {
		w.walker = s.walk.Join()
	}
	w.handle = s.store.Handle(id, w)
	s.writers = append(s.writers, w)
}

// lead runs the side until ctx ends or it has made its stores; then everything has
// been read back.
func (s *side) lead(ctx context.Context) {
	for _, w := range s.writers {
		s.wait.Go(w.run)
	}
	s.led.Store(true)
	// Whoever waits at a barrier for writers that are paced or paused is not to be waited for.
	defer context.AfterFunc(ctx, func() { s.urge(1) })()
	swept, sweep := make(chan struct{}), make(chan struct{})
	go func() { defer close(swept); s.sweep(sweep) }()
	for end := false; !end; {
		select {
		case <-s.asked:
			end = s.barrier(func() bool { s.nextLap(); return false })
		case o := <-s.orders:
			answer := run.ErrEnded
			end = s.barrier(func() bool { answer = o.do(); return false })
			o.done <- answer
		case <-ctx.Done():
			end = s.barrier(func() bool { return true })
		}
	}
	s.wait.Wait()
	close(sweep)
	<-swept
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cur.ended, s.shown = true, s.cur
	close(s.ended)
}

// barrier lets the writers finish their puts, at the pace that is set unless
// something is urgent, reads everything back, and does do while nobody writes. It is
// the end if do says so, or if all stores have been made, and then there is nothing
// to do: whatever a barrier was for, it hears whoever has asked for one.
func (s *side) barrier(do func() bool) (end bool) {
	all := s.crew.hold()
	s.pacer.Gather(true)
	<-all
	s.sweeping.Lock()
	s.collect()
	s.readAll()
	if end = s.limited && s.made.Load() >= s.run.stores; !end {
		end = do()
	}
	s.resize()
	s.sweeping.Unlock()
	select {
	case <-s.asked:
	default:
	}
	s.pacer.Gather(false)
	s.crew.release(len(s.writers), end)
	return end
}

// nextLap empties the store, at the barrier.
func (s *side) nextLap() {
	s.mu.Lock()
	s.cur.ended = true
	s.mu.Unlock()
	if ended := s.run.options.lapEnded; ended != nil {
		ended(s)
	}
	s.keepLap()
	s.tracing.Lock()
	defer s.tracing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.cur
	stored, readable, lost := old.counts()
	s.base.stored += stored
	s.base.readable += readable
	s.base.lost += lost
	s.base.collided += uint64(old.collided.Load())
	if s.shown == old {
		s.shownEnd = time.Now()
	} else {
		s.spare = append(s.spare, old)
	}
	var next *lap
	if n := len(s.spare); n > 0 {
		next, s.spare = s.spare[n-1], s.spare[:n-1]
	} else {
		next = newLap(s.slots, run.MaxWriters)
	}
	next.begin(old.number + 1)
	s.cur = next
	s.sweeper.begin()
	for _, w := range s.writers {
		w.log = &next.logs[w.id]
		w.log.first = w.next
	}
	if err := s.store.Reset(); err != nil {
		s.run.fail(err)
	}
}

// setWriters hires writers or lets them go, at the barrier.
func (s *side) setWriters(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.writers) > n {
		w := s.writers[len(s.writers)-1]
		w.retired = true
		s.retired += w.collisions.Load()
		s.run.numbers[s.number][w.id] = w.next
		s.writers = s.writers[:len(s.writers)-1]
	}
	for len(s.writers) < n {
		s.hire()
		s.wait.Go(s.writers[len(s.writers)-1].run) // it waits at the barrier with the others
	}
}

// order has do done at the barrier; a side that has ended does nothing any more.
func (s *side) order(do func() error) error {
	o := order{do, make(chan error, 1)}
	s.urge(1) // the lead may be waiting for writers at the pace that is set
	defer s.urge(-1)
	select {
	case s.orders <- o:
		return <-o.done
	case <-s.ended:
		return run.ErrEnded
	}
}

// urge hurries the writers while more things are urgent than have been done.
func (s *side) urge(by int) {
	s.urgency.Lock()
	defer s.urgency.Unlock()
	s.urgent += by
	s.pacer.Hurry(s.urgent > 0)
}

// take takes one of the stores that are to be made.
func (s *side) take() bool {
	if !s.limited {
		return true
	}
	if s.left.Add(-1) >= 0 {
		return true
	}
	s.left.Add(1)
	return false
}

func (s *side) giveBack() {
	if s.limited {
		s.left.Add(1)
	}
}

// ask tells the lead that a writer cannot go on, and waits for what comes.
func (s *side) ask() {
	select {
	case s.asked <- struct{}{}:
	default:
	}
	s.crew.wait()
}

// realSpeed says that puts take the time they need, and no other.
func (s *side) realSpeed() bool { return s.pacer.Open() && !s.crew.halted.Load() }

func (s *side) latency(batch []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range batch {
		s.histogram.RecordValue(min(d, latencyTop))
	}
}

// allocators returns those that have made stores, in the order of their first turn; stored is
// how many stores there are, and mu is held.
func (s *side) allocators(stored uint64) []string {
	if stored == s.turn.since || slices.Contains(s.turns, s.turn.allocator) {
		return s.turns
	}
	return append(slices.Clip(s.turns), s.turn.allocator)
}

// switchTo has another allocator take its turn, at the barrier.
func (s *side) switchTo(allocator string) error {
	if err := s.store.SetAllocator(allocator); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeTurn(allocator, s.sums().stored)
	return nil
}

// takeTurn has another allocator's turn begin when so much is stored; mu is held.
func (s *side) takeTurn(allocator string, stored uint64) {
	s.turns, s.turn = s.allocators(stored), turn{allocator, stored}
}

// changed begins the figures anew that say how the run goes since the last change.
func (s *side) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent = s.sums()
	s.rates = nil
	s.histogram.Reset()
}

// sums returns the run's counts; mu is held.
func (s *side) sums() sums {
	t := s.base
	stored, readable, lost := s.cur.counts()
	t.stored += stored
	t.readable += readable
	t.lost += lost
	t.collided += uint64(s.cur.collided.Load())
	t.collisions = s.retired
	for _, w := range s.writers {
		t.collisions += w.collisions.Load()
	}
	return t
}

func (s *side) totals() event.Totals {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.figures()
}

// figures returns the side's totals; mu is held.
func (s *side) figures() event.Totals {
	t := s.sums()
	now := s.run.clock.Now()
	for len(s.rates) > 1 && now-s.rates[0].clock > int64(time.Second) {
		s.rates = s.rates[1:]
	}
	perSecond := 0.0
	if len(s.rates) > 0 && now > s.rates[0].clock {
		perSecond = float64(t.stored-s.rates[0].stored) * 1e9 / float64(now-s.rates[0].clock)
	}
	if len(s.rates) == 0 || now > s.rates[len(s.rates)-1].clock {
		s.rates = append(s.rates, rate{now, t.stored})
	}
	return event.Totals{
		Side: uint8(s.number), Clock: now, Lap: s.cur.number,
		Stored: t.stored, Readable: t.readable, Lost: t.lost, Unread: t.stored - t.readable - t.lost,
		Collisions: t.collisions, Collided: t.collided,
		RecentStored: t.stored - s.recent.stored, RecentCollisions: t.collisions - s.recent.collisions,
		Rate: uint32(perSecond + 0.5),
		P50:  s.quantile(50), P99: s.quantile(99), P999: s.quantile(99.9),
		Dropped: s.tracer.Dropped(),
	}
}

func (s *side) quantile(q float64) uint32 {
	if s.histogram.TotalCount() == 0 {
		return 0
	}
	return uint32(min(s.histogram.ValueAtQuantile(q), 1<<32-1))
}
