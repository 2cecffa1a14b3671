// Package engine is the memory store: fixed-size blocks and their content in a
// mapped file, an index from ids to slots, and writers that take slots through an
// allocator (package alloc). With an allocator that holds it keeps what it was
// given; with one that breaks it loses data the way the original did. The code is
// the same but for those few lines.
//
// A Store belongs to a process; a Handle to a goroutine. Everything that threads
// share goes through package visible, so a Handle's Observer sees every step.
package engine

import (
	"errors"
	"fmt"
	"time"

	"slotrace/engine/alloc"
	"slotrace/engine/mapping"
	"slotrace/engine/visible"
	"slotrace/engine/visible/index"
)

// Options is how a new store is laid out.
type Options struct {
	Capacity  uint64 // slots, at least 1
	Embedding uint32 // float32 values in each, at least 1; 0 = 768
	Content   uint64 // bytes for ids and contents; 0 = 256 a slot
	Checksum  Checksum
	Allocator string // a name of alloc.Kinds; "" = fetch-add
	Replace   bool   // Create may overwrite a store that is there (never a foreign file)
}

// Checksum is what an entry's CRC-32C covers.
type Checksum uint32

// The checksum modes.
const (
	WholeEntry  Checksum = iota
	ContentOnly          // metadata, id and content, not the embedding: about 150 ns less a put
)

func (o Options) geometry() (geometry, error) {
	if o.Embedding == 0 {
		o.Embedding = 768
	}
	if o.Content == 0 {
		o.Content = o.Capacity * 256
	}
	g := geometry{o.Embedding, o.Capacity, o.Content, o.Checksum}
	return g, g.check()
}

// Store is an open store. Its own methods are for one goroutine, while no handle
// is in use, but for Handle and Stats.
type Store struct {
	geometry
	mapping    *mapping.Mapping
	kind       *alloc.Kind
	allocator  alloc.Allocator
	shared     alloc.Shared
	blocks     visible.Bytes
	blocksLock *visible.Mutex // not nil if the allocator's kind locks blocks
	content    visible.Bytes
	contentEnd visible.Counter
	generation uint64
	index      *index.Map
}

// Errors of Create, and of a full store.
var (
	ErrExists      = errors.New("a store is there already")
	ErrFull        = errors.New("the store is full")
	ErrContentFull = fmt.Errorf("%w: no room for the content", ErrFull)
)

