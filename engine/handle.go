package engine

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"

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
	faults  bool // what the goroutine did about faults before
	claimed bool // it has a slot for itself that no entry holds yet
	slot    freeSlot
	seen    Memory // what fn is shown
}

// door is what a handle goes in by. It keeps its lock while it is inside, so whoever
// has the locks of all handles is alone. Nobody else wants them otherwise, which
// makes them as cheap as locks can be.
type door struct {
	writing visible.Mutex
	_       [cacheLine]byte
	reading visible.Mutex
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
	h := &Handle{store: s, thread: visible.Thread{ID: id, Observer: observer}, door: new(door)}
	h.door.writing.Init(ObjectWriting, uint64(id))
	h.door.reading.Init(ObjectReading, uint64(id))
	outside := &visible.Thread{}
	s.whole.Lock(outside, visible.Stop) // whoever works on the whole store must know all doors
	defer s.whole.Unlock(outside, visible.Resume)
	doors := append(slices.Clone(*s.doors.Load()), h.door)
	s.doors.Store(&doors)
	return h
}

// Ignore says at which steps of what the handle does from now on its observer is not
// asked.
func (h *Handle) Ignore(steps visible.StepSet) { h.thread.Ignore = steps }

// Close gives the handle back; it does nothing any more. The store goes on.
func (h *Handle) Close() {
	if h.closed {
		return
	}
	h.closed = true
	s, outside := h.store, &visible.Thread{}
	s.whole.Lock(outside, visible.Stop)
	defer s.whole.Unlock(outside, visible.Resume)
	doors := slices.DeleteFunc(slices.Clone(*s.doors.Load()), func(d *door) bool { return d == h.door })
	s.doors.Store(&doors)
}

// enter goes in by one of the handle's doors; leave must be deferred if it does.
func (h *Handle) enter(by *visible.Mutex) (*generation, error) {
	if err := h.ready(); err != nil {
		return nil, err
	}
	by.Lock(&h.thread, visible.Pin)
	g := h.store.current.Peek() // who changes it has the doors of those who write
	if by == &h.door.reading {
		g = h.store.current.Load(&h.thread, visible.Pin)
	}
	if g == nil {
		by.Unlock(&h.thread, visible.Unpin)
		return nil, ErrClosed
	}
	h.settle(by, g)
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

func (h *Handle) settle(by *visible.Mutex, g *generation) {
	h.inside, h.pinned, h.claimed = by, g, false
	h.faults = debug.SetPanicOnFault(true)
}

// leave goes out again. A thread that panicked leaves no lock behind, and no slot
// that nobody could take (but for one whose claim it died in, which the next opening
// finds); a fault in the mapped file is an error, not a panic.
func (h *Handle) leave(err *error) {
	p := recover() // of whoever deferred this
	debug.SetPanicOnFault(h.faults)
	if p == nil {
		by := h.inside
		h.inside, h.pinned = nil, nil
		by.Unlock(&h.thread, visible.Unpin)
		return
	}
	g := h.pinned
	if h.claimed {
		h.store.free.giveUnseen(h.slot)
	}
	h.inside, h.pinned = nil, nil
	h.thread.Abandon()
	if !faulted(g.mapping, p) {
		panic(p)
	}
	*err = fmt.Errorf("%s: %w", g.name(), ErrTruncated)
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
