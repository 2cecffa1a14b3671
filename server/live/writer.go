package live

import (
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"slotrace/engine"
	"slotrace/engine/visible"
)

// writer is one goroutine that stores memories, one after the other.
type writer struct {
	side       *side
	id         int
	retired    bool // set at the barrier: it ends when it is released
	handle     *engine.Handle
	thread     visible.Thread // its own name for itself, towards pacer and tracer
	next       uint32         // number of its next store in the run
	log        *log           // of the lap; set at the barrier
	slot       uint64         // whose block it writes
	collisions atomic.Uint64  // claims of a slot that had been claimed in the lap; the run's total
	latencies  []int64        // in nanoseconds, not yet in the side's histogram
}

// Of the puts at real speed one in sampleEvery is timed: two looks at the clock
// cost a tenth of a put.
const sampleEvery = 8

const latencyBatch = 256

func (w *writer) run() {
	s := w.side
	defer w.handle.Close()
	m := engine.Memory{Embedding: make([]float32, s.embedding)}
	embed(m.Embedding, w.id, 0)
	var id, content []byte
	for !w.retired && s.crew.pass() && !w.retired { // a retired writer is not waited for
		s.pacer.Rest(&w.thread)
		if s.crew.halted.Load() {
			continue
		}
		if !s.take() { // the last stores are being made, or will be when the store is empty again
			if !s.crew.wait() {
				break
			}
			continue
		}
		id, content = appendID(id[:0], w.id, w.next), appendContent(content[:0], w.id, w.next)
		m.ID, m.Content = string(id), content
		number(m.Embedding, w.next)
		timed := w.next%sampleEvery == 0 && s.realSpeed()
		var began time.Time
		if timed {
			began = time.Now()
		}
		w.handle.Ignore(w.ignores(s.tracer.Begin(&w.thread, w.next)))
		err := w.handle.Put(&m)
		s.tracer.End(&w.thread)
		switch {
		case err == nil:
			w.log.add(w.slot)
			w.next++
			if timed && s.realSpeed() {
				w.time(time.Since(began))
			}
			if s.limited && s.made.Add(1) == s.run.stores {
				s.ask()
			}
		case errors.Is(err, engine.ErrFull):
			s.giveBack()
			s.ask()
		default:
			s.run.fail(err)
			s.giveBack()
			s.crew.wait() // for the end that fail has begun
		}
		runtime.Gosched() // or nobody else in the process gets on
	}
	s.latency(w.latencies)
}

// ignores says which steps of a put its writer need not see: the block is for the book
// of claims, the tracer knows what it wants, and a pacer that holds nobody wants none.
func (w *writer) ignores(tracer visible.StepSet) visible.StepSet {
	if !w.side.pacer.Open() {
		return 0
	}
	return tracer &^ (1 << visible.Block)
}

func (w *writer) time(d time.Duration) {
	w.latencies = append(w.latencies, int64(d))
	if len(w.latencies) == latencyBatch {
		w.side.latency(w.latencies)
		w.latencies = w.latencies[:0]
	}
}

// Point implements visible.Observer: first the writer keeps the lap's book of
// claims (what must be exact is counted by the thread itself, not from records),
// then it is traced, then paced.
func (w *writer) Point(t *visible.Thread, op visible.Op) {
	s := w.side
	if op.Step == visible.Block {
		w.slot, _ = s.store.BlockSlot(op)
		w.log.claims.Add(1)
		if before := s.cur.claim(w.slot, w.id); before > 0 {
			w.collisions.Add(1)
			if before == 1 {
				s.cur.collided.Add(1) // second, and read first: there is no collided slot without its collision
			}
		}
	}
	s.tracer.Point(t, op)
	s.pacer.Point(t, op)
}

// Done implements visible.Observer.
func (w *writer) Done(t *visible.Thread, op visible.Op, value uint64) {
	w.side.tracer.Done(t, op, value)
	w.side.pacer.Done(t, op, value)
}
