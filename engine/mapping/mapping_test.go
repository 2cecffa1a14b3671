//go:build unix

package mapping

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"
)

func TestWhatIsWrittenToTheMappingIsInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	m, err := Create(path, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	copy(m.Bytes()[9_990:], "0123456789")
	if err := errors.Join(m.Sync(), m.Close(), m.Close()); err != nil {
		t.Error(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || len(b) != 10_000 || string(b[9_990:]) != "0123456789" || !bytes.Equal(b[:9_990], make([]byte, 9_990)) {
		t.Errorf("%d bytes, ending in %q, %v", len(b), b[max(0, len(b)-10):], err)
	}
	m, err = Open(path, true)
	if err != nil || string(m.Bytes()[9_990:]) != "0123456789" {
		t.Fatalf("opened: %v", err)
	}
	m.Close()
}

func TestCreateLeavesAFileThatIsThereAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	os.WriteFile(path, []byte("old content"), 0o600)
	if _, err := Create(path, 100); !errors.Is(err, os.ErrExist) {
		t.Errorf("%v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "old content" {
		t.Errorf("the file is %q", b)
	}
}

func TestAFileThatIsOpenedToBeReadNeedNotBeWritable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	os.WriteFile(path, []byte("content"), 0o400)
	m, err := Open(path, false)
	if err != nil || string(m.Bytes()) != "content" {
		t.Fatalf("%v", err)
	}
	m.Close()
}

func TestALockIsHeldByOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := Lock(path, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(path, true); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), path) {
		t.Errorf("locked twice: %v", err)
	}
	l.Close()
	if l, err = Lock(path, true); err != nil {
		t.Fatalf("after it was released: %v", err)
	}
	l.Close()
}

func TestPopulatingChangesNothing(t *testing.T) {
	m, err := Create(filepath.Join(t.TempDir(), "f"), 100_000)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	copy(m.Bytes()[50_000:], "written")
	for _, r := range [][2]uint64{{0, 100_000}, {5_000, 9_000}, {99_999, 1 << 40}, {1 << 40, 1 << 41}, {7, 7}} {
		m.Populate(r[0], r[1])
	}
	if string(m.Bytes()[50_000:50_007]) != "written" || !bytes.Equal(m.Bytes()[:50_000], make([]byte, 50_000)) {
		t.Error("bytes changed")
	}
	if Heap(100).Populate(0, 100) {
		t.Error("the heap has no file to populate from")
	}
}

func TestTheDiskSpaceIsTakenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	m, err := Create(path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if n := allocated(t, path); n < 1<<20 {
		t.Errorf("%d bytes are allocated of %d", n, 1<<20)
	}
}

func TestErrorsNameTheFileAndLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	os.WriteFile(file, []byte("x"), 0o600)
	empty := filepath.Join(dir, "empty")
	os.WriteFile(empty, nil, 0o600)
	for name, open := range map[string]func(path string) (*Mapping, error){
		filepath.Join(dir, "gone", "f"): func(p string) (*Mapping, error) { return Create(p, 10) },
		filepath.Join(file, "f"):        func(p string) (*Mapping, error) { return Create(p, 10) },
		filepath.Join(dir, "none"):      func(p string) (*Mapping, error) { return Open(p, true) },
		empty:                           func(p string) (*Mapping, error) { return Open(p, true) },
		dir:                             func(p string) (*Mapping, error) { return Open(p, false) },
		filepath.Join(dir, "huge"):      func(p string) (*Mapping, error) { return Create(p, 1<<55) },
	} {
		m, err := open(name)
		if err == nil {
			m.Close()
			t.Errorf("%s: no error", name)
		} else if !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTheHeapIsOnACacheLine(t *testing.T) {
	for size := range 200 {
		m := Heap(size)
		if uintptr(unsafe.Pointer(unsafe.SliceData(m.Bytes())))%64 != 0 || len(m.Bytes()) != size {
			t.Fatalf("%d bytes at %p", len(m.Bytes()), unsafe.SliceData(m.Bytes()))
		}
		if err := errors.Join(m.Sync(), m.Close()); err != nil {
			t.Error(err)
		}
	}
}
