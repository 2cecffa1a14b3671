//go:build unix

package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"slotrace/engine/visible"
)

// A slot is free only when the index leads nobody to it any more.
func TestADeletedIDNeverLeadsToAnothersMemory(t *testing.T) {
	s := heapStore(t, Options{Capacity: 1})
	writer, reader := s.Handle(1, nil), s.Handle(2, nil)
	writer.Put(memory(0, 0))
	deleter := s.Handle(3, &at{visible.Unlink, func() {
		if err := writer.Put(memory(0, 1)); !errors.Is(err, ErrFull) {
			t.Errorf("the slot was given away before its id was gone: %v", err)
		}
		if _, err := reader.Get("w0-m0"); !errors.Is(err, ErrNotFound) {
			t.Errorf("get of what is being deleted: %v", err)
		}
	}})
	if err := errors.Join(deleter.Delete("w0-m0"), writer.Put(memory(0, 1))); err != nil {
		t.Error(err)
	}
	wantMemory(t, reader, memory(0, 1))
}

// Who comes in while a put waits for the list of free slots is waited for, too.
func TestAReaderThatCameInLastKeepsWhatItLooksAt(t *testing.T) {
	s := heapStore(t, Options{Capacity: 1})
	writer := s.Handle(1, nil)
	writer.Put(memory(0, 0))
	inside, see, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	late := s.Handle(3, &at{visible.Free, func() {
		reader := s.Handle(2, nil)
		go func() {
			done <- reader.View("w0-m0", func(m *Memory) error {
				close(inside)
				<-see
				if string(m.Content) != "Writer 0 content 0" {
					return fmt.Errorf("the view became %q", m.Content)
				}
				return nil
			})
		}()
		<-inside
		if err := writer.Delete("w0-m0"); err != nil {
			t.Error(err)
		}
	}})
	if err := late.Put(memory(0, 1)); !errors.Is(err, ErrFull) {
		t.Errorf("the slot was given away under a view: %v", err)
	}
	close(see)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A reader that gets all the time is outside often enough.
func TestDeletedSlotsComeBackUnderABusyReader(t *testing.T) {
	s := heapStore(t, Options{Capacity: 3})
	writer := s.Handle(0, nil)
	for i := range 3 {
		writer.Put(memory(0, i))
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for r := range 2 {
		readers.Go(func() {
			h := s.Handle(1+r, nil)
			for {
				select {
				case <-stop:
					return
				default:
					h.Get("w0-m2")
				}
			}
		})
	}
	refused := 0
	for i := range 3000 {
		if err := writer.Delete(memory(0, i%2).ID); err != nil {
			t.Error(err)
		}
		if err := writer.Put(memory(0, i%2)); errors.Is(err, ErrFull) {
			refused++
			for writer.Put(memory(0, i%2)) != nil {
			}
		}
	}
	close(stop)
	readers.Wait()
	if refused > 0 { // a reader may be taken off its processor inside a get, but not for so long
		t.Errorf("%d of 3000 puts were refused in a store with a free slot", refused)
	}
}

// A reader that is in the middle of it for some time is waited for.
func TestAPutWaitsForWhoLooksAtTheOnlyFreeSlot(t *testing.T) {
	s := heapStore(t, Options{Capacity: 1})
	h := s.Handle(0, nil)
	put(t, h, memory(0, 0))
	viewing, release := make(chan struct{}), make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		s.Handle(1, nil).View("w0-m0", func(*Memory) error { close(viewing); <-release; return nil })
	})
	<-viewing
	drop(t, h, "w0-m0")
	if err := h.Put(memory(0, 1)); !errors.Is(err, ErrFull) {
		t.Errorf("while it is looked at: %v", err)
	}
	time.AfterFunc(10*time.Millisecond, func() { close(release) })
	put(t, h, memory(0, 1))
	reader.Wait()
}

func TestContentOfDeletedAndReplacedEntriesIsRoomAgain(t *testing.T) {
	s := heapStore(t, Options{Capacity: 100, Content: 100 * 256})
	h := s.Handle(0, nil)
	large := memory(0, 0)
	large.Content = make([]byte, 1000)
	for i := range 500 {
		if err := h.Put(large); err != nil {
			t.Fatalf("replacement %d: %v", i, err)
		}
	}
	for i := range 300 {
		m := memory(1, i%3)
		if err := errors.Join(h.Put(m), h.Delete(m.ID)); err != nil {
			t.Fatalf("small one %d: %v", i, err)
		}
	}
	wantMemory(t, h, large)
	if r := s.current.Peek().verify(); r.DamagedAll > 0 || r.Entries != 1 {
		t.Errorf("%+v", r)
	}
}

