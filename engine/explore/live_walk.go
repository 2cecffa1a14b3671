package explore

import (
	"math/rand/v2"
	"sync"

	"slotrace/engine/visible"
)

// LiveWalk has goroutines that really run take turns at random: one at a time goes on, and at
// each operation it is drawn who. Unlike Walk and Conductor it need not know who there is:
// goroutines come and go, and wait for other things than their turn.
type LiveWalk struct {
	mu      sync.Mutex
	random  *rand.Rand
	waiting []*Walker
	going   *Walker // whose turn it is; nil = nobody's
	held    map[lockName]bool
}

// lockName names a lock as its operations do.
type lockName struct {
	object visible.Object
	number uint64
}

// Walker is one goroutine's place in a LiveWalk. It belongs to that goroutine alone.
type Walker struct {
	walk  *LiveWalk
	op    visible.Op    // that it waits to do
	yours chan struct{} // takes a token when the turn is its own
}

// NewLiveWalk returns a walk whose draws follow from the seed and from who is there.
func NewLiveWalk(seed uint64) *LiveWalk {
	return &LiveWalk{random: rand.New(rand.NewPCG(seed, 2)), held: make(map[lockName]bool)}
}

// Join returns a place for another goroutine. It takes part from its first Point on.
func (w *LiveWalk) Join() *Walker { return &Walker{walk: w, yours: make(chan struct{}, 1)} }

// Point ends the goroutine's turn, if it has it, and returns when it has the next: it is to
// be the last to be asked before an operation. The turn lasts until the next Point or Leave.
func (k *Walker) Point(op visible.Op) {
	w := k.walk
	w.mu.Lock()
	k.op = op
	w.waiting = append(w.waiting, k)
	w.pass(k)
	w.mu.Unlock()
	<-k.yours
}

// Done is to be called after each operation, with its value.
func (k *Walker) Done(op visible.Op, value uint64) {
	w := k.walk
	l := lockName{op.Object, op.Low}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case op.Kind == visible.OpLock, op.Kind == visible.OpTryLock && value != visible.Missing:
		w.held[l] = true
	case op.Kind == visible.OpUnlock:
		delete(w.held, l)
	}
}

// Leave ends the goroutine's turn, if it has it: whoever is about to wait for anything else
// calls it before.
func (k *Walker) Leave() {
	w := k.walk
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pass(k)
}

// pass takes the turn from k, if it has it, and draws who is next if nobody has it: any who
// waits and could do its operation. There is nobody while those that hold the locks that
// all others wait for are elsewhere; when they come back, there is. mu is held.
func (w *LiveWalk) pass(k *Walker) {
	if w.going == k {
		w.going = nil
	}
	if w.going != nil {
		return
	}
	next, able := -1, 0
	for i, x := range w.waiting {
		if x.op.Kind == visible.OpLock && w.held[lockName{x.op.Object, x.op.Low}] {
			continue
		}
		if able++; w.random.IntN(able) == 0 { // each of those so far has the same chance
			next = i
		}
	}
	if next < 0 {
		return
	}
	w.going = w.waiting[next]
	last := len(w.waiting) - 1
	w.waiting[next] = w.waiting[last]
	w.waiting = w.waiting[:last]
	w.going.yours <- struct{}{}
}
