package trace

import (
	"sync/atomic"
	"time"

	"slotrace/engine/event"
	"slotrace/engine/visible"
)

// Tracer records what threads do, each into a ring of its own, and never makes a
// thread wait: a record for which a full ring has no room is dropped and counted.
// What must be exact is counted elsewhere; records are for the eye.
//
// A thread calls Begin before each put and End after it; a put that begins within
// a burst is recorded whole: the steps that pictures show (event.Stretched) are, and
// the time is taken where it makes a difference to a picture, since a look at the clock
// costs more than all else. One goroutine at a time drains, and says what is recorded.
type Tracer struct {
	clock   *Clock
	setting atomic.Pointer[Burst] // replaced whole, so that an old one's end does not end a new one
	rings   []ring
	span    uint32   // the latest
	heads   []uint64 // of the rings, while they are drained
}

// Burst is a stretch of time in which puts are recorded. It begins with the first
// put that begins: on few cores no thread may run for a while after it is asked for.
type Burst struct {
	mode   uint32
	span   uint32
	length int64        // 0 = it does not end by itself
	end    atomic.Int64 // on the clock; 0 = it has not begun
}

// End is when the burst ends or ended, on the clock, once it has begun.
func (b *Burst) End() (at int64, begun bool) {
	at = b.end.Load()
	return at, at > 0
}

// over says whether the burst has ended; the first to ask begins it. The others only
// look: a swap that fails would still take the word from every other thread.
func (b *Burst) over(now int64) bool {
	end := b.end.Load()
	if end == 0 && b.end.CompareAndSwap(0, now+b.length) {
		return false
	}
	return end != 0 && now > end
}

const (
	traceNothing uint32 = iota
	traceDone           // as it is done: at real speed
	traceAll            // as it arrives, too: paced threads
)

const ringRecords = 1 << 11 // 48 KiB

// ring is a queue from one thread to the drainer. Only the thread moves head,
// only the drainer tail.
type ring struct {
	published atomic.Uint64 // head, as far as the drainer may read
	dropped   atomic.Uint64
	from      uint64        // head when the thread's first put of its span began; set before seen
	seen      atomic.Uint32 // the span of the put under way
	_         [32]byte      // the thread's line apart from the drainer's
	tail      atomic.Uint64
	_         [56]byte
	head      uint64
	span      uint32         // seen, for the thread
	mode      uint32         // of the put under way
	number    uint32         // of the put under way
	slot      uint32         // that it looked at or claimed last
	at        int64          // when the clock was looked at last
	first     bool           // nothing has been recorded of the put under way
	cut       bool           // there was no room for all of it
	collided  bool           // its slot had been claimed before
	records   []event.Record // a power of two
}

// NewTracer returns a tracer for threads with IDs below threads that records nothing yet.
func NewTracer(clock *Clock, threads int) *Tracer {
	t := &Tracer{clock: clock, rings: make([]ring, threads), heads: make([]uint64, threads)}
	for i := range t.rings {
		t.rings[i].records = make([]event.Record, ringRecords)
	}
	t.Nothing()
	return t
}

// Rings gives the first so many threads rings of at least that many records, up to the next
// power of two, and the others such as they had at first. Nobody puts meanwhile, and all has been drained.
func (tr *Tracer) Rings(threads, records int) {
	for i := range tr.rings {
		n := ringRecords
		for i < threads && n < records {
			n *= 2
		}
		if r := &tr.rings[i]; len(r.records) != n {
			r.records = make([]event.Record, n)
		}
	}
}

// All records every step from now on.
func (tr *Tracer) All() { tr.set(&Burst{mode: traceAll}) }

// Every records every put that begins from now on, as a burst without an end.
func (tr *Tracer) Every() { tr.set(&Burst{mode: traceDone}) }

// Nothing records no put that begins from now on.
func (tr *Tracer) Nothing() { tr.set(&Burst{mode: traceNothing}) }

// Span begins a span with what is set next: Drain tells the records of puts that
// began in it from others.
func (tr *Tracer) Span() { tr.span++ }

func (tr *Tracer) set(b *Burst) {
	b.span = tr.span
	tr.setting.Store(b)
}

// Burst records the puts that begin within d of the next one to begin, and nothing
// after them. Arrivals are recorded, too, if threads are held long enough for them
// to matter.
func (tr *Tracer) Burst(d time.Duration, arrivals bool) *Burst {
	b := &Burst{mode: traceDone, length: int64(d)}
	if arrivals {
		b.mode = traceAll
	}
	tr.set(b)
	return b
}

// Begin says that thread t begins its put with that number, and returns the steps of
// which the tracer need not be told.
func (tr *Tracer) Begin(t *visible.Thread, number uint32) (ignores visible.StepSet) {
	r := &tr.rings[t.ID]
	r.number, r.slot, r.first, r.cut, r.collided = number, event.NoValue, true, false, false
	b := tr.setting.Load()
	if r.span != b.span {
		r.span, r.from = b.span, r.head
		r.seen.Store(b.span)
	}
	if r.mode = b.mode; b.length > 0 || b.mode == traceDone {
		now := r.look(tr.clock)
		if b.length > 0 && b.over(now) {
			tr.setting.CompareAndSwap(b, &Burst{mode: traceNothing, span: b.span})
			r.mode = traceNothing
		}
	}
	return ignored[r.mode]
}

