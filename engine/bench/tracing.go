//go:build !js

package bench

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"slotrace/engine"
	"slotrace/engine/event"
	"slotrace/engine/trace"
	"slotrace/engine/visible"
	"slotrace/engine/visible/index"
)

var tracings = []measure{
	{Figure{
		Name: "tracing/off", Unit: "% slower", Goal: &Goal{2, 0, Less},
		What: "what it costs a put that it could be watched: the time of its operations through visible with nobody watching, less that of the same ones done bare, of the time of a put; 1 writer",
	}, (*session).tracingOff},
	{Figure{
		Name: "tracing/idle", Unit: "% slower",
		What: "how much longer puts by 2 writers take with a tracer that records nothing than with nobody watching",
	}, func(s *session) (Spread, error) {
		return s.tracing(false, func(t *trace.Tracer) { t.Nothing() })
	}},
	{Figure{
		Name: "tracing/on", Unit: "% slower", Goal: &Goal{20, 12, Less},
		What: "the same within a burst: every put is recorded, in the steps that a picture shows, and none is dropped; draining is not in it",
	}, func(s *session) (Spread, error) {
		return s.tracing(false, func(t *trace.Tracer) { t.Burst(time.Hour, false) })
	}},
	{Figure{
		Name: "live/idle", Unit: "% slower",
		What: "the same between two bursts of a live run, whose writers also keep a book of claims, which is exact, and ask an open pacer",
	}, func(s *session) (Spread, error) {
		return s.tracing(true, func(t *trace.Tracer) { t.Nothing() })
	}},
	{Figure{
		Name: "live/burst", Unit: "% slower",
		What: "the same within a burst of a live run",
	}, func(s *session) (Spread, error) {
		return s.tracing(true, func(t *trace.Tracer) { t.Burst(time.Hour, false) })
	}},
}

// crew is what watches the writers of a live run at real speed.
type crew struct {
	store     *engine.Store
	tracer    *trace.Tracer
	pacer     *trace.Pacer
	lastTaker []atomic.Uint32 // of each slot: claims in bits 8-31, the last writer plus 1 in bits 0-7
}

// hand composes for one writer what a live run does (server/live/writer.go): a book
// of claims, which is exact, then the tracer, then the pacer.
type hand struct {
	*crew
	thread     visible.Thread
	slot       uint64
	claims     atomic.Uint32
	collisions atomic.Uint64
}

func (h *hand) begin(number uint32) visible.StepSet {
	return h.tracer.Begin(&h.thread, number) &^ (1 << visible.Block)
}
func (h *hand) end() { h.tracer.End(&h.thread) }

// tracerAlone is a tracer, and nothing else, that watches one writer.
type tracerAlone struct {
	*trace.Tracer
	thread visible.Thread
}

func (a *tracerAlone) begin(number uint32) visible.StepSet { return a.Begin(&a.thread, number) }
func (a *tracerAlone) end()                                { a.End(&a.thread) }

func (h *hand) Point(t *visible.Thread, op visible.Op) {
	if op.Step == visible.Block {
		h.slot, _ = h.store.BlockSlot(op)
		h.claims.Add(1)
		word := &h.lastTaker[h.slot]
		for {
			old := word.Load()
			if word.CompareAndSwap(old, old&^0xff+1<<8|uint32(t.ID+1)) {
				if old>>8 > 0 {
					h.collisions.Add(1)
				}
				break
			}
		}
	}
	h.tracer.Point(t, op)
	h.pacer.Point(t, op)
}

func (h *hand) Done(t *visible.Thread, op visible.Op, value uint64) {
	h.tracer.Done(t, op, value)
	h.pacer.Done(t, op, value)
}

// tracing compares puts that are watched with puts that are not. Both go in parts
// that a tracer's ring has room for, and it is drained between them.
func (s *session) tracing(live bool, set func(*trace.Tracer)) (Spread, error) {
	n := s.pick(slots, fewSlots)
	f, err := newFilling(s.path(), n, engine.Options{})
	if err != nil {
		return Spread{}, err
	}
	defer f.store.Close()
	steps, err := stepsOfAPut(f)
	if err != nil {
		return Spread{}, err
	}
	clock := trace.NewClock()
	clock.Run(true)
	c := &crew{
		store: f.store, tracer: trace.NewTracer(clock, writers), pacer: trace.NewPacer(clock, writers, 1),
		lastTaker: make([]atomic.Uint32, n),
	}
	set(c.tracer)
	var hands [writers]*hand
	for w := range hands {
		hands[w] = &hand{crew: c, thread: visible.Thread{ID: w}}
	}
	var records []event.Record
	inParts := func(watched func(int) watcher) Side {
		size := 1024 / len(steps)
		return func() (all time.Duration, err error) {
			defer f.store.Reset()
			for from := 0; from < len(f.ids[0]); from += size {
				took, err := f.part(from, min(from+size, len(f.ids[0])), watched)
				if err != nil {
					return 0, err
				}
				all += took
				records, _ = c.tracer.Drain(records[:0])
			}
			if n := c.tracer.Dropped(); n > 0 {
				return 0, fmt.Errorf("the tracer dropped %d records: the figure would be too good", n)
			}
			return all, nil
		}
	}
	watched := func(w int) watcher {
		if live {
			return hands[w]
		}
		return &tracerAlone{c.tracer, visible.Thread{ID: w}}
	}
	r, err := Ratio(s.ctx, s.pick(putRounds, 2), inParts(watched), inParts(nil))
	return r.Times(100, -100), err
}

