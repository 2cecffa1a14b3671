package alloc

import "slotrace/engine/visible"

// BoundedCAS claims only below the capacity, so the count is never above it, not for a
// moment.
type BoundedCAS struct {
	count    *visible.Counter
	capacity uint64
}

func (a *BoundedCAS) Claim(t *Thread) uint64 {
	for {
		n := a.count.Load(t, look)                                       // look: free?
		if n >= a.capacity || a.count.CompareAndSwap(t, claim, n, n+1) { // claim
			return n
		}
	}
}

// meanwhile: the block is written

func (a *BoundedCAS) Tell(*Thread) {} // there is nothing left to tell

func (a *BoundedCAS) Refuse(*Thread) {} // nothing was taken
