package visible

import "sync"

// Mutex is a lock that threads share. Point comes before a thread waits for it,
// so a scheduler that lets only enabled threads go on never sees it block.
type Mutex struct {
	mu     sync.Mutex
	below  *Mutex // the lock that its holder took before, and holds
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

// Bare is the lock without what makes it visible, for a thread that nobody watches and that
// knows by itself which lock it has: then a lock and its release become part of their caller.
// Abandon does not release it.
func (m *Mutex) Bare() *sync.Mutex { return &m.mu }

// Lock takes the lock, waiting for it if need be.
func (m *Mutex) Lock(t *Thread, s Step) {
	if t.Watched(s) {
		m.watchedLock(t, s)
		return
	}
	m.mu.Lock()
	m.below, t.holds = t.holds, m
}

func (m *Mutex) watchedLock(t *Thread, s Step) {
	op := m.op(OpLock, s)
	t.observer.Point(t, op)
	m.mu.Lock()
	m.below, t.holds = t.holds, m
	t.observer.Done(t, op, 0)
}

// TryLock takes the lock if nobody holds it, and says whether it did.
func (m *Mutex) TryLock(t *Thread, s Step) bool {
	op := m.op(OpTryLock, s)
	if t.Watched(s) {
		t.observer.Point(t, op)
	}
	ok, seen := m.mu.TryLock(), Missing
	if ok {
		m.below, t.holds = t.holds, m
		seen = 0
	}
	if t.Watched(s) {
		t.observer.Done(t, op, seen)
	}
	return ok
}

// Unlock releases the lock.
func (m *Mutex) Unlock(t *Thread, s Step) {
	if t.Watched(s) {
		m.watchedUnlock(t, s)
		return
	}
	t.release(m)
	m.mu.Unlock()
}

func (m *Mutex) watchedUnlock(t *Thread, s Step) {
	op := m.op(OpUnlock, s)
	t.observer.Point(t, op)
	t.release(m)
	m.mu.Unlock()
	t.observer.Done(t, op, 0)
}

func (m *Mutex) op(k Kind, s Step) Op {
	return Op{Kind: k, Step: s, Object: m.object, Range: Range{m.number, m.number + 1}}
}

// release forgets that t holds m, mostly the lock that it took last.
func (t *Thread) release(m *Mutex) {
	at := &t.holds
	for *at != m {
		at = &(*at).below
	}
	*at = m.below
}

// Abandon releases the locks that t holds, unseen: for whoever finds that t died
// of a panic in the middle. What the locks guarded is as t left it.
func (t *Thread) Abandon() {
	for t.holds != nil {
		m := t.holds
		t.holds = m.below
		m.mu.Unlock()
	}
}
