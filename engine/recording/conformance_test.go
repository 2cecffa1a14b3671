package recording

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hack-pad/hackpadfs"
)

// fileSystem is one that recordings are kept in. again gives it as another process would
// find it.
type fileSystem struct {
	name  string
	open  func(t testing.TB) hackpadfs.FS // a new one, which is empty
	again func(t testing.TB) hackpadfs.FS
}

// onEach runs a test on each file system that there is here (filesystems_*_test.go).
func onEach(t *testing.T, test func(t *testing.T, f fileSystem)) {
	for _, f := range fileSystems(t) {
		t.Run(f.name, func(t *testing.T) { test(t, f) })
	}
}

// What a Writer, a Shelf and Open ask of a file system.
func TestConformanceFiles(t *testing.T) {
	onEach(t, func(t *testing.T, f fileSystem) {
		fsys := f.open(t)
		must(t, hackpadfs.MkdirAll(fsys, "a", 0o755))
		must(t, hackpadfs.MkdirAll(fsys, "a", 0o755))
		in := folder{fsys, "a"}
		large := bytes.Repeat([]byte("slot"), SegmentBytes/4)
		must(t, write(in, "x", large))
		must(t, write(in, "y", nil))
		must(t, write(in, "x", []byte("another")))
		must(t, write(in, "large", large))
		read := func(fsys fs.FS, name, want string) {
			t.Helper()
			if b, err := fs.ReadFile(fsys, name); err != nil || string(b) != want {
				t.Errorf("%s: %.20q, %v; want %.20q", name, b, err, want)
			}
		}
		for _, fsys := range []hackpadfs.FS{fsys, f.again(t)} {
			in := folder{fsys, "a"}
			read(in, "x", "another")
			read(in, "y", "")
			read(in, "large", string(large))
			entries, err := fs.ReadDir(in, ".")
			must(t, err)
			var names []string
			for _, e := range entries {
				info, err := e.Info()
				must(t, err)
				if e.Name() == "large" && info.Size() != int64(len(large)) {
					t.Errorf("it has %d bytes, want %d", info.Size(), len(large))
				}
				names = append(names, e.Name())
			}
			slices.Sort(names)
			if !slices.Equal(names, []string{"large", "x", "y"}) {
				t.Errorf("the folder has %v", names)
			}
		}
		if _, err := fs.ReadFile(in, "z"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v, want that there is no such file", err)
		}
		if _, err := fs.ReadFile(in, "../a/x"); err == nil {
			t.Error("a file was read by a way out of its folder")
		}
		must(t, hackpadfs.Remove(in, "x"))
		must(t, hackpadfs.RemoveAll(fsys, "a"))
		if _, err := hackpadfs.Stat(fsys, "a"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v, want that there is no such folder", err)
		}
	})
}

func TestConformanceShelf(t *testing.T) {
	onEach(t, func(t *testing.T, f fileSystem) {
		s := NewShelf(f.open(t))
		id, in, err := s.Make()
		must(t, err)
		other, inOther, err := s.Make()
		must(t, err)
		w := record(t, in, 60, oneFrame)
		record(t, inOther, 5, Options{})
		must(t, s.Rename(id, "the best moment"))

		s = NewShelf(f.again(t))
		ids, err := s.IDs()
		must(t, err)
		want := []string{id, other}
		slices.Sort(want)
		if !slices.Equal(ids, want) {
			t.Errorf("it holds %v, want %v", ids, want)
		}
		r, err := s.Open(id)
		must(t, err)
		if got := look(t, r); r.Name != "the best moment" || len(r.Damage) > 0 || !slices.Equal(got.records, w.records) {
			t.Errorf("%q %v: %d records of %d", r.Name, r.Damage, len(got.records), len(w.records))
		}
		var zip bytes.Buffer
		must(t, r.WriteZip(&zip))
		if z, err := OpenZip(bytes.NewReader(zip.Bytes()), int64(zip.Len())); err != nil || z.Summary().Events != uint64(len(w.records)) {
			t.Error(err)
		}
		must(t, s.Remove(id))
		must(t, s.Sweep(0))
		if ids, err := s.IDs(); err != nil || !slices.Equal(ids, []string{other}) {
			t.Errorf("it holds %v (%v), want %s", ids, err, other)
		}
	})
}

// mortal is a file system whose process is killed after some operations: nothing it is
// asked for then is done.
type mortal struct {
	hackpadfs.FS
	left *int
}

var errKilled = errors.New("killed")

func (m mortal) dead() bool { *m.left--; return *m.left < 0 }

func (m mortal) OpenFile(name string, flag int, perm hackpadfs.FileMode) (hackpadfs.File, error) {
	if m.dead() {
		return nil, errKilled
	}
	f, err := hackpadfs.OpenFile(m.FS, name, flag, perm)
	return mortalFile{f, m}, err
}

func (m mortal) Rename(a, b string) error {
	if m.dead() {
		return errKilled
	}
	return hackpadfs.Rename(m.FS, a, b)
}

func (m mortal) Remove(name string) error {
	if m.dead() {
		return errKilled
	}
	return hackpadfs.Remove(m.FS, name)
}

