package recording

import (
	"archive/zip"
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/hack-pad/hackpadfs"
)

// files lists the recording's files.
func (r *Recording) files() []string {
	names := []string{headerName, manifestName}
	for i := range r.Segments {
		names = append(names, segmentName(i+1))
	}
	return names
}

func TestAnyPartOfAZipIsThatPart(t *testing.T) {
	fsys := memory(t)
	record(t, fsys, 6, oneFrame)
	r, err := Open(fsys)
	must(t, err)
	z, err := r.Zip()
	must(t, err)
	var whole bytes.Buffer
	must(t, r.WriteZip(&whole))
	if z.Size() != int64(whole.Len()) || len(r.Segments) < 3 {
		t.Fatalf("%d bytes of %d, %d segments", whole.Len(), z.Size(), len(r.Segments))
	}
	for _, at := range append(spread(whole.Len(), 200), whole.Len()-1, whole.Len()) {
		f := z.From(int64(at))
		b, err := io.ReadAll(f)
		if err != nil || !bytes.Equal(b, whole.Bytes()[at:]) {
			t.Fatalf("from %d: %d bytes, %v; want %d", at, len(b), err, whole.Len()-at)
		}
		must(t, f.Close())
	}
	// Another tool's reader finds each file's checksum right.
	files, err := zip.NewReader(bytes.NewReader(whole.Bytes()), z.Size())
	must(t, err)
	for i, f := range files.File {
		in, err := f.Open()
		must(t, err)
		b, err := io.ReadAll(in)
		must(t, err)
		on, err := hackpadfs.ReadFile(fsys, f.Name)
		must(t, err)
		if f.Name != r.files()[i] || !bytes.Equal(b, on) {
			t.Errorf("%s: %d bytes, and %d in the folder", f.Name, len(b), len(on))
		}
	}
}

// What is damaged can still be had, to be looked at elsewhere.
func TestADamagedRecordingHasAZip(t *testing.T) {
	fsys := memory(t)
	record(t, fsys, 6, oneFrame)
	r, err := Open(fsys)
	must(t, err)
	before, err := r.Zip()
	must(t, err)
	sum := before.Sum()
	content, err := io.ReadAll(before.From(0))
	must(t, err)
	last := segmentName(len(r.Segments))
	b, err := hackpadfs.ReadFile(fsys, last)
	must(t, err)
	put(t, fsys, last, append(b, "more than was written"...))
	if b, err := io.ReadAll(before.From(0)); err != nil || !bytes.Equal(b, content) {
		t.Errorf("a file that grew meanwhile: %d bytes of %d, %v", len(b), len(content), err)
	}
	put(t, fsys, last, b)
	must(t, hackpadfs.Remove(fsys, segmentName(1)))
	b, err = hackpadfs.ReadFile(fsys, segmentName(2))
	must(t, err)
	put(t, fsys, segmentName(2), b[:100])
	if _, err := io.ReadAll(before.From(0)); err == nil || !strings.Contains(err.Error(), "000001.slot") {
		t.Errorf("a file that went meanwhile: %v", err)
	}
	r, err = Open(fsys)
	must(t, err)
	z, err := r.Zip()
	must(t, err)
	if z.Sum() == sum {
		t.Error("other bytes have the same sum")
	}
	whole, err := io.ReadAll(z.From(0))
	must(t, err)
	again, err := OpenZip(bytes.NewReader(whole), z.Size())
	must(t, err)
	if len(again.Damage) != 2 || !strings.Contains(again.Damage[0], "000001.slot: it is missing") || !strings.Contains(again.Damage[1], "000002.slot: it has 100 bytes") {
		t.Errorf("%q", again.Damage)
	}
}

func TestAZipIsDamagedOnlyWithAName(t *testing.T) {
	fsys := memory(t)
	record(t, fsys, 3, oneFrame)
	r, err := Open(fsys)
	must(t, err)
	var whole bytes.Buffer
	must(t, r.WriteZip(&whole))
	for _, at := range spread(whole.Len(), 300) {
		b := bytes.Clone(whole.Bytes())
		b[at] ^= 1 << (at % 8)
		again, err := OpenZip(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			err = again.Verify(nil)
		}
		if err == nil {
			var c bytes.Buffer
			again.Ended = r.Ended // without the manifest, it was cut off
			must(t, again.WriteZip(&c))
			// Without its manifest, whose name was changed, it is one that was cut off.
			if !bytes.Equal(c.Bytes(), whole.Bytes()) && (again.Ended != "" || len(again.Segments) != len(r.Segments)) {
				t.Errorf("byte %d: another recording was believed", at)
			}
		}
	}
}

func TestWhatWouldUnpackWithoutEndIsNotUnpacked(t *testing.T) {
	fsys := memory(t)
	record(t, fsys, 3, oneFrame)
	r, err := Open(fsys)
	must(t, err)
	segment := r.Segments[0]
	segment.Raw = maxRaw
	r.Segments = nil
	for range maxUnpacked/maxRaw + 1 {
		r.Segments = append(r.Segments, segment)
	}
	for _, err := range []error{r.Verify(nil), r.CopyTo(memory(t), nil)} {
		if err == nil || !strings.Contains(err.Error(), "which no run's do") {
			t.Error(err)
		}
	}
}

// A zip's end may tell of a million files, or of few while there are more.
func TestAZipOfAMillionFilesIsNotListed(t *testing.T) {
	entry := append([]byte("PK\x01\x02"), make([]byte, 42)...)
	entry[28] = 1 // a name of one letter
	b := bytes.Repeat(append(entry, 'x'), 1_000_000)
	for _, told := range []uint16{3, 1_000_000 % (1 << 16)} {
		end := append([]byte("PK\x05\x06"), make([]byte, 18)...)
		le.PutUint16(end[8:], told)
		le.PutUint16(end[10:], told)
		le.PutUint32(end[12:], uint32(len(b)))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := OpenZip(bytes.NewReader(append(b, end...)), int64(len(b)+len(end)))
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "more in it than any recording has") || after.TotalAlloc-before.TotalAlloc > 256<<20 {
			t.Errorf("%v, %d MiB", err, (after.TotalAlloc-before.TotalAlloc)>>20)
		}
	}
}
