package alloc

import "slotrace/engine/visible"

// CompareAndSwap looks, and claims only if the count is still what it saw;
// otherwise it looks again. Whoever fails has been overtaken by one that
// succeeded, so somebody always gets on.
type CompareAndSwap struct {
	count *visible.Counter
}

func (a *CompareAndSwap) Claim(t *visible.Thread) uint64 {
	for {
		n := a.count.Load(t, look)                    // look: slot n seems free
		if a.count.CompareAndSwap(t, claim, n, n+1) { // claim: it is still free, and now mine
			return n
		}
	}
}

// meanwhile: the store writes the block into slot n

func (a *CompareAndSwap) Tell(*visible.Thread) {} // there is nothing left to tell

func (a *CompareAndSwap) Refuse(t *visible.Thread) { a.count.Add(t, refuse, minusOne) }
