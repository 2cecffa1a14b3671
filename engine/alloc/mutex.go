package alloc

import "slotrace/engine/visible"

// Mutex is fix B: one lock around looking and telling. The block is written
// outside it, since by then the slot is known to be used.
type Mutex struct {
	count *visible.Counter
	lock  *visible.Mutex
}

func (a *Mutex) Claim(t *visible.Thread) uint64 {
	a.lock.Lock(t, enter)      // enter: from here on I am alone
	n := a.count.Load(t, look) // look: slot n is free
	a.count.Add(t, claim, 1)   // claim: slot n is mine
	a.lock.Unlock(t, leave)    // leave: the next one sees n + 1
	return n
}

// meanwhile: the store writes the block into slot n

func (a *Mutex) Tell(*visible.Thread) {} // there is nothing left to tell

func (a *Mutex) Refuse(t *visible.Thread) {
	a.lock.Lock(t, refuse)
	a.count.Add(t, refuse, minusOne)
	a.lock.Unlock(t, refuse)
}
