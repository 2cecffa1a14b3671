package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"slotrace/engine/visible"
)

// Range has fn see every memory that the store holds at one instant, each once and
// whole, in the order of their slots, until fn returns false. Puts and deletes go on
// meanwhile and change nothing of it: they wait only while the list of entries is made,
// and slots are not used anew before Range ends. What holds for fn is as with View. An
// error is about the first entry that is damaged.
func (h *Handle) Range(fn func(*Memory) bool) (err error) {
	s, t := h.store, &h.thread
	if err := h.ready(); err != nil {
		return err
	}
	defer h.leave(&err)
	s.whole.Lock(t, visible.Stop)
	resume, _ := s.stop(context.Background(), t, false)
	g, err := h.enter(&h.door.reading)
	var entries []found
	if err == nil {
		entries = s.list()
	}
	resume()
	s.whole.Unlock(t, visible.Resume)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b found) int { return cmp.Compare(a.slot, b.slot) })
	for _, e := range entries {
		s.lockBlocks(t)
		err := h.look(g, e.id, e.slot)
		s.unlockBlocks(t)
		switch {
		case errors.Is(err, ErrClobbered):
			continue // a collision has put another's there
		case err != nil:
			return fmt.Errorf("range: %w", err)
		case !fn(&h.seen):
			return nil
		}
	}
	return nil
}

// list lists what the store holds, while nobody changes it.
func (s *Store) list() []found {
	entries := make([]found, 0, s.index.Len())
	s.index.Each(func(id string, slot uint64) { entries = append(entries, found{id: id, slot: slot}) })
	return entries
}
