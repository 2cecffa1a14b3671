package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"slotrace/engine/alloc"
	"slotrace/engine/area"
	"slotrace/engine/bulk"
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
	Allocator string // a name of alloc.Kinds or alloc.Bounded; "" = fetch-add
	Area      string // a name of area.Kinds; "" = bump. A store that is opened later has that
	Publish   string // IndexBeforeCopy, or "" = CopyBeforeIndex. A store that is opened later has that
	Locks     string // coarse locks as Disciplines names them; "" = none. A store that is opened later has none
	Replace   bool   // Create may overwrite a store that is there (never foreign files)
}

// Checksum is what an entry's CRC-32C covers.
type Checksum uint32

// The checksum modes.
const (
	WholeEntry Checksum = iota
	// ContentOnly is metadata, id and content, not the embedding: about 150 ns less a
	// put. An embedding that is damaged, or half written when the power went, is not
	// found out then.
	ContentOnly
)

func (o Options) geometry() (geometry, error) {
	if o.Embedding == 0 {
		o.Embedding = 768
	}
	if o.Content == 0 {
		o.Content = o.Capacity * 256
	}
	g := geometry{o.Embedding, o.Capacity, o.Content, o.Checksum}
	return g, errors.Join(g.check(), known(o.Allocator), o.seams())
}

// Store is an open store. Its methods may be called by any goroutine.
type Store struct {
	shape      geometry // as it was opened: embedding and checksum stay so, a generation has the rest
	folder     *folder  // nil on the heap
	kind       *alloc.Kind
	allocator  alloc.Allocator
	shared     alloc.Shared
	area       *area.Kind     // nil = bump
	indexFirst bool           // puts publish an entry before they copy it
	coarse     *coarse        // nil = no locks but those that there are anyway
	blocksLock *visible.Mutex // not nil if the allocator's kind locks blocks
	index      *index.Map
	ids        []visible.Mutex // of ids that are replaced or deleted, by hash
	free       freeList
	damaged    atomic.Uint64 // entries that were found damaged when the store was opened

	current *visible.Pointer[generation] // nil when closed
	whole   *visible.Mutex               // of who works on the whole store
	doors   atomic.Pointer[[]*door]      // of all handles; replaced by who has whole
	old     []*generation                // that were the store's, and are perhaps looked at; guarded by whole

	asking sync.Mutex // guards own
	own    *Handle    // for whoever asks about the store as a whole
}

// Errors of Create, and of a full store.
var (
	ErrExists      = errors.New("a store is there already, which Replace would overwrite")
	ErrFull        = errors.New("the store is full")
	ErrContentFull = fmt.Errorf("%w: no room for the content", ErrFull)
)

// New makes a store on the heap, for tests under the race detector and for
// platforms without files.
func New(o Options) (*Store, error) {
	g, err := o.geometry()
	var m *mapping.Mapping
	if err == nil {
		m, err = onHeap(g)
	}
	var s *Store
	if err == nil {
		s, err = attach(nil, format(m, g, "", 1), o.Allocator)
	}
	if err == nil {
		s.choose(o)
	}
	if err != nil {
		return nil, fmt.Errorf("new store: %w", err)
	}
	return s, nil
}

func onHeap(g geometry) (*mapping.Mapping, error) {
	if n := g.fileBytes(); n > 1<<40 || n > math.MaxInt-cacheLine {
		return nil, fmt.Errorf("%d bytes do not belong on the heap", n)
	}
	return mapping.Heap(int(g.fileBytes())), nil
}

// format makes an empty generation of zeroed memory.
func format(m *mapping.Mapping, g geometry, path string, number uint64) *generation {
	g.putHeader(m.Bytes(), time.Now().UnixNano())
	n := adopt(m, g, path)
	n.setNumber(number)
	return n
}

