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
	return h.GetInto(id, make([]float32, h.store.shape.embedding), nil)
}

// GetInto is Get into the caller's memory: embedding has as many values as the
// store's, and the content is appended to buffer. It allocates nothing if buffer
// has the room for id and content (but for the ID of a clobbered memory).
func (h *Handle) GetInto(id string, embedding []float32, buffer []byte) (m Memory, err error) {
	if len(embedding) != int(h.store.shape.embedding) {
		return Memory{}, fmt.Errorf("get %q: an embedding has %d values here, not %d", id, h.store.shape.embedding, len(embedding))
	}
	g, err := h.enter(&h.door.reading)
	if err != nil {
		return Memory{}, err
	}
	defer h.leave(&err)
	g, slot, err := h.find(g, id)
	if err != nil {
		return Memory{}, err
	}
	h.store.lockBlocks(&h.thread)
	var padding [cacheLine]byte
	g.blocks.Read(&h.thread, visible.Fetch, slot*g.blockBytes(), floatBytes(embedding), padding[:len(g.padding())], h.meta[:])
	h.store.unlockBlocks(&h.thread)
	d, err := g.describes(&h.meta, slot)
	if err != nil {
		return Memory{}, fmt.Errorf("get %q: %w", id, err)
	}
	start := len(buffer)
	if need := start + int(d.bytes()); need <= cap(buffer) {
		buffer = buffer[:need]
	} else {
		buffer = append(buffer, make([]byte, d.bytes())...)
	}
	g.content.Read(&h.thread, visible.Fetch, d.entryAt, buffer[start:])
	return d.memory(id, slot, embedding, buffer[start:])
}

// View has fn see the memory under id where it lies in the file: nothing is copied,
// nothing allocated. fn must neither write to the memory nor keep any of it, ID
// apart, and must not use the store: a compaction, a Close, and puts that wait for
// freed slots wait until fn returns. Its error is View's.
func (h *Handle) View(id string, fn func(Memory) error) (err error) {
	g, err := h.enter(&h.door.reading)
	if err != nil {
		return err
	}
	defer h.leave(&err)
	g, slot, err := h.find(g, id)
	if err != nil {
		return err
	}
	if lock := h.store.blocksLock; lock != nil {
		lock.Lock(&h.thread, visible.EnterBlock)
		defer lock.Unlock(&h.thread, visible.LeaveBlock)
	}
	m, err := h.look(g, id, slot)
	if err != nil {
		return err
	}
	return fn(m)
}

// look is the entry in the slot where it lies in the file.
func (h *Handle) look(g *generation, id string, slot uint64) (Memory, error) {
	block := g.blocks.View(&h.thread, visible.Fetch, slot*g.blockBytes(), g.blockBytes())
	d, err := g.describes((*[metadataBytes - commitBytes]byte)(block[g.blockBytes()-metadataBytes:]), slot)
	if err != nil {
		return Memory{}, fmt.Errorf("view %q: %w", id, err)
	}
	return d.memory(id, slot, asFloats(block[:g.embeddingBytes()]), g.content.View(&h.thread, visible.Fetch, d.entryAt, d.bytes()))
}

// find returns the slot of an id, committed as of then, and the generation that it
// is a slot of. An entry that is replaced meanwhile is looked for again; one that is
// being deleted is not there.
func (h *Handle) find(g *generation, id string) (*generation, uint64, error) {
	s, t := h.store, &h.thread
	for last := visible.Missing; ; {
		slot, ok := s.index.Load(t, visible.Find, id)
		if now := s.current.Load(t, visible.Pin); now != g { // the index may be ahead of g
			g, h.pinned = now, now
			last = visible.Missing
			continue
		}
		if !ok {
			return g, 0, fmt.Errorf("get %q: %w", id, ErrNotFound)
		}
		word := g.commit(slot)
		w := commitWord(word.Load(t, visible.Fetch))
		if w.liveIn(g.number) {
			return g, slot, nil
		}
		if slot == last {
			if w != slotEmpty {
				return g, 0, fmt.Errorf("get %q: slot %d: %w: its commit word is %#x", id, slot, ErrDamaged, uint64(w))
			}
			return g, 0, fmt.Errorf("get %q: %w", id, ErrNotFound)
		}
		last = slot
	}
}

// describes reads the metadata of the entry in a slot, and checks that its bytes lie
// in the content area.
func (g *generation) describes(meta *[metadataBytes - commitBytes]byte, slot uint64) (d metadata, err error) {
	d.get(meta)
	if d.idBytes == 0 || d.entryAt > g.geometry.content || d.bytes() > g.geometry.content-d.entryAt {
		return d, fmt.Errorf("slot %d: %w: its id and content are said to lie at %d, %d bytes long", slot, ErrDamaged, d.entryAt, d.bytes())
	}
	return d, nil
}

// memory puts an entry together from its parts, entry being the bytes of its id and
// content. It takes id for its own if they are equal, and so allocates none.
func (d *metadata) memory(id string, slot uint64, embedding []float32, entry []byte) (Memory, error) {
	m := Memory{
		ID: id, Embedding: embedding, Confidence: d.confidence, Activation: d.activation, DecayRate: d.decayRate,
		Flags: d.flags, Created: d.created, LastAccess: d.lastAccess, Recalls: d.recalls,
	}
	if d.contentBytes != noContent {
		m.Content = entry[d.idBytes:]
	}
	if found := entry[:d.idBytes]; string(found) != id {
		m.ID = string(found)
		return m, &ClobberedError{ID: id, Found: m.ID, Slot: slot}
	}
	return m, nil
}
