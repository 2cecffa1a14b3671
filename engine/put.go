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
// nil, Get finds m, if the allocator holds. A full store is ErrFull, for which Delete or
// Resize would do, and to replace an entry takes a slot, too; without room for the content
// it is ErrContentFull, which is an ErrFull and for which Compact may do. Slots that were
// freed are there again when no View or Range can see them: that is waited for a tenth of a
// second. m's bytes are copied, but for ID.
func (h *Handle) Put(m *Memory) (err error) {
	s, t := h.store, &h.thread
	if err := h.check(m); err != nil {
		return err
	}
	defer h.leave(&err)                // unpin
	g, err := h.enter(&h.door.writing) // pin: the file stays while I am inside
	if err != nil {
		return err
	}
	h.begin(putting)             // takes no lock, unless the store is to have coarse ones
	slot := s.allocator.Claim(t) // claim: which slot may I write?
	n := uint64(len(m.ID) + len(m.Content))
	at, own, err := h.reserve(slot, n) // reserve: room for id and content
	if err != nil {
		return err
	}
	if s.indexFirst {
		return h.indexBeforeCopy(m, at, own) // the wrong way round
	}
	room := g.content.Writing(t, visible.Content, at, n) // content: the id, and the content behind it
	copy(room[copy(room, m.ID):], m.Content)
	g.content.Wrote(t, visible.Content, at, n)
	sum := h.writeBlock(h.slot.number, m, at) // block: embedding and metadata, into the slot
	h.commit(0, sum)                          // commit: from here on the block counts
	h.locks(between)
	_, known := s.index.Insert(t, visible.Index, m.ID, h.slot.number) // index: the id leads to the slot
	if known {
		h.replace(m.ID, sum)
	}
	h.loose = false
	if own {
		s.allocator.Tell(t) // tell: the slot is used
	}
	return nil
}

func (h *Handle) check(m *Memory) error {
	switch {
	case len(m.ID) < 1 || len(m.ID) > MaxID:
		return fmt.Errorf("put: an id has 1 to %d bytes, not %d", MaxID, len(m.ID))
	case len(m.Content) > MaxContent:
		return fmt.Errorf("put %q: content has up to %d bytes, not %d", m.ID, MaxContent, len(m.Content))
	case len(m.Embedding) != int(h.store.shape.embedding):
		return fmt.Errorf("put %q: an embedding has %d values here, not %d", m.ID, h.store.shape.embedding, len(m.Embedding))
	}
	return h.ready()
}

// reserve makes a slot the handle's, h.slot, and finds room for n bytes of content. It
// is the slot that was claimed if that is one and the content area has room, and then
// own is true; otherwise one that was freed, with the room that came with it if need be.
func (h *Handle) reserve(slot, n uint64) (at uint64, own bool, err error) {
	s, g, t := h.store, h.pinned, &h.thread
	if slot < g.capacity {
		g.touch(slot)
		h.slot, h.claimed = freeSlot{number: slot}, s.kind.Holds
		if at, ok := g.take(t, n); ok {
			return at, true, nil
		}
		h.giveBack()
		if h.slot, h.claimed = s.free.take(t, n, true); h.claimed {
			return h.slot.at, false, nil
		}
		return 0, false, ErrContentFull
	}
	s.allocator.Refuse(t)                                         // refuse: there is no such slot
	if h.slot, h.claimed = s.free.take(t, n, false); !h.claimed { // free: is there one that was freed?
		return 0, false, ErrFull
	}
	if h.slot.room >= n {
		return h.slot.at, false, nil
	}
	if at, ok := g.take(t, n); ok {
		return at, false, nil
	}
	h.giveBack()
	if h.slot, h.claimed = s.free.take(t, n, true); h.claimed { // room: is there one with room, however deep?
		return h.slot.at, false, nil
	}
	return 0, false, ErrContentFull
}

// giveBack lets others have the slot that was taken. A claim that did not take it for
// good has nothing to give.
func (h *Handle) giveBack() {
	if h.claimed {
		h.claimed = false
		h.store.free.give(&h.thread, h.slot)
	}
}

// take takes n bytes of the content area.
func (g *generation) take(t *visible.Thread, n uint64) (at uint64, ok bool) {
	if g.area != nil {
		return g.area.Take(t, n)
	}
	return g.bump.Take(t, n)
}

// writeBlock writes the embedding, the padding behind it if any, and the metadata, and
// returns the entry's checksum.
func (h *Handle) writeBlock(slot uint64, m *Memory, at uint64) (sum uint32) {
	s, g := h.store, h.pinned
	m.describe(h.meta(), at)
	sum = g.sum(h.meta()[:], stringBytes(m.ID), m.Content, nil)
	s.lockBlocks(&h.thread)
	start, n := slot*g.blockBytes(), g.blockBytes()-commitBytes
	block := g.blocks.Writing(&h.thread, visible.Block, start, n)
	sum = g.copySum(sum, block[:g.embeddingBytes()], floatBytes(m.Embedding))
	copy(block[g.embeddingBytes():], h.tail[cacheLine-g.paddingBytes():])
	g.blocks.Wrote(&h.thread, visible.Block, start, n)
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

// commit makes the block in the handle's slot count.
func (h *Handle) commit(version uint8, sum uint32) {
	word := h.pinned.commit(h.slot.number)
	word.Store(&h.thread, visible.Commit, uint64(live(h.pinned.number, version, sum)))
	h.loose, h.claimed = h.claimed || h.loose, false
}

// replace enters an entry of an id that has one, or had one a moment ago. Until its end
// both are in the file. As long as the index leads to the old one it does not matter
// which of them an opening finds, since nobody has seen the new one; before the index
// leads to that, it is committed once more, with the version that follows. Who replaces
// or deletes the id meanwhile waits, or two would follow the same one. Who puts an id
// that is not there waits for nobody, and may come between.
func (h *Handle) replace(id string, sum uint32) {
	s, t, slot := h.store, &h.thread, h.slot.number
	lock := s.idLock(id)
	lock.Lock(t, visible.EnterID)
	defer lock.Unlock(t, visible.LeaveID)
	defer h.finish(id)
	old, known := s.index.Load(t, visible.Previous, id)
	if !known {
		h.commit(0, sum)
		if old, known = s.index.Insert(t, visible.Index, id, slot); !known {
			return
		}
	}
	var before freeSlot
	var version uint8
	var own bool
	if old != slot {
		before, version, own, _ = h.holder(old, id) // not id's, if a collision has put another's there
	}
	h.commit(version+1, sum)
	if own {
		h.ends(before, true)
	}
	s.index.Store(t, visible.Index, id, slot)
	h.loose = false
	if own {
		h.clear(old)
		s.free.retire(t, &h.ending)
	}
}

// PutSource is this file, as the binary was built from it.
//
//go:embed put.go
var PutSource string
