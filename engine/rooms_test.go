//go:build unix

package engine

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"slotrace/engine/visible"
)

// wantRooms wants no slot and no byte of content to be two's: of entries, and of free slots.
func wantRooms(t *testing.T, s *Store, what string) {
	t.Helper()
	f, g := &s.free, s.current.Peek()
	var all []freeSlot
	listed := map[uint64]bool{}
	for _, list := range [][]freeSlot{f.ready, f.batch, f.fresh, f.undone, f.orphans} {
		for _, slot := range list {
			if listed[slot.number] || slot.number >= s.shared.Count.Peek() {
				t.Fatalf("%s: slot %d is free twice, or was never taken", what, slot.number)
			}
			listed[slot.number] = true
			if slot.room > 0 {
				all = append(all, slot)
			}
		}
	}
	for slot := range g.capacity {
		word := g.commit(slot)
		if !commitWord(word.Peek()).liveIn(g.number) {
			continue
		}
		p, err := g.place(g.meta(slot), slot)
		if err != nil || listed[slot] {
			t.Fatalf("%s: slot %d holds an entry, and is free; %v", what, slot, err)
		}
		all = append(all, freeSlot{slot, p.at, p.bytes})
	}
	slices.SortFunc(all, func(a, b freeSlot) int { return cmp.Compare(a.at, b.at) })
	end := uint64(0)
	for _, r := range all {
		if r.at < end {
			t.Fatalf("%s: %d bytes at %d, of slot %d, are another's, too", what, r.room, r.at, r.number)
		}
		end = r.at + r.room
	}
	if end > g.contentEnd.Peek() {
		t.Fatalf("%s: content ends at %d, behind %d", what, end, g.contentEnd.Peek())
	}
}

// tenants does things at random to a small store, and to a map beside it.
type tenants struct {
	t        *testing.T
	random   *rand.Rand
	s        *Store
	dir      string
	h, views *Handle
	sizes    map[string]int // of the contents that are there
	what     string
}

var deadly = []visible.Step{
	visible.Claim, visible.Reserve, visible.Content, visible.Block, visible.Commit, visible.Index, visible.EnterID, visible.Previous,
	visible.Clear, visible.Unlink, visible.Free, visible.LeaveID, visible.Unpin,
}

// hand is a handle, whose user dies in one of four cases.
func (x *tenants) hand() (h *Handle, close func()) {
	if x.random.IntN(4) > 0 {
		return x.h, func() {}
	}
	h = x.s.Handle(2, &dying{step: deadly[x.random.IntN(len(deadly))], behind: x.random.IntN(2) == 0, nth: x.random.IntN(3)})
	return h, h.Close
}

// survive does something, and says whether it died.
func survive(do func()) (died bool) {
	defer func() { died = recover() != nil }()
	do()
	return false
}

func filled(id string, n int) *Memory {
	return &Memory{ID: id, Content: bytes.Repeat([]byte{byte(n) + id[0]}, n), Embedding: []float32{float32(n)}}
}

func (x *tenants) do(viewing bool) {
	x.t.Helper()
	id, n := string(rune('a'+x.random.IntN(14))), x.random.IntN(100)
	switch k := x.random.IntN(13); {
	case k < 5:
		x.what += fmt.Sprintf(" put %s %d", id, n)
		h, close := x.hand()
		defer close()
		var err error
		if survive(func() { err = h.Put(filled(id, n)) }) {
			x.what += " died"
			m, err := x.h.Get(id)
			if _, was := x.sizes[id]; err == nil {
				x.sizes[id] = len(m.Content)
			} else if was {
				x.t.Fatalf("it is gone:%s", x.what)
			}
		} else if err == nil {
			x.sizes[id] = n
		} else if !errors.Is(err, ErrFull) {
			x.t.Fatal(err)
		}
	case k < 9:
		x.what += " delete " + id
		h, close := x.hand()
		defer close()
		var err error
		_, there := x.sizes[id]
		if survive(func() { err = h.Delete(id) }) {
			x.what += " died"
			if _, err := x.h.Get(id); err == nil {
				return
			}
		} else if there != (err == nil) {
			x.t.Fatalf("%v:%s", err, x.what)
		}
		delete(x.sizes, id)
	case viewing:
	case k == 9:
		for id := range x.sizes {
			x.what += " view " + id
			x.views.View(id, func(*Memory) error {
				for range x.random.IntN(6) {
					x.do(true)
				}
				return nil
			})
			break
		}
	case k == 10 && n < 30:
		x.what += " compact"
		if err := x.h.Compact(x.t.Context()); err != nil {
			x.t.Fatal(err)
		}
	case k == 11 && n < 50:
		x.what += " open"
		if err := x.s.Close(); err != nil {
			x.t.Fatal(err)
		}
		x.open()
	case k == 12 && n < 10:
		x.what += " reset"
		if err := x.s.Reset(); err != nil {
			x.t.Fatal(err)
		}
		clear(x.sizes)
	}
	wantRooms(x.t, x.s, x.what)
}

