package alloc

import "slotrace/engine/visible"

// Saturating adds, and takes back what is above the capacity, as FetchAdd does. For a
// moment the count is above it, by one for each put that is about to be refused: it is
// right when nobody is in between.
type Saturating struct {
	count *visible.Counter
}

func (a *Saturating) Claim(t *Thread) uint64 {
	n := a.count.Add(t, claim, 1) - 1 // claim: mine, if there is such a slot
	return n
}

// meanwhile: the block is written

func (a *Saturating) Tell(*Thread) {} // there is nothing left to tell

func (a *Saturating) Refuse(t *Thread) {
	a.count.Add(t, refuse, minusOne) // refuse: there is none, so I take it back
}
