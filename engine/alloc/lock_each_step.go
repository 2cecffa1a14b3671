package alloc

import "slotrace/engine/visible"

// LockEachStep is the bug without a data race: every access to the count is under
// a lock, every access to a block is under another, and both are released between
// looking and telling. Free of data races is not the same as correct.
type LockEachStep struct {
	count *visible.Counter
	lock  *visible.Mutex
}

func (a *LockEachStep) Claim(t *visible.Thread) uint64 {
	a.lock.Lock(t, enter)      // enter
	n := a.count.Load(t, look) // look: this slot is free, while I hold the lock
	a.lock.Unlock(t, leave)    // leave: and now it may be anybody's
	return n
}

// meanwhile: the store writes the block into slot n, under a lock

func (a *LockEachStep) Tell(t *visible.Thread) {
	a.lock.Lock(t, enterTell)   // enter-tell
	a.count.Add(t, tell, 1)     // tell: it is used
	a.lock.Unlock(t, leaveTell) // leave-tell
}

func (a *LockEachStep) Refuse(*visible.Thread) {} // nothing was taken
