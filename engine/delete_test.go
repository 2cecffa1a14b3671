package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

// Handles that are made one after the other are written to by different threads.
func TestHandlesShareNoCacheLine(t *testing.T) {
	if n := unsafe.Sizeof(Handle{}); n%cacheLine != 0 {
		t.Errorf("a handle has %d bytes, %d more than whole cache lines", n, n%cacheLine)
	}
}

func TestAFullStoreHasRoomAgainAfterADelete(t *testing.T) {
	for _, name := range holding() {
		s := heapStore(t, Options{Capacity: 8, Content: 8 * 128, Allocator: name})
		h := s.Handle(0, nil)
		for i := range 8 {
			if err := h.Put(memory(0, i)); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 1000 { // more than the content area could take if room were not used again
			if err := h.Put(memory(0, i+8)); !errors.Is(err, ErrFull) {
				t.Fatalf("%s: %d more: %v", name, i, err)
			}
			if err := h.Delete(memory(0, i).ID); err != nil {
				t.Fatal(err)
			}
			if _, err := h.Get(memory(0, i).ID); !errors.Is(err, ErrNotFound) {
				t.Fatalf("%s: deleted: %v", name, err)
			}
			m := memory(0, i+8)
			m.Content = fmt.Appendf(nil, "%18d", i)
			if err := h.Put(m); err != nil {
				t.Fatalf("%s: after delete %d: %v", name, i, err)
			}
			wantMemory(t, h, m)
		}
		if st := s.Stats(); st.Count != 8 || st.Entries != 8 {
			t.Errorf("%s: count %d, entries %d", name, st.Count, st.Entries)
		}
	}
}

func TestDeletingWhatIsNotThereSaysSo(t *testing.T) {
	h := heapStore(t, Options{Capacity: 2}).Handle(0, nil)
	if err := h.Delete("nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	h.Put(memory(0, 0))
	if err := errors.Join(h.Delete("w0-m0"), h.Delete("w0-m0")); !errors.Is(err, ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
}

func TestDeletingAClobberedIDLeavesTheOthersMemory(t *testing.T) {
	s := heapStore(t, Options{Capacity: 4, Allocator: "check-then-act"})
	runTurns(s, [][2]int{{0, 2}, {1, 10}, {0, 8}})
	h := s.Handle(2, nil)
	if err := h.Delete("w1-m0"); !errors.Is(err, ErrClobbered) {
		t.Errorf("%v", err)
	}
	if _, err := h.Get("w1-m0"); !errors.Is(err, ErrNotFound) {
		t.Errorf("it is still there: %v", err)
	}
	wantMemory(t, h, memory(0, 0))
}

func TestAPutReplacesWhatItsIDHad(t *testing.T) {
	s := heapStore(t, Options{Capacity: 2})
	h := s.Handle(0, nil)
	for i := range 50 {
		m := memory(0, 0)
		m.Content = fmt.Appendf(nil, "version %d", i%10)
		if err := h.Put(m); err != nil {
			t.Fatal(err)
		}
		wantMemory(t, h, m)
	}
	if n := s.Stats().Entries; n != 1 {
		t.Errorf("%d entries of one id", n)
	}
}

// A reader inside a view must find there what it found at first, whatever is deleted
// and stored meanwhile.
func TestASlotThatIsLookedAtIsNotUsedAnew(t *testing.T) {
	s := heapStore(t, Options{Capacity: 2})
	reader, writer := s.Handle(0, nil), s.Handle(1, nil)
	writer.Put(memory(0, 0))
	writer.Put(memory(0, 1))
	err := reader.View("w0-m0", func(m *Memory) error {
		if err := writer.Delete("w0-m0"); err != nil {
			t.Error(err)
		}
		if err := writer.Put(memory(0, 2)); !errors.Is(err, ErrFull) {
			t.Errorf("the slot was given to another: %v", err)
		}
		if string(m.Content) != "Writer 0 content 0" || !equal(m.Embedding, memory(0, 0).Embedding) {
			t.Errorf("the view changed: %q", m.Content)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = reader.View("w0-m1", func(*Memory) error { return writer.Put(memory(0, 2)) })
	if err != nil {
		t.Errorf("whoever looked has gone out since, though it came in again: %v", err)
	}
}

func TestAViewsErrorIsTheCallers(t *testing.T) {
	h := heapStore(t, Options{Capacity: 2}).Handle(0, nil)
	h.Put(memory(0, 0))
	mine := errors.New("mine")
	if err := h.View("w0-m0", func(*Memory) error { return mine }); err != mine {
		t.Errorf("%v", err)
	}
	if err := h.View("nobody", func(*Memory) error { t.Error("called"); return nil }); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	h.View("w0-m0", func(*Memory) error {
		if _, err := h.Get("w0-m0"); !errors.Is(err, ErrInside) {
			t.Errorf("a handle in a view did something else: %v", err)
		}
		if err := errors.Join(h.Put(memory(0, 1)), h.Delete("w0-m0"), h.Range(nil), h.Compact(t.Context())); !errors.Is(err, ErrInside) {
			t.Errorf("%v", err)
		}
		return nil
	})
	wantMemory(t, h, memory(0, 0))
}

func TestWhatIsClosedSaysSo(t *testing.T) {
	s := heapStore(t, Options{Capacity: 2})
	h, other := s.Handle(0, nil), s.Handle(1, nil)
	h.Put(memory(0, 0))
	other.Close()
	other.Close()
	s.Close()
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	for _, h := range []*Handle{h, other, s.Handle(2, nil)} {
		_, get := h.Get("w0-m0")
		for _, err := range []error{get, h.Put(memory(0, 1)), h.Delete("w0-m0"), h.Range(nil), h.Compact(t.Context()), h.View("w0-m0", nil)} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%v", err)
			}
		}
	}
	if st := s.Stats(); st != (Stats{}) {
		t.Errorf("a closed store counts %+v", st)
	}
}

// churn has writers put, replace and delete ids of their own while readers read all
// of them, someone walks, and someone compacts. Everything that is ever read must be
// one whole version of what was asked for; what is left must be what each writer left.
func churn(t *testing.T, s *Store, rounds int) {
	const writers, ids = 4, 12
	versioned := func(w, id, version int) *Memory {
		m := memory(w, id)
		m.Content = fmt.Appendf(nil, "%s version %0*d", m.ID, version%40, version)
		m.Embedding[0], m.Embedding[len(m.Embedding)-1] = float32(version), float32(version)
		return m
	}
	whole := func(id string, m Memory) bool {
		var w, i, version int
		if _, err := fmt.Sscanf(string(m.Content), "w%d-m%d version %d", &w, &i, &version); err != nil {
			return false
		}
		want := versioned(w, i, version)
		return m.ID == id && want.ID == id && string(m.Content) == string(want.Content) && equal(m.Embedding, want.Embedding)
	}
	left := make([][ids]int, writers) // the version that each id has, 0 = none
	var busy, others sync.WaitGroup
	var ended atomic.Bool
	for w := range writers {
		busy.Go(func() {
			h := s.Handle(w, nil)
			defer h.Close()
			random := rand.New(rand.NewPCG(1, uint64(w)))
			for version := 1; version <= rounds; version++ {
				id := random.IntN(ids)
				m := versioned(w, id, version)
				if left[w][id] > 0 && random.IntN(3) == 0 {
					if err := h.Delete(m.ID); err != nil {
						t.Errorf("delete %s: %v", m.ID, err)
					}
					left[w][id] = 0
					continue
				}
				switch err := h.Put(m); {
				case err == nil:
					left[w][id] = version
				case errors.Is(err, ErrContentFull):
					if err := h.Compact(t.Context()); err != nil {
						t.Errorf("compact: %v", err)
					}
				case !errors.Is(err, ErrFull): // slots may be kept for those who look at them
					t.Errorf("put %s: %v", m.ID, err)
				}
			}
		})
	}
	for r := range 2 {
		others.Go(func() {
			h := s.Handle(writers+r, nil)
			defer h.Close()
			random := rand.New(rand.NewPCG(2, uint64(r)))
			for ; !ended.Load(); runtime.Gosched() { // where there is one processor, and nobody is taken off it
				id := memory(random.IntN(writers), random.IntN(ids)).ID
				m, err := h.Get(id)
				if err == nil && !whole(id, m) {
					t.Errorf("get %s: %q %v", id, m.Content, m.Embedding)
				} else if err != nil && !errors.Is(err, ErrNotFound) {
					t.Errorf("get %s: %v", id, err)
				}
				err = h.View(id, func(m *Memory) error {
					if !whole(id, *m) {
						t.Errorf("view %s: %q %v", id, m.Content, m.Embedding)
					}
					return nil
				})
				if err != nil && !errors.Is(err, ErrNotFound) {
					t.Errorf("view %s: %v", id, err)
				}
			}
		})
	}
	others.Go(func() {
		h := s.Handle(writers+2, nil)
		defer h.Close()
		for ; !ended.Load(); runtime.Gosched() {
			seen := map[string]bool{}
			err := h.Range(func(m *Memory) bool {
				if seen[m.ID] {
					t.Errorf("range: %s twice", m.ID)
				}
				seen[m.ID] = true
				if !whole(m.ID, *m) {
					t.Errorf("range: %s: %q %v", m.ID, m.Content, m.Embedding)
				}
				return true
			})
			if err != nil {
				t.Errorf("range: %v", err)
			}
			if err := h.Compact(t.Context()); err != nil {
				t.Errorf("compact: %v", err)
			}
		}
	})
	busy.Wait()
	ended.Store(true)
	others.Wait()
	check := func() {
		t.Helper()
		h := s.Handle(0, nil)
		defer h.Close()
		n := 0
		for w := range left {
			for id, version := range left[w] {
				m := versioned(w, id, version)
				if version > 0 {
					n++
					wantMemory(t, h, m)
				} else if _, err := h.Get(m.ID); !errors.Is(err, ErrNotFound) {
					t.Errorf("%s: %v", m.ID, err)
				}
			}
		}
		if st := s.Stats(); st.Entries != n {
			t.Errorf("%d entries, want %d", st.Entries, n)
		}
	}
	check()
	h := s.Handle(0, nil)
	defer h.Close()
	if err := h.Compact(t.Context()); err != nil {
		t.Error(err)
	}
	check()
}

// On the heap, so that go test -race sees every access.
func TestNothingIsTornOrLostWhileEverythingHappens(t *testing.T) {
	for _, name := range holding() {
		t.Run(name, func(t *testing.T) {
			churn(t, heapStore(t, Options{Capacity: 4*12 + 8, Content: 4 * 12 * 60, Allocator: name}), 3000)
		})
	}
}

// Count, entries and content taken are sums of what threads did at the same time.
func TestCountersAreExactUnderConcurrentUpdates(t *testing.T) {
	const writers, each = 6, 300
	for _, name := range holding() {
		s := heapStore(t, Options{Capacity: writers * each, Content: writers * each * 200, Allocator: name})
		var all sync.WaitGroup
		var bytes atomic.Uint64
		for w := range writers {
			all.Go(func() {
				h := s.Handle(w, nil)
				defer h.Close()
				for i := range each {
					m := memory(w, i)
					m.Content = make([]byte, (w*each+i)%120)
					if err := h.Put(m); err != nil {
						t.Error(err)
					}
					bytes.Add(uint64(len(m.ID) + len(m.Content)))
					if i%3 == 0 {
						if err := h.Delete(m.ID); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		all.Wait()
		st := s.Stats()
		if st.Count != writers*each || st.Entries != writers*each*2/3 || st.ContentTaken != bytes.Load() {
			t.Errorf("%s: %+v, want %d slots, %d entries, %d bytes of content", name, st, writers*each, writers*each*2/3, bytes.Load())
		}
		if r := s.current.Peek().verify(); r.Entries != uint64(st.Entries) || r.DamagedAll > 0 || len(r.Notes) > 0 {
			t.Errorf("%s: the file is %+v", name, r)
		}
	}
}
