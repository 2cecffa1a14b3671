package alloc

import "slotrace/engine/visible"

// FetchAdd is fix A: add first, and use the value from before. Looking and
// telling are one atomic operation, so no other thread can come between them.
type FetchAdd struct {
	count *visible.Counter
}

func (a *FetchAdd) Claim(t *Thread) uint64 {
	n := a.count.Add(t, claim, 1) - 1 // claim: mine
	return n
}

// meanwhile: the block is written

func (a *FetchAdd) Tell(*Thread) {} // there is nothing left to tell

// Refuse undoes one's own add. The count never falls below the capacity this
// way: whoever refuses has added above it before.
func (a *FetchAdd) Refuse(t *Thread) { a.count.Add(t, refuse, minusOne) }
