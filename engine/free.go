package engine

import (
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
	ready   []freeSlot
	batch   []freeSlot // free when those in looking have been outside
	looking []*door
	fresh   []freeSlot // freed since the batch began to wait
}

// give frees a slot that readers cannot have seen.
func (f *freeList) give(t *visible.Thread, slot freeSlot) {
	f.lock.Lock(t, visible.Free)
	f.ready = append(f.ready, slot)
	f.lock.Unlock(t, visible.Free)
}

// giveUnseen is give for a thread that has died.
func (f *freeList) giveUnseen(slot freeSlot) { f.give(&visible.Thread{}, slot) }

// retire frees a slot that readers may be looking at.
func (f *freeList) retire(t *visible.Thread, slot freeSlot) {
	f.lock.Lock(t, visible.Free)
	f.fresh = append(f.fresh, slot)
	f.lock.Unlock(t, visible.Free)
}

// take returns a free slot, if there is one that nobody looks at any more.
func (f *freeList) take(t *visible.Thread, doors []*door) (slot freeSlot, ok bool) {
	f.lock.Lock(t, visible.Free)
	defer f.lock.Unlock(t, visible.Free)
	for len(f.ready) == 0 {
		if len(f.batch) == 0 {
			if len(f.fresh) == 0 {
				return freeSlot{}, false
			}
			f.batch, f.fresh = f.fresh, nil
			f.looking = append(f.looking[:0], doors...)
		}
		still := f.looking[:0]
		for _, d := range f.looking {
			if d.reading.TryLock(t, visible.Free) {
				d.reading.Unlock(t, visible.Free)
			} else {
				still = append(still, d)
			}
		}
		if f.looking = still; len(still) > 0 {
			return freeSlot{}, false
		}
		f.ready, f.batch = f.batch, nil
	}
	last := len(f.ready) - 1
	slot, f.ready = f.ready[last], f.ready[:last]
	return slot, true
}

// reset replaces the list, while nobody else is in the store.
func (f *freeList) reset(slots []freeSlot) {
	f.ready, f.batch, f.fresh, f.looking = slots, nil, nil, nil
}

// all is every slot on the list, whether or not somebody may look at it.
func (f *freeList) all() (slots []freeSlot) {
	return append(append(append(slots, f.ready...), f.batch...), f.fresh...)
}
