package recording

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"slotrace/engine/event"
)

// A zip of some KiB can hold files of many MiB. What is made of them in memory must stay
// in proportion to what is read of them, and that within bounds.

// packed is a zip of deflated files: a name, and what is in it.
func packed(t testing.TB, files map[string]io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, r := range files {
		w, err := z.Create(name)
		must(t, err)
		_, err = io.Copy(w, r)
		must(t, err)
	}
	must(t, z.Close())
	return b.Bytes()
}

func headerBytes(t testing.TB) io.Reader {
	t.Helper()
	b, err := headerFile(testHeader())
	must(t, err)
	return bytes.NewReader(b)
}

// allocates is how many MiB do takes from the heap, all in all.
func allocates(do func()) (mib uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) >> 20
}

// listed is a segment as a manifest has it.
func listed(number int, bytes int64) string {
	return fmt.Sprintf(`{"number":%d,"from":0,"to":0,"bytes":%d,"frames":1,"sides":[{}],"curve":[[]]}`, number, bytes)
}

func TestAManifestOfManySmallThingsIsNotUnpackedAll(t *testing.T) {
	const size = 6 << 20
	for name, body := range map[string]string{
		"segments": `{"segments":[` + strings.Repeat("{},", size/3) + `{}]}`,
		"marks":    `{"segments":[{"number":1,"marks":[` + strings.Repeat("0,", size/2) + `0]}]}`,
		"sides":    `{"segments":[{"number":1,"sides":[` + strings.Repeat("{},", size/3) + `{}]}]}`,
		"curve":    `{"segments":[{"number":1,"curve":[` + strings.Repeat("[],", size/3) + `[]]}]}`,
	} {
		sent := packed(t, map[string]io.Reader{headerName: headerBytes(t), manifestName: bytes.NewReader(seal(kindManifest, append(begin(), body...)))})
		var r *Recording
		var err error
		mib := allocates(func() { r, err = OpenZip(bytes.NewReader(sent), int64(len(sent))) })
		if err != nil || len(r.Damage) != 1 || len(r.Damage[0]) > 200 {
			t.Errorf("%s: %v, %q", name, err, r.Damage)
		}
		if mib > 96 {
			t.Errorf("%s: %d KiB of a zip took %d MiB", name, len(sent)>>10, mib)
		}
	}
}

func TestASegmentsSummaryHasAnEnd(t *testing.T) {
	summary := `{"number":1,"frames":1,"sides":[` + strings.Repeat("{},", maxRaw/3) + `{}],"curve":[[]]}`
	b := le.AppendUint32(begin(), uint32(len(summary)))
	sent := packed(t, map[string]io.Reader{headerName: headerBytes(t), segmentName(1): bytes.NewReader(seal(kindSegment, append(b, summary...)))})
	var r *Recording
	var err error
	mib := allocates(func() { r, err = OpenZip(bytes.NewReader(sent), int64(len(sent))) })
	if err != nil || len(r.Damage) != 1 || mib > 128 {
		t.Errorf("%d KiB of a zip took %d MiB: %v, %q", len(sent)>>10, mib, err, r.Damage)
	}
}

// endless are so many bytes of nothing.
func endless(n int64) io.Reader { return io.LimitReader(zeros{}, n) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAFileThatIsFarTooLongIsNotRead(t *testing.T) {
	body := `{"segments":[` + listed(1, 100) + `]}`
	sent := packed(t, map[string]io.Reader{
		headerName: headerBytes(t), manifestName: bytes.NewReader(seal(kindManifest, append(begin(), body...))), segmentName(1): endless(256 << 20),
	})
	var err error
	mib := allocates(func() {
		var r *Recording
		if r, err = OpenZip(bytes.NewReader(sent), int64(len(sent))); err == nil {
			_, err = r.Zip()
		}
	})
	if mib > 128 {
		t.Errorf("%d KiB of a zip took %d MiB, %v", len(sent)>>10, mib, err)
	}
}

// A recording without a manifest has each of its segments read when it is opened.
func TestAZipThatWouldUnpackWithoutEndIsNotOpened(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	header, err := headerFile(testHeader())
	must(t, err)
	w, err := z.Create(headerName)
	must(t, err)
	_, err = w.Write(header)
	must(t, err)
	for i := range maxUnpacked/maxFile + 1 {
		w, err := z.CreateRaw(&zip.FileHeader{Name: segmentName(i + 1), Method: zip.Deflate, CompressedSize64: 10, UncompressedSize64: maxFile})
		must(t, err)
		_, err = w.Write(make([]byte, 10))
		must(t, err)
	}
	must(t, z.Close())
	if _, err := OpenZip(bytes.NewReader(b.Bytes()), int64(b.Len())); err == nil || !strings.Contains(err.Error(), "would unpack to") {
		t.Error(err)
	}
}

// What a recording says of itself is printed on terminals.
func TestARecordingTellsNoTerminalWhatToDo(t *testing.T) {
	for what, edit := range map[string]func(h *Header){
		"version": func(h *Header) { h.Version = "v1\x1b[2J" },
		"machine": func(h *Header) { h.Machine = "linux\nIt holds every step." },
		"long":    func(h *Header) { h.Machine = strings.Repeat("x", maxText+1) },
		"allocator": func(h *Header) {
			h.Run.Allocator = "mutex\u202e"
			h.Hello = event.AppendHello(nil, &event.Hello{Allocators: []event.Allocator{{Name: h.Run.Allocator}}})
		},
	} {
		h := testHeader()
		edit(h)
		b, err := headerFile(h)
		must(t, err)
		fsys := memory(t)
		put(t, fsys, headerName, b)
		if _, err := Open(fsys); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	fsys := memory(t)
	w, err := NewWriter(fsys, testHeader())
	must(t, err)
	must(t, w.Close("the run failed: this\nand that"))
	r, err := Open(fsys)
	must(t, err)
	if r.Ended != "the run failed: this; and that" {
		t.Errorf("%q", r.Ended)
	}
	b, err := manifestFile(&Manifest{Ended: "\x1b[2J\n" + strings.Repeat("é", maxText)})
	must(t, err)
	put(t, fsys, manifestName, b)
	r, err = Open(fsys)
	must(t, err)
	if strings.ContainsAny(r.Ended, "\x1b\n") || len(r.Ended) > maxText+10 {
		t.Errorf("%d bytes: %.20q", len(r.Ended), r.Ended)
	}
}
