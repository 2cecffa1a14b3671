package engine

import (
	_ "embed"
	"slices"

	"slotrace/engine/visible"
)

// Discipline is how puts and deletes take two coarse locks, one of the whole index and
// one of all blocks and contents, in a store that is worked on under such locks. Stores
// need none: the option Locks is there to show what comes of it.
type Discipline struct {
	Name  string // stable
	Holds bool   // nobody waits for ever
	ways  [2]way // of putting and of deleting
}

// way takes and releases the locks at each moment of a put or a delete.
type way func(h *Handle, now moment)

const putting, deleting = 0, 1 // places in a discipline's ways

type moment uint8

const (
	begins  moment = iota // a put is about to claim a slot, a delete to look its id up
	between               // a put is about to enter its id, a delete to free its slot
	ends                  // perhaps with an error before it was between
)

// Disciplines lists them, the one that breaks first: puts and deletes that take the locks
// in opposite orders.
var Disciplines = []Discipline{
	{"content-then-index", false, [2]way{indexThenContent, contentThenIndex}},
	{"one-order", true, [2]way{indexThenContent, indexThenContent}},
	{"no-nesting", true, [2]way{contentAndThenIndex, indexAndThenContent}},
}

func findDiscipline(name string) *Discipline {
	if i := slices.IndexFunc(Disciplines, func(d Discipline) bool { return d.Name == name }); i >= 0 {
		return &Disciplines[i]
	}
	return nil
}

// indexThenContent takes the content's lock while it holds the index's.
func indexThenContent(h *Handle, now moment) {
	switch now {
	case begins:
		h.lockIndex()   // enter-index
		h.lockContent() // enter-content
	case ends:
		h.unlockContent() // leave-content
		h.unlockIndex()   // leave-index
	}
}

// contentThenIndex takes the index's lock while it holds the content's.
func contentThenIndex(h *Handle, now moment) {
	switch now {
	case begins:
		h.lockContent() // enter-content
		h.lockIndex()   // enter-index
	case ends:
		h.unlockIndex()   // leave-index
		h.unlockContent() // leave-content
	}
}

// contentAndThenIndex never holds both.
func contentAndThenIndex(h *Handle, now moment) {
	switch now {
	case begins:
		h.lockContent() // enter-content
	case between:
		h.unlockContent() // leave-content
		h.lockIndex()     // enter-index
	case ends:
		h.unlockContent() // after an error
		h.unlockIndex()   // leave-index
	}
}

// indexAndThenContent never holds both, either.
func indexAndThenContent(h *Handle, now moment) {
	switch now {
	case begins:
		h.lockIndex() // enter-index
	case between:
		h.unlockIndex() // leave-index
		h.lockContent() // enter-content
	case ends:
		h.unlockIndex()   // after an error
		h.unlockContent() // leave-content
	}
}

// coarse is the two locks.
type coarse struct {
	*Discipline
	index, content visible.Mutex
}

func newCoarse(d *Discipline) *coarse {
	c := &coarse{Discipline: d}
	c.index.Init(ObjectCoarse, 0)
	c.content.Init(ObjectCoarse, 1)
	return c
}

// begin has the handle take the locks of a store that has any.
func (h *Handle) begin(what int) {
	if h.store.coarse != nil {
		h.way = h.store.coarse.ways[what]
		h.follow(begins)
	}
}

// locks takes and releases those that are due.
func (h *Handle) locks(now moment) {
	if h.way != nil {
		h.follow(now)
	}
}

func (h *Handle) follow(now moment) {
	over := now != ends
	defer func() {
		if !over { // an observer panicked, and nobody else looks after a handle that goes out
			h.thread.Abandon()
			h.hasIndex, h.hasContent = false, false
			h.goOut(h.inside, true)
		}
	}()
	h.way(h, now)
	if now == ends {
		h.way, over = nil, true
	}
}

func (h *Handle) lockIndex() {
	h.store.coarse.index.Lock(&h.thread, visible.EnterIndex)
	h.hasIndex = true
}

func (h *Handle) unlockIndex() {
	if h.hasIndex {
		h.hasIndex = false
		h.store.coarse.index.Unlock(&h.thread, visible.LeaveIndex)
	}
}

func (h *Handle) lockContent() {
	h.store.coarse.content.Lock(&h.thread, visible.EnterContent)
	h.hasContent = true
}

func (h *Handle) unlockContent() {
	if h.hasContent {
		h.hasContent = false
		h.store.coarse.content.Unlock(&h.thread, visible.LeaveContent)
	}
}

// CoarseSource is this file, as the binary was built from it.
//
//go:embed coarse.go
var CoarseSource string
