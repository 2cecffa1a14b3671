package engine

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"

	"slotrace/engine/mapping"
	"slotrace/engine/visible"
)

// Handle is one goroutine's door to a store. It does one thing at a time: from
// within a View or a Range it does nothing.
type Handle struct {
	store  *Store
	thread visible.Thread
	door   *door
	tail   [cacheLine + metadataBytes - commitBytes]byte // zeros, and behind them the metadata of the entry being written or read
	closed bool

	// While the handle is inside:
	inside  *visible.Mutex // the door that it came in by
	pinned  *generation
	bare    bool // nobody sees it come and go
	faults  bool // what the goroutine did about faults before
	claimed bool // it has a slot for itself that no entry holds yet
	loose   bool // there is an entry in the slot that no id leads to yet
	slot    freeSlot
	ending  ending
	seen    Memory // what fn is shown
	way     way    // nil unless the store has coarse locks

	hasIndex, hasContent bool // of these
}

// ending is an entry that is being taken out of the store.
type ending struct {
	open     bool // it is not in the list of free slots yet
	replaced bool // by the one in the handle's slot
	slot     freeSlot
}

// door is what a handle goes in by. It keeps its lock while it is inside, so whoever
// has the locks of all handles is alone. Nobody else wants them otherwise, which
// makes them as cheap as locks can be.
type door struct {
	writing visible.Mutex
	_       [cacheLine]byte
	reading visible.Mutex
	left    atomic.Uint64 // how often its handle has gone out by reading while somebody waited for that
	aside   bool          // who comes by it looks at no slots
	_       [cacheLine]byte
}

// Errors of handles.
var (
	ErrClosed = errors.New("the store is closed")
	ErrInside = errors.New("the handle is inside a View or Range, and does one thing at a time")
	// ErrTruncated says that the file lost bytes that the store had mapped.
	ErrTruncated = errors.New("the store's file was cut short while it was open")
)

// Handle returns the door to the store for one goroutine. id names it in pictures
// and tells its doors apart; observer, which may be nil, sees its visible
// operations. Close gives it back.
func (s *Store) Handle(id int, observer visible.Observer) *Handle {
	return s.handle(id, observer, false)
}

// handle is Handle; aside says that it looks at no slots.
func (s *Store) handle(id int, observer visible.Observer, aside bool) *Handle {
	h := &Handle{store: s, thread: *visible.NewThread(id, observer), door: &door{aside: aside}}
	h.door.writing.Init(ObjectWriting, uint64(id))
	h.door.reading.Init(ObjectReading, uint64(id))
	s.changeDoors(func(doors []*door) []*door { return append(doors, h.door) })
	return h
}

// changeDoors replaces the list of doors; who works on the whole store must know all.
func (s *Store) changeDoors(edit func(doors []*door) []*door) {
	t := &visible.Thread{}
	s.whole.Lock(t, visible.Stop)
	defer s.whole.Unlock(t, visible.Resume)
	doors := edit(slices.Clone(*s.doors.Load()))
	s.doors.Store(&doors)
}

// Ignore says at which steps of what the handle does from now on its observer is not
// asked.
func (h *Handle) Ignore(steps visible.StepSet) { h.thread.Ignore(steps) }

// Close gives the handle back; it does nothing any more. The store goes on. From
// within a View or a Range it takes effect when that ends.
func (h *Handle) Close() {
	if h.closed {
		return
	}
	h.closed = true
	if h.inside == nil {
		h.removeDoor()
	}
}

func (h *Handle) removeDoor() {
	h.store.changeDoors(func(doors []*door) []*door {
		return slices.DeleteFunc(doors, func(d *door) bool { return d == h.door })
	})
}

// enter goes in by one of the handle's doors. The handle must be ready, and leave be
// deferred before.
func (h *Handle) enter(by *visible.Mutex) (*generation, error) {
	h.bare = !h.thread.Watched(visible.Pin) && !h.thread.Watched(visible.Unpin)
	if h.bare {
		by.Bare().Lock()
	} else {
		by.Lock(&h.thread, visible.Pin)
	}
	g := h.store.current.Peek() // who changes it has the doors of those who write
	if by == &h.door.reading && h.thread.Watched(visible.Pin) {
		g = h.store.current.Load(&h.thread, visible.Pin)
	}
	if g == nil {
		h.goOut(by, false)
		return nil, ErrClosed
	}
	h.inside, h.pinned, h.claimed, h.loose = by, g, false, false
	h.faults = debug.SetPanicOnFault(true)
	return g, nil
}