// attach makes a store of its newest generation.
func attach(f *folder, g *generation, allocator string) (*Store, error) {
	count := g.count()
	s := &Store{
		shape:   g.geometry,
		folder:  f,
		shared:  alloc.Shared{Count: &count, Lock: visible.NewMutex(ObjectLock, 0), Capacity: g.capacity},
		index:   index.New(ObjectIndex, int(min(g.capacity, 1<<20))),
		ids:     make([]visible.Mutex, idLocks),
		current: visible.NewPointer(ObjectCurrent, g),
		whole:   visible.NewMutex(ObjectWhole, 0),
	}
	for i := range s.ids {
		s.ids[i].Init(ObjectIDs, uint64(i))
	}
	s.free = freeList{lock: visible.NewMutex(ObjectFreeList, 0), doors: &s.doors}
	s.doors.Store(new([]*door))
	if err := s.setAllocator(allocator); err != nil {
		return nil, errors.Join(err, g.close())
	}
	s.own = s.handle(-1, nil, true)
	return s, nil
}

// idLocks is how many locks there are for ids. An id that is not there yet needs none. Which
// one is an id's is the same in every process, as is what a schedule stops at.
const idLocks = 64

func (s *Store) idLock(id string) *visible.Mutex { return &s.ids[bulk.Sum(0, stringBytes(id))%idLocks] }

// SetAllocator changes the way slots are taken, between two puts.
func (s *Store) SetAllocator(name string) error {
	return s.alone(func(*generation) error { return s.setAllocator(name) })
}

func (s *Store) setAllocator(name string) error {
	if err := known(name); err != nil {
		return err
	}
	if name == "" {
		name = "fetch-add"
	}
	s.kind = alloc.Find(name)
	s.allocator = s.kind.New(s.shared)
	s.blocksLock = nil
	if s.kind.Locks {
		s.blocksLock = visible.NewMutex(ObjectBlocksLock, 0)
	}
	return nil
}

// longestNap is how long lockWithin looks away from a lock that is held for long.
const longestNap = time.Millisecond

// lockWithin takes a lock, or gives up with ctx's error when ctx ends first.
func lockWithin(ctx context.Context, m *visible.Mutex, t *visible.Thread) error {
	if ctx.Done() == nil {
		m.Lock(t, visible.Stop)
		return nil
	}
	for nap := time.Microsecond; !m.TryLock(t, visible.Stop); nap = min(2*nap, longestNap) {
		timer := time.NewTimer(nap)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
	}
	return nil
}

func known(allocator string) error {
	if allocator != "" && alloc.Find(allocator) == nil {
		return fmt.Errorf("there is no allocator %.40q; there are %s", allocator, strings.Join(alloc.Names(), ", "))
	}
	return nil
}

// seams says whether there are the ways that the options name in which a store can do
// things wrong, or otherwise than it does.
func (o *Options) seams() error {
	if o.Area != "" && area.Find(o.Area) == nil {
		return fmt.Errorf("there is no content area %q", o.Area)
	}
	if o.Publish != "" && o.Publish != CopyBeforeIndex && o.Publish != IndexBeforeCopy {
		return fmt.Errorf("there is no order of a put %q", o.Publish)
	}
	if o.Locks != "" && findDiscipline(o.Locks) == nil {
		return fmt.Errorf("there are no locks %q", o.Locks)
	}
	return nil
}

// choose has a new store do things as the options say.
func (s *Store) choose(o Options) {
	s.indexFirst = o.Publish == IndexBeforeCopy
	if d := findDiscipline(o.Locks); d != nil {
		s.coarse = newCoarse(d)
	}
	if o.Area != "bump" {
		s.area = area.Find(o.Area)
	}
	s.current.Peek().setArea(s.area)
}

// stop keeps handles from changing the store, until resume; with whole they do not
// read it, either. Who calls has the lock of the whole store. ctx bounds the wait; when it
// ends first nobody is kept out.
func (s *Store) stop(ctx context.Context, t *visible.Thread, whole bool) (resume func(), err error) {
	doors := *s.doors.Load()
	taken := make([]*visible.Mutex, 0, 2*len(doors))
	resume = func() {
		for _, m := range slices.Backward(taken) {
			m.Unlock(t, visible.Resume)
		}
	}
	for _, d := range doors {
		locks := []*visible.Mutex{&d.writing}
		if whole {
			locks = append(locks, &d.reading)
		}
		for _, m := range locks {
			if err := lockWithin(ctx, m, t); err != nil {
				resume()
				return nil, err
			}
			taken = append(taken, m)
		}
	}
	return resume, nil
}

