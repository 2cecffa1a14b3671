//go:build unix

package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"slotrace/engine/visible"
)

func TestCompactionTakesBackContentAndKeepsEveryMemory(t *testing.T) {
	s := heapStore(t, Options{Capacity: 8, Content: 8 * 48})
	h := s.Handle(0, nil)
	for i := range 8 {
		h.Put(memory(0, i))
	}
	for i := range 4 {
		h.Delete(memory(0, 2*i).ID)
	}
	long := memory(1, 0)
	long.Content = make([]byte, 200)
	if err := h.Put(long); !errors.Is(err, ErrContentFull) {
		t.Fatalf("there was room before: %v", err)
	}
	if err := h.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.ContentTaken != 4*(18+5) || st.Entries != 4 {
		t.Errorf("%+v", st)
	}
	if err := h.Put(long); err != nil {
		t.Error(err)
	}
	wantMemory(t, h, long)
	for i := range 4 {
		wantMemory(t, h, memory(0, 2*i+1))
	}
	for i := range 3 {
		if err := h.Put(memory(2, i)); err != nil {
			t.Errorf("slot %d that was freed before: %v", i, err)
		}
	}
	if err := h.Put(memory(2, 3)); !errors.Is(err, ErrFull) {
		t.Errorf("all slots are taken: %v", err)
	}
}

// at calls do before a thread's first operation of a step.
type at struct {
	step visible.Step
	do   func()
}

func (a *at) Point(_ *visible.Thread, op visible.Op) {
	if op.Step == a.step && a.do != nil {
		do := a.do
		a.do = nil
		do()
	}
}
func (*at) Done(*visible.Thread, visible.Op, uint64) {}

// The original swapped the contents first and the blocks' offsets after it: a get
// between the two read an old offset in the new content. Here one that has found its
// slot goes on in the file that it found it in, or begins anew.
func TestAGetDuringACompactionReadsItsOwnContent(t *testing.T) {
	for _, step := range []visible.Step{visible.Pin, visible.Find, visible.Fetch} {
		s := heapStore(t, Options{Capacity: 8})
		h := s.Handle(0, nil)
		for i := range 4 {
			h.Put(memory(0, i))
		}
		h.Delete("w0-m0") // so that contents move
		replaced := memory(0, 1)
		replaced.Content = []byte("replaced, in the new file")
		done := make(chan error, 1)
		reader := s.Handle(1, &at{step, func() {
			compacted := make(chan struct{})
			go func() {
				c := s.Handle(2, nil)
				ctx, cancel := context.WithCancel(context.Background())
				go func() { // the switch has been made when only this reader is waited for
					for s.Stats().ContentTaken != 3*(18+5) {
					}
					cancel()
					close(compacted)
				}()
				done <- c.Compact(ctx)
			}()
			<-compacted
			if err := h.Put(replaced); err != nil {
				t.Error(err)
			}
		}})
		if m, err := reader.Get(replaced.ID); err != nil || string(m.Content) != string(replaced.Content) && string(m.Content) != "Writer 0 content 1" {
			t.Errorf("%s: %q, %v", step, m.Content, err)
		}
		for i := 2; i < 4; i++ {
			wantMemory(t, reader, memory(0, i))
		}
		if err := <-done; err != nil {
			t.Errorf("%s: %v", step, err)
		}
		wantMemory(t, reader, replaced)
	}
}

// The original collected live content under a lock that it dropped before it swapped:
// a store between the two was lost. Here a put that comes meanwhile waits.
func TestAPutDuringACompactionIsKept(t *testing.T) {
	s := heapStore(t, Options{Capacity: 8})
	h := s.Handle(0, nil)
	h.Put(memory(0, 0))
	arrived, put := make(chan struct{}), make(chan error, 1)
	writer := s.Handle(2, &at{visible.Pin, func() { close(arrived) }})
	compactor := s.Handle(1, &at{visible.Switch, func() {
		go func() { put <- writer.Put(memory(0, 1)) }()
		<-arrived
		for range 1000 {
			runtime.Gosched()
		}
		if len(put) > 0 {
			t.Error("a put came between the snapshot and the switch")
		}
	}})
	if err := compactor.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-put; err != nil {
		t.Fatal(err)
	}
	wantMemory(t, h, memory(0, 0))
	wantMemory(t, h, memory(0, 1))
}

