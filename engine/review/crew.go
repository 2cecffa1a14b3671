package review

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"slotrace/engine"
)

// burst is threads that work on the store at once.
type burst struct {
	threads int
	writers int  // the first so many store, and are watched; the others run unwatched
	barrier bool // nobody begins before all are there
	counts  bool // its time and its latencies are the test's
	do      func(w *worker)
	panics  *int // if not nil, where panics are counted; otherwise one fails the test
}

const (
	// patience is how long a burst may take before it counts as a deadlock, as in the
	// original's third test.
	patience = 30 * time.Second
	// grace is how long one that is cancelled may take.
	grace = 3 * time.Second
)

var errStuck = fmt.Errorf("the threads did not end within %v: a deadlock", patience)

// worker is one thread of a burst.
type worker struct {
	stage     *stage
	number    int // from 0
	handle    *engine.Handle
	watch     *watch
	embedding []float32 // that it stores
	read      []float32 // that it read last
	buffer    []byte
	latencies []time.Duration
	stored    int
	bytes     uint64
	refused   error // the first put's that was
	panicked  any
	steps     int64 // done and not yet told to the stage
}

// burst runs b to its end and takes down what its workers found. It returns an error
// if the review is to end.
func (s *stage) burst(b burst) error { return s.burstWithin(b, patience) }

func (s *stage) burstWithin(b burst, bound time.Duration) error {
	w := newWindow(s.ctx, b.writers)
	workers := make([]*worker, b.threads)
	var ready, all sync.WaitGroup
	start := make(chan struct{})
	began := time.Now()
	for i := range workers {
		workers[i] = &worker{stage: s, number: i}
		ready.Add(1)
		all.Go(func() {
			ready.Done()
			if b.barrier {
				<-start
			}
			workers[i].run(&b, w)
		})
	}
	if b.barrier {
		ready.Wait()
		began = time.Now()
		close(start)
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	timer := time.NewTimer(bound)
	defer timer.Stop()
	cancelled := s.ctx.Done()
wait:
	for {
		select {
		case <-ended:
			break wait
		case <-cancelled:
			timer.Reset(min(bound, grace))
			cancelled = nil
		case <-timer.C:
			s.stuck = true
			return errStuck
		}
	}
	took := time.Since(began)
	if err := s.ctx.Err(); err != nil {
		return err
	}
	if b.counts {
		s.took += took
	}
	for _, w := range workers {
		s.collect(&b, w)
	}
	return nil
}

func (s *stage) collect(b *burst, w *worker) {
	s.done.Add(w.steps)
	s.stored += w.stored
	s.bytes += w.bytes
	if b.counts {
		s.latencies = append(s.latencies, w.latencies...)
	}
	switch {
	case w.panicked == nil:
	case b.panics != nil:
		*b.panics++
	default:
		s.fail("thread %d panicked: %v.", w.number, w.panicked)
	}
	if w.refused != nil {
		s.fail("a store was refused: %v.", w.refused)
	}
	if w.watch == nil {
		return
	}
	for i, r := range w.watch.ranges {
		if i > 0 && r.low <= w.watch.ranges[i-1].low {
			s.fail("content offsets went backwards in thread %d: %d after %d.", w.number, r.low, w.watch.ranges[i-1].low)
		}
	}
	s.ranges = append(s.ranges, w.watch.ranges...)
}

// run is a worker's life: here its handle is made, and here it ends, whatever do does.
func (w *worker) run(b *burst, window *window) {
	defer func() { w.panicked = recover() }()
	if w.number < b.writers {
		defer window.leave()
		w.watch = &watch{window: window}
		w.embedding = slices.Repeat([]float32{mark(w.number)}, dimensions)
		w.handle = w.stage.store.Handle(w.number, w.watch)
	} else {
		w.read = make([]float32, dimensions)
		w.handle = w.stage.store.Handle(w.number, nil)
	}
	defer w.handle.Close()
	b.do(w)
}

// dimensions of an embedding, as the original's.
const dimensions = 768

// mark is every value of the embeddings that a thread stores, and of no other's.
func mark(number int) float32 { return float32(number + 1) }

// put stores a memory. It returns false if the review is to end.
func (w *worker) put(id string, content []byte) bool {
	if w.stage.ctx.Err() != nil {
		return false
	}
	m := engine.Memory{ID: id, Content: content, Embedding: w.embedding}
	w.watch.begin()
	began := time.Now()
	err := w.handle.Put(&m)
	w.latencies = append(w.latencies, time.Since(began)-w.watch.waited)
	if err == nil {
		w.stored++
		w.bytes += uint64(len(id) + len(content))
	} else if w.refused == nil {
		w.refused = err
	}
	w.step()
	return true
}

// get reads a memory's content, which is there until the next get. A memory that was
// found in the place of another is no error: the original could not tell. It returns
// false if the review is to end.
func (w *worker) get(id string) (content []byte, err error, ok bool) {
	if w.stage.ctx.Err() != nil {
		return nil, nil, false
	}
	began := time.Now()
	m, err := w.handle.GetInto(id, w.read, w.buffer[:0])
	w.latencies = append(w.latencies, time.Since(began))
	w.step()
	if errors.Is(err, engine.ErrClobbered) {
		err = nil
	}
	if cap(m.Content) > cap(w.buffer) {
		w.buffer = m.Content
	}
	return m.Content, err, true
}

func (w *worker) step() {
	const batch = 16 // so that threads do not fight over the counter
	if w.steps++; w.steps == batch {
		w.stage.done.Add(batch)
		w.steps = 0
	}
}