func (x *tenants) open() {
	var err error
	if x.s, err = Open(x.dir, ""); err != nil {
		x.t.Fatal(err)
	}
	x.h, x.views = x.s.Handle(0, nil), x.s.Handle(1, nil)
}

// Whatever is done, and whoever dies in it, slots and bytes are nobody's or one's.
func TestNoSlotAndNoByteIsTwos(t *testing.T) {
	for seed := range uint64(10) {
		s, dir := fileStore(t, Options{Capacity: 12, Embedding: 1, Content: 600})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		x := &tenants{t: t, random: rand.New(rand.NewPCG(seed, 1)), dir: dir, sizes: map[string]int{}, what: fmt.Sprintf("seed %d:", seed)}
		x.open()
		for range 200 {
			x.do(false)
			for id, n := range x.sizes {
				wantMemory(t, x.h, filled(id, n))
			}
			if t.Failed() {
				t.Fatal(x.what)
			}
		}
		if err := x.s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What is dropped may be in the list of free slots, or never have been taken.
func TestDroppingFreesNoSlotTwice(t *testing.T) {
	s := heapStore(t, Options{Capacity: 4})
	h := s.Handle(0, nil)
	put(t, h, memory(0, 0), memory(0, 1), memory(0, 2))
	drop(t, h, "w0-m2")
	for _, slot := range []uint64{2, 3} {
		word := s.current.Peek().commit(slot)
		word.Poke(1)
	}
	if n, err := s.DropDamaged(); n != 2 || err != nil {
		t.Errorf("%d dropped, %v", n, err)
	}
	wantRooms(t, s, "dropped")
	put(t, h, memory(1, 0), memory(1, 1))
	if err := h.Put(memory(1, 2)); !errors.Is(err, ErrFull) {
		t.Errorf("a fifth: %v", err)
	}
	for _, m := range []*Memory{memory(0, 0), memory(0, 1), memory(1, 0), memory(1, 1)} {
		wantMemory(t, h, m)
	}
}

// An empty store has no damage.
func TestResetForgetsDamage(t *testing.T) {
	s, dir := fileStore(t, Options{Capacity: 4})
	put(t, s.Handle(0, nil), memory(0, 0), memory(0, 1), memory(0, 2))
	shut(t, s, dir, func(b []byte) { b[headerBytes+3*s.shape.blockBytes()-commitBytes] ^= 1 }) // the last one's commit word
	s = reopen(t, s, dir)
	if n := s.Stats().Damaged; n != 1 {
		t.Fatalf("%d damaged", n)
	}
	h := s.Handle(0, nil)
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	if n, err := s.DropDamaged(); n != 0 || err != nil || s.Stats().Damaged != 0 {
		t.Errorf("%d dropped, %v, %+v", n, err, s.Stats())
	}
	if err := h.Compact(t.Context()); err != nil {
		t.Error(err)
	}
	put(t, h, memory(1, 0), memory(1, 1), memory(1, 2), memory(1, 3))
	if err := h.Put(memory(1, 4)); !errors.Is(err, ErrFull) {
		t.Errorf("a fifth: %v", err)
	}
	for i := range 4 {
		wantMemory(t, h, memory(1, i))
	}
}

// Room that was freed a moment ago waits for readers behind other room.
func TestRoomThatWasFreedWhileReadersWereWaitedFor(t *testing.T) {
	s := heapStore(t, Options{Capacity: 10, Content: 210})
	h := s.Handle(0, nil)
	put(t, h, sized("keep", 10), sized("small", 10), sized("large", 190))
	if err := s.Handle(1, nil).View("keep", func(*Memory) error { drop(t, h, "small", "large"); return nil }); err != nil {
		t.Fatal(err)
	}
	put(t, h, sized("next", 100))
}

// A replacement that was cut off leaves two entries, and the room of one.
func TestTheRoomOfWhatAnOpeningEnds(t *testing.T) {
	s, dir := fileStore(t, Options{Capacity: 4, Content: 300})
	h := s.Handle(0, nil)
	put(t, h, sized("a", 100))
	word := s.current.Peek().commit(0)
	was := word.Peek()
	put(t, h, sized("a", 100))
	word.Poke(was)
	s = reopen(t, s, dir)
	wantRooms(t, s, "opened")
	put(t, s.Handle(0, nil), sized("b", 100), sized("c", 100))
}

// What is to be replaced is the store even where the newest file is none.
func TestAReplacementBesideWhatACompactionLeft(t *testing.T) {
	s, dir := fileStore(t, Options{Capacity: 4})
	put(t, s.Handle(0, nil), memory(0, 0))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left := (&folder{path: dir}).file(2)
	if err := os.WriteFile(left, make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Create(dir, Options{Capacity: 3, Replace: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if there, _, err := files(dir); err != nil || !slices.Equal(there, []uint64{3}) || s.Stats().Capacity != 3 {
		t.Errorf("%v, %v, %+v", there, err, s.Stats())
	}
}
