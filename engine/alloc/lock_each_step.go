package alloc

import "slotrace/engine/visible"

// LockEachStep is the bug without a data race: every access to the count is under
// a lock, every access to a block is under another, and both are released between
// looking and telling. Free of data races is not the same as correct.
type LockEachStep struct {
	count *visible.Counter
	lock  *visible.Mutex
}

func (a *LockEachStep) Claim(t *Thread) uint64 {
	a.lock.Lock(t, enter)      // enter
	n := a.count.Load(t, look) // look: free?
	a.lock.Unlock(t, leave)    // leave
	return n
}

// meanwhile: the block is written

func (a *LockEachStep) Tell(t *Thread) {
	a.lock.Lock(t, enterTell)   // enter-tell
	a.count.Add(t, tell, 1)     // tell: used
	a.lock.Unlock(t, leaveTell) // leave-tell
}

func (a *LockEachStep) Refuse(*Thread) {} // nothing was taken
