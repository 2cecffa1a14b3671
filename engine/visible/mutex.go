package visible

import (
	"slices"
	"sync"
)

// Mutex is a lock that threads share. Point comes before a thread waits for it,
// so a scheduler that lets only enabled threads go on never sees it block.
type Mutex struct {
	mu     sync.Mutex
	object Object
	number uint64
}

// NewMutex returns an unlocked lock. Locks of one object, such as the doors of
// handles, are told apart by their number.
func NewMutex(o Object, number uint64) *Mutex {
	m := new(Mutex)
	m.Init(o, number)
	return m
}

// Init names a lock that is part of something else.
func (m *Mutex) Init(o Object, number uint64) { m.object, m.number = o, number }

// Lock takes the lock, waiting for it if need be.
func (m *Mutex) Lock(t *Thread, s Step) {
	if !t.Watched(s) {
		m.mu.Lock()
		t.held = append(t.held, m)
		return
	}
	op := m.op(OpLock, s)
	t.Observer.Point(t, op)
	m.mu.Lock()
	t.held = append(t.held, m)
	t.Observer.Done(t, op, 0)
}

// TryLock takes the lock if nobody holds it, and says whether it did.
func (m *Mutex) TryLock(t *Thread, s Step) bool {
	op := m.op(OpTryLock, s)
	if t.Watched(s) {
		t.Observer.Point(t, op)
	}
	ok, seen := m.mu.TryLock(), Missing
	if ok {
		t.held = append(t.held, m)
		seen = 0
	}
	if t.Watched(s) {
		t.Observer.Done(t, op, seen)
	}
	return ok
}

// Unlock releases the lock.
func (m *Mutex) Unlock(t *Thread, s Step) {
	if !t.Watched(s) {
		t.release(m)
		m.mu.Unlock()
		return
	}
	op := m.op(OpUnlock, s)
	t.Observer.Point(t, op)
	t.release(m)
	m.mu.Unlock()
	t.Observer.Done(t, op, 0)
}

func (m *Mutex) op(k Kind, s Step) Op {
	return Op{Kind: k, Step: s, Object: m.object, Low: m.number, High: m.number + 1}
}

// release forgets that t holds m, mostly the lock that it took last.
func (t *Thread) release(m *Mutex) {
	last := len(t.held) - 1
	if last >= 0 && t.held[last] == m {
		t.held = t.held[:last]
		return
	}
	if i := slices.Index(t.held, m); i >= 0 {
		t.held = slices.Delete(t.held, i, i+1)
	}
}

// Abandon releases the locks that t holds, unseen: for whoever finds that t died
// of a panic in the middle. What the locks guarded is as t left it.
func (t *Thread) Abandon() {
	for _, m := range slices.Backward(t.held) {
		m.mu.Unlock()
	}
	t.held = t.held[:0]
}
