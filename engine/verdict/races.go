package verdict

import (
	"slotrace/engine/clock"
	"slotrace/engine/visible"
)

// Race is two accesses to the same bytes, at least one of them a write, of which neither
// is synchronized before the other: events of an execution, by their index.
type Race struct{ First, Second int }

// Races finds the data races of executions as the Go memory model defines them: counters,
// pointers, map entries and locks synchronize, bytes do not. It keeps a vector clock for
// each thread and each synchronizing thing, and for each access its thread's own time
// (Flanagan and Freund, "FastTrack: efficient and precise dynamic race detection", PLDI
// 2009). Executions that begin alike are not looked at anew.
//
// A store of a counter releases to whoever loads it, an add or a swap that swaps passes
// on as well what was released before.
type Races struct {
	threads int
	events  []access
	clocks  clock.Vector // threads entries an event: what its thread knows, having taken it
	passed  clock.Vector // threads entries an event: what it passes on to those who synchronize with it
}

type access struct {
	before int  // the thread's event before, -1 if none
	source int  // the event that last wrote the synchronizing thing, -1 if none
	joined bool // the source told the thread something new
	race   int  // an event that this one races with, -1 if none
	sofar  int  // the first event, up to this one, that races with one before, -1 if none
}

// Find returns the race whose second access comes first, and whether there is one. The
// first kept events are as they were when it was called before.
func (r *Races) Find(threads int, events []visible.Event, kept int) (Race, bool) {
	if threads != r.threads {
		*r = Races{threads: threads}
	}
	kept = min(kept, len(r.events), len(events))
	r.events = r.events[:kept]
	for i := kept; i < len(events); i++ {
		r.add(events, i)
	}
	if n := len(r.events); n > 0 {
		if second := r.events[n-1].sofar; second >= 0 {
			return Race{r.events[second].race, second}, true
		}
	}
	return Race{}, false
}

// All returns all pairs that race in the execution that Find was given last.
func (r *Races) All(events []visible.Event) (all []Race) {
	for i := range events {
		if !plain(events[i].Op.Kind) {
			continue
		}
		for j := range i {
			if r.racing(events, j, i) {
				all = append(all, Race{j, i})
			}
		}
	}
	return all
}

// Edges are the pairs of events of two threads of which the first is synchronized before
// the second, because of what they do to one thing and not for another reason.
func (r *Races) Edges() (edges [][2]int) {
	for i := range r.events {
		if x := &r.events[i]; x.joined {
			edges = append(edges, [2]int{x.source, i})
		}
	}
	return edges
}

func plain(k visible.Kind) bool { return k == visible.OpRead || k == visible.OpWrite }

func (r *Races) clock(i int) clock.Vector {
	return r.clocks[i*r.threads:][:r.threads:r.threads]
}

func (r *Races) pass(i int) clock.Vector {
	return r.passed[i*r.threads:][:r.threads:r.threads]
}

// racing says whether event j, before event i, races with it.
func (r *Races) racing(events []visible.Event, j, i int) bool {
	a, b := &events[j], &events[i]
	return a.Thread != b.Thread && plain(a.Op.Kind) && a.Op.Overlaps(&b.Op) && !(a.Op.Kind.Reads() && b.Op.Kind.Reads()) &&
		!r.clock(i).Covers(int(a.Thread), r.clock(j)[a.Thread])
}

func (r *Races) add(events []visible.Event, i int) {
	e := &events[i]
	x := access{before: -1, source: -1, race: -1, sofar: -1}
	if i > 0 {
		x.sofar = r.events[i-1].sofar
	}
	for j := i - 1; j >= 0 && x.before < 0; j-- {
		if events[j].Thread == e.Thread {
			x.before = j
		}
	}
	for len(r.clocks) < (i+1)*r.threads {
		r.clocks = append(r.clocks, 0)
		r.passed = append(r.passed, 0)
	}
	c := r.clock(i)
	if x.before >= 0 {
		copy(c, r.clock(x.before))
	} else {
		clear(c)
	}
	c[e.Thread]++
	if plain(e.Op.Kind) {
		r.events = append(r.events, x)
		for j := i - 1; j >= 0; j-- {
			if r.racing(events, j, i) {
				r.events[i].race = j
				if r.events[i].sofar < 0 {
					r.events[i].sofar = i
				}
				return
			}
		}
		return
	}
	for j := i - 1; j >= 0; j-- {
		if events[j].Op.Overlaps(&events[i].Op) && releases(&events[j]) {
			x.source = j
			break
		}
	}
	if x.source >= 0 && acquires(e) {
		source := int(events[x.source].Thread)
		x.joined = source != int(e.Thread) && !c.Covers(source, r.pass(x.source)[source])
		c.Join(r.pass(x.source))
	}
	p := r.pass(i)
	copy(p, c)
	r.events = append(r.events, x)
}

// releases says whether who synchronizes with the event's object later, synchronizes
// with the event.
func releases(e *visible.Event) bool {
	switch e.Op.Kind {
	case visible.OpStore, visible.OpAdd, visible.OpUnlock, visible.OpMapStore:
		return true
	case visible.OpCompareAndSwap, visible.OpMapDelete: // one that found nothing changed nothing
		return e.Value != visible.Missing
	case visible.OpMapInsert: // one that came too late changed nothing
		return e.Value == visible.Missing
	}
	return false
}

// acquires says whether the event synchronizes with whoever released its object before.
// Trying for a lock in vain has no synchronizing effect (package sync, Mutex.TryLock).
func acquires(e *visible.Event) bool {
	switch e.Op.Kind {
	case visible.OpStore, visible.OpUnlock, visible.OpMapStore:
		return false
	case visible.OpTryLock:
		return e.Value != visible.Missing
	}
	return true
}
