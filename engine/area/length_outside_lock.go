package area

// LengthOutsideLock is the bug. The end is moved under the lock, but where the range
// begins was seen before it: a lock guards what is inside it, and nothing else. Two that
// look before either is in get ranges that begin at the same place.
type LengthOutsideLock struct{ Shared }

func (a *LengthOutsideLock) Take(t *Thread, n uint64) (at uint64, ok bool) {
	at = a.End.Load(t, length) // length: my range begins here
	a.Lock.Lock(t, enter)      // enter-area: alone
	if ok = fits(at, n, a.Size); ok {
		a.End.Add(t, reserve, n) // reserve: and it is so long
	}
	a.Lock.Unlock(t, leave) // leave-area
	return at, ok
}

// meanwhile: the content is written
