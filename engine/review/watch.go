package review

import (
	"context"
	"runtime"
	"sync"
	"time"

	"slotrace/engine"
	"slotrace/engine/visible"
)

// watch is the observer of one thread that stores. It widens the window, and notes
// where contents came to lie.
//
// The window: once a put has touched the count and holds no lock, it waits until
// another put has come as far. That is where the bug happens, whichever way it is
// written: check-then-act has looked, and has not told. The first two that meet have
// both looked before any has told, so they hold the same slot: a collision is certain
// however threads are scheduled, on one core too. An allocator that holds has claimed
// by then, or finds out that it was overtaken (compare-and-swap).
//
// The end of the content, which puts share too, has a smaller window: whoever has
// loaded it lets others run.
//
// It waits on a channel and not in a loop, so that it works on one core; and for a
// bounded time, so that it cannot make a deadlock.
type watch struct {
	window *window
	held   int  // locks that others may wait for
	opened bool // this put has touched the count
	met    bool // and has waited
	waited time.Duration
	ranges []contentRange
}

// contentRange is where a put wrote its id and content.
type contentRange struct{ low, high uint64 }

// begin is called before each put.
func (w *watch) begin() { w.opened, w.met, w.waited = false, false, 0 }

// Point implements visible.Observer.
func (w *watch) Point(*visible.Thread, visible.Op) {}

// Done implements visible.Observer.
func (w *watch) Done(_ *visible.Thread, op visible.Op, _ uint64) {
	switch {
	case op.Object == engine.ObjectWriting: // the handle's own door, which nobody else waits for
	case op.Kind == visible.OpLock:
		w.held++
	case op.Kind == visible.OpUnlock:
		w.held--
	case op.Kind == visible.OpLoad && op.Object == engine.ObjectContentEnd:
		began := time.Now()
		runtime.Gosched()
		w.waited += time.Since(began)
	case op.Kind == visible.OpWrite && op.Object == engine.ObjectContent:
		w.ranges = append(w.ranges, contentRange{op.Low, op.High})
	}
	w.opened = w.opened || op.Object == engine.ObjectCount
	if w.opened && !w.met && w.held == 0 {
		w.met = true
		began := time.Now()
		w.window.meet()
		w.waited += time.Since(began)
	}
}

// window is where two puts meet. Whoever comes waits for the next.
type window struct {
	ctx   context.Context
	bound time.Duration

	mu      sync.Mutex
	threads int           // that may still come
	waiting chan struct{} // closed when its waiter may go on; nil = nobody waits
}

func newWindow(ctx context.Context, threads int) *window {
	return &window{ctx: ctx, bound: 100 * time.Millisecond, threads: threads}
}

// meet returns when another thread has come, or none will.
func (w *window) meet() {
	w.mu.Lock()
	if w.waiting != nil || w.threads < 2 {
		w.release()
		w.mu.Unlock()
		return
	}
	waiting := make(chan struct{})
	w.waiting = waiting
	w.mu.Unlock()
	timer := time.NewTimer(w.bound)
	defer timer.Stop()
	select {
	case <-waiting:
		return
	case <-timer.C:
	case <-w.ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting == waiting {
		w.waiting = nil
	}
}

// leave says that a thread will not come again.
func (w *window) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.threads--
	if w.threads < 2 {
		w.release()
	}
}

func (w *window) release() {
	if w.waiting != nil {
		close(w.waiting)
		w.waiting = nil
	}
}
