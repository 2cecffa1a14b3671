package engine

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"slotrace/engine/visible"
)

// freeSlot is a slot that no entry holds, and the room in the content area that came
// with it.
type freeSlot struct {
	number   uint64
	at, room uint64
}

// freeList keeps the slots of entries that were deleted or replaced. A reader may
// still be looking at such a slot, so it is free only when every handle has been
// seen outside since: slots wait for that in batches, the way RCU waits for a grace
// period (McKenney and Slingwine, "Read-Copy Update", PDCS 1998).
type freeList struct {
	lock    *visible.Mutex
	doors   *atomic.Pointer[[]*door] // of all handles
	ready   []freeSlot
	batch   []freeSlot // free when those in looking have been outside
	looking []look
	fresh   []freeSlot // freed since the batch began to wait

	_       [cacheLine]byte
	waiting atomic.Bool // for those in looking: who goes out says so
	_       [cacheLine]byte

	died    atomic.Bool // there is something in undone or orphans
	undoing sync.Mutex  // guards them, and is held for no longer than that takes
	undone  []freeSlot  // of puts that died
	orphans []freeSlot  // of entries that were ended for somebody who died; readers may be looking at them
}

// look is a door that somebody may be inside by, and how often it had been left by one who
// said so. Who went out without a word did so before that, and is not waited for: the door's
// lock tells.
type look struct {
	door *door
	left uint64
}

// give frees a slot that readers cannot have seen.
func (f *freeList) give(t *visible.Thread, slot freeSlot) {
	f.lock.Lock(t, visible.Free)
	f.ready = append(f.ready, slot)
	f.lock.Unlock(t, visible.Free)
}

// undo frees the slot of a put that died. It does not wait for the list's lock: where a
// scheduler decides who goes on, the thread that has it may be one that is to die, too.
func (f *freeList) undo(slot freeSlot) {
	f.undoing.Lock()
	f.undone = append(f.undone, slot)
	f.died.Store(true)
	f.undoing.Unlock()
}

// adopt frees a slot that readers may be looking at, for somebody who died.
func (f *freeList) adopt(slot freeSlot) {
	f.undoing.Lock()
	f.orphans = append(f.orphans, slot)
	f.died.Store(true)
	f.undoing.Unlock()
}

// takeUndone takes over the slots of those who died. Who calls has the list's lock.
func (f *freeList) takeUndone() {
	if !f.died.Load() {
		return
	}
	f.undoing.Lock()
	f.died.Store(false)
	f.ready, f.undone = append(f.ready, f.undone...), nil
	f.fresh, f.orphans = append(f.fresh, f.orphans...), nil
	f.undoing.Unlock()
}

// retire frees a slot that readers may be looking at. The index leads nobody to it
// any more.
func (f *freeList) retire(t *visible.Thread, e *ending) {
	f.lock.Lock(t, visible.Free)
	f.fresh = append(f.fresh, e.slot)
	e.open = false
	f.wait()
	f.lock.Unlock(t, visible.Free)
}

// wait begins to wait for readers, if slots were freed and nobody is waited for.
func (f *freeList) wait() {
	if len(f.batch) > 0 || len(f.fresh) == 0 {
		return
	}
	f.batch, f.fresh = f.fresh, f.batch[:0]
	f.looking = f.looking[:0]
	f.waiting.Store(true)
	for _, d := range *f.doors.Load() { // now: whoever comes in later finds no way to these slots
		if !d.aside {
			f.looking = append(f.looking, look{d, d.left.Load()})
		}
	}
}

// patience is how long take waits for readers of slots that were freed. Gets are short, but who
// is in the middle of one may have been taken off its processor. For a spell it looks again at
// once, and then it naps.
const (
	patience = 100 * time.Millisecond
	spell    = time.Millisecond
)

// take returns a free slot that nobody looks at any more, if there is one: one with
// room for n bytes rather than another, and with roomy no other.
func (f *freeList) take(t *visible.Thread, n uint64, roomy bool) (slot freeSlot, ok bool) {
	var began time.Time
	var nap, napped time.Duration
	for turn := 0; ; turn++ {
		slot, ok, wait := f.tryTake(t, n, roomy)
		if ok || !wait || napped >= patience {
			return slot, ok
		}
		if turn == 0 {
			began = time.Now()
		}
		if nap == 0 && (turn%16 != 15 || time.Since(began) < spell) {
			runtime.Gosched()
			continue
		}
		nap = min(nap+10*time.Microsecond, longestNap)
		time.Sleep(nap)
		napped += nap // not what it took: a machine that lets it oversleep lets readers wait, too
	}
}

// tryTake takes a slot, or says that there may be one when readers have gone.
func (f *freeList) tryTake(t *visible.Thread, n uint64, roomy bool) (slot freeSlot, ok, wait bool) {
	f.lock.Lock(t, visible.Free)
	defer f.lock.Unlock(t, visible.Free)
	f.takeUndone()
	f.ripen(t)
	if i := f.choose(n, roomy); i >= 0 {
		slot = f.remove(i)
		f.split(&slot, n)
		return slot, true, false
	}
	return slot, false, len(f.batch)+len(f.fresh) > 0 && t.Observer() == nil // a scheduler decides itself who goes on
}

// remove takes one out of those that are ready.
func (f *freeList) remove(i int) freeSlot {
	slot, last := f.ready[i], len(f.ready)-1
	f.ready[i] = f.ready[last]
	f.ready = f.ready[:last]
	return slot
}

// split leaves a slot that has room for n bytes no more than that. What is over goes to one that
// is taken soon, if that has less.
func (f *freeList) split(slot *freeSlot, n uint64) {
	if slot.room <= n {
		return
	}
	over := freeSlot{at: slot.at + n, room: slot.room - n}
	slot.room = n
	for _, list := range [][]freeSlot{f.ready, f.batch, f.fresh} {
		if last := len(list) - 1; last >= 0 {
			if list[last].room < over.room {
				list[last].at, list[last].room = over.at, over.room
			}
			return
		}
	}
}

// ripen makes slots ready that nobody looks at any more.
func (f *freeList) ripen(t *visible.Thread) {
	f.wait()
	f.looking = slices.DeleteFunc(f.looking, func(l look) bool {
		if l.door.left.Load() != l.left {
			return true
		}
		outside := l.door.reading.TryLock(t, visible.Free)
		if outside {
			l.door.reading.Unlock(t, visible.Free)
		}
		return outside
	})
	if len(f.looking) == 0 && len(f.batch) > 0 {
		f.waiting.Store(false)
		f.ready, f.batch = append(f.ready, f.batch...), f.batch[:0]
	}
}

// choose picks one of the slots that are ready.
func (f *freeList) choose(n uint64, roomy bool) int {
	const some = 16 // where a slot without room will do, it is not worth looking at all
	for i, s := range slices.Backward(f.ready) {
		if s.room >= n {
			return i
		}
		if !roomy && i < len(f.ready)-some {
			break
		}
	}
	if roomy {
		return -1
	}
	return len(f.ready) - 1
}

// numbers are those of all slots in the list, while nobody else is in the store.
func (f *freeList) numbers() map[uint64]bool {
	all := make(map[uint64]bool)
	for _, list := range [][]freeSlot{f.ready, f.batch, f.fresh, f.undone, f.orphans} {
		for _, slot := range list {
			all[slot.number] = true
		}
	}
	return all
}

// reset replaces the list, while nobody else is in the store.
func (f *freeList) reset(slots []freeSlot) {
	f.ready, f.batch, f.fresh, f.looking, f.undone, f.orphans = slots, nil, nil, nil, nil, nil
	f.waiting.Store(false)
}
