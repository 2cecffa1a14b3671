package engine

import (
	"context"
	"fmt"

	"slotrace/engine/visible"
)

// Range has fn see every memory that the store holds at one instant, each once and
// whole, in the order of their slots, until fn returns false. Puts and deletes go on
// meanwhile and change nothing of it: they wait only while the list of slots is made, and
// slots are not used anew before Range ends. What holds for fn is as with View. An error is
// about the first entry that is damaged.
func (h *Handle) Range(fn func(Memory) bool) (err error) {
	s, t := h.store, &h.thread
	if err := h.ready(); err != nil {
		return err
	}
	s.whole.Lock(t, visible.Stop)
	resume, err := s.stop(context.Background(), t, false)
	if err != nil {
		s.whole.Unlock(t, visible.Resume)
		return err
	}
	g, err := h.enter(&h.door.reading)
	if err != nil {
		resume()
		s.whole.Unlock(t, visible.Resume)
		return err
	}
	defer h.leave(&err)
	slots := s.list(g)
	resume()
	s.whole.Unlock(t, visible.Resume)
	for _, slot := range slots {
		meta := g.blocks.View(t, visible.Fetch, (slot+1)*g.blockBytes()-metadataBytes, metadataBytes-commitBytes)
		d, err := g.describes((*[metadataBytes - commitBytes]byte)(meta), slot)
		if err != nil {
			return fmt.Errorf("range: %w", err)
		}
		id := string(g.content.View(t, visible.Fetch, d.entryAt, uint64(d.idBytes)))
		s.lockBlocks(t)
		m, err := h.look(g, id, slot)
		s.unlockBlocks(t)
		if err != nil {
			return fmt.Errorf("range: %w", err)
		}
		if !fn(m) {
			return nil
		}
	}
	return nil
}

// list lists the slots that hold an entry, while nobody changes the store.
func (s *Store) list(g *generation) []uint64 {
	slots := make([]uint64, 0, s.index.Len())
	for slot := range min(s.shared.Count.Peek(), g.capacity) {
		c := g.commit(slot)
		if commitWord(c.Peek()).liveIn(g.number) {
			slots = append(slots, slot)
		}
	}
	return slots
}