// To wait for a lock is bounded by a context, and who gives up has changed nothing.
func TestACompactionGivesUpWhenItsContextEnds(t *testing.T) {
	s := heapStore(t, Options{Capacity: 8})
	before := s.current.Peek()
	inside, hold, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	writer := s.Handle(0, &at{visible.Block, func() { close(inside); <-hold }})
	go func() { ended <- writer.Put(memory(0, 0)) }()
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Handle(1, nil).Compact(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a put under way was not waited for: %v", err)
	}
	if s.current.Peek() != before {
		t.Error("the store has another file")
	}
	other := s.Handle(2, nil)
	if err := other.Put(memory(0, 1)); err != nil {
		t.Errorf("others are still kept out: %v", err)
	}
	close(hold)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	wantMemory(t, other, memory(0, 0))
	wantMemory(t, other, memory(0, 1))
}

func TestACompactionWaitsForViewsAndCloseDoesToo(t *testing.T) {
	s, dir := fileStore(t, Options{Capacity: 8})
	h, writer := s.Handle(0, nil), s.Handle(1, nil)
	writer.Put(memory(0, 0))
	before := s.current.Peek()
	inside, see, viewed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		viewed <- h.View("w0-m0", func(m *Memory) error {
			close(inside)
			<-see
			if string(m.Content) != "Writer 0 content 0" {
				return fmt.Errorf("the view has %q", m.Content)
			}
			return nil
		})
	}()
	<-inside
	compacted, closed := make(chan error, 1), make(chan error, 1)
	go func() { compacted <- writer.Compact(t.Context()) }()
	for s.current.Peek() == before {
		runtime.Gosched()
	}
	go func() { closed <- s.Close() }()
	for range 1000 {
		runtime.Gosched()
	}
	if len(compacted) > 0 || len(closed) > 0 {
		t.Error("a view was not waited for")
	}
	close(see)
	if err := errors.Join(<-viewed, <-compacted, <-closed); err != nil {
		t.Error(err)
	}
	if numbers, _, _ := files(dir); len(numbers) != 1 || numbers[0] != 2 {
		t.Errorf("the folder has the files %v", numbers)
	}
}

