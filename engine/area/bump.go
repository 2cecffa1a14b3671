package area

import "slotrace/engine/visible"

// Bump moves the end if it is still what was seen, and looks again otherwise. It does not
// add and take back what is too much: the end never passes the area's size, so a full
// area stays as it is.
type Bump struct {
	End  *visible.Counter
	Size uint64 // bytes
}

// Take is what stores use, unless they are told otherwise.
func (a *Bump) Take(t *Thread, n uint64) (at uint64, ok bool) {
	for {
		at = a.End.Load(t, reserve)
		if !fits(at, n, a.Size) {
			return 0, false
		}
		if a.End.CompareAndSwap(t, reserve, at, at+n) { // reserve: at is mine, and n bytes behind it
			return at, true
		}
	}
}

// meanwhile: the content is written
