package visible

import "github.com/puzpuzpuz/xsync/v4"

// Map is an index from strings to numbers that threads share. Entries with
// different keys are independent of each other.
type Map struct {
	entries *xsync.Map[string, uint64]
	object  Object
}

// NewMap returns an empty map with room for hint entries before it grows.
func NewMap(o Object, hint int) *Map {
	return &Map{entries: xsync.NewMap[string, uint64](xsync.WithPresize(hint)), object: o}
}

// Load looks key up.
func (m *Map) Load(t *Thread, s Step, key string) (uint64, bool) {
	if t.Observer == nil {
		return m.entries.Load(key)
	}
	op := m.op(OpMapLoad, s, key)
	t.Observer.Point(t, op)
	v, ok := m.entries.Load(key)
	seen := v
	if !ok {
		seen = Missing
	}
	t.Observer.Done(t, op, seen)
	return v, ok
}

// Store enters key, replacing what was there.
func (m *Map) Store(t *Thread, s Step, key string, v uint64) {
	if t.Observer == nil {
		m.entries.Store(key, v)
		return
	}
	op := m.op(OpMapStore, s, key)
	t.Observer.Point(t, op)
	m.entries.Store(key, v)
	t.Observer.Done(t, op, v)
}

// Len is the number of entries, unseen by observers.
func (m *Map) Len() int { return m.entries.Size() }

// Clear empties the map, while no thread runs.
func (m *Map) Clear() { m.entries.Clear() }

func (m *Map) op(k Kind, s Step, key string) Op {
	h := hash(key)
	return Op{Kind: k, Step: s, Object: m.object, Low: h, High: h + 1}
}

// hash is FNV-1a, 64 bits: the same in every process, so that a recorded
// execution names the same entries when it is replayed.
func hash(key string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(key); i++ {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	return h
}
