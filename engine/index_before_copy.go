package engine

import (
	_ "embed"

	"slotrace/engine/visible"
)

// The orders in which a put can copy an entry and publish it, as the Publish option
// names them.
const (
	CopyBeforeIndex = "copy-before-index"
	IndexBeforeCopy = "index-before-copy"
)

// indexBeforeCopy is the rest of a put, from the reservation on, the wrong way round: to
// have reserved a place is not to have published what will be in it. Who gets the id
// before it is there finds a block that counts, and in it what was there before, or half.
func (h *Handle) indexBeforeCopy(m *Memory, at uint64, own bool) error {
	s, t, g := h.store, &h.thread, h.pinned
	m.describe(h.meta(), at)
	sum := g.sum(h.meta()[:], stringBytes(m.ID), m.Content, floatBytes(m.Embedding))
	h.commit(0, sum)                                                      // commit: the block counts, with nothing in it
	_, known := s.index.Insert(t, visible.Index, m.ID, h.slot.number)     // index: the id leads to the slot
	g.content.Write(t, visible.Content, at, stringBytes(m.ID), m.Content) // content
	h.writeBlock(h.slot.number, m, at)                                    // block: only now
	if known {
		h.replace(m.ID, sum)
	}
	h.loose = false
	if own {
		s.allocator.Tell(t) // tell: the slot is used
	}
	return nil
}

// IndexBeforeCopySource is this file, as the binary was built from it.
//
//go:embed index_before_copy.go
var IndexBeforeCopySource string
