package alloc

import "slotrace/engine/visible"

// CheckThenAct is the bug. It looks which slot is free, the store writes into
// it, and only then does it tell that the slot is used. Two writers that look
// before either tells get the same slot: the last to write wins, silently.
type CheckThenAct struct {
	count *visible.Counter
}

func (a *CheckThenAct) Claim(t *visible.Thread) uint64 {
	n := a.count.Load(t, look) // look: this slot is free, as far as I can see
	return n
}

// meanwhile: the store writes the block into slot n

func (a *CheckThenAct) Tell(t *visible.Thread) {
	a.count.Add(t, tell, 1) // tell: it is used
}

func (a *CheckThenAct) Refuse(*visible.Thread) {} // nothing was taken
