package engine

import (
	_ "embed"
	"fmt"

	"slotrace/engine/visible"
)

// Handle is one goroutine's door to a store.
type Handle struct {
	store  *Store
	thread visible.Thread
	meta   [metadataBytes - commitBytes]byte // of the entry being written or read
}

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

// Put stores m. When it returns nil, Get finds m under its id, if the allocator
// holds. A full store is ErrFull; ErrContentFull, which is an ErrFull too, leaves
// the slot it had taken unused. m's bytes are copied, but for ID.
func (h *Handle) Put(m *Memory) error {
	s, t := h.store, &h.thread
	if err := s.check(m); err != nil {
		return err
	}
	slot := s.allocator.Claim(t) // claim: which slot may I write?
	if slot >= s.capacity {
		s.allocator.Refuse(t)
		return ErrFull
	}
	at, ok := s.reserve(t, uint64(len(m.ID)+len(m.Content))) // reserve: room for id and content
	if !ok {
		return ErrContentFull
	}
	s.content.Write(t, visible.Content, at, stringBytes(m.ID), m.Content) // content
	block := slot * s.blockBytes()
	sum := h.describe(m, at)
	s.writeBlock(t, block, floatBytes(m.Embedding), h.meta[:]) // block: embedding and metadata, into the slot
	commit := s.commit(slot)
	commit.Store(t, visible.Commit, uint64(live(s.generation, sum))) // commit: from here on the block counts
	s.index.Store(t, visible.Index, m.ID, slot)                      // index: the id leads to the slot
	s.allocator.Tell(t)                                              // tell: the slot is used
	return nil
}

func (s *Store) check(m *Memory) error {
	switch {
	case len(m.ID) < 1 || len(m.ID) > MaxID:
		return fmt.Errorf("put: an id has 1 to %d bytes, not %d", MaxID, len(m.ID))
	case len(m.Content) > MaxContent:
		return fmt.Errorf("put %q: content has up to %d bytes, not %d", m.ID, MaxContent, len(m.Content))
	case len(m.Embedding) != int(s.embedding):
		return fmt.Errorf("put %q: an embedding has %d values here, not %d", m.ID, s.embedding, len(m.Embedding))
	}
	return nil
}

// reserve takes n bytes of the content area. Its count never passes the area's
// end, so a full area stays as it is.
func (s *Store) reserve(t *visible.Thread, n uint64) (at uint64, ok bool) {
	for {
		at = s.contentEnd.Load(t, visible.Reserve)
		if n > s.geometry.content-at {
			return 0, false
		}
		if s.contentEnd.CompareAndSwap(t, visible.Reserve, at, at+n) {
			return at, true
		}
	}
}

// describe fills h.meta for m and returns the entry's checksum.
func (h *Handle) describe(m *Memory, at uint64) uint32 {
	d := metadata{
		confidence: m.Confidence, activation: m.Activation, decayRate: m.DecayRate, flags: m.Flags,
		created: m.Created, lastAccess: m.LastAccess, recalls: m.Recalls,
		idBytes: uint16(len(m.ID)), contentBytes: uint32(len(m.Content)), entryAt: at,
	}
	if m.Content == nil {
		d.contentBytes = noContent
	}
	d.put(&h.meta)
	return h.store.sum(stringBytes(m.ID), m.Content, floatBytes(m.Embedding), h.meta[:])
}

// writeBlock writes embedding, the padding behind it if any, and metadata.
func (s *Store) writeBlock(t *visible.Thread, at uint64, embedding, meta []byte) {
	s.lockBlocks(t)
	defer s.unlockBlocks(t)
	s.blocks.Write(t, visible.Block, at, embedding, s.padding(), meta)
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

// padding is zeros between the embedding and the metadata, on a cache line.
func (s *Store) padding() []byte {
	return zeros[:s.blockBytes()-metadataBytes-s.embeddingBytes()]
}

var zeros [cacheLine]byte

// PutSource is this file, as the binary was built from it.
//
//go:embed put.go
var PutSource string