// alone has do done while no handle is in the store.
func (s *Store) alone(do func(g *generation) error) (err error) {
	t := &visible.Thread{}
	s.whole.Lock(t, visible.Stop)
	defer s.whole.Unlock(t, visible.Resume)
	resume, _ := s.stop(context.Background(), t, true)
	defer resume()
	g := s.current.Peek()
	if g == nil {
		return ErrClosed
	}
	defer onFault(func(any) { err = fmt.Errorf("%s: %w", g.name(), ErrTruncated) }, g)()
	return do(g)
}

// Reset empties the store: blocks of the generation before count no longer.
func (s *Store) Reset() error {
	return s.alone(func(g *generation) error {
		n, wrapped := g.nextNumber()
		if wrapped || s.damaged.Load() > 0 { // commit words' generations begin anew, or some are of none: forget them all
			g.empty()
		}
		s.damaged.Store(0)
		g.setNumber(n)
		s.forget(g)
		return nil
	})
}

// forget is about all that there is of entries but the blocks.
func (s *Store) forget(g *generation) {
	s.shared.Count.Poke(0)
	g.contentEnd.Poke(0)
	s.free.reset(nil)
	s.index.Clear()
}

// Rewind makes a store on the heap as it was when it was new, to the last byte, so that
// what threads do then is done in the same way as the first time. It clears all of the
// store's memory: Reset is for others.
func (s *Store) Rewind() error {
	return s.alone(func(g *generation) error {
		if s.folder != nil {
			return errors.New("rewind: the store has a file") // in which an entry of long ago could come to count again
		}
		clear(g.mapping.Bytes()[headerBytes:])
		g.setNumber(1)
		s.forget(g)
		return nil
	})
}

// Stats is a store in numbers. While handles are in use they are of slightly
// different instants.
type Stats struct {
	Capacity     uint64 // slots
	Count        uint64 // the count that allocators work on; a buggy one lets it leave the slots behind
	Entries      int    // ids in the index
	Damaged      uint64 // entries that were found damaged when the store was opened
	Content      uint64 // bytes of the content area
	ContentTaken uint64 // of these, how many were given out. Compact takes back what nothing needs any more
	FileBytes    uint64
	BlockBytes   uint64
}

// Stats may be called at any time. A store that is closed, or whose file was cut, has
// none.
func (s *Store) Stats() (st Stats) {
	s.asking.Lock()
	defer s.asking.Unlock()
	s.own.ask(func(g *generation) error {
		count := g.count()
		st = Stats{g.capacity, count.Peek(), s.index.Len(), s.damaged.Load(), g.geometry.content, g.contentEnd.Peek(), g.fileBytes(), g.blockBytes()}
		return nil
	})
	return st
}

// ask has do look at the store from inside.
func (h *Handle) ask(do func(g *generation) error) (err error) {
	defer h.leave(&err)
	g, err := h.enter(&h.door.reading)
	if err != nil {
		return err
	}
	return do(g)
}

// BlockSlot says which slot's block an operation reads or writes, if it does.
func (s *Store) BlockSlot(op visible.Op) (slot uint64, ok bool) {
	return op.Low / s.shape.blockBytes(), op.Object == ObjectBlocks
}

// Sync returns when all puts and deletes that have returned would survive the loss
// of power. A file that was cut short meanwhile is ErrTruncated.
func (s *Store) Sync() (err error) {
	h := s.handle(-2, nil, true)
	defer h.Close()
	return h.ask(func(g *generation) error {
		return errors.Join(g.sync(), s.folder.sync())
	})
}

// Close waits until every handle is outside, and closes the store: what handles are
// asked then is answered with ErrClosed. A second Close does nothing. A file that was cut
// short meanwhile is ErrTruncated, and closed all the same.
func (s *Store) Close() error {
	err := s.alone(func(g *generation) error {
		s.current.Store(&visible.Thread{}, visible.Switch, nil)
		err := errors.Join(g.uncut(), g.close())
		for _, o := range s.old {
			err = errors.Join(err, s.folder.discard(o))
		}
		s.old = nil
		return errors.Join(err, s.folder.close())
	})
	if errors.Is(err, ErrClosed) {
		return nil
	}
	return err
}
