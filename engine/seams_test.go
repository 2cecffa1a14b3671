//go:build unix

package engine

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"slotrace/engine/alloc"
	"slotrace/engine/area"
	"slotrace/engine/visible"
)

func TestEveryAreaServesTheStore(t *testing.T) {
	for _, k := range area.Kinds {
		s := heapStore(t, Options{Capacity: 8, Area: k.Name})
		for _, h := range []*Handle{s.Handle(0, nil), s.Handle(1, nil)} {
			for i := range 3 {
				if err := h.Put(memory(h.thread.ID, i)); err != nil {
					t.Fatal(k.Name, err)
				}
			}
			if err := h.Compact(t.Context()); err != nil {
				t.Fatal(k.Name, err)
			}
		}
		var seen steps
		if err := s.Handle(2, &seen).Put(memory(2, 0)); err != nil || slices.ContainsFunc(seen.seen, func(op visible.Op) bool { return op.Step == visible.EnterArea }) != (k.Name != "bump") {
			t.Errorf("%s, compacted: %v, %v", k.Name, err, seen.seen)
		}
		if r := s.current.Peek().verify(); r.Entries != 7 || len(r.Notes) > 0 {
			t.Errorf("%s: %+v", k.Name, r)
		}
	}
}

func TestARewoundStoreIsAsWhenItWasNew(t *testing.T) {
	s := heapStore(t, Options{Capacity: 4})
	before := slices.Clone(s.current.Peek().mapping.Bytes())
	var first []byte
	h := s.Handle(0, nil)
	for range 3 {
		for _, err := range []error{h.Put(memory(0, 0)), h.Put(memory(0, 1)), h.Delete("w0-m0"), h.Put(memory(0, 1))} {
			if err != nil {
				t.Fatal(err)
			}
		}
		b := s.current.Peek().mapping.Bytes()
		if first == nil {
			first = slices.Clone(b)
		}
		if !bytes.Equal(b, first) {
			t.Error("the same puts leave other bytes behind")
		}
		if p := s.Picture(); p.Count != 3 || !slices.Equal(p.Slots, []string{"", "", "w0-m1", ""}) {
			t.Errorf("%+v", p)
		}
		if slot, ok := s.Lookup("w0-m1"); !ok || slot != 2 {
			t.Errorf("w0-m1 leads to %d, %v", slot, ok)
		}
		if err := s.Rewind(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, before) || s.index.Len() != 0 {
			t.Error("something is left")
		}
		if _, err := h.Get("w0-m1"); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	}
	f, err := Create(t.TempDir()+"/store", Options{Capacity: 4, Embedding: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Rewind() == nil {
		t.Error("a store with a file was rewound")
	}
}

// whole waits for no lock that nobody holds any more, and finds the store in order.
func whole(t *testing.T, s *Store, what string) {
	t.Helper()
	if c := s.coarse; c != nil {
		th := &visible.Thread{}
		for _, m := range []*visible.Mutex{&c.index, &c.content} {
			if !m.TryLock(th, visible.NoStep) {
				t.Fatalf("%s: somebody has left a lock behind", what)
			}
			m.Unlock(th, visible.NoStep)
		}
	}
	if r := s.current.Peek().verify(); int(r.Entries) != s.index.Len() || len(r.Notes) > 0 {
		t.Errorf("%s: the index has %d entries, the file is %+v", what, s.index.Len(), r)
	}
}

// boom panics at a step.
type boom visible.Step

func (b boom) Point(_ *visible.Thread, op visible.Op) {
	if op.Step == visible.Step(b) {
		panic("boom")
	}
}
func (boom) Done(*visible.Thread, visible.Op, uint64) {}

func TestCoarseLocksAreReleasedWhateverHappens(t *testing.T) {
	for _, d := range Disciplines {
		s := heapStore(t, Options{Capacity: 2, Locks: d.Name})
		h := s.Handle(0, nil)
		for i, want := range []error{nil, nil, ErrFull, nil} {
			if err := h.Put(memory(0, i)); !errors.Is(err, want) {
				t.Errorf("%s: put %d: %v", d.Name, i, err)
			}
			whole(t, s, d.Name)
			if i == 2 {
				if err := errors.Join(h.Delete("w0-m1")); err != nil {
					t.Error(err)
				}
			}
		}
		if err := h.Delete("w0-m1"); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		wantMemory(t, h, memory(0, 3))
		whole(t, s, d.Name)

		for step := visible.NoStep + 1; step < visible.Steps; step++ {
			s := heapStore(t, Options{Capacity: 4, Locks: d.Name})
			h := s.Handle(0, nil)
			h.Put(memory(0, 0))
			for name, do := range map[string]func(d *Handle){
				"put": func(d *Handle) { d.Put(memory(0, 1)) }, "replace": func(d *Handle) { d.Put(memory(0, 0)) }, "delete": func(d *Handle) { d.Delete("w0-m0") },
			} {
				doomed := s.Handle(1, boom(step))
				func() {
					defer func() { recover() }()
					do(doomed)
				}()
				doomed.Close()
				if err := h.Compact(t.Context()); err != nil {
					t.Errorf("%s at %s: %v", name, step, err)
				}
				whole(t, s, d.Name+": "+name+" at "+step.String())
			}
		}
	}
}

func TestAPutThatPublishesFirstIsWholeInTheEnd(t *testing.T) {
	for _, name := range []string{IndexBeforeCopy, CopyBeforeIndex} {
		s := heapStore(t, Options{Capacity: 3, Publish: name})
		h := s.Handle(0, nil)
		for _, i := range []int{0, 1, 0} {
			if err := h.Put(memory(0, i)); err != nil {
				t.Error(err)
			}
		}
		wantMemory(t, h, memory(0, 0))
		wantMemory(t, h, memory(0, 1))
		whole(t, s, name)
	}
}

func TestThereAreNoOtherSeams(t *testing.T) {
	for _, o := range []Options{{Area: "heap"}, {Publish: "never"}, {Locks: "many"}, {Allocator: "malloc"}} {
		o.Capacity = 1
		if _, err := New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

// A store whose allocator knows the capacity is told when it changes.
func TestABoundedStoreGrows(t *testing.T) {
	for _, k := range alloc.Bounded {
		s := heapStore(t, Options{Capacity: 1, Allocator: k.Name})
		h := s.Handle(0, nil)
		if err := errors.Join(h.Put(memory(0, 0)), h.Resize(t.Context(), 3, 0), h.Put(memory(0, 1)), h.Put(memory(0, 2))); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
		if err := h.Put(memory(0, 3)); !errors.Is(err, ErrFull) {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}
