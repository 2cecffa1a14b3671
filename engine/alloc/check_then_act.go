package alloc

import "slotrace/engine/visible"

// CheckThenAct is the bug. It looks which slot is free, the store writes into
// it, and only then does it tell that the slot is used. Two writers that look
// before either tells get the same slot: the last to write wins, silently.
type CheckThenAct struct {
	count *visible.Counter
}

func (a *CheckThenAct) Claim(t *Thread) uint64 {
	n := a.count.Load(t, look) // look: free?
	return n
}

// meanwhile: the block is written

func (a *CheckThenAct) Tell(t *Thread) {
	a.count.Add(t, tell, 1) // tell: used
}

func (a *CheckThenAct) Refuse(*Thread) {} // nothing was taken
