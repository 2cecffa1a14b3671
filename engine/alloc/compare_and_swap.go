package alloc

import "slotrace/engine/visible"

// CompareAndSwap looks, and claims only if the count is still what it saw;
// otherwise it looks again. Whoever fails has been overtaken by one that
// succeeded, so somebody always gets on.
type CompareAndSwap struct {
	count *visible.Counter
}

func (a *CompareAndSwap) Claim(t *Thread) uint64 {
	for {
		n := a.count.Load(t, look)                    // look: free?
		if a.count.CompareAndSwap(t, claim, n, n+1) { // claim
			return n
		}
	}
}

// meanwhile: the block is written

func (a *CompareAndSwap) Tell(*Thread) {} // there is nothing left to tell

func (a *CompareAndSwap) Refuse(t *Thread) { a.count.Add(t, refuse, minusOne) }
