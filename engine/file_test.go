//go:build unix

package engine

import (
	"bytes"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"slotrace/engine/mapping"
)

func fileStore(t testing.TB, o Options) (s *Store, dir string) {
	t.Helper()
	if o.Embedding == 0 {
		o.Embedding = testEmbedding
	}
	dir = filepath.Join(t.TempDir(), "test")
	s, err := Create(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, dir
}

// first is the file of a store that was never compacted.
func first(dir string) string { return filepath.Join(dir, "00000001.store") }

// shut closes a store and changes its first file.
func shut(t *testing.T, s *Store, dir string, change func(b []byte)) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(first(dir))
	if err != nil {
		t.Fatal(err)
	}
	change(b)
	if err := os.WriteFile(first(dir), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// reopen closes a store and opens it.
func reopen(t *testing.T, s *Store, dir string) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestAMappedFileKeepsMemoriesAcrossOpening(t *testing.T) {
	s, path := fileStore(t, Options{Capacity: 64})
	h := s.Handle(0, nil)
	empty, none := memory(1, 100), memory(1, 101)
	empty.Content, none.Content = []byte{}, nil
	full := memory(1, 102)
	full.Confidence, full.Activation, full.DecayRate, full.Flags = 0.5, 0.25, 0.125, 7
	full.Created, full.LastAccess, full.Recalls = 1, 2, 3
	for _, m := range []*Memory{memory(0, 0), empty, none, full} {
		if err := h.Put(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, "mutex")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h = s.Handle(0, nil)
	wantMemory(t, h, memory(0, 0))
	if m, err := h.Get(empty.ID); err != nil || m.Content == nil || len(m.Content) != 0 {
		t.Errorf("empty content came back as %#v, %v", m.Content, err)
	}
	if m, err := h.Get(none.ID); err != nil || m.Content != nil {
		t.Errorf("no content came back as %#v, %v", m.Content, err)
	}
	m, err := h.Get(full.ID)
	if err != nil || m.Confidence != 0.5 || m.Activation != 0.25 || m.DecayRate != 0.125 || m.Flags != 7 || m.Created != 1 || m.LastAccess != 2 || m.Recalls != 3 {
		t.Errorf("metadata came back as %+v, %v", m, err)
	}
	if err := h.Put(memory(2, 0)); err != nil {
		t.Fatal(err)
	}
	wantMemory(t, h, memory(0, 0))
	wantMemory(t, h, memory(2, 0))
}

func TestResetForgetsWhatWasThere(t *testing.T) {
	s, path := fileStore(t, Options{Capacity: 4})
	h := s.Handle(0, nil)
	for i := range 4 {
		if err := h.Put(memory(0, i)); err != nil {
			t.Fatal(err)
		}
	}
	s.Reset()
	if _, err := h.Get("w0-m0"); !errors.Is(err, ErrNotFound) {
		t.Errorf("after a reset: %v", err)
	}
	if err := h.Put(memory(1, 0)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s, err := Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n := s.Stats().Entries; n != 1 {
		t.Errorf("%d entries came back, want the one since the reset", n)
	}
	wantMemory(t, s.Handle(0, nil), memory(1, 0))
}

func TestAStoreIsOpenInOneProcessAtATime(t *testing.T) {
	_, path := fileStore(t, Options{Capacity: 2})
	if _, err := Open(path, ""); !errors.Is(err, mapping.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if _, err := Create(path, Options{Capacity: 2, Embedding: 1, Replace: true}); !errors.Is(err, mapping.ErrInUse) {
		t.Errorf("replaced while open: %v", err)
	}
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	notes := []byte("dear diary, " + strings.Repeat("today I lost data. ", 500))
	for _, name := range []string{"notes.txt", "00000001.store"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, notes, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, ""); !errors.Is(err, ErrForeign) && !errors.Is(err, ErrNoStore) {
			t.Errorf("open: %v", err)
		}
		if _, err := Create(dir, Options{Capacity: 1, Replace: true}); !errors.Is(err, ErrForeign) {
			t.Errorf("create: %v", err)
		}
		if b, _ := os.ReadFile(path); !bytes.Equal(b, notes) {
			t.Error("the file was changed")
		}
		os.Remove(path)
	}
}

func TestOpeningWhereNoStoreIsSaysSoAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir, ""); !errors.Is(err, ErrNoStore) {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "none"), ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestCreateKeepsAStoreUnlessToldToReplaceIt(t *testing.T) {
	s, path := fileStore(t, Options{Capacity: 2})
	s.Handle(0, nil).Put(memory(0, 0))
	s.Close()
	if _, err := Create(path, Options{Capacity: 9}); !errors.Is(err, ErrExists) {
		t.Errorf("create: %v", err)
	}
	s, err := Create(path, Options{Capacity: 9, Replace: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if st := s.Stats(); st.Entries != 0 || st.Capacity != 9 {
		t.Errorf("replaced: %+v", st)
	}
}

func TestMoreThanTheDiskHoldsIsAnErrorThatLeavesNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "huge")
	_, err := Create(path, Options{Capacity: 1 << 32, Embedding: MaxEmbedding})
	if err == nil {
		t.Fatal("a petabyte was found")
	}
	if _, statErr := os.Stat(path); !errors.Is(statErr, os.ErrNotExist) {
		t.Errorf("after %v the folder is there", err)
	}
}

func TestDamagedHeadersAreErrors(t *testing.T) {
	s, path := fileStore(t, Options{Capacity: 2})
	s.Close()
	whole, err := os.ReadFile(first(path))
	if err != nil {
		t.Fatal(err)
	}
	for at := range checkedBytes + 4 {
		b := bytes.Clone(whole)
		b[at] ^= 0x40
		os.WriteFile(first(path), b, 0o600)
		if s, err := Open(path, ""); err == nil {
			s.Close()
			t.Errorf("byte %d of the header flipped: opened", at)
		}
	}
	for _, n := range []int{0, 1, 7, 8, 100, headerBytes - 1, headerBytes, len(whole) - 1} {
		os.WriteFile(first(path), whole[:n], 0o600)
		if s, err := Open(path, ""); err == nil {
			s.Close()
			t.Errorf("cut to %d bytes: opened", n)
		}
	}
}

func TestAnEntryWhoseChecksumIsOffIsNotBroughtBack(t *testing.T) {
	s, path := fileStore(t, Options{Capacity: 2})
	h := s.Handle(0, nil)
	h.Put(memory(0, 0))
	h.Put(memory(0, 1))
	s.Close()
	b, _ := os.ReadFile(first(path))
	b[headerBytes] ^= 1 // in the first block's embedding
	os.WriteFile(first(path), b, 0o600)
	s, err := Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Handle(0, nil).Get("w0-m0"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the damaged one: %v", err)
	}
	wantMemory(t, s.Handle(0, nil), memory(0, 1))
}

func FuzzOpen(f *testing.F) {
	s, err := New(Options{Capacity: 2, Embedding: 1, Content: 64})
	if err != nil {
		f.Fatal(err)
	}
	h := s.Handle(0, nil)
	h.Put(&Memory{ID: "a", Content: []byte("x"), Embedding: []float32{1}})
	f.Add(bytes.Clone(s.current.Peek().mapping.Bytes()))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := mapping.Heap(len(b))
		copy(m.Bytes(), b)
		if len(b) >= headerBytes { // or all that is tried ends at the header's checksum
			le.PutUint32(m.Bytes()[checkedBytes:], crc32.Checksum(m.Bytes()[:checkedBytes], castagnoli))
		}
		g, err := parse(m, "")
		if err != nil || g.capacity > 1000 {
			return
		}
		g.verify()
		s, err := attach(nil, g, "")
		if err != nil {
			t.Fatal(err)
		}
		s.recover(g)
		h := s.Handle(0, nil)
		h.Get("a")
		h.Put(&Memory{ID: "b", Embedding: make([]float32, g.embedding)})
		h.Delete("a")
		h.Range(func(*Memory) bool { return true })
		h.Compact(t.Context())
		s.Close()
	})
}

func TestTheChecksumCoversTheID(t *testing.T) {
	s, path := fileStore(t, Options{Capacity: 2})
	h := s.Handle(0, nil)
	h.Put(memory(0, 0))
	s.Close()
	b, _ := os.ReadFile(first(path))
	at := bytes.Index(b, []byte("w0-m0"))
	b[at] = 'v'
	os.WriteFile(first(path), b, 0o600)
	s, err := Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n := s.Stats().Entries; n != 0 {
		t.Errorf("%d entries came back under another id", n)
	}
}

func TestAReplacementThatFailsLosesNothing(t *testing.T) {
	s, dir := fileStore(t, Options{Capacity: 4})
	put(t, s.Handle(0, nil), memory(0, 0))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Capacity: 1 << 32, Embedding: MaxEmbedding, Replace: true}, {Replace: true}, {Capacity: 1, Allocator: "hope", Replace: true}} {
		if s, err := Create(dir, o); err == nil {
			s.Close()
			t.Fatalf("%+v: made", o)
		}
	}
	s, err := Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Handle(0, nil).Get("w0-m0"); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Create(dir, Options{Capacity: 2, Replace: true}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if files, _, err := files(dir); err != nil || len(files) != 1 || s.Stats().Capacity != 2 {
		t.Errorf("%v, %v, %+v", files, err, s.Stats())
	}
}

// A store whose header is lost may be one that somebody can save.
func TestCreateKeepsAFileWithoutAHeader(t *testing.T) {
	s, dir := fileStore(t, Options{Capacity: 4})
	put(t, s.Handle(0, nil), memory(0, 0))
	shut(t, s, dir, func(b []byte) { clear(b[:headerBytes]) })
	if _, err := Create(dir, Options{Capacity: 1}); !errors.Is(err, ErrExists) {
		t.Errorf("%v", err)
	}
	shut(t, s, dir, func(b []byte) { clear(b) })
	s, err := Create(dir, Options{Capacity: 1}) // nothing is in it: its making was cut off
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func TestSyncsAtOnceWhileSlotsAreFreed(t *testing.T) {
	s, _ := fileStore(t, Options{Capacity: 64})
	var all sync.WaitGroup
	for w := range 3 {
		all.Go(func() {
			h := s.Handle(w, nil)
			for i := range 50 {
				m := memory(w, i%3)
				if err := errors.Join(h.Put(m), h.Delete(m.ID)); err != nil {
					t.Error(err)
				}
				if i%10 == 0 {
					if err := s.Sync(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
}