type mortalFile struct {
	hackpadfs.File
	m mortal
}

func (f mortalFile) Write(b []byte) (int, error) {
	if f.m.dead() { // in the middle
		n, _ := hackpadfs.WriteFile(f.File, b[:len(b)/2])
		return n, errKilled
	}
	return hackpadfs.WriteFile(f.File, b)
}

// Killed before or within any operation on files, a recording opens, with all segments that
// were whole by then.
func TestConformanceKilled(t *testing.T) {
	onEach(t, func(t *testing.T, f fileSystem) {
		whole := 0
		for n := 3; whole < 5; n++ { // 3: the header is there
			left := n
			fsys := f.open(t)
			must(t, hackpadfs.MkdirAll(fsys, "a", 0o755))
			h := testHeader()
			writer, err := NewWriter(folder{mortal{fsys, &left}, "a"}, h)
			must(t, err)
			w := newWorld(7, 1000)
			recorder, err := NewRecorder(writer, h, testState(), oneFrame)
			must(t, err)
			for range 6 {
				recorder.Steps(0, 1, w.totals.Clock, 0, w.puts(20))
				w.show(recorder, false)
				recorder.Frame()
			}
			err = recorder.Close("stopped")
			r, openErr := Open(folder{f.again(t), "a"})
			if openErr != nil || len(r.Damage) > 0 {
				t.Fatalf("killed after %d operations (%v): %v %v", n, err, openErr, r.Damage)
			}
			segments, _, _ := writer.Written()
			if len(r.Segments) < segments || len(r.Segments) > segments+1 {
				t.Fatalf("killed after %d operations: %d segments where %d were written", n, len(r.Segments), segments)
			}
			got := look(t, r)
			if !slices.Equal(got.records, w.records[:len(got.records)]) {
				t.Fatalf("killed after %d operations: the records are others", n)
			}
			if err == nil {
				break
			}
			whole = len(r.Segments)
		}
	})
}

// The two halves of a test in which a tab is closed (web/browsertest): the first records
// until it is, and the second opens what is there in another tab.
func TestRecordUntilKilled(t *testing.T) {
	if !slices.Contains(os.Args, "record-until-killed") {
		t.Skip("it does not end")
	}
	fsys := lasting(t)
	must(t, hackpadfs.RemoveAll(fsys, "killed"))
	must(t, hackpadfs.MkdirAll(fsys, "killed", 0o755))
	h := testHeader()
	writer, err := NewWriter(folder{fsys, "killed"}, h)
	must(t, err)
	recorder, err := NewRecorder(writer, h, testState(), Options{Oldest: 1})
	must(t, err)
	w := newWorld(7, 1000)
	for told := 0; ; {
		recorder.Steps(0, 1, w.totals.Clock, 0, w.puts(500))
		w.show(recorder, false)
		if !recorder.Frame() {
			t.Fatal(writer.Err())
		}
		if n, _, _ := writer.Written(); n > told {
			told = n
			t.Log("segments written:", n)
		}
		rest(t)
	}
}

func TestOpenWhatWasKilled(t *testing.T) {
	if !slices.Contains(os.Args, "open-what-was-killed") {
		t.Skip("nobody was killed")
	}
	r, err := Open(folder{lasting(t), "killed"})
	must(t, err)
	if len(r.Damage) > 0 || r.Ended != "" || len(r.Segments) < 3 {
		t.Fatalf("%v, ended %q, %d segments", r.Damage, r.Ended, len(r.Segments))
	}
	got := look(t, r)
	w := newWorld(7, 1000)
	for len(w.records) < len(got.records) {
		w.puts(500)
	}
	if !slices.Equal(got.records, w.records[:len(got.records)]) {
		t.Error("the records are others")
	}
	t.Log(strings.Repeat("-", 10), len(r.Segments), "segments,", len(got.records), "records")
}

// Workers of one browser share one database: what one of them begins, another does not sweep up.
func TestConformanceSweep(t *testing.T) {
	onEach(t, func(t *testing.T, f fileSystem) {
		fsys := f.open(t)
		one, other := NewShelf(fsys), NewShelf(fsys)
		id, in, err := one.Make()
		must(t, err)
		must(t, write(in, segmentName(1), []byte("as of a copy, whose header comes last")))
		must(t, other.Sweep(time.Hour))
		must(t, writeHeader(in, testHeader()))
		if _, err := other.Open(id); err != nil {
			t.Error(err)
		}
		cut, in, err := one.Make()
		must(t, err)
		must(t, write(in, segmentName(1), []byte("of one that was cut off")))
		must(t, other.sweep(time.Hour, time.Now().Add(59*time.Minute)))
		if ids, err := one.IDs(); err != nil || !slices.Contains(ids, cut) {
			t.Errorf("%v, %v: %s was touched within the hour", ids, err, cut)
		}
		must(t, other.sweep(time.Hour, time.Now().Add(61*time.Minute)))
		if ids, err := one.IDs(); err != nil || len(ids) != 1 || ids[0] != id {
			t.Errorf("%v, %v: of %s and %s", ids, err, id, cut)
		}
	})
}
