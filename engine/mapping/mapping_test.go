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

func keep(head []byte) error { return errors.New("kept: " + string(head[:4])) }

func replace([]byte) error { return nil }

func TestWhatIsWrittenToTheMappingIsInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	m, err := Create(path, 10_000, keep)
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
	m, err = Open(path)
	if err != nil || string(m.Bytes()[9_990:]) != "0123456789" {
		t.Fatalf("opened: %v", err)
	}
	m.Close()
}

func TestCreateAsksBeforeItReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	os.WriteFile(path, []byte("old content"), 0o600)
	if _, err := Create(path, 100, keep); err == nil || !strings.Contains(err.Error(), "kept: old ") {
		t.Errorf("%v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "old content" {
		t.Errorf("the file is %q", b)
	}
	m, err := Create(path, 100, replace)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if !bytes.Equal(m.Bytes(), make([]byte, 100)) {
		t.Error("old bytes came back")
	}
}

func TestAReplacementThatHasNoRoomLeavesNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	os.WriteFile(path, []byte("old content"), 0o600)
	if _, err := Create(path, 1<<55, replace); err == nil {
		t.Fatal("there was room")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty file was left: %v", err)
	}
}

func TestTheDiskSpaceIsTakenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	m, err := Create(path, 1<<20, keep)
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
		filepath.Join(dir, "gone", "f"): func(p string) (*Mapping, error) { return Create(p, 10, keep) },
		filepath.Join(file, "f"):        func(p string) (*Mapping, error) { return Create(p, 10, keep) },
		filepath.Join(dir, "none"):      Open,
		empty:                           Open,
		dir:                             Open,
		filepath.Join(dir, "huge"):      func(p string) (*Mapping, error) { return Create(p, 1<<55, keep) },
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
