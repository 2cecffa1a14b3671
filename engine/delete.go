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
	entry, _, own, found := h.holder(slot, id) // previous: is the entry there the id's?
	// The commit word first: as long as it counts, whoever puts the id anew finds it in
	// the index, and waits. The slot last: until then the index leads to it.
	if own {
		h.ends(entry, false)
		h.clear(slot) // clear
	}
	s.index.Delete(t, visible.Unlink, id) // unlink
	h.locks(between)
	switch {
	case own:
		s.free.retire(t, &h.ending) // free
	case found != "":
		return &ClobberedError{ID: id, Found: found, Slot: slot}
	}
	return nil
}

// holder looks whose the entry in a slot is. own says that it is the id's that was asked
// about, or so damaged that it is nobody's; otherwise found is its id, as far as it can be
// read. Who asks has the id's lock, so an entry of that id does not change; another's, where
// slots collide, may.
func (h *Handle) holder(slot uint64, id string) (e freeSlot, version uint8, own bool, found string) {
	s, g, t := h.store, h.pinned, &h.thread
	word := g.commit(slot)
	w := commitWord(word.Load(t, visible.Previous))
	if w == slotEmpty {
		return freeSlot{}, 0, false, ""
	}
	s.lockBlocks(t)
	meta := g.blocks.View(t, visible.Previous, (slot+1)*g.blockBytes()-metadataBytes, metadataBytes-commitBytes)
	p, err := g.place((*[metadataBytes - commitBytes]byte)(meta), slot)
	s.unlockBlocks(t)
	if err != nil || !w.liveIn(g.number) {
		return freeSlot{number: slot}, w.version(), s.kind.Holds, ""
	}
	if there := g.content.View(t, visible.Previous, p.at, p.id); string(there) != id {
		return freeSlot{}, 0, false, string(there)
	}
	if e = (freeSlot{slot, p.at, p.bytes}); !s.kind.Holds {
		e.room = 0 // others may have been given these bytes
	}
	return e, w.version(), true, ""
}

// clear ends the entry in a slot.
func (h *Handle) clear(slot uint64) {
	word := h.pinned.commit(slot)
	word.Store(&h.thread, visible.Clear, uint64(slotEmpty))
}

// ends says that an entry is about to end.
func (h *Handle) ends(e freeSlot, replaced bool) {
	h.ending.open, h.ending.replaced, h.ending.slot = true, replaced, e
}

// DeleteSource is this file, as the binary was built from it.
//
//go:embed delete.go
var DeleteSource string