// Whatever an index entry of a damaged block leads to, a compaction does not pass over.
func TestCompactionDropsNothingInSilence(t *testing.T) {
	for name, damage := range map[string]func(g *generation){
		"metadata":    func(g *generation) { g.meta(1)[entryAt+7] = 0xff },
		"commit word": func(g *generation) { c := g.commit(1); c.Poke(c.Peek() ^ 4) },
		"id":          func(g *generation) { g.mapping.Bytes()[g.contentAt()+g.contentEnd.Peek()-23] ^= 1 },
	} {
		s := heapStore(t, Options{Capacity: 8})
		h := s.Handle(0, nil)
		h.Put(memory(0, 0))
		h.Put(memory(0, 1))
		damage(s.current.Peek())
		if err := h.Compact(t.Context()); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if err := errors.Join(h.Delete("w0-m1"), h.Resize(t.Context(), 1, 0)); err != nil && name != "id" {
			t.Errorf("%s: without it: %v", name, err)
		}
		if _, err := h.Get("w0-m1"); err == nil {
			t.Errorf("%s: it is served", name)
		}
		wantMemory(t, h, memory(0, 0))
	}
}

// After collisions ids lead to slots that a smaller store does not have.
func TestCompactionAfterCollisionsLeavesNoIDAstray(t *testing.T) {
	s := heapStore(t, Options{Capacity: 8, Allocator: "check-then-act"})
	h := s.Handle(2, nil)
	for i := range 3 {
		h.Put(memory(5, i))
	}
	runTurns(s, [][2]int{{0, 2}, {1, 10}, {0, 8}})
	if err := errors.Join(h.Delete("w0-m0"), h.Resize(t.Context(), 3, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Get("w1-m0"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the one that was clobbered: %v", err)
	}
	wantMemory(t, h, memory(5, 2))
}

// One of several that create a store in one folder has it, and the others leave it be.
func TestOneOfManyCreatesTheStore(t *testing.T) {
	for range 100 {
		dir := filepath.Join(t.TempDir(), "store")
		var made []*Store
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				s, err := Create(dir, Options{Capacity: 1, Embedding: 1})
				if err != nil {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				made = append(made, s)
			})
		}
		all.Wait()
		if len(made) > 1 {
			t.Fatalf("%d stores are open in one folder", len(made))
		}
		for _, s := range made {
			if _, err := os.Stat(s.current.Peek().path); err != nil {
				t.Fatalf("the store's file is gone: %v", err)
			}
			s.Close()
		}
	}
}

