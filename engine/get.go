package engine

import (
	_ "embed"
	"errors"
	"fmt"
	"math"

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
	if err := h.ready(); err != nil {
		return Memory{}, err
	}
	defer h.leave(&err)
	g, err := h.enter(&h.door.reading)
	if err != nil {
		return Memory{}, err
	}
	g, slot, err := h.find(g, id) // find: which slot does the id lead to, and does its block count?
	if err != nil {
		return Memory{}, fmt.Errorf("get %q: %w", id, err)
	}
	h.store.lockBlocks(&h.thread)
	var padding [cacheLine]byte // a damaged one is not to get into h.tail
	// fetch: the block, and then its content
	g.blocks.Read(&h.thread, visible.Fetch, slot*g.blockBytes(), floatBytes(embedding), padding[:g.paddingBytes()], h.meta()[:])
	h.store.unlockBlocks(&h.thread)
	p, err := g.place(h.meta(), slot)
	if err != nil {
		return Memory{}, fmt.Errorf("get %q: %w", id, err)
	}
	start := len(buffer)
	if need := start + int(p.bytes); need <= cap(buffer) {
		buffer = buffer[:need]
	} else {
		buffer = append(buffer, make([]byte, p.bytes)...)
	}
	g.content.Read(&h.thread, visible.Fetch, p.at, buffer[start:])
	m.Embedding = embedding
	return m, m.fill(id, slot, h.meta(), p, buffer[start:])
}

// View has fn see the memory under id where it lies in the file: nothing is copied,
// nothing allocated. fn must neither write to the memory nor keep any of it, ID
// apart, and must not use the store: a compaction and a Close wait until fn returns,
// and slots freed meanwhile are not used anew before. Its error is View's.
func (h *Handle) View(id string, fn func(*Memory) error) (err error) {
	if err := h.ready(); err != nil {
		return err
	}
	defer h.leave(&err)
	g, err := h.enter(&h.door.reading)
	if err != nil {
		return err
	}
	g, slot, err := h.find(g, id)
	if err != nil {
		return fmt.Errorf("view %q: %w", id, err)
	}
	if lock := h.store.blocksLock; lock != nil {
		lock.Lock(&h.thread, visible.EnterBlock)
		defer lock.Unlock(&h.thread, visible.LeaveBlock)
	}
	if err := h.look(g, id, slot); err != nil {
		return fmt.Errorf("view: %w", err)
	}
	return fn(&h.seen)
}

// look makes h.seen the entry in the slot, where it lies in the file.
func (h *Handle) look(g *generation, id string, slot uint64) error {
	block := g.blocks.View(&h.thread, visible.Fetch, slot*g.blockBytes(), g.blockBytes())
	meta := (*[metadataBytes - commitBytes]byte)(block[g.blockBytes()-metadataBytes:])
	p, err := g.place(meta, slot)
	if err != nil {
		return fmt.Errorf("%q: %w", id, err)
	}
	h.seen.Embedding = asFloats(block[:g.embeddingBytes()])
	return h.seen.fill(id, slot, meta, p, g.content.View(&h.thread, visible.Fetch, p.at, p.bytes))
}

// find returns the slot of an id, committed as of then, and the generation that it
// is a slot of. An entry that is replaced meanwhile is looked for again; one that is
// being deleted is not there.
func (h *Handle) find(g *generation, id string) (*generation, uint64, error) {
	s, t := h.store, &h.thread
	for last := visible.Missing; ; {
		slot, ok := s.index.Load(t, visible.Find, id)
		now := s.current.Peek() // what Load would do, without a call
		if t.Watched(visible.Pin) {
			now = s.current.Load(t, visible.Pin)
		}
		if now != g { // the index may be ahead of g
			g, h.pinned = now, now
			last = visible.Missing
			continue
		}
		if !ok {
			return g, 0, ErrNotFound
		}
		word := g.commit(slot)
		w := commitWord(word.Load(t, visible.Fetch))
		if w.liveIn(g.number) {
			return g, slot, nil
		}
		if slot == last {
			if w != slotEmpty {
				return g, 0, fmt.Errorf("slot %d: %w: its commit word is %#x", slot, ErrDamaged, uint64(w))
			}
			return g, 0, ErrNotFound
		}
		last = slot
	}
}

// place is where the bytes of an entry's id and content lie in the content area.
type place struct {
	at, bytes uint64
	id        uint64 // of these, how many are the id's
	none      bool   // there is no content, which differs from empty
}

// place reads where an entry's bytes lie from the metadata in its slot, and checks
// that this is in the content area.
func (g *generation) place(meta *[metadataBytes - commitBytes]byte, slot uint64) (p place, err error) {
	p.at, p.id = le.Uint64(meta[entryAt:]), uint64(le.Uint16(meta[14:]))
	p.bytes = p.id
	if n := le.Uint32(meta[36:]); n != noContent {
		p.bytes += uint64(n)
	} else {
		p.none = true
	}
	if p.id == 0 || p.at > g.geometry.content || p.bytes > g.geometry.content-p.at {
		return p, fmt.Errorf("slot %d: %w: its id and content are said to lie at %d, %d bytes long", slot, ErrDamaged, p.at, p.bytes)
	}
	return p, nil
}

// fill makes a memory of an entry's metadata, and of the bytes of its id and content.
// It takes id for its own if they are equal, and so allocates none.
func (m *Memory) fill(id string, slot uint64, meta *[metadataBytes - commitBytes]byte, p place, entry []byte) error {
	m.Confidence = math.Float32frombits(le.Uint32(meta[0:]))
	m.Activation = math.Float32frombits(le.Uint32(meta[4:]))
	m.DecayRate = math.Float32frombits(le.Uint32(meta[8:]))
	m.Flags = le.Uint16(meta[12:])
	m.Created = int64(le.Uint64(meta[16:]))
	m.LastAccess = int64(le.Uint64(meta[24:]))
	m.Recalls = le.Uint32(meta[32:])
	m.Content = entry[p.id:]
	if p.none {
		m.Content = nil
	}
	m.ID = id
	if found := entry[:p.id]; string(found) != id {
		m.ID = string(found)
		return &ClobberedError{ID: id, Found: m.ID, Slot: slot}
	}
	return nil
}

// GetSource is this file, as the binary was built from it.
//
//go:embed get.go
var GetSource string
