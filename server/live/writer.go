package live

import (
	"errors"
	"sync/atomic"
	"time"

	"slotrace/engine"
	"slotrace/engine/explore"
	"slotrace/engine/visible"
)

// writer is one goroutine that stores memories, one after the other.
type writer struct {
	side       *side
	id         int
	retired    bool // set at the barrier: it ends when it is released
	handle     *engine.Handle
	walker     *explore.Walker // nil: it is a thread
	thread     visible.Thread  // its own name for itself, towards pacer and tracer
	next       uint32          // number of its next store in the run
	log        *log            // of the lap; set at the barrier
	slot       uint64          // whose block it writes
	collisions atomic.Uint64   // claims of a slot that had been claimed in the lap; the run's total
	latencies  []int64         // in nanoseconds, not yet in the side's histogram
}

// Of the puts at real speed one in sampleEvery is timed: two looks at the clock
// cost a tenth of a put.
const sampleEvery = 8

const latencyBatch = 256

func (w *writer) run() {
	s := w.side
	defer w.handle.Close()
	defer w.leave()
	m := engine.Memory{Embedding: make([]float32, s.embedding)}
	embed(m.Embedding, w.id, 0)
	var id, content []byte
	for !w.retired && w.pass() && !w.retired { // a retired writer is not waited for
		if !s.pacer.Open() {
			w.leave()
		}
		s.pacer.Rest(&w.thread)
		if s.crew.halted.Load() {
			continue
		}
		if !s.take() { // the last stores are being made, or will be when the store is empty again
			w.leave()
			if !s.crew.wait() {
				break
			}
			continue
		}
		id, content = appendID(id[:0], w.id, w.next), appendContent(content[:0], w.id, w.next)
		m.ID, m.Content = string(id), content
		number(m.Embedding, w.next)
		timed := w.next%sampleEvery == 0 && w.walker == nil && s.realSpeed()
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
				w.leave()
				s.ask()
			}
		case errors.Is(err, engine.ErrFull):
			s.giveBack()
			w.leave()
			s.ask()
		default:
			s.run.fail(err)
			s.giveBack()
			w.leave()
			s.crew.wait() // for the end that fail has begun
		}
		s.yield() // or nobody else in the process gets on
	}
	s.latency(w.latencies)
}

// pass returns at once unless the writers are held, and false when they are to end.
func (w *writer) pass() bool {
	if !w.side.crew.halted.Load() {
		return true
	}
	w.leave()
	return w.side.crew.wait()
}

// leave comes before whatever a writer may wait for, but for its turn.
func (w *writer) leave() {
	if !w.retired { // else its number may be another's by now
		w.side.pacer.Leave(&w.thread)
	}
	if w.walker != nil {
		w.walker.Leave()
	}
}

// ignores says which steps of a put its writer need not see: the block is for the book
// of claims, the tracer knows what it wants, and a pacer that holds nobody wants none.
// Who takes turns does so at every step.
func (w *writer) ignores(tracer visible.StepSet) visible.StepSet {
	if w.walker != nil || !w.side.pacer.Open() {
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
// then it is traced, then paced, and then it waits for its turn.
func (w *writer) Point(t *visible.Thread, op visible.Op) {
	s := w.side
	if op.Step == visible.Block {
		w.slot, _ = s.store.BlockSlot(op)
		w.log.claims.Add(1)
		if before := s.cur.claim(w.slot, w.id); before > 0 {
			w.collisions.Add(1)
			s.tracer.Collided(t)
			if before == 1 {
				s.cur.collided.Add(1) // second, and read first: there is no collided slot without its collision
			}
		}
	}
	s.tracer.Point(t, op)
	if w.walker == nil {
		s.pacer.Point(t, op)
		return
	}
	if !s.pacer.Open() { // it may be held
		w.walker.Leave()
	}
	s.pacer.Point(t, op)
	w.walker.Point(op)
}

// Done implements visible.Observer.
func (w *writer) Done(t *visible.Thread, op visible.Op, value uint64) {
	if w.walker != nil {
		w.walker.Done(op, value)
	}
	w.side.tracer.Done(t, op, value)
	w.side.pacer.Done(t, op, value)
}
