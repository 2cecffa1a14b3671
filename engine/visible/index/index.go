// Package index is visible map entries: an index from strings to numbers that
// threads share. It is apart from package visible so that who only needs the names
// of operations, as the page does, is not given a hash map.
package index

import "slotrace/engine/visible"

// Map is the index. Entries with different keys are independent of each other.
type Map struct {
	entries Table
	object  visible.Object
}

// New returns an empty index with room for hint entries before it grows.
func New(o visible.Object, hint int) *Map {
	m := &Map{object: o}
	m.entries.init(hint)
	return m
}

// Load looks key up.
func (m *Map) Load(t *visible.Thread, s visible.Step, key string) (uint64, bool) {
	if t.Watched(s) { // apart, so that what nobody watches is short
		return m.watchedLoad(t, s, key)
	}
	return m.entries.Load(key)
}

func (m *Map) watchedLoad(t *visible.Thread, s visible.Step, key string) (uint64, bool) {
	op := m.op(visible.OpMapLoad, s, key)
	t.Observer().Point(t, op)
	v, ok := m.entries.load(op.Low, key)
	t.Observer().Done(t, op, told(v, ok))
	return v, ok
}

// told is what an observer is told of an entry that may be missing.
func told(v uint64, there bool) uint64 {
	if !there {
		return visible.Missing
	}
	return v
}

// Store enters key, replacing what was there.
func (m *Map) Store(t *visible.Thread, s visible.Step, key string, v uint64) {
	if !t.Watched(s) {
		m.entries.Store(key, v)
		return
	}
	op := m.op(visible.OpMapStore, s, key)
	t.Observer().Point(t, op)
	m.entries.enter(op.Low, key, v, true)
	t.Observer().Done(t, op, v)
}

// Insert enters key with v unless it is there; then it says what it has.
func (m *Map) Insert(t *visible.Thread, s visible.Step, key string, v uint64) (has uint64, there bool) {
	if t.Watched(s) {
		return m.watchedInsert(t, s, key, v)
	}
	return m.entries.Insert(key, v)
}

func (m *Map) watchedInsert(t *visible.Thread, s visible.Step, key string, v uint64) (has uint64, there bool) {
	op := m.op(visible.OpMapInsert, s, key)
	t.Observer().Point(t, op)
	has, there = m.entries.enter(op.Low, key, v, false)
	t.Observer().Done(t, op, told(has, there))
	return has, there
}

// Delete takes key out, and says what it had if it was there.
func (m *Map) Delete(t *visible.Thread, s visible.Step, key string) (had uint64, ok bool) {
	if !t.Watched(s) {
		return m.entries.Delete(key)
	}
	op := m.op(visible.OpMapDelete, s, key)
	t.Observer().Point(t, op)
	had, ok = m.entries.delete(op.Low, key)
	t.Observer().Done(t, op, told(had, ok))
	return had, ok
}

// Peek looks key up unseen, for whoever looks from outside the threads.
func (m *Map) Peek(key string) (uint64, bool) { return m.entries.Load(key) }

// Each has do see every entry, unseen and in no order; what threads enter and delete
// meanwhile it may see or not.
func (m *Map) Each(do func(key string, v uint64)) {
	for key, v := range m.entries.All() {
		do(key, v)
	}
}

// Len is the number of entries, unseen by observers.
func (m *Map) Len() int { return m.entries.Len() }

// Clear empties the map, while no thread runs.
func (m *Map) Clear() { m.entries.Clear() }

// op names an operation; its Low, the hash of the key, need not be taken again.
func (m *Map) op(k visible.Kind, s visible.Step, key string) visible.Op {
	h := Hash(key)
	return visible.Op{Kind: k, Step: s, Object: m.object, Range: visible.Range{Low: h, High: h + 1}}
}
