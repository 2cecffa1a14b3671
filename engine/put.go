package engine

import (
	_ "embed"
	"fmt"

	"slotrace/engine/visible"
)

// Memory is what a store keeps under an id.
type Memory struct {
	ID         string    // 1 to MaxID bytes
	Content    []byte    // up to MaxContent bytes; nil is no content, which differs from empty
	Embedding  []float32 // as many values as the store's option says
	Confidence float32
	Activation float32
	DecayRate  float32
	Flags      uint16
	Created    int64 // Unix time in nanoseconds
	LastAccess int64 // Unix time in nanoseconds
	Recalls    uint32
}

// Put stores m, in the place of what may be there under its id. When it returns
// nil, Get finds m, if the allocator holds. A full store is ErrFull; without room for
// the content it is ErrContentFull, which is an ErrFull too. m's bytes are copied,
// but for ID.
func (h *Handle) Put(m *Memory) (err error) {
	s, t := h.store, &h.thread
	if err := s.check(m); err != nil {
		return err
	}
	g, err := h.enter(&h.door.writing) // pin: the file stays while I am inside
	if err != nil {
		return err
	}
	defer h.leave(&err)          // unpin
	slot := s.allocator.Claim(t) // claim: which slot may I write?
	fresh := slot < g.capacity
	if err := h.take(slot, fresh); err != nil {
		return err
	}
	slot = h.slot.number
	at, ok := h.reserve(uint64(len(m.ID) + len(m.Content))) // reserve: room for id and content
	if !ok {
		h.giveBack()
		return ErrContentFull
	}
	g.content.Write(t, visible.Content, at, stringBytes(m.ID), m.Content) // content
	sum := h.writeBlock(slot, m, at)                                      // block: embedding and metadata, into the slot
	_, known := s.index.Load(t, visible.Previous, m.ID)                   // previous: is the id there already?
	if !known {
		h.commit(slot, 0, sum)                                  // commit: from here on the block counts
		_, known = s.index.Insert(t, visible.Index, m.ID, slot) // index: the id leads to the slot
	}
	if known {
		h.replace(m.ID, slot, sum)
	}
	if fresh {
		s.allocator.Tell(t) // tell: the slot is used
	}
	return nil
}

func (s *Store) check(m *Memory) error {
	switch {
	case len(m.ID) < 1 || len(m.ID) > MaxID:
		return fmt.Errorf("put: an id has 1 to %d bytes, not %d", MaxID, len(m.ID))
	case len(m.Content) > MaxContent:
		return fmt.Errorf("put %q: content has up to %d bytes, not %d", m.ID, MaxContent, len(m.Content))
	case len(m.Embedding) != int(s.shape.embedding):
		return fmt.Errorf("put %q: an embedding has %d values here, not %d", m.ID, s.shape.embedding, len(m.Embedding))
	}
	return nil
}

// take makes the slot that was claimed the handle's, or one that was freed if the
// claim was above the capacity.
func (h *Handle) take(slot uint64, fresh bool) error {
	if fresh {
		h.slot, h.claimed = freeSlot{number: slot}, h.store.kind.Holds
		h.pinned.touch(slot)
		return nil
	}
	h.store.allocator.Refuse(&h.thread)
	var ok bool
	if h.slot, ok = h.store.free.take(&h.thread, *h.store.doors.Load()); !ok {
		return ErrFull
	}
	h.claimed = true
	return nil
}

// giveBack lets others have the slot that was taken. A claim that did not take it for
// good has nothing to give.
func (h *Handle) giveBack() {
	if h.claimed {
		h.claimed = false
		h.store.free.give(&h.thread, h.slot)
	}
}

// reserve takes n bytes of the content area: those that came with a slot that was
// freed if they are enough, else new ones. Their count never passes the area's end,
// so a full area stays as it is.
func (h *Handle) reserve(n uint64) (at uint64, ok bool) {
	if h.slot.room >= n {
		return h.slot.at, true
	}
	g, t := h.pinned, &h.thread
	for {
		at = g.contentEnd.Load(t, visible.Reserve)
		if at > g.geometry.content || n > g.geometry.content-at {
			return 0, false
		}
		if g.contentEnd.CompareAndSwap(t, visible.Reserve, at, at+n) {
			return at, true
		}
	}
}

// writeBlock writes the embedding, the padding behind it if any, and the metadata, and
// returns the entry's checksum.
func (h *Handle) writeBlock(slot uint64, m *Memory, at uint64) (sum uint32) {
	s, g := h.store, h.pinned
	m.describe(h.meta(), at)
	sum = g.sum(h.meta()[:], stringBytes(m.ID), m.Content, floatBytes(m.Embedding))
	s.lockBlocks(&h.thread)
	g.blocks.Write(&h.thread, visible.Block, slot*g.blockBytes(), floatBytes(m.Embedding), h.tail[cacheLine-g.paddingBytes():])
	s.unlockBlocks(&h.thread)
	return sum
}

func (s *Store) lockBlocks(t *visible.Thread) {
	if s.blocksLock != nil {
		s.blocksLock.Lock(t, visible.EnterBlock)
	}
}

func (s *Store) unlockBlocks(t *visible.Thread) {
	if s.blocksLock != nil {
		s.blocksLock.Unlock(t, visible.LeaveBlock)
	}
}

// commit makes the block in the slot count.
func (h *Handle) commit(slot uint64, version uint8, sum uint32) {
	word := h.pinned.commit(slot)
	word.Store(&h.thread, visible.Commit, uint64(live(h.pinned.number, version, sum)))
	h.claimed = false
}

// replace commits and enters an entry of an id that has one, or had one a moment ago.
// Between the commit and the end both are in the file, and the version tells which is
// the newer; who replaces or deletes the id meanwhile waits, or two would follow the
// same one. Who puts an id that is not there waits for nobody, and may come between.
func (h *Handle) replace(id string, slot uint64, sum uint32) {
	s, t := h.store, &h.thread
	lock := s.idLock(id)
	lock.Lock(t, visible.EnterID)
	defer lock.Unlock(t, visible.LeaveID)
	old, known := s.index.Load(t, visible.Previous, id)
	if !known {
		h.commit(slot, 0, sum)
		if old, known = s.index.Insert(t, visible.Index, id, slot); !known {
			return
		}
	}
	var before holder
	if old != slot {
		before = h.holder(old, id) // not id's, if a collision has put another's there
	}
	h.commit(slot, before.version+1, sum)
	s.index.Store(t, visible.Index, id, slot)
	if before.own {
		h.clear(old, before)
	}
}

// PutSource is this file, as the binary was built from it.
//
//go:embed put.go
var PutSource string
