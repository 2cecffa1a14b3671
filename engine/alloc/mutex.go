package alloc

import "slotrace/engine/visible"

// Mutex is fix B: one lock around looking and telling. The block is written
// outside it, since by then the slot is known to be used.
type Mutex struct {
	count *visible.Counter
	lock  *visible.Mutex
}

func (a *Mutex) Claim(t *Thread) uint64 {
	a.lock.Lock(t, enter)      // enter: alone
	n := a.count.Load(t, look) // look: free
	a.count.Add(t, claim, 1)   // claim: mine
	a.lock.Unlock(t, leave)    // leave
	return n
}

// meanwhile: the block is written

func (a *Mutex) Tell(*Thread) {} // there is nothing left to tell

func (a *Mutex) Refuse(t *Thread) {
	a.lock.Lock(t, refuse)
	a.count.Add(t, refuse, minusOne)
	a.lock.Unlock(t, refuse)
}
