package explore

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"slotrace/engine/visible"
)

// walking is an observer that has its thread take turns.
type walking struct {
	*Walker
	inside *atomic.Int32
	mine   bool
	t      *testing.T
}

func (w *walking) Point(_ *visible.Thread, op visible.Op) {
	w.leave()
	w.Walker.Point(op)
	w.mine = true
	if n := w.inside.Add(1); n != 1 {
		w.t.Errorf("%d have the turn", n)
	}
}

func (w *walking) Done(_ *visible.Thread, op visible.Op, value uint64) { w.Walker.Done(op, value) }

// leave is called where the turn ends.
func (w *walking) leave() {
	if w.mine {
		w.mine = false
		w.inside.Add(-1)
	}
}

// Goroutines that come and go, hold locks while they are elsewhere, and leave in the middle
// never wait in vain, and never go on two at a time.
func TestALiveWalksTurnsAreTakenOneAtATimeAndByAll(t *testing.T) {
	const goroutines, rounds = 12, 300
	walk := NewLiveWalk(1)
	var inside atomic.Int32
	outer, inner := visible.NewMutex(1, 0), visible.NewMutex(1, 1)
	count := visible.NewCounter(2, 0, new(uint64))
	sum := 0 // guarded by outer
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(g)))
			for range 3 {
				w := &walking{Walker: walk.Join(), inside: &inside, t: t}
				th := visible.NewThread(g, w)
				away := func() { // waits for something else, whatever it holds
					w.leave()
					w.Leave()
					for range random.IntN(3) {
						runtime.Gosched()
					}
				}
				for range rounds / 3 {
					outer.Lock(th, visible.Enter)
					if random.IntN(4) == 0 {
						away()
					}
					if inner.TryLock(th, visible.EnterTell) {
						count.Add(th, visible.Tell, 1)
						inner.Unlock(th, visible.LeaveTell)
					}
					sum++
					outer.Unlock(th, visible.Leave)
					if random.IntN(4) == 0 {
						away()
					}
				}
				away()
			}
		})
	}
	all.Wait()
	if sum != goroutines*rounds {
		t.Errorf("%d rounds of %d", sum, goroutines*rounds)
	}
}

// What threads come to only when they run at once, a live walk comes to however they do.
func TestALiveWalkLosesUpdates(t *testing.T) {
	const rounds = 500
	walk := NewLiveWalk(1)
	count := visible.NewCounter(1, 0, new(uint64))
	var all sync.WaitGroup
	var inside atomic.Int32
	for g := range 2 {
		all.Go(func() {
			w := &walking{Walker: walk.Join(), inside: &inside, t: t}
			th := visible.NewThread(g, w)
			for range rounds {
				count.Store(th, visible.Tell, count.Load(th, visible.Look)+1)
				runtime.Gosched() // who is alone is always drawn, and the other has to come first
			}
			w.leave()
			w.Leave()
		})
	}
	all.Wait()
	if n := count.Load(&visible.Thread{}, visible.Look); n < rounds/4 || n > 2*rounds-rounds/4 {
		t.Errorf("two that count to %d each come to %d", rounds, n)
	}
}
