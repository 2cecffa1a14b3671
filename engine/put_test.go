package engine

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"slotrace/engine/alloc"
	"slotrace/engine/visible"
)

const testEmbedding = 8

// memory is what writer puts as its i-th memory.
func memory(writer, i int) *Memory {
	e := make([]float32, testEmbedding)
	for k := range e {
		e[k] = float32(writer*1000 + i)
	}
	return &Memory{ID: fmt.Sprintf("w%d-m%d", writer, i), Content: fmt.Appendf(nil, "Writer %d content %d", writer, i), Embedding: e}
}

func wantMemory(t testing.TB, h *Handle, want *Memory) {
	t.Helper()
	got, err := h.Get(want.ID)
	if err != nil {
		t.Errorf("get %s: %v", want.ID, err)
		return
	}
	if string(got.Content) != string(want.Content) || !equal(got.Embedding, want.Embedding) {
		t.Errorf("%s: expected %q %v, got %q %v", want.ID, want.Content, want.Embedding, got.Content, got.Embedding)
	}
}

func equal(a, b []float32) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

func heapStore(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Embedding == 0 {
		o.Embedding = testEmbedding
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func holding() (names []string) {
	for _, k := range alloc.Kinds {
		if k.Holds {
			names = append(names, k.Name)
		}
	}
	return names
}

// On the heap, so that go test -race sees every access.
func TestHoldingAllocatorsKeepEveryMemoryOfConcurrentWriters(t *testing.T) {
	const writers, each = 8, 200
	for _, name := range holding() {
		t.Run(name, func(t *testing.T) {
			s := heapStore(t, Options{Capacity: writers * each, Allocator: name})
			var all sync.WaitGroup
			start := make(chan struct{})
			for w := range writers {
				all.Go(func() {
					h := s.Handle(w, nil)
					<-start
					for i := range each {
						m := memory(w, i)
						if err := h.Put(m); err != nil {
							t.Errorf("put %s: %v", m.ID, err)
						}
						wantMemory(t, h, m) // while the others write
					}
				})
			}
			close(start)
			all.Wait()
			h := s.Handle(0, nil)
			for w := range writers {
				for i := range each {
					wantMemory(t, h, memory(w, i))
				}
			}
			if st := s.Stats(); st.Count != writers*each || st.Entries != writers*each {
				t.Errorf("count %d, entries %d, want %d of both", st.Count, st.Entries, writers*each)
			}
			if err := h.Put(memory(99, 0)); !errors.Is(err, ErrFull) {
				t.Errorf("one put more: %v, want ErrFull", err)
			}
		})
	}
}

func TestAFullStoresCountDoesNotDrift(t *testing.T) {
	const writers, capacity = 4, 10
	for _, name := range holding() {
		t.Run(name, func(t *testing.T) {
			s := heapStore(t, Options{Capacity: capacity, Allocator: name})
			var all sync.WaitGroup
			for w := range writers {
				all.Go(func() {
					h := s.Handle(w, nil)
					for i := range 50 {
						if err := h.Put(memory(w, i)); err != nil && !errors.Is(err, ErrFull) {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			if st := s.Stats(); st.Count != capacity || st.Entries != capacity {
				t.Errorf("count %d, entries %d, want %d of both", st.Count, st.Entries, capacity)
			}
		})
	}
}

func TestGenerationsWrapWithoutBringingEntriesBack(t *testing.T) {
	s := heapStore(t, Options{Capacity: 2})
	h := s.Handle(0, nil)
	if err := h.Put(memory(0, 0)); err != nil { // in generation 1
		t.Fatal(err)
	}
	g := s.current.Peek()
	g.number = generationMask
	s.Reset()
	if g.number&generationMask != 1 {
		t.Fatalf("generation %d after the wrap", g.number)
	}
	s.recover(g)
	if n := s.Stats().Entries; n != 0 {
		t.Errorf("%d entries of 16 million resets ago came back", n)
	}
}

func TestPutsAreRefusedWithTheReason(t *testing.T) {
	s := heapStore(t, Options{Capacity: 2, Content: 40})
	h := s.Handle(0, nil)
	long := memory(0, 0)
	long.ID = string(make([]byte, MaxID+1))
	short := memory(0, 0)
	short.Embedding = short.Embedding[1:]
	nameless := memory(0, 0)
	nameless.ID = ""
	for _, m := range []*Memory{long, short, nameless} {
		if h.Put(m) == nil {
			t.Errorf("%.10q with %d values was taken", m.ID, len(m.Embedding))
		}
	}
	if err := h.Put(memory(0, 0)); err != nil {
		t.Fatal(err)
	}
	if err := h.Put(memory(0, 1)); !errors.Is(err, ErrContentFull) || !errors.Is(err, ErrFull) {
		t.Errorf("no room for content: %v", err)
	}
	wantMemory(t, h, memory(0, 0))
}

// Any ids and contents, any sizes, from any number of writers: what was stored reads back.
func TestEveryMemoryReadsBackExactly(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		names := holding()
		writers := rapid.IntRange(1, 6).Draw(rt, "writers")
		o := Options{
			Capacity: 300, Content: 1 << 20, Embedding: rapid.Uint32Range(1, 40).Draw(rt, "embedding"),
			Allocator: rapid.SampledFrom(names).Draw(rt, "allocator"), Checksum: Checksum(rapid.IntRange(0, 1).Draw(rt, "checksum")),
		}
		s := heapStore(t, o)
		sizes := rapid.SliceOfN(rapid.IntRange(0, 1000), 1, 40).Draw(rt, "sizes")
		var all sync.WaitGroup
		put := func(w, i, size int) *Memory {
			m := &Memory{ID: fmt.Sprintf("w%d-m%d", w, i), Content: make([]byte, size), Embedding: make([]float32, o.Embedding)}
			for k := range m.Content {
				m.Content[k] = byte(w*31 + i*7 + k)
			}
			for k := range m.Embedding {
				m.Embedding[k] = float32(w + i*100 + k)
			}
			return m
		}
		for w := range writers {
			all.Go(func() {
				h := s.Handle(w, nil)
				for i, size := range sizes {
					if err := h.Put(put(w, i, size)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		h := s.Handle(0, nil)
		embedding, buffer := make([]float32, o.Embedding), make([]byte, 0, 2000)
		for w := range writers {
			for i, size := range sizes {
				want := put(w, i, size)
				got, err := h.GetInto(want.ID, embedding, buffer[:0])
				if err != nil || string(got.Content) != string(want.Content) || !equal(got.Embedding, want.Embedding) {
					rt.Fatalf("%s of %d bytes: %d bytes came back, %v", want.ID, size, len(got.Content), err)
				}
			}
		}
	})
}

// turns lets threads take their visible operations in a given order.
type turns struct {
	go_     []chan struct{} // to thread i: take one operation
	arrived chan int        // from thread i: at its next operation, or done
}

func (s *turns) Point(t *visible.Thread, _ visible.Op) {
	s.arrived <- t.ID
	<-s.go_[t.ID]
}
func (s *turns) Done(*visible.Thread, visible.Op, uint64) {}

// runTurns runs one put of each of two writers, by schedule: writer and number of
// visible operations, in turn. Schedules must be complete.
func runTurns(s *Store, schedule [][2]int) {
	sched := &turns{go_: []chan struct{}{make(chan struct{}), make(chan struct{})}, arrived: make(chan int)}
	for w := range 2 {
		go func() {
			s.Handle(w, sched).Put(memory(w, 0))
			sched.arrived <- w
		}()
		<-sched.arrived // at its first operation: it goes no further before its turn
	}
	for _, turn := range schedule {
		for range turn[1] {
			sched.go_[turn[0]] <- struct{}{}
			<-sched.arrived
		}
	}
}

func TestTwoPutsByScheduleCollideEveryTime(t *testing.T) {
	const put = 10 // visible operations of check-then-act: pin, look, reserve twice, content, block, commit, index, tell, unpin
	for range 100 {
		s := heapStore(t, Options{Capacity: 4, Allocator: "check-then-act"})
		runTurns(s, [][2]int{{0, 2}, {1, put}, {0, put - 2}}) // 1 looks, and tells, between 0's look and 0's tell
		h := s.Handle(2, nil)
		wantMemory(t, h, memory(0, 0)) // wrote last
		got, err := h.Get("w1-m0")
		var clobbered *ClobberedError
		if !errors.As(err, &clobbered) || !errors.Is(err, ErrClobbered) || clobbered.Found != "w0-m0" || clobbered.Slot != 0 || string(got.Content) != "Writer 0 content 0" {
			t.Fatalf("expected Writer 1's memory to be clobbered by Writer 0's, got %q, %v", got.Content, err)
		}
		if st := s.Stats(); st.Count != 2 {
			t.Fatalf("count %d: it tells of two slots, of which one was used", st.Count)
		}
	}
}

func TestTwoPutsOneAfterTheOtherDoNotCollide(t *testing.T) {
	s := heapStore(t, Options{Capacity: 4, Allocator: "check-then-act"})
	runTurns(s, [][2]int{{0, 10}, {1, 10}})
	h := s.Handle(2, nil)
	wantMemory(t, h, memory(0, 0))
	wantMemory(t, h, memory(1, 0))
}

// steps remembers the steps of one thread.
type steps struct{ seen []visible.Op }

func (s *steps) Point(_ *visible.Thread, op visible.Op) { s.seen = append(s.seen, op) }
func (*steps) Done(*visible.Thread, visible.Op, uint64) {}

func TestAllocatorsMakeTheOperationsTheyAreKnownFor(t *testing.T) {
	put := []visible.Step{visible.Reserve, visible.Reserve, visible.Content, visible.Block, visible.Commit, visible.Index}
	for name, want := range map[string][2][]visible.Step{
		"check-then-act":   {{visible.Look}, {visible.Tell}},
		"lock-each-step":   {{visible.Enter, visible.Look, visible.Leave}, {visible.EnterTell, visible.Tell, visible.LeaveTell}},
		"fetch-add":        {{visible.Claim}, nil},
		"mutex":            {{visible.Enter, visible.Look, visible.Claim, visible.Leave}, nil},
		"compare-and-swap": {{visible.Look, visible.Claim}, nil},
	} {
		var o steps
		s := heapStore(t, Options{Capacity: 1, Allocator: name})
		if err := s.Handle(0, &o).Put(memory(0, 0)); err != nil {
			t.Fatal(err)
		}
		all := slices.Concat([]visible.Step{visible.Pin}, want[0], put, want[1], []visible.Step{visible.Unpin})
		if name == "lock-each-step" {
			all = slices.Insert(slices.Insert(all, 8, visible.LeaveBlock), 7, visible.EnterBlock) // around the block
		}
		if len(o.seen) != len(all) {
			t.Fatalf("%s: %d operations, want %d", name, len(o.seen), len(all))
		}
		for i, op := range o.seen {
			if op.Step != all[i] {
				t.Errorf("%s: operation %d is %s, want %s", name, i, op.Step, all[i])
			}
			if slot, ok := s.BlockSlot(op); ok != (op.Step == visible.Block) || ok && slot != 0 {
				t.Errorf("%s: %s is said to touch block %d, %v", name, op.Step, slot, ok)
			}
		}
	}
}

// yields gives the others a chance between claim and block.
type yields struct{}

func (yields) Point(_ *visible.Thread, op visible.Op) {
	if op.Step == visible.Block || op.Step == visible.EnterBlock {
		for range 10 {
			runtime.Gosched()
		}
	}
}
func (yields) Done(*visible.Thread, visible.Op, uint64) {}

// Under go test -race this reports nothing, and memories are lost all the same:
// every access is ordered by a lock, and the order is wrong.
func TestLockEachStepLosesMemoriesWithoutADataRace(t *testing.T) {
	const writers, each = 4, 100
	for lost := 0; lost == 0; {
		s := heapStore(t, Options{Capacity: writers * each, Allocator: "lock-each-step"})
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				h := s.Handle(w, yields{})
				for i := range each {
					if err := h.Put(memory(w, i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		h := s.Handle(0, nil)
		for w := range writers {
			for i := range each {
				if _, err := h.Get(memory(w, i).ID); errors.Is(err, ErrClobbered) {
					lost++
				}
			}
		}
	}
}

// What is written past the caches is there for whoever gets it, and in the file.
func TestALargeStoreIsWrittenPastTheCaches(t *testing.T) {
	for _, sum := range []Checksum{WholeEntry, ContentOnly} {
		const values = 777 // the block does not end with a step of the copy
		s := heapStore(t, Options{Capacity: 22_000, Embedding: values, Checksum: sum})
		if !s.current.Peek().streams || heapStore(t, Options{Capacity: 20_000, Embedding: values}).current.Peek().streams {
			t.Error("large is not what it was")
		}
		h := s.Handle(0, nil)
		m := Memory{Embedding: make([]float32, values)}
		for i := range 300 {
			m.ID = fmt.Sprintf("memory %d", i)
			for k := range m.Embedding {
				m.Embedding[k] = float32(i*values + k)
			}
			if err := h.Put(&m); err != nil {
				t.Fatal(err)
			}
			got, err := h.Get(m.ID)
			if err != nil || !equal(got.Embedding, m.Embedding) {
				t.Fatalf("%q: %v, %v", m.ID, got.Embedding, err)
			}
		}
		if r := s.current.Peek().verify(); r.Entries != 300 || r.DamagedAll > 0 {
			t.Errorf("%+v", r)
		}
	}
}
