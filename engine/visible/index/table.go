package index

import (
	"hash/maphash"
	"iter"
	"math/bits"
	"sync"
	"sync/atomic"
)

// Table is a hash table from strings to numbers that threads share, the index
// without observers. Who reads takes no lock and waits for nobody, who writes takes
// the lock of one of its segments; neither allocates, but for a segment that is new
// or full of entries, deleted ones included.
//
// Entries lie in the table itself, so that one cache line is what finding one mostly
// costs. That can be read without a lock since a cell belongs to its key for good:
// deleting only says so in its value, and the key, if it comes back, finds it again.
// A segment that is full is written anew without what was deleted. Who still reads
// the one before sees what was there at that moment.
type Table struct {
	least    int // cells of a segment
	segments [segments]segment
}

const (
	segments   = 64
	leastCells = 8
)

// segment is a part of the table, a cache line of its own.
type segment struct {
	cells atomic.Pointer[[]cell] // a power of two, of which some are empty; nil while there is none
	mu    sync.Mutex             // of who changes anything here
	used  int                    // cells
	live  int                    // of these, how many hold an entry
	_     [32]byte
}

// cell is a place for an entry. Its hash is written last: before, it is empty.
type cell struct {
	hash  uint64 // of the key, never 0; 0 = empty
	key   string
	value uint64 // deleted if it is that
}

const deleted = ^uint64(0) // so no entry's value is this one

// NewTable returns an empty table with room for hint entries before anything is
// written anew.
func NewTable(hint int) *Table {
	t := new(Table)
	t.init(hint)
	return t
}

func (t *Table) init(hint int) { t.least = roomFor(hint / segments) }

// roomFor is how many cells n entries are given: half of them stay empty.
func roomFor(n int) int { return max(leastCells, 1<<bits.Len(uint(2*n))) }

// Hash tells keys apart by a number that is never 0, nor so large that there is none above
// it. In another process it is another.
func Hash(key string) uint64 { return maphash.String(seed, key)&^(1<<63) | 1<<62 }

// hashed is the hash of key: h, unless that is unhashed.
func hashed(h uint64, key string) uint64 {
	if h == unhashed {
		return Hash(key)
	}
	return h
}

const unhashed = 0

// seed is the process's: the same entries of two tables have the same hash, so that an
// observer takes them for the same, and nobody outside knows keys that hash alike.
var seed = maphash.MakeSeed()

// segment returns the one that keys of a hash belong to.
func (t *Table) segment(h uint64) *segment { return &t.segments[h%segments] }

// look returns the key's cell, or the empty one where its search ended.
func look(cells []cell, h uint64, key string) (c *cell, there bool) {
	for i := h / segments; ; i++ {
		c = &cells[i&uint64(len(cells)-1)]
		switch atomic.LoadUint64(&c.hash) {
		case 0:
			return c, false
		case h:
			if c.key == key {
				return c, true
			}
		}
	}
}

// Load looks key up.
func (t *Table) Load(key string) (v uint64, ok bool) { return t.load(unhashed, key) }

func (t *Table) load(h uint64, key string) (v uint64, ok bool) {
	h = hashed(h, key)
	cells := t.segment(h).cells.Load()
	if cells == nil {
		return 0, false
	}
	c, there := look(*cells, h, key)
	if !there {
		return 0, false
	}
	if v = atomic.LoadUint64(&c.value); v == deleted {
		return 0, false
	}
	return v, true
}

// Store enters key, replacing what was there.
func (t *Table) Store(key string, v uint64) { t.enter(unhashed, key, v, true) }

// Insert enters key with v unless it is there; then it says what it has.
func (t *Table) Insert(key string, v uint64) (has uint64, there bool) {
	return t.enter(unhashed, key, v, false)
}

// enter enters key, whose hash is h or still unhashed, with v, or if it is there with replace gives it v, and returns
// what it has then.
func (t *Table) enter(h uint64, key string, v uint64, replace bool) (has uint64, there bool) {
	h = hashed(h, key)
	s := t.segment(h)
	s.mu.Lock()
	cells := s.cells.Load()
	if cells == nil || s.used >= len(*cells)/4*3 {
		cells = s.renew(t.least)
	}
	c, known := look(*cells, h, key)
	switch {
	case !known:
		c.key, c.value = key, v
		atomic.StoreUint64(&c.hash, h)
		s.used++
		s.live++
	case c.value == deleted:
		atomic.StoreUint64(&c.value, v)
		s.live++
	case replace:
		atomic.StoreUint64(&c.value, v)
		there = true
	default:
		v, there = c.value, true
	}
	s.mu.Unlock()
	return v, there
}

// Delete takes key out, and says what it had if it was there.
func (t *Table) Delete(key string) (had uint64, ok bool) { return t.delete(unhashed, key) }

func (t *Table) delete(h uint64, key string) (had uint64, ok bool) {
	h = hashed(h, key)
	s := t.segment(h)
	s.mu.Lock()
	defer s.mu.Unlock()
	cells := s.cells.Load()
	if cells == nil {
		return 0, false
	}
	c, there := look(*cells, h, key)
	if !there || c.value == deleted {
		return 0, false
	}
	had = c.value
	atomic.StoreUint64(&c.value, deleted)
	s.live--
	return had, true
}

// renew writes a segment anew, with room for one more entry and without what was
// deleted. Who calls has its lock.
func (s *segment) renew(least int) *[]cell {
	next := make([]cell, max(least, roomFor(s.live+1)))
	if old := s.cells.Load(); old != nil {
		for _, from := range *old {
			if from.hash != 0 && from.value != deleted {
				to, _ := look(next, from.hash, from.key)
				*to = from
			}
		}
	}
	s.used = s.live
	s.cells.Store(&next)
	return &next
}

// All is every entry, in no order; what is entered and deleted meanwhile is in it or
// is not.
func (t *Table) All() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for i := range t.segments {
			cells := t.segments[i].cells.Load()
			if cells == nil {
				continue
			}
			for k := range *cells {
				c := &(*cells)[k]
				if atomic.LoadUint64(&c.hash) == 0 {
					continue
				}
				if v := atomic.LoadUint64(&c.value); v != deleted && !yield(c.key, v) {
					return
				}
			}
		}
	}
}

// Len is the number of entries.
func (t *Table) Len() (n int) {
	for i := range t.segments {
		s := &t.segments[i]
		s.mu.Lock()
		n += s.live
		s.mu.Unlock()
	}
	return n
}

// Clear empties the table, while nobody else uses it.
func (t *Table) Clear() {
	for i := range t.segments {
		s := &t.segments[i]
		s.used, s.live = 0, 0
		if cells := s.cells.Load(); cells != nil && len(*cells) == t.least {
			clear(*cells) // memory that was used before is quicker than other
		} else {
			s.cells.Store(nil)
		}
	}
}
