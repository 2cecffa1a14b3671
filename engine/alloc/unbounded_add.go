package alloc

import "slotrace/engine/visible"

// UnboundedAdd adds, and leaves it at that when the store turns out to be full. No slot is
// given twice, but the count drifts away above the capacity, by one for each put that is
// refused, and says no more how many slots are used.
type UnboundedAdd struct {
	count *visible.Counter
}

func (a *UnboundedAdd) Claim(t *Thread) uint64 {
	n := a.count.Add(t, claim, 1) - 1 // claim: mine, if there is such a slot
	return n
}

// meanwhile: the block is written

func (a *UnboundedAdd) Tell(*Thread) {} // there is nothing left to tell

func (a *UnboundedAdd) Refuse(*Thread) {} // what was added stays
