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
	Name        string // stable
	Holds       bool   // nobody waits for ever
	put, delete way
}

// way takes and releases the locks at each moment of a put or a delete: it begins, it is
// between what it does to the one and to the other, and it ends, perhaps with an error
// before it was between.
type way func(h *Handle, now moment)

type moment uint8

const (
	putBegins    moment = iota // and is about to claim a slot
	putIndexes                 // it is about to enter its id
	deleteBegins               // and is about to look its id up
	deleteFrees                // it is about to free its slot
	ends                       // whatever it was

	begins, between = putBegins, putIndexes // what a way is told of a delete, too
)

// Disciplines lists them, the one that breaks first: puts and deletes that take the locks
// in opposite orders.
var Disciplines = []Discipline{
	{"content-then-index", false, indexThenContent, contentThenIndex},
	{"one-order", true, indexThenContent, indexThenContent},
	{"no-nesting", true, contentAndThenIndex, indexAndThenContent},
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

// locks takes and releases the locks that are due, if the store has any.
func (h *Handle) locks(now moment) {
	if h.store.coarse != nil {
		h.coarseLocks(now)
	}
}

func (h *Handle) coarseLocks(now moment) {
	switch now {
	case putBegins:
		h.way = h.store.coarse.put
	case deleteBegins:
		h.way, now = h.store.coarse.delete, begins
	case deleteFrees:
		now = between
	}
	if h.way == nil { // it is a get that ends
		return
	}
	ended := now != ends
	defer func() {
		if !ended { // an observer panicked, and nobody else looks after a handle that goes out
			h.thread.Abandon()
			h.hasIndex, h.hasContent = false, false
		}
	}()
	h.way(h, now)
	if now == ends {
		h.way, ended = nil, true
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
