//go:build unix

package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"slotrace/engine/mapping"
	"slotrace/engine/visible"
)

// small makes a store at rest of few bytes, with a deleted entry, a replaced one, one
// without content and one from before a reset, and returns its file and what is in it.
func small(t testing.TB) (dir string, file []byte, want map[string]*Memory) {
	t.Helper()
	s, dir := fileStore(t, Options{Capacity: 6, Embedding: 1, Content: 128})
	h := s.Handle(0, nil)
	put := func(id, content string, value float32) *Memory {
		m := &Memory{ID: id, Content: []byte(content), Embedding: []float32{value}, Recalls: 3}
		if content == "" {
			m.Content = nil
		}
		if err := h.Put(m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	for i := range 6 {
		put(string(rune('u'+i)), "before the reset", 9)
	}
	s.Reset()
	want = map[string]*Memory{}
	put("gone", "deleted", 1)
	put("b", "first", 2)
	want["a"] = put("a", "Writer 5 content 0", 3)
	want["b"] = put("b", "second", 4)
	want["c"] = put("c", "", 5)
	if err := errors.Join(h.Delete("gone"), s.Close()); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(first(dir))
	if err != nil {
		t.Fatal(err)
	}
	return dir, file, want
}

// intact says whether opening the store finds what was stored, and nothing else. If
// anything is served that is not what was stored, the test fails.
func intact(t *testing.T, what string, dir string, want map[string]*Memory) bool {
	t.Helper()
	s, err := Open(dir, "")
	if err != nil {
		return false
	}
	defer s.Close()
	h := s.Handle(0, nil)
	all := true
	for id, m := range want {
		got, err := h.Get(id)
		if err != nil {
			all = false
			continue
		}
		if string(got.Content) != string(m.Content) || (got.Content == nil) != (m.Content == nil) || got.Embedding[0] != m.Embedding[0] || got.Recalls != m.Recalls {
			t.Errorf("%s: %s is served as %q, %v", what, id, got.Content, got.Embedding)
		}
	}
	if err := h.Range(func(m *Memory) bool {
		if want[m.ID] == nil {
			t.Errorf("%s: %q has come from nowhere: %q", what, m.ID, m.Content)
		}
		return true
	}); err != nil {
		t.Errorf("%s: range: %v", what, err)
	}
	return all
}

func TestEachByteThatChangesIsFoundOrCostsNothing(t *testing.T) {
	dir, file, want := small(t)
	found, harmless := 0, 0
	for at := range file {
		for _, flip := range []byte{0x01, 0xff} {
			b := bytes.Clone(file)
			b[at] ^= flip
			if err := os.WriteFile(first(dir), b, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := Check(dir)
			reported := err != nil || r.DamagedAll > 0
			if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) && !errors.Is(err, ErrVersion) {
				t.Errorf("byte %d: %v", at, err)
			}
			what := fmt.Sprintf("byte %d", at)
			whole := intact(t, what, dir, want)
			switch {
			case reported:
				found++
			case whole:
				harmless++
			default:
				t.Errorf("byte %d, flipped by %#x: a memory is gone and nothing was said: %+v", at, flip, r)
			}
		}
	}
	t.Logf("%d changes: %d found, %d harmless", 2*len(file), found, harmless)
	if found < 2*100 || harmless < 2*4000 {
		t.Error("these are not the figures of a small store")
	}
}

func TestEachLengthThatAFileIsCutToIsFound(t *testing.T) {
	dir, file, want := small(t)
	for n := range file {
		if err := os.WriteFile(first(dir), file[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Check(dir); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) {
			t.Errorf("%d bytes: check: %v", n, err)
		}
		if s, err := Open(dir, ""); err == nil {
			s.Close()
			t.Errorf("%d bytes: opened", n)
		}
	}
	if err := os.WriteFile(first(dir), append(bytes.Clone(file), 0), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(dir); !errors.Is(err, ErrDamaged) {
		t.Errorf("a byte too many: %v", err)
	}
	os.WriteFile(first(dir), file, 0o600)
	if !intact(t, "whole", dir, want) {
		t.Error("the whole file is not whole")
	}
}

func TestCheckTellsDamageByEntryAndChangesNothing(t *testing.T) {
	dir, file, _ := small(t)
	r, err := Check(dir)
	if err != nil || r.DamagedAll != 0 || r.Entries != 3 || len(r.Notes) != 0 {
		t.Fatalf("a sound store: %+v, %v", r, err)
	}
	b := bytes.Clone(file)
	b[bytes.Index(b, []byte("Writer 5"))] = 'w'
	os.WriteFile(first(dir), b, 0o600)
	r, err = Check(dir)
	if err != nil || r.DamagedAll != 1 || r.Entries != 2 || r.Damaged[0].ID != "a" || r.Damaged[0].Slot != 2 || !strings.Contains(r.Damaged[0].What, "checksum") {
		t.Errorf("%+v, %v", r, err)
	}
	if after, _ := os.ReadFile(first(dir)); !bytes.Equal(after, b) {
		t.Error("check changed the file")
	}
	s, err := Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n := s.Stats().Damaged; n != 1 {
		t.Errorf("opening counts %d damaged entries", n)
	}
	if _, err := Check(dir); !errors.Is(err, mapping.ErrInUse) {
		t.Errorf("a store that is open: %v", err)
	}
}

// A file that somebody cuts short takes neither the process nor the locks with it.
func TestAFileThatIsCutUnderTheMapIsAnError(t *testing.T) {
	for _, name := range append(holding(), "check-then-act", "lock-each-step") {
		for _, left := range []int64{0, headerBytes} {
			s, dir := fileStore(t, Options{Capacity: 4096, Allocator: name})
			h := s.Handle(0, nil)
			h.Put(memory(0, 0))
			if err := os.Truncate(first(dir), left); err != nil {
				t.Fatal(err)
			}
			_, get := h.Get("w0-m0")
			errs := map[string]error{
				"get": get, "put": h.Put(memory(0, 1)), "put again": h.Put(memory(0, 2)), "delete": h.Delete("w0-m0"),
				"view":    h.View("w0-m0", func(m *Memory) error { _ = bytes.Clone(m.Content); return nil }),
				"range":   h.Range(func(m *Memory) bool { return len(m.Content) > 0 }),
				"compact": h.Compact(t.Context()), "reset": s.Reset(),
			}
			for what, err := range errs {
				if !errors.Is(err, ErrTruncated) && !((what == "range" || what == "reset") && left > 0 && err == nil) {
					t.Errorf("%s, %d bytes left: %s: %v", name, left, what, err)
				}
			}
			s.Stats()
			if err := s.Close(); !errors.Is(err, ErrTruncated) {
				t.Errorf("%s: close: %v", name, err)
			}
			if err := s.Close(); err != nil {
				t.Errorf("%s: close again: %v", name, err)
			}
		}
	}
}

// What is missing within a page does not fault: whoever asks for it to be kept is told.
func TestAFileThatIsCutWithinItsLastPage(t *testing.T) {
	for name, sync := range map[string]func(s *Store) error{"sync": (*Store).Sync, "close": (*Store).Close} {
		s, dir := fileStore(t, Options{Capacity: 4, Content: 64})
		if err := s.Handle(0, nil).Put(memory(0, 0)); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(first(dir), int64(s.current.Peek().contentAt()+10)); err != nil {
			t.Fatal(err)
		}
		if err := sync(s); !errors.Is(err, ErrTruncated) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// limited runs a part of this test in a process of its own, which may change its
// limits and its user.
func limited(t *testing.T, part, dir string) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestLimited$")
	c.Env = append(os.Environ(), "SLOTRACE_LIMITED="+part, "SLOTRACE_LIMITED_DIR="+dir)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", part, err, out)
	}
}

// TestLimited is those parts; on its own it has nothing to do.
func TestLimited(t *testing.T) {
	dir := os.Getenv("SLOTRACE_LIMITED_DIR")
	switch os.Getenv("SLOTRACE_LIMITED") {
	case "disk":
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}); err != nil {
			t.Fatal(err)
		}
		if _, err := Create(filepath.Join(dir, "large"), Options{Capacity: 10_000}); !errors.Is(err, unix.EFBIG) || !strings.Contains(err.Error(), "no room") {
			t.Errorf("create: %v", err)
		}
		s, err := Open(filepath.Join(dir, "store"), "")
		if err != nil {
			t.Fatal(err)
		}
		h := s.Handle(0, nil)
		if err := h.Resize(context.Background(), 10_000, 0); !errors.Is(err, unix.EFBIG) {
			t.Errorf("resize: %v", err)
		}
		wantMemory(t, h, memory(0, 0))
		if err := h.Put(memory(0, 1)); err != nil {
			t.Errorf("the store does not go on: %v", err)
		}
		s.Close()
	case "read-only":
		if os.Getuid() == 0 { // whom permissions do not hold back
			const nobody = 65534
			if err := errors.Join(syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Create(filepath.Join(dir, "new"), Options{Capacity: 1}); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("create: %v", err)
		}
		if _, err := Open(filepath.Join(dir, "store"), ""); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("open: %v", err)
		}
		if r, err := Check(filepath.Join(dir, "store")); err != nil || r.Entries != 1 {
			t.Errorf("check needs to write nothing: %+v, %v", r, err)
		}
	}
}

func TestWithoutRoomOrPermissionThereIsAnErrorAndNothingIsLost(t *testing.T) {
	dir := t.TempDir()
	s, err := Create(filepath.Join(dir, "store"), Options{Capacity: 4, Embedding: testEmbedding})
	if err != nil {
		t.Fatal(err)
	}
	s.Handle(0, nil).Put(memory(0, 0))
	s.Close()
	os.Chmod(filepath.Dir(dir), 0o755) // so that others may go in
	os.Chmod(dir, 0o555)
	os.Chmod(filepath.Join(dir, "store"), 0o555)
	os.Chmod(filepath.Join(dir, "store", lockName), 0o444)
	os.Chmod(first(filepath.Join(dir, "store")), 0o444)
	limited(t, "read-only", dir)
	os.Chmod(dir, 0o755)
	os.Chmod(filepath.Join(dir, "store"), 0o755)
	os.Chmod(filepath.Join(dir, "store", lockName), 0o644)
	os.Chmod(first(filepath.Join(dir, "store")), 0o644)
	limited(t, "disk", dir)
	left, _ := os.ReadDir(dir)
	files, _ := os.ReadDir(filepath.Join(dir, "store"))
	if len(left) != 1 || len(files) != 2 {
		t.Errorf("left behind: %v, %v", left, files)
	}
}

// Which of two entries of one id is the newer one is in the file before the older one
// is cleared, however often the id was replaced before.
func TestAReplacementThatIsCutOffIsTheNewerOne(t *testing.T) {
	s, dir := fileStore(t, Options{Capacity: 4})
	var copied []byte
	o := &at{step: visible.Clear}
	h := s.Handle(0, o)
	for i := range 20 {
		o.do = func() { copied, _ = os.ReadFile(first(dir)) }
		m := memory(0, 0)
		m.Content = []byte{byte('a' + i)}
		if err := h.Put(m); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			continue
		}
		cut := t.TempDir()
		if err := os.WriteFile(first(cut), copied, 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := Check(cut); err != nil || r.DamagedAll > 0 || len(r.Notes) == 0 || !strings.Contains(r.Notes[0], "both hold") {
			t.Errorf("replacement %d: %+v, %v", i, r, err)
		}
		c, err := Open(cut, "")
		if err != nil {
			t.Fatal(err)
		}
		wantMemory(t, c.Handle(0, nil), m)
		if st := c.Stats(); st.Entries != 1 {
			t.Errorf("replacement %d: %+v", i, st)
		}
		c.Close()
		if r, err := Check(cut); err != nil || len(r.Notes) > 0 {
			t.Errorf("replacement %d was not put right: %+v, %v", i, r, err)
		}
	}
}

// A compaction that was cut off before its file counted has not been; one cut off just
// behind that has been.
func TestACompactionThatIsCutOffLeavesOneStore(t *testing.T) {
	s, dir := fileStore(t, Options{Capacity: 4})
	h := s.Handle(0, nil)
	h.Put(memory(0, 0))
	h.Put(memory(0, 1))
	h.Delete("w0-m0")
	files := map[string][]byte{}
	keep := func() {
		for _, n := range []string{"00000001.store", "00000002.store"} {
			files[n], _ = os.ReadFile(filepath.Join(dir, n))
		}
	}
	if err := s.Handle(1, &at{visible.Switch, keep}).Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(b []byte) []byte{
		"whole":     func(b []byte) []byte { return b },
		"unmarked":  func(b []byte) []byte { clear(b[generationAt : generationAt+8]); return b },
		"allocated": func(b []byte) []byte { return make([]byte, len(b)) },
		"begun":     func(b []byte) []byte { return nil },
	} {
		cut := t.TempDir()
		os.WriteFile(filepath.Join(cut, "00000001.store"), files["00000001.store"], 0o600)
		os.WriteFile(filepath.Join(cut, "00000002.store"), edit(bytes.Clone(files["00000002.store"])), 0o600)
		if r, err := Check(cut); err != nil || r.Entries != 1 || len(r.Notes) != 1 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		c, err := Open(cut, "")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantMemory(t, c.Handle(0, nil), memory(0, 1))
		c.Close()
		if left, _ := os.ReadDir(cut); len(left) != 2 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
}