// A compaction that fails at its very end has not been, whatever is left of its file.
func TestACompactionThatFailsLateHasNotBeen(t *testing.T) {
	s, dir := fileStore(t, Options{Capacity: 4})
	h := s.Handle(0, nil)
	h.Put(memory(0, 0))
	moved := dir + "-moved"
	compactor := s.Handle(1, &at{visible.Switch, func() { // the new file is whole, and now cannot even be removed
		if err := os.Rename(dir, moved); err != nil {
			t.Error(err)
		}
		panic("boom")
	}})
	func() {
		defer func() { recover() }()
		compactor.Compact(t.Context())
	}()
	if err := os.Rename(moved, dir); err != nil {
		t.Fatal(err)
	}
	if err := h.Put(memory(0, 1)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s, err := Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	wantMemory(t, s.Handle(0, nil), memory(0, 0))
	wantMemory(t, s.Handle(0, nil), memory(0, 1))
}

// Handles can be made and given back while a compaction waits for a view.
func TestACompactionThatWaitsKeepsNobodyOut(t *testing.T) {
	s := heapStore(t, Options{Capacity: 4})
	reader, writer := s.Handle(0, nil), s.Handle(1, nil)
	writer.Put(memory(0, 0))
	before := s.current.Peek()
	compacted := make(chan error, 1)
	err := reader.View("w0-m0", func(*Memory) error {
		go func() { compacted <- writer.Compact(t.Context()) }()
		for s.current.Peek() == before {
		}
		other := s.Handle(2, nil)
		defer other.Close()
		return other.Put(memory(0, 1))
	})
	if err := errors.Join(err, <-compacted); err != nil {
		t.Error(err)
	}
}

func TestAHandleThatIsClosedInsideAViewKeepsItToItsEnd(t *testing.T) {
	s := heapStore(t, Options{Capacity: 4})
	h, other := s.Handle(0, nil), s.Handle(1, nil)
	h.Put(memory(0, 0))
	doors := len(*s.doors.Load())
	err := h.View("w0-m0", func(m *Memory) error {
		h.Close()
		if n := len(*s.doors.Load()); n != doors {
			t.Errorf("its door is gone: %d of %d", n, doors)
		}
		return nil
	})
	if n := len(*s.doors.Load()); err != nil || n != doors-1 {
		t.Errorf("%v; behind it there are %d doors of %d", err, n, doors)
	}
	if err := errors.Join(other.Compact(t.Context()), h.Put(memory(0, 1))); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
}

// A schedule names the locks that it stops at by their numbers, and is replayed elsewhere.
func TestAnIDHasTheSameLockInEveryProcess(t *testing.T) {
	s := heapStore(t, Options{Capacity: 1})
	for id, want := range map[string]int{"w0-m0": 60, "w1-m0": 4, "w1-m1": 7, "a longer id, with ünicode": 28} {
		if s.idLock(id) != &s.ids[want] {
			t.Errorf("the lock of %q is not number %d", id, want)
		}
	}
}

// Whatever an observer panics at, nobody waits for its thread's locks.
func TestAPanicAnywhereLeavesNoLock(t *testing.T) {
	for n := range 2 * visible.Steps {
		step, alone := n/2, n%2 > 0
		s := heapStore(t, Options{Capacity: 4})
		h := s.Handle(0, nil)
		h.Put(memory(0, 0))
		for name, do := range map[string]func(d *Handle){
			"put": func(d *Handle) { d.Put(memory(0, 1)) }, "replace": func(d *Handle) { d.Put(memory(0, 0)) },
			"get": func(d *Handle) { d.Get("w0-m0") }, "view": func(d *Handle) { d.View("w0-m0", func(*Memory) error { return nil }) },
			"delete": func(d *Handle) { d.Delete("w0-m1") }, "range": func(d *Handle) { d.Range(func(*Memory) bool { return true }) },
			"compact": func(d *Handle) { d.Compact(t.Context()) },
		} {
			doomed := s.Handle(1, &at{step, func() { panic("boom") }})
			if alone {
				doomed.Ignore(visible.AllBut(step)) // so that nobody sees it take its door
			}
			func() {
				defer func() {
					if p := recover(); p != nil && p != "boom" {
						t.Errorf("%s at %s: the panic became %v", name, step, p)
					}
				}()
				do(doomed)
			}()
			doomed.Ignore(visible.AllBut())
			if _, err := doomed.Get("w0-m0"); err != nil {
				t.Errorf("%s at %s: then %v", name, step, err)
			}
			if err := doomed.Delete("w0-m1"); err != nil && !errors.Is(err, ErrNotFound) {
				t.Errorf("%s at %s: then %v", name, step, err)
			}
			doomed.Close()
			if err := h.Compact(t.Context()); err != nil {
				t.Errorf("%s at %s: %v", name, step, err)
			}
			if r := s.current.Peek().verify(); int(r.Entries) != s.index.Len() || len(r.Notes) > 0 {
				t.Errorf("%s at %s: the index has %d entries, the file is %+v", name, step, s.index.Len(), r)
			}
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", step, err)
		}
	}
}

// sized has id and content of n bytes together.
func sized(id string, n int) *Memory {
	return &Memory{ID: id, Content: make([]byte, n-len(id)), Embedding: make([]float32, testEmbedding)}
}

func put(t *testing.T, h *Handle, memories ...*Memory) {
	t.Helper()
	for _, m := range memories {
		if err := h.Put(m); err != nil {
			t.Fatalf("put %q: %v", m.ID, err)
		}
	}
}

func drop(t *testing.T, h *Handle, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := h.Delete(id); err != nil {
			t.Fatal(err)
		}
	}
}