// Create makes a store in a new file at path and opens it. All of its disk space
// is taken at once: a disk that is too small is an error here, never later.
func Create(path string, o Options) (*Store, error) {
	g, err := o.geometry()
	if err != nil {
		return nil, fmt.Errorf("create store %q: %w", path, err)
	}
	m, err := mapping.Create(path, int64(g.fileBytes()), func(head []byte) error {
		if _, err := readHeader(head); errors.Is(err, ErrForeign) {
			return err
		}
		if !o.Replace {
			return ErrExists
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("create store: %w", err)
	}
	return format(m, g, o.Allocator)
}

// New makes a store on the heap, for tests under the race detector and for
// platforms without files.
func New(o Options) (*Store, error) {
	g, err := o.geometry()
	if err == nil && g.fileBytes() > 1<<40 {
		err = fmt.Errorf("%d bytes do not belong on the heap", g.fileBytes())
	}
	if err != nil {
		return nil, fmt.Errorf("new store: %w", err)
	}
	return format(mapping.Heap(int(g.fileBytes())), g, o.Allocator)
}

func format(m *mapping.Mapping, g geometry, allocator string) (*Store, error) {
	b := m.Bytes()
	g.putHeader(b, time.Now().UnixNano())
	*word(b, generationAt) = 1
	s, err := attach(m, g, allocator)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return s, nil
}

// Open opens the store at path and rebuilds its index from what was committed.
// allocator is as in Options.
func Open(path, allocator string) (*Store, error) {
	m, err := mapping.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s, err := openMapping(m, allocator)
	if err != nil {
		return nil, fmt.Errorf("open store %q: %w", path, errors.Join(err, m.Close()))
	}
	return s, nil
}

func openMapping(m *mapping.Mapping, allocator string) (*Store, error) {
	b := m.Bytes()
	g, err := readHeader(b[:min(len(b), headerBytes)])
	if err != nil {
		return nil, err
	}
	if g.fileBytes() != uint64(len(b)) {
		return nil, fmt.Errorf("%w: %d bytes where its header says %d", ErrDamaged, len(b), g.fileBytes())
	}
	s, err := attach(m, g, allocator)
	if err != nil {
		return nil, err
	}
	s.recover()
	return s, nil
}

func attach(m *mapping.Mapping, g geometry, allocator string) (*Store, error) {
	b := m.Bytes()
	count := visible.NewCounter(ObjectCount, 0, word(b, countAt))
	s := &Store{
		geometry:   g,
		mapping:    m,
		shared:     alloc.Shared{Count: &count, Lock: visible.NewMutex(ObjectLock)},
		blocks:     visible.NewBytes(ObjectBlocks, b[headerBytes:g.contentAt()]),
		content:    visible.NewBytes(ObjectContent, b[g.contentAt():]),
		contentEnd: visible.NewCounter(ObjectContentEnd, 0, word(b, contentEndAt)),
		generation: *word(b, generationAt),
		index:      index.New(ObjectIndex, int(min(g.capacity, 1<<20))),
	}
	if allocator == "" {
		allocator = "fetch-add"
	}
	return s, s.SetAllocator(allocator)
}

// SetAllocator changes the way slots are taken, while no put is under way.
func (s *Store) SetAllocator(name string) error {
	i := alloc.Index(name)
	if i < 0 {
		return fmt.Errorf("there is no allocator %q", name)
	}
	s.kind = &alloc.Kinds[i]
	s.allocator = s.kind.New(s.shared)
	s.blocksLock = nil
	if s.kind.Locks {
		s.blocksLock = visible.NewMutex(ObjectBlocksLock)
	}
	return nil
}

// Handle returns the door to the store for one goroutine. id names it in
// pictures; observer, which may be nil, sees its visible operations.
func (s *Store) Handle(id int, observer visible.Observer) *Handle {
	return &Handle{store: s, thread: visible.Thread{ID: id, Observer: observer}}
}

// Reset empties the store, while no handle is in use: blocks of the generation
// before count no longer.
func (s *Store) Reset() {
	s.generation++
	if s.generation&generationMask == 0 { // the commit words' generations wrap here: forget the old ones
		for slot := range s.capacity {
			word := s.commit(slot)
			word.Poke(uint64(slotEmpty))
		}
		s.generation++
	}
	*word(s.mapping.Bytes(), generationAt) = s.generation
	s.shared.Count.Poke(0)
	s.contentEnd.Poke(0)
	s.index.Clear()
}

// Stats is a store in numbers. While handles are in use they are of slightly
// different instants.
type Stats struct {
	Capacity   uint64 // slots
	Count      uint64 // the count that allocators work on; a buggy one lets it leave the slots behind
	Entries    int    // ids in the index
	FileBytes  uint64
	BlockBytes uint64
}

// Stats may be called at any time before Close.
func (s *Store) Stats() Stats {
	return Stats{s.capacity, s.shared.Count.Peek(), s.index.Len(), s.fileBytes(), s.blockBytes()}
}

// BlockSlot says which slot's block an operation reads or writes, if it does.
func (s *Store) BlockSlot(op visible.Op) (slot uint64, ok bool) {
	return op.Low / s.blockBytes(), op.Object == ObjectBlocks
}

// Sync returns when all puts that have returned would survive the loss of power.
func (s *Store) Sync() error { return s.mapping.Sync() }

// Close closes the store, while no handle is in use.
func (s *Store) Close() error { return s.mapping.Close() }

// commit is the slot's commit word.
func (s *Store) commit(slot uint64) visible.Counter {
	at := headerBytes + (slot+1)*s.blockBytes() - commitBytes
	return visible.NewCounter(ObjectCommit, slot, word(s.mapping.Bytes(), at))
}

// recover rebuilds the index, the count and the end of the content from the
// commit words; a block whose checksum is off was never committed whole, or was
// overwritten, and is left out.
func (s *Store) recover() {
	h := s.Handle(0, nil)
	embedding := make([]float32, s.embedding)
	var used, end uint64
	for slot := range s.capacity {
		e, err := h.read(slot, embedding, nil)
		if err != nil || !e.intact {
			continue
		}
		s.index.Store(&h.thread, visible.Index, e.memory.ID, slot)
		used = slot + 1
		end = max(end, e.end)
	}
	s.shared.Count.Poke(used)
	s.contentEnd.Poke(end)
}
