package visible

import "sync"

// Mutex is a lock that threads share. Point comes before a thread waits for it,
// so a scheduler that lets only enabled threads go on never sees it block.
type Mutex struct {
	mu     sync.Mutex
	object Object
}

// NewMutex returns an unlocked lock.
func NewMutex(o Object) *Mutex { return &Mutex{object: o} }

// Lock takes the lock, waiting for it if need be.
func (m *Mutex) Lock(t *Thread, s Step) {
	if t.Observer == nil {
		m.mu.Lock()
		return
	}
	op := Op{Kind: OpLock, Step: s, Object: m.object}
	t.Observer.Point(t, op)
	m.mu.Lock()
	t.Observer.Done(t, op, 0)
}

// Unlock releases the lock.
func (m *Mutex) Unlock(t *Thread, s Step) {
	if t.Observer == nil {
		m.mu.Unlock()
		return
	}
	op := Op{Kind: OpUnlock, Step: s, Object: m.object}
	t.Observer.Point(t, op)
	m.mu.Unlock()
	t.Observer.Done(t, op, 0)
}
