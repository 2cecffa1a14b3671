package engine

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"slotrace/engine/visible"
)

// found is an entry that a file holds.
type found struct {
	slot    uint64
	id      string
	version uint8
	bytes   freeSlot // where its id and content lie
}

// recover rebuilds what is not in the file, or not to be believed there: the index,
// the count, the end of the content and the free slots follow from the commit words.
// An entry that is damaged is left where it is and not served.
func (s *Store) recover(g *generation) {
	t := &visible.Thread{}
	var mu sync.Mutex // guards double, used, end and taken
	var double []found
	var used, end, taken uint64
	var damaged atomic.Uint64
	g.eachPart(func(from, to uint64) {
		var partUsed, partEnd, partTaken uint64
		var known []found
		for slot := from; slot < to; slot++ {
			state, id, p, _ := g.inspect(slot)
			switch state {
			case entryDamaged:
				damaged.Add(1)
				partUsed = slot + 1
			case entryOld: // gone, before its generation's number can come again
				c := g.commit(slot)
				c.Poke(uint64(slotEmpty))
			case entryIntact:
				partUsed, partEnd, partTaken = slot+1, max(partEnd, p.at+p.bytes), partTaken+p.bytes
				c := g.commit(slot)
				f := found{slot, string(id), commitWord(c.Peek()).version(), freeSlot{slot, p.at, p.bytes}}
				if _, there := s.index.Insert(t, visible.Index, f.id, slot); there {
					known = append(known, f)
				}
			}
		}
		mu.Lock()
		defer mu.Unlock()
		double = append(double, known...)
		used, end, taken = max(used, partUsed), max(end, partEnd), taken+partTaken
	})
	s.damaged.Store(damaged.Load())
	s.settle(g, double)
	s.shared.Count.Poke(used)
	g.contentEnd.Poke(end)
	var free []freeSlot
	for slot := range used {
		c := g.commit(slot)
		if commitWord(c.Peek()) == slotEmpty {
			free = append(free, freeSlot{number: slot})
		}
	}
	if (taken < end || len(double) > 0) && damaged.Load() == 0 { // else there may be something in a gap that somebody wants to look for
		free, used = g.fillGaps(free, used, end)
		s.shared.Count.Poke(used)
	}
	s.free.reset(free)
	g.ahead = newAhead(g, used)
}

// fillGaps gives the room between contents to free slots, the largest to each: to those that
// there are, and then to fresh ones.
func (g *generation) fillGaps(free []freeSlot, used, end uint64) ([]freeSlot, uint64) {
	var ranges []freeSlot
	for slot := range used {
		c := g.commit(slot)
		if commitWord(c.Peek()).liveIn(g.number) {
			if p, err := g.place(g.meta(slot), slot); err == nil {
				ranges = append(ranges, freeSlot{slot, p.at, p.bytes})
			}
		}
	}
	slices.SortFunc(ranges, func(a, b freeSlot) int { return cmp.Compare(a.at, b.at) })
	var gaps []freeSlot
	at := uint64(0)
	for _, r := range append(ranges, freeSlot{at: end}) {
		if r.at > at {
			gaps = append(gaps, freeSlot{at: at, room: r.at - at})
		}
		at = max(at, r.at+r.room)
	}
	slices.SortFunc(gaps, func(a, b freeSlot) int { return cmp.Compare(b.room, a.room) })
	for i, gap := range gaps {
		switch {
		case i < len(free):
			free[i].at, free[i].room = gap.at, gap.room
		case used < g.capacity:
			free = append(free, freeSlot{used, gap.at, gap.room})
			used++
		}
	}
	slices.Reverse(free) // they are taken from the end: the smallest room first
	return free, used
}

// settle decides between entries of one id: a put that was to replace one died before
// it could clear it. The newer one stays, which is the one that no other follows. There
// are more than two if several puts of the id died at once, and then any of those that
// nobody had been told of will do.
func (s *Store) settle(g *generation, double []found) {
	t := &visible.Thread{}
	rivals := make(map[string][]found)
	for _, f := range double {
		if rivals[f.id] == nil {
			slot, _ := s.index.Peek(f.id)
			c := g.commit(slot)
			rivals[f.id] = append(rivals[f.id], found{slot: slot, id: f.id, version: commitWord(c.Peek()).version()})
		}
		rivals[f.id] = append(rivals[f.id], f)
	}
	for id, all := range rivals {
		newest := all[0]
		for _, f := range all {
			followed := false
			for _, other := range all {
				followed = followed || other.version == (f.version+1)&versionMask
			}
			if !followed {
				newest = f
			}
		}
		s.index.Store(t, visible.Index, id, newest.slot)
		for _, f := range inTurn(slices.DeleteFunc(all, func(f found) bool { return f.slot == newest.slot })) {
			c := g.commit(f.slot)
			c.Poke(uint64(slotEmpty))
		}
	}
}

// inTurn puts entries of one id in the order in which they end, each before one that follows it:
// wherever an opening is cut off, none is left that had been followed by one that is gone.
func inTurn(all []found) (turn []found) {
	for len(all) > 0 {
		first := max(0, slices.IndexFunc(all, func(f found) bool { // 0 if they follow each other in a ring
			return !slices.ContainsFunc(all, func(before found) bool { return f.version == (before.version+1)&versionMask })
		}))
		turn, all = append(turn, all[first]), slices.Delete(all, first, first+1)
	}
	return turn
}

// eachPart has do done for all slots, in parts, on all processors. The first panic of
// any, as when the file is cut meanwhile, is the caller's.
func (g *generation) eachPart(do func(from, to uint64)) {
	const part = 1 << 12
	workers := min(uint64(runtime.GOMAXPROCS(0)), (g.capacity+part-1)/part)
	if workers < 2 {
		do(0, g.capacity)
		return
	}
	var next atomic.Uint64
	var all sync.WaitGroup
	panics := make(chan any, workers)
	for range workers {
		all.Go(func() {
			defer onFault(func(p any) { panics <- p }, g)()
			for {
				from := next.Add(part) - part
				if from >= g.capacity {
					return
				}
				do(from, min(from+part, g.capacity))
			}
		})
	}
	all.Wait()
	select {
	case p := <-panics:
		panic(p)
	default:
	}
}
