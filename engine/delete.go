package engine

import (
	_ "embed"
	"fmt"

	"slotrace/engine/visible"
)

// Delete takes the memory under id out of the store, and its slot is free again once
// nobody looks at it. ErrNotFound says that there was none. ErrClobbered says that
// the slot holds another's memory, which stays; id is gone all the same.
func (h *Handle) Delete(id string) (err error) {
	s, t := h.store, &h.thread
	if err := h.ready(); err != nil {
		return err
	}
	defer h.leave(&err)
	if _, err = h.enter(&h.door.writing); err != nil {
		return err
	}
	h.begin(deleting)
	lock := s.idLock(id)
	lock.Lock(t, visible.EnterID)         // enter-id
	defer lock.Unlock(t, visible.LeaveID) // leave-id
	defer h.finish(id)
	slot, ok := s.index.Load(t, visible.Find, id) // find
	if !ok {
		return fmt.Errorf("delete %q: %w", id, ErrNotFound)
	}
	entry := h.holder(slot, id) // previous: is the entry there the id's?
	// The commit word first: as long as it counts, whoever puts the id anew finds it in
	// the index, and waits. The slot last: until then the index leads to it.
	if entry.own {
		h.ends(slot, entry, false)
		h.clear(slot) // clear
	}
	s.index.Delete(t, visible.Unlink, id) // unlink
	h.locks(between)
	switch {
	case entry.own:
		s.free.retire(t, &h.ending) // free
	case entry.found != "":
		return &ClobberedError{ID: id, Found: entry.found, Slot: slot}
	}
	return nil
}

// holder is whose entry a slot holds.
type holder struct {
	own      bool   // it is of the id that was asked about, or so damaged that it is nobody's
	found    string // the id, as far as it can be read
	version  uint8
	at, room uint64 // of its id and content
}

// holder looks whose the entry in a slot is. Who asks has the id's lock, so an entry
// of that id does not change; another's, where slots collide, may.
func (h *Handle) holder(slot uint64, id string) holder {
	g, t := h.pinned, &h.thread
	word := g.commit(slot)
	w := commitWord(word.Load(t, visible.Previous))
	if w == slotEmpty {
		return holder{}
	}
	h.store.lockBlocks(t)
	meta := g.blocks.View(t, visible.Previous, (slot+1)*g.blockBytes()-metadataBytes, metadataBytes-commitBytes)
	p, err := g.place((*[metadataBytes - commitBytes]byte)(meta), slot)
	h.store.unlockBlocks(t)
	if err != nil || !w.liveIn(g.number) {
		return holder{own: h.store.kind.Holds, version: w.version()}
	}
	found := string(g.content.View(t, visible.Previous, p.at, p.id))
	return holder{found == id, found, w.version(), p.at, p.bytes}
}

// clear ends the entry in a slot.
func (h *Handle) clear(slot uint64) {
	word := h.pinned.commit(slot)
	word.Store(&h.thread, visible.Clear, uint64(slotEmpty))
}

// ends says that the entry in a slot is about to end.
func (h *Handle) ends(slot uint64, e holder, replaced bool) {
	if !h.store.kind.Holds {
		e.room = 0 // others may have been given these bytes
	}
	h.ending = ending{open: true, replaced: replaced, slot: freeSlot{number: slot, at: e.at, room: e.room}}
}

// DeleteSource is this file, as the binary was built from it.
//
//go:embed delete.go
var DeleteSource string