// ready says what is in the way of a handle that is to go in.
func (h *Handle) ready() error {
	switch {
	case h.closed:
		return ErrClosed
	case h.inside != nil:
		return ErrInside
	}
	return nil
}

func (h *Handle) meta() *[metadataBytes - commitBytes]byte {
	return (*[metadataBytes - commitBytes]byte)(h.tail[cacheLine:])
}

// leave goes out again, if the handle is inside. A thread that panicked leaves no lock
// behind, no entry that nothing leads to, and no slot that nobody could take (but for
// one whose claim it died in, which the next opening finds). A fault in the mapped
// file is an error, not a panic.
func (h *Handle) leave(err *error) {
	p := recover() // of whoever deferred this
	by, g := h.inside, h.pinned
	if by != nil {
		debug.SetPanicOnFault(h.faults)
		h.seen.Content, h.seen.Embedding = nil, nil
	}
	if p == nil {
		if by != nil {
			h.locks(ends)
			h.goOut(by, false)
		}
		return
	}
	cut := g != nil && faulted(g.mapping, p)
	if g != nil && (h.claimed || h.loose) && !cut {
		h.undo(g) // while the door still keeps others from working on the whole store
	}
	h.thread.Abandon()
	h.claimed, h.loose = false, false
	h.way, h.hasIndex, h.hasContent = nil, false, false
	if by != nil {
		h.goOut(by, true)
	}
	if !cut {
		panic(p)
	}
	*err = fmt.Errorf("%s: %w", g.name(), ErrTruncated)
}

// goOut releases a door, unless it was abandoned, and lets go of the door of a handle
// that was closed meanwhile.
func (h *Handle) goOut(by *visible.Mutex, abandoned bool) {
	h.inside, h.pinned = nil, nil
	switch {
	case h.bare:
		by.Bare().Unlock()
	case !abandoned:
		h.unpin(by)
	}
	if by == &h.door.reading && h.store.free.waiting.Load() {
		h.door.left.Add(1)
	}
	if h.closed {
		h.removeDoor()
	}
}

func (h *Handle) unpin(by *visible.Mutex) {
	defer h.thread.Abandon() // if the observer panics
	by.Unlock(&h.thread, visible.Unpin)
}

// finish ends an entry for somebody who died at it: all of it or, if it had not begun, nothing. The
// id's lock is held.
func (h *Handle) finish(id string) {
	e := &h.ending
	if !e.open {
		return
	}
	e.open = false
	index, word := h.store.index, h.pinned.commit(e.slot.number)
	to, there := index.Peek(id)
	switch {
	case e.replaced && there && to == h.slot.number:
		h.loose = false // it has been put
		word.Poke(uint64(slotEmpty))
	case e.replaced || commitWord(word.Peek()) != slotEmpty:
		return
	case there && to == e.slot.number:
		index.Delete(&visible.Thread{}, visible.Unlink, id)
	}
	h.store.free.adopt(e.slot)
}

// undo gives the slot of a put that died back, with what may be in it, unless the index
// leads there already: then the put was made.
func (h *Handle) undo(g *generation) {
	word := g.commit(h.slot.number)
	if p, err := g.place(g.meta(h.slot.number), h.slot.number); err == nil && h.loose {
		id := string(g.mapping.Bytes()[g.contentAt()+p.at:][:p.id])
		if slot, there := h.store.index.Peek(id); there && slot == h.slot.number {
			return
		}
	}
	word.Poke(uint64(slotEmpty))
	h.store.free.undo(h.slot)
}

// onFault has faults in the files of generations panic, and do done about them, when
// the function that it returns is deferred and finds one. Other panics go on.
func onFault(do func(p any), files ...*generation) func() {
	before := debug.SetPanicOnFault(true)
	return func() {
		p := recover()
		debug.SetPanicOnFault(before)
		if p == nil {
			return
		}
		for _, g := range files {
			if faulted(g.mapping, p) {
				do(p)
				return
			}
		}
		panic(p)
	}
}

// faulted says that a panic is an access to the mapping that the file could not
// serve: the system's SIGBUS, which debug.SetPanicOnFault has made a panic.
func faulted(m *mapping.Mapping, p any) bool {
	fault, ok := p.(interface {
		runtime.Error
		Addr() uintptr
	})
	return ok && m.Contains(fault.Addr())
}