func TestResizingMakesRoomAndTakesIt(t *testing.T) {
	s := heapStore(t, Options{Capacity: 2, Content: 64})
	h := s.Handle(0, nil)
	h.Put(memory(0, 0))
	h.Put(memory(0, 1))
	if err := h.Put(memory(0, 2)); !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	if err := h.Resize(t.Context(), 100, 10_000); err != nil {
		t.Fatal(err)
	}
	for i := range 98 {
		if err := h.Put(memory(0, i+2)); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Resize(t.Context(), 99, 0); !errors.Is(err, ErrFull) {
		t.Errorf("100 entries fit into 99 slots: %v", err)
	}
	if err := h.Resize(t.Context(), 0, 100); !errors.Is(err, ErrFull) {
		t.Errorf("and into 100 bytes: %v", err)
	}
	for i := 10; i < 100; i++ {
		h.Delete(memory(0, i).ID)
	}
	if err := h.Resize(t.Context(), 10, 300); err != nil {
		t.Error(err)
	}
	for i := range 10 {
		wantMemory(t, h, memory(0, i))
	}
	if st := s.Stats(); st.Capacity != 10 || st.Content != 300 {
		t.Errorf("%+v", st)
	}
}

func TestCompactionStopsAtDamageAndChangesNothing(t *testing.T) {
	s := heapStore(t, Options{Capacity: 4})
	h := s.Handle(0, nil)
	h.Put(memory(0, 0))
	h.Put(memory(0, 1))
	g := s.current.Peek()
	g.mapping.Bytes()[headerBytes+g.blockBytes()] ^= 1 // in the second block's embedding
	if err := h.Compact(t.Context()); !errors.Is(err, ErrDamaged) {
		t.Errorf("%v", err)
	}
	if s.current.Peek() != g {
		t.Error("the store has another file")
	}
	if err := errors.Join(h.Delete("w0-m1"), h.Compact(t.Context())); err != nil {
		t.Errorf("without the damaged entry: %v", err)
	}
	wantMemory(t, h, memory(0, 0))
}

func TestRangeSeesOneInstant(t *testing.T) {
	s := heapStore(t, Options{Capacity: 20})
	h, writer := s.Handle(0, nil), s.Handle(1, nil)
	for i := range 10 {
		writer.Put(memory(0, i))
	}
	n := 0
	err := h.Range(func(m *Memory) bool {
		if n == 0 { // whatever happens from here on is not seen
			for i := range 10 {
				if err := errors.Join(writer.Delete(memory(0, i).ID), writer.Put(memory(1, i))); err != nil {
					t.Error(err)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			writer.Compact(ctx)
		}
		if want := memory(0, n); m.ID != want.ID || string(m.Content) != string(want.Content) || !equal(m.Embedding, want.Embedding) {
			t.Errorf("memory %d is %s: %q %v", n, m.ID, m.Content, m.Embedding)
		}
		n++
		return true
	})
	if n != 10 || err != nil {
		t.Errorf("%d memories, %v", n, err)
	}
	n = 0
	if err := h.Range(func(*Memory) bool { n++; return n < 3 }); n != 3 || err != nil {
		t.Errorf("stopped at %d, %v", n, err)
	}
}

// What dies in the middle leaves no lock behind, and no slot that nobody can take.
func TestAPanicInTheCriticalSectionLeavesAStoreThatServes(t *testing.T) {
	for _, name := range holding() {
		for _, step := range []visible.Step{visible.Pin, visible.Enter, visible.Look, visible.Claim, visible.Leave, visible.Reserve, visible.Content, visible.Block, visible.Commit, visible.Index} {
			s := heapStore(t, Options{Capacity: 3, Allocator: name})
			h := s.Handle(0, nil)
			h.Put(memory(0, 0))
			doomed := s.Handle(1, &at{step, func() { panic("boom") }})
			func() {
				defer func() {
					if p := recover(); p != nil && p != "boom" {
						t.Errorf("%s at %s: the panic became %v", name, step, p)
					}
				}()
				doomed.Put(memory(1, 0))
			}()
			wantMemory(t, h, memory(0, 0))
			if err := h.Put(memory(0, 1)); err != nil {
				t.Errorf("%s at %s: a put after it: %v", name, step, err)
			}
			if step >= visible.Reserve && step < visible.Commit { // it had a slot that nobody had heard of
				if err := h.Put(memory(0, 2)); err != nil {
					t.Errorf("%s at %s: the slot it had taken is gone: %v", name, step, err)
				}
			}
			if err := doomed.Put(memory(1, 1)); err != nil && !errors.Is(err, ErrFull) {
				t.Errorf("%s at %s: its handle: %v", name, step, err)
			}
		}
	}
}

// A file that was the store's stays while somebody views it. It must not be taken for the store
// when the one that followed is damaged.
func TestAnOldFileIsNotServedForANewOneThatIsDamaged(t *testing.T) {
	s, dir := fileStore(t, Options{Capacity: 8})
	h, reader := s.Handle(0, nil), s.Handle(1, nil)
	put(t, h, memory(0, 0), memory(0, 1))
	err := reader.View("w0-m1", func(m *Memory) error {
		ctx, cancel := context.WithCancel(t.Context())
		if err := s.Handle(2, &at{visible.Switch, cancel}).Compact(ctx); err != nil {
			return err
		}
		if string(m.Content) != string(memory(0, 1).Content) {
			t.Errorf("the view has %q now", m.Content)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	put(t, h, memory(0, 2))
	drop(t, h, "w0-m0")
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	const newest = "00000002.store"
	for name, spoil := range map[string]func(b []byte) []byte{
		"as it is":   func(b []byte) []byte { return b },
		"cut to 0":   func(b []byte) []byte { return b[:0] },
		"zero page":  func(b []byte) []byte { clear(b[:headerBytes]); return b },
		"cut short":  func(b []byte) []byte { return b[:len(b)-1] },
		"other head": func(b []byte) []byte { b[0] ^= 1; return b },
	} {
		as := t.TempDir() // as a process leaves it that is killed here
		for _, file := range []string{"00000001.store", newest} {
			b, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if file == newest {
				b = spoil(b)
			}
			if err := os.WriteFile(filepath.Join(as, file), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r, checked := Check(as)
		s, opened := Open(as, "")
		if name == "as it is" {
			if checked != nil || opened != nil || r.Entries != 2 {
				t.Errorf("%s: %+v, %v, %v", name, r, checked, opened)
			}
		} else if checked == nil || opened == nil {
			t.Errorf("%s: check %+v, %v; open %v", name, r, checked, opened)
		}
		if opened == nil {
			s.Close()
		}
	}
}

// Only who asks for it lets go of what is damaged.
func TestADamagedEntryIsDroppedOnlyWhenAskedFor(t *testing.T) {
	s, dir := fileStore(t, Options{Capacity: 4})
	put(t, s.Handle(0, nil), memory(0, 0), memory(0, 1), memory(0, 2))
	shut(t, s, dir, func(b []byte) { b[headerBytes] ^= 1 })
	s = reopen(t, s, dir)
	h := s.Handle(0, nil)
	g := s.current.Peek()
	g.mapping.Bytes()[headerBytes+g.blockBytes()] ^= 1 // and one that the index leads to
	for range 2 {
		if err := h.Compact(t.Context()); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), `slot 0, "w0-m0"`) || !strings.Contains(err.Error(), "DropDamaged") {
			t.Errorf("compact: %v", err)
		}
	}
	if n, err := s.DropDamaged(); n != 2 || err != nil {
		t.Errorf("%d dropped, %v", n, err)
	}
	if n, err := s.DropDamaged(); n != 0 || err != nil {
		t.Errorf("%d dropped then, %v", n, err)
	}
	if err := h.Compact(t.Context()); err != nil {
		t.Errorf("compact: %v", err)
	}
	if _, err := h.Get("w0-m1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	put(t, h, memory(1, 0), memory(1, 1), memory(1, 2))
	if st := s.Stats(); st.Entries != 4 || st.Damaged != 0 {
		t.Errorf("%+v", st)
	}
}

// Whoever dies in the middle of replacing or deleting leaves all of it done, or nothing.
func TestAPanicInAReplacementOrADelete(t *testing.T) {
	steps := []visible.Step{visible.EnterID, visible.Find, visible.Previous, visible.Commit, visible.Index, visible.Clear, visible.Unlink, visible.Free, visible.LeaveID, visible.Unpin}
	died := 0
	for _, step := range steps {
		for _, do := range []string{"put", "delete"} {
			for _, behind := range []bool{false, true} {
				for nth := range 3 {
					o := &dying{step: step, behind: behind, nth: nth}
					name := fmt.Sprintf("%s dies at %s, %d, %v", do, step, nth, behind)
					s, dir := fileStore(t, Options{Capacity: 3})
					h := s.Handle(0, nil)
					put(t, h, memory(0, 0))
					m := memory(0, 0)
					m.Content = []byte("second")
					func() {
						defer func() {
							if recover() != nil {
								died++
							}
						}()
						if doomed := s.Handle(1, o); do == "put" {
							doomed.Put(m)
						} else {
							doomed.Delete(m.ID)
						}
					}()
					_, err := h.Get(m.ID)
					seen := 0
					h.Range(func(*Memory) bool { seen++; return true })
					if there := err == nil; there != (seen == 1) || !there && do == "put" {
						t.Errorf("%s: get %v, range sees %d", name, err, seen)
					}
					if err := h.Delete(m.ID); err != nil && !errors.Is(err, ErrNotFound) {
						t.Errorf("%s: %v", name, err)
					}
					if _, err := h.Get(m.ID); !errors.Is(err, ErrNotFound) {
						t.Errorf("%s: deleted, get: %v", name, err)
					}
					put(t, h, memory(1, 0), memory(1, 1), memory(1, 2)) // no slot is lost
					if err := h.Put(memory(1, 3)); !errors.Is(err, ErrFull) {
						t.Errorf("%s: a fourth in three slots: %v", name, err)
					}
					drop(t, h, "w1-m0", "w1-m1", "w1-m2")
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					if r, err := Check(dir); err != nil || r.Entries != 0 || r.DamagedAll != 0 {
						t.Errorf("%s: it is back: %+v, %v", name, r, err)
					}
				}
			}
		}
	}
	if died < 40 {
		t.Errorf("%d died", died)
	}
}

// dying panics at a step, for the nth time that it comes by, before it or behind it.
type dying struct {
	step   visible.Step
	behind bool
	nth    int
}

func (d *dying) die(op visible.Op, behind bool) {
	if op.Step == d.step && behind == d.behind {
		if d.nth--; d.nth == -1 {
			panic("an observer's fault")
		}
	}
}

func (d *dying) Point(_ *visible.Thread, op visible.Op)          { d.die(op, false) }
func (d *dying) Done(_ *visible.Thread, op visible.Op, _ uint64) { d.die(op, true) }
