package engine

import (
	"errors"
	"fmt"

	"slotrace/engine/visible"
)

// ErrNotFound says that no entry has the id.
var ErrNotFound = errors.New("no such memory")

// ClobberedError says that the slot of an id holds another entry: two puts got
// one slot, and the other's came last.
type ClobberedError struct {
	ID    string // that was asked for
	Found string // that its slot holds
	Slot  uint64
}

func (e *ClobberedError) Error() string {
	return fmt.Sprintf("memory %q: its slot %d holds %q", e.ID, e.Slot, e.Found)
}

// Is makes errors.Is(err, ErrClobbered) true.
func (e *ClobberedError) Is(target error) bool { return target == ErrClobbered }

// ErrClobbered is what every *ClobberedError is.
var ErrClobbered = errors.New("the slot holds another memory")

// Get returns the memory under id. With ErrClobbered it returns the memory that
// it found instead of the one that was asked for.
func (h *Handle) Get(id string) (Memory, error) {
	return h.GetInto(id, make([]float32, h.store.embedding), nil)
}

// GetInto is Get into the caller's memory: embedding has as many values as the
// store's, and the content is appended to buffer. It allocates nothing if buffer
// has the room (but for the ID of a clobbered memory).
func (h *Handle) GetInto(id string, embedding []float32, buffer []byte) (Memory, error) {
	s := h.store
	if len(embedding) != int(s.embedding) {
		return Memory{}, fmt.Errorf("get %q: an embedding has %d values here, not %d", id, s.embedding, len(embedding))
	}
	slot, ok := s.index.Load(&h.thread, visible.Find, id)
	if !ok {
		return Memory{}, fmt.Errorf("get %q: %w", id, ErrNotFound)
	}
	e, err := h.readAs(id, slot, embedding, buffer)
	if err != nil {
		return Memory{}, fmt.Errorf("get %q: slot %d: %w", id, slot, err)
	}
	if e.memory.ID != id {
		return e.memory, &ClobberedError{ID: id, Found: e.memory.ID, Slot: slot}
	}
	return e.memory, nil
}

// entry is what was found in a slot.
type entry struct {
	memory Memory
	intact bool   // the checksum is right
	end    uint64 // of its bytes in the content area
}

// read reads the entry in a slot, whoever's it is, and checks its checksum.
func (h *Handle) read(slot uint64, embedding []float32, buffer []byte) (entry, error) {
	e, err := h.readAs("", slot, embedding, buffer)
	if err == nil {
		commit := h.store.commit(slot)
		sum := h.store.sum(stringBytes(e.memory.ID), e.memory.Content, floatBytes(embedding), h.meta[:])
		e.intact = commitWord(commit.Peek()).checksum() == sum
	}
	return e, err
}

// readAs reads the entry in a slot. If its id is id it takes that string for it,
// and so allocates none.
func (h *Handle) readAs(id string, slot uint64, embedding []float32, buffer []byte) (entry, error) {
	s, t := h.store, &h.thread
	commit := s.commit(slot)
	if !commitWord(commit.Load(t, visible.Fetch)).liveIn(s.generation) {
		return entry{}, fmt.Errorf("%w: it is not committed", ErrDamaged)
	}
	var padding [cacheLine]byte
	s.lockBlocks(t)
	s.blocks.Read(t, visible.Fetch, slot*s.blockBytes(), floatBytes(embedding), padding[:len(s.padding())], h.meta[:])
	s.unlockBlocks(t)
	var d metadata
	d.get(&h.meta)
	n := uint64(d.idBytes) + uint64(d.bytes())
	if d.idBytes == 0 || d.entryAt > s.content.Len() || n > s.content.Len()-d.entryAt {
		return entry{}, fmt.Errorf("%w: its content is said to lie at %d, %d bytes long", ErrDamaged, d.entryAt, n)
	}
	start := len(buffer)
	buffer = append(buffer, make([]byte, n)...)
	s.content.Read(t, visible.Fetch, d.entryAt, buffer[start:])
	found := buffer[start : start+int(d.idBytes)]
	if string(found) != id {
		id = string(found)
	}
	m := Memory{
		ID: id, Embedding: embedding, Confidence: d.confidence, Activation: d.activation, DecayRate: d.decayRate,
		Flags: d.flags, Created: d.created, LastAccess: d.lastAccess, Recalls: d.recalls,
	}
	if d.contentBytes != noContent {
		m.Content = buffer[start+int(d.idBytes):]
	}
	return entry{memory: m, end: d.entryAt + n}, nil
}
