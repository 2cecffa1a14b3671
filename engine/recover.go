package engine

import (
	"runtime"
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
	var mu sync.Mutex // guards double, used and end
	var double []found
	var used, end uint64
	var damaged atomic.Uint64
	g.eachPart(func(from, to uint64) {
		var partUsed, partEnd uint64
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
				partUsed, partEnd = slot+1, max(partEnd, p.at+p.bytes)
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
		used, end = max(used, partUsed), max(end, partEnd)
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
	s.free.reset(free)
	g.ahead = newAhead(g, used)
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
		for _, f := range all {
			if f.slot != newest.slot {
				c := g.commit(f.slot)
				c.Poke(uint64(slotEmpty))
			}
		}
	}
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