func numbers(prefix string, from, to int) (ids []string) {
	for i := from; i < to; i++ {
		ids = append(ids, fmt.Sprintf("%s%02d", prefix, i))
	}
	return ids
}

// The slot that has the room lies below many that have none.
func TestRoomForContentIsFoundHoweverDeepItLies(t *testing.T) {
	s := heapStore(t, Options{Capacity: 21, Content: 180 + 20*10})
	h := s.Handle(0, nil)
	put(t, h, sized("big", 180))
	for _, id := range numbers("s", 0, 20) {
		put(t, h, sized(id, 10))
	}
	drop(t, h, "s00", "big")
	drop(t, h, numbers("s", 1, 20)...)
	put(t, h, sized("one", 10), sized("new", 180))
}

// What an entry leaves of the room that it was given is another's.
func TestRoomIsSplit(t *testing.T) {
	s := heapStore(t, Options{Capacity: 10, Content: 1000})
	h := s.Handle(0, nil)
	put(t, h, sized("large", 910))
	for _, id := range numbers("s", 0, 9) {
		put(t, h, sized(id, 10))
	}
	drop(t, h, "large")
	drop(t, h, numbers("s", 0, 9)...)
	for _, id := range numbers("t", 0, 10) {
		put(t, h, sized(id, 91))
	}
	for _, id := range numbers("t", 0, 10) {
		if m, err := h.Get(id); err != nil || len(m.Content) != 88 {
			t.Errorf("%q: %d bytes, %v", id, len(m.Content), err)
		}
	}
}

// Opening a store gives the room between entries to those that come.
func TestRoomIsThereAgainAfterOpening(t *testing.T) {
	for _, keep := range []string{"s00", "s05", "s09"} {
		s, dir := fileStore(t, Options{Capacity: 10, Content: 1000})
		h := s.Handle(0, nil)
		for _, id := range numbers("s", 0, 10) {
			put(t, h, sized(id, 100))
		}
		for _, id := range numbers("s", 0, 10) {
			if id != keep {
				drop(t, h, id)
			}
		}
		s = reopen(t, s, dir)
		h = s.Handle(0, nil)
		for _, id := range numbers("t", 0, 9) {
			put(t, h, sized(id, 100))
		}
		if err := h.Put(sized("more", 5)); !errors.Is(err, ErrFull) {
			t.Errorf("an eleventh: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if r, err := Check(dir); err != nil || r.DamagedAll > 0 || r.Entries != 10 {
			t.Errorf("%s kept: %+v, %v", keep, r, err)
		}
	}
}

// Content in another order than slots, with gaps of several sizes and only fresh slots.
func TestGapsGoToFreshSlotsToo(t *testing.T) {
	s, dir := fileStore(t, Options{Capacity: 8, Content: 1000})
	h := s.Handle(0, nil)
	put(t, h, sized("a", 100), sized("b", 400))
	drop(t, h, "a")
	put(t, h, sized("c", 100), sized("d", 100), sized("e", 200))
	for _, id := range numbers("s", 0, 3) {
		put(t, h, sized(id, 33))
	}
	drop(t, h, numbers("s", 0, 3)...)
	drop(t, h, "c", "d", "e") // b is left, from 100 to 500
	h = reopen(t, s, dir).Handle(0, nil)
	put(t, h, sized("f", 500), sized("g", 60), sized("h", 40))
	if m, err := h.Get("b"); err != nil || len(m.Content) != 399 {
		t.Errorf("%d bytes, %v", len(m.Content), err)
	}
}

// Version 2 is followed by 3, and that by 0: wherever an opening is killed that ends them, none
// comes back that was followed.
func TestEntriesOfOneIDEndInTurn(t *testing.T) {
	versions := []uint8{2, 3, 0}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		var all []found
		for _, i := range order {
			all = append(all, found{version: versions[i]})
		}
		var got []uint8
		for _, f := range inTurn(all) {
			got = append(got, f.version)
		}
		if !slices.Equal(got, versions) {
			t.Errorf("%v end in the order %v", order, got)
		}
	}
	if ring := inTurn([]found{{version: 3}, {version: 1}, {version: 0}, {version: 2}, {version: 1}}); len(ring) != 5 {
		t.Errorf("%+v", ring)
	}
}
