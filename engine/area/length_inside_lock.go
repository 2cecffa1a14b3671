package area

// LengthInsideLock looks where its range begins and moves the end under one lock. The
// content is written outside it, since by then the range is known to be taken.
type LengthInsideLock struct{ Shared }

func (a *LengthInsideLock) Take(t *Thread, n uint64) (at uint64, ok bool) {
	a.Lock.Lock(t, enter)      // enter-area: alone
	at = a.End.Load(t, length) // length: my range begins here
	if ok = fits(at, n, a.Size); ok {
		a.End.Add(t, reserve, n) // reserve: and it is so long
	}
	a.Lock.Unlock(t, leave) // leave-area
	return at, ok
}

// meanwhile: the content is written