// noting keeps the operations that it sees.
type noting struct{ ops []visible.Op }

func (n *noting) Point(_ *visible.Thread, op visible.Op) { n.ops = append(n.ops, op) }
func (*noting) Done(*visible.Thread, visible.Op, uint64) {}

// stepsOfAPut puts one memory and returns the operations that it took.
func stepsOfAPut(f *filling) ([]visible.Op, error) {
	defer f.store.Reset()
	var seen noting
	m := f.memories[0]
	m.ID = f.ids[0][0]
	h := f.store.Handle(0, &seen)
	defer h.Close()
	err := h.Put(m)
	return seen.ops, err
}

// tracingOff does the operations of a put, as one was seen to take them, on small
// things of its own: through visible and bare. What is left when one is taken from
// the other is what visible costs.
func (s *session) tracingOff() (Spread, error) {
	n := s.pick(slots, fewSlots)
	f, err := newFilling(s.path(), n, engine.Options{})
	if err != nil {
		return Spread{}, err
	}
	defer f.store.Close()
	ops, err := stepsOfAPut(f)
	if err != nil {
		return Spread{}, err
	}
	x := newOperations(ops)
	defer f.store.Reset()
	h, m := f.store.Handle(0, nil), f.memories[0]
	defer h.Close()
	return Median(s.ctx, s.pick(201, 2), func() (float64, error) {
		began := time.Now()
		for _, m.ID = range f.ids[0][:n/4] {
			if err := h.Put(m); err != nil {
				return 0, err
			}
		}
		put := time.Since(began)
		f.store.Reset()

		began = time.Now()
		for range n / 4 {
			x.visibly()
		}
		visibly := time.Since(began)
		began = time.Now()
		for range n / 4 {
			x.barely()
		}
		barely := time.Since(began)
		return 100 * float64(visibly-barely) / float64(put), nil
	})
}

// operations are those of a put, to be done on things that are near.
type operations struct {
	ops     []visible.Op
	thread  visible.Thread
	word    uint64
	counter visible.Counter
	lock    *visible.Mutex
	mutex   sync.Mutex
	from    []byte
	mem     []byte
	bytes   visible.Bytes
	index   *index.Map
	entries *index.Table
}

func newOperations(ops []visible.Op) *operations {
	x := &operations{ops: ops, lock: visible.NewMutex(1, 0), mem: make([]byte, block), from: make([]byte, block), index: index.New(1, 1), entries: index.NewTable(1)}
	x.counter = visible.NewCounter(1, 0, &x.word)
	x.bytes = visible.NewBytes(1, x.mem)
	return x
}

// visibly names each step as the store does, by a constant.
func (x *operations) visibly() {
	t := &x.thread
	for _, op := range x.ops {
		switch op.Kind {
		case visible.OpLoad:
			x.counter.Load(t, visible.Reserve)
		case visible.OpStore:
			x.counter.Store(t, visible.Commit, 0)
		case visible.OpAdd:
			x.counter.Add(t, visible.Claim, 0)
		case visible.OpCompareAndSwap:
			x.counter.CompareAndSwap(t, visible.Reserve, 0, 0)
		case visible.OpLock: // a door's: a put by fetch-add takes no other
			if !t.Watched(visible.Pin) {
				x.lock.Bare().Lock()
			}
		case visible.OpUnlock:
			if !t.Watched(visible.Unpin) {
				x.lock.Bare().Unlock()
			}
		case visible.OpWrite:
			if n := op.High - op.Low; op.Step == visible.Block {
				to := x.bytes.Writing(t, visible.Block, 0, n)
				copy(to, x.from[:20])
				copy(to[20:], x.from[:n-20])
				x.bytes.Wrote(t, visible.Block, 0, n)
			} else {
				to := x.bytes.Writing(t, visible.Content, 0, n)
				copy(to, x.from[:20])
				copy(to[20:], x.from[:n-20])
				x.bytes.Wrote(t, visible.Content, 0, n)
			}
		case visible.OpRead:
			x.bytes.Read(t, visible.Fetch, 0, x.from[:min(op.High-op.Low, block)])
		case visible.OpMapInsert:
			x.index.Insert(t, visible.Index, "w1-m1", 1)
		case visible.OpMapStore:
			x.index.Store(t, visible.Index, "w1-m1", 1)
		case visible.OpMapLoad:
			x.index.Load(t, visible.Find, "w1-m1")
		}
	}
}

func (x *operations) barely() {
	for _, op := range x.ops {
		switch op.Kind {
		case visible.OpLoad:
			atomic.LoadUint64(&x.word)
		case visible.OpStore:
			atomic.StoreUint64(&x.word, 0)
		case visible.OpAdd:
			atomic.AddUint64(&x.word, 0)
		case visible.OpCompareAndSwap:
			atomic.CompareAndSwapUint64(&x.word, 0, 0)
		case visible.OpWrite:
			copy(x.mem, x.from[:20])
			copy(x.mem[20:], x.from[:op.High-op.Low-20])
		case visible.OpRead:
			copy(x.from[:min(op.High-op.Low, block)], x.mem)
		case visible.OpLock:
			x.mutex.Lock()
		case visible.OpUnlock:
			x.mutex.Unlock()
		case visible.OpMapInsert:
			x.entries.Insert("w1-m1", 1)
		case visible.OpMapStore:
			x.entries.Store("w1-m1", 1)
		case visible.OpMapLoad:
			x.entries.Load("w1-m1")
		}
	}
}
