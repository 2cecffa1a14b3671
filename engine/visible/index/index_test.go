package index

import (
	"strconv"
	"testing"

	"slotrace/engine/visible"
)

// seer remembers the last operation and its value.
type seer struct {
	op    visible.Op
	value uint64
	asked int
}

func (s *seer) Point(*visible.Thread, visible.Op)               { s.asked++ }
func (s *seer) Done(_ *visible.Thread, op visible.Op, v uint64) { s.op, s.value = op, v }

func TestEntriesAreAnnouncedByTheHashOfTheirKey(t *testing.T) {
	m := New(3, 1)
	key := Hash("id")
	for _, observed := range []bool{false, true} {
		var s seer
		th := &visible.Thread{}
		if observed {
			th.Watch(&s)
		}
		m.Clear()
		if _, ok := m.Load(th, visible.Find, "id"); ok {
			t.Error("an id that was never stored is there")
		}
		if want := (visible.Op{Kind: visible.OpMapLoad, Step: visible.Find, Object: 3, Range: visible.Range{Low: key, High: key + 1}}); observed && (s.op != want || s.value != visible.Missing || s.asked != 1) {
			t.Errorf("%+v", s)
		}
		m.Store(th, visible.Index, "id", 6)
		if want := (visible.Op{Kind: visible.OpMapStore, Step: visible.Index, Object: 3, Range: visible.Range{Low: key, High: key + 1}}); observed && (s.op != want || s.value != 6) {
			t.Errorf("%+v", s)
		}
		if v, ok := m.Load(th, visible.Find, "id"); !ok || v != 6 || m.Len() != 1 || observed && s.value != 6 {
			t.Errorf("%d, %v, %+v", v, ok, s)
		}
	}
}

// A search takes a hash of 0 for an empty cell, and an operation's range ends above it.
func TestHashesHaveRoomOnBothSides(t *testing.T) {
	seen := map[uint64]string{}
	for i := range 100_000 {
		key := strconv.Itoa(i)
		h := Hash(key)
		if h>>62 != 1 {
			t.Fatalf("%q: %#x", key, h)
		}
		if other, there := seen[h]; there {
			t.Fatalf("%q hashes as %q does", key, other)
		}
		seen[h] = key
	}
}