// Collided says that the slot that thread t is about to write had been claimed before:
// what is recorded of the block of the put under way tells it.
func (tr *Tracer) Collided(t *visible.Thread) { tr.rings[t.ID].collided = true }

var ignored = [...]visible.StepSet{
	traceNothing: visible.AllBut(),
	traceDone:    visible.AllBut(stretched()...),
	traceAll:     0,
}

func stretched() (steps []visible.Step) {
	for s := range visible.Steps {
		if event.Stretched(s) {
			steps = append(steps, s)
		}
	}
	return steps
}

// End says that the put is over.
func (tr *Tracer) End(t *visible.Thread) {
	if r := &tr.rings[t.ID]; r.mode != traceNothing {
		r.mode = traceNothing
		r.published.Store(r.head)
	}
}

// Point implements visible.Observer.
func (tr *Tracer) Point(t *visible.Thread, op visible.Op) {
	r := &tr.rings[t.ID]
	if r.mode != traceAll {
		if b := tr.setting.Load(); b.length == 0 && b.mode == traceAll {
			r.mode = traceAll // the run was paused in the middle of this put: show where it stands
		}
	}
	if r.mode == traceAll {
		r.add(event.Record{At: r.look(tr.clock), Value: event.NoValue, Number: r.number, Thread: uint8(t.ID), Step: op.Step, Phase: event.Arrive, Collided: r.collided && op.Step == visible.Block})
		r.published.Store(r.head) // it may be held for long
	}
}

// Done implements visible.Observer.
func (tr *Tracer) Done(t *visible.Thread, op visible.Op, value uint64) {
	r := &tr.rings[t.ID]
	if r.mode == traceNothing {
		return
	}
	if r.mode == traceAll || !r.first && event.Timed(op.Step) {
		r.look(tr.clock)
	}
	r.first = false
	r.add(event.Record{At: r.at, Value: r.tell(op, value), Number: r.number, Thread: uint8(t.ID), Step: op.Step, Phase: event.Done, Collided: r.collided && op.Step == visible.Block})
	if r.mode == traceAll {
		r.published.Store(r.head)
	}
}

// look looks at the clock, which may go back a little when it is stopped: for a thread it does not.
func (r *ring) look(c *Clock) int64 {
	r.at = max(r.at, c.Now())
	return r.at
}

// tell turns an operation's value into what a record tells of it.
func (r *ring) tell(op visible.Op, value uint64) uint32 {
	switch {
	case op.Kind == visible.OpLock, op.Kind == visible.OpUnlock:
		return event.NoValue
	case op.Step == visible.Claim && op.Kind == visible.OpAdd:
		r.slot = uint32(value - 1) // the sum is one above the slot that was taken
	case op.Step == visible.Look, op.Step == visible.Claim: // Missing, of a swap that failed, is NoValue
		r.slot = uint32(value)
	case op.Step != visible.Block:
		return uint32(value)
	}
	return r.slot
}

// add adds a record, if there is room. Of a put that nobody has been shown any of yet, a
// part would be taken for all: then the others go, too.
func (r *ring) add(rec event.Record) {
	if r.cut || r.head-r.tail.Load() == uint64(len(r.records)) {
		shown := r.published.Load()
		r.dropped.Add(1 + r.head - shown)
		r.head, r.cut = shown, r.mode != traceAll
		return
	}
	r.records[r.head&uint64(len(r.records)-1)] = rec
	r.head++
}

// Drain appends to all what was recorded since the last call, each thread's
// records in their order, and returns it. Those from early on are of puts that began in
// the latest span.
func (tr *Tracer) Drain(all []event.Record) (records []event.Record, early int) {
	tr.clock.check()
	for i := range tr.rings {
		r := &tr.rings[i]
		head := r.published.Load() // first: what is published of a span comes after seen
		tr.heads[i] = head
		if r.seen.Load() == tr.span {
			head = min(head, r.from)
		}
		all = r.take(all, head)
	}
	early = len(all)
	for i := range tr.rings {
		all = tr.rings[i].take(all, tr.heads[i])
	}
	return all, early
}

// take appends what there is up to head.
func (r *ring) take(all []event.Record, head uint64) []event.Record {
	tail, mask := r.tail.Load(), uint64(len(r.records)-1)
	if tail >= head {
		return all
	}
	if from, to := tail&mask, head&mask; from < to {
		all = append(all, r.records[from:to]...)
	} else {
		all = append(append(all, r.records[from:]...), r.records[:to]...)
	}
	r.tail.Store(head)
	return all
}

// Dropped is how many records found no room.
func (tr *Tracer) Dropped() (n uint64) {
	for i := range tr.rings {
		n += tr.rings[i].dropped.Load()
	}
	return n
}
