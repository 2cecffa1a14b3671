package engine

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

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

	undoing sync.Mutex // guards undone, and is held for no longer than that takes
	undone  []freeSlot // of puts that died
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
	f.undoing.Unlock()
}

// takeUndone makes the slots of puts that died ready. Who calls has the list's lock.
func (f *freeList) takeUndone() {
	f.undoing.Lock()
	f.ready, f.undone = append(f.ready, f.undone...), nil
	f.undoing.Unlock()
}

// retire frees a slot that readers may be looking at. The index leads nobody to it
// any more.
func (f *freeList) retire(t *visible.Thread, slot freeSlot) {
	f.lock.Lock(t, visible.Free)
	f.fresh = append(f.fresh, slot)
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

// patience is how often take looks whether readers have gone: gets are short.
const patience = 1000

// take returns a free slot that nobody looks at any more, if there is one: one with
// room for n bytes rather than another, and with roomy no other.
func (f *freeList) take(t *visible.Thread, n uint64, roomy bool) (slot freeSlot, ok bool) {
	f.lock.Lock(t, visible.Free)
	defer f.lock.Unlock(t, visible.Free)
	f.takeUndone()
	for range patience {
		f.ripen(t)
		if i := f.choose(n, roomy); i >= 0 {
			last := len(f.ready) - 1
			slot, f.ready[i] = f.ready[i], f.ready[last]
			f.ready = f.ready[:last]
			return slot, true
		}
		if len(f.batch) == 0 || t.Observer() != nil { // a scheduler decides itself who goes on
			break
		}
		runtime.Gosched()
	}
	return freeSlot{}, false
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

// reset replaces the list, while nobody else is in the store.
func (f *freeList) reset(slots []freeSlot) {
	f.ready, f.batch, f.fresh, f.looking, f.undone = slots, nil, nil, nil, nil
	f.waiting.Store(false)
}
