package apitest

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"slotrace/engine/recording/recordingtest"
)

// file is a file in a zip.
type file struct {
	name   string
	method uint16
	b      []byte
}

// unzip lists a recording's files.
func unzip(t testing.TB, b []byte) (files []file) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file{name: f.Name, b: b})
	}
	return files
}

// pack makes a zip as another tool would, with the times and sizes where that puts them.
func pack(t testing.TB, files []file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: f.method, Modified: recordingtest.Made})
		if err == nil {
			_, err = w.Write(f.b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Hostile are bodies that are no recordings, and what is said of them.
func Hostile(t testing.TB) map[string]struct {
	Body []byte
	Says string
} {
	type body = struct {
		Body []byte
		Says string
	}
	good := made(t, recordingtest.Run{Slots: 2000, Laps: 6, Compare: true, Options: small})
	files := func() []file { return unzip(t, good) }
	with := func(change func(f []file) []file) []byte { return pack(t, change(files())) }
	flip := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 4
		return b
	}
	find := func(name string) int { return bytes.Index(good, []byte(name)) }
	return map[string]body{
		"text":             {[]byte("this is no recording"), "not a recording of slotrace, nor a zip file"},
		"zeros":            {make([]byte, 1<<16), "not a recording of slotrace, nor a zip file"},
		"another zip":      {pack(t, []file{{name: "holiday.jpg", b: []byte("x")}}), "there is no header.slot in it"},
		"empty zip":        {pack(t, nil), "there is no header.slot in it"},
		"half":             {good[:len(good)/2], "without its end"},
		"without its end":  {good[:len(good)-1], "without its end"},
		"in its header":    {flip(find("check-then-act")), "header.slot: "},
		"in its manifest":  {flip(find(`"segments"`) + 2), "manifest.slot: "},
		"in a segment":     {flip(find("000002.slot") + 5000), "000002.slot: "},
		"segment missing":  {with(func(f []file) []file { return append(f[:2], f[3:]...) }), "000001.slot: it is missing"},
		"segment twice":    {with(func(f []file) []file { return append(f, f[2]) }), "twice"},
		"segments swapped": {with(func(f []file) []file { f[2].b, f[3].b = f[3].b, f[2].b; return f }), "it is damaged"},
		"segment cut":      {with(func(f []file) []file { f[2].b = f[2].b[:1000]; return f }), "000001.slot: "},
		"segment cut, and another byte": {func() []byte {
			b := with(func(f []file) []file { f[2].b = f[2].b[:1000]; return f })
			b[bytes.Index(b, []byte("slotraces"))+500] ^= 4
			return b
		}(), "000001.slot: "},
		"newer":             {with(func(f []file) []file { f[0].b[9] = 200; return f }), "a newer slotrace"},
		"newer segment":     {with(func(f []file) []file { f[3].b[9] = 200; return f }), "000002.slot: it was written by a newer slotrace"},
		"empty files":       {with(func(f []file) []file { f[0].b = nil; return f }), "header.slot: it is not a recording"},
		"headers confused":  {with(func(f []file) []file { f[0].b = f[1].b; return f }), "header.slot: it is not a recording"},
		"two folders":       {with(func(f []file) []file { return append(inFolder("a/", f), inFolder("b/", files())...) }), "there is no header.slot in it"},
		"two folders deep":  {with(func(f []file) []file { return inFolder("a/b/", f) }), "there is no header.slot in it"},
		"path above":        {with(func(f []file) []file { return append(f, file{name: "../../evil.slot"}) }), "no place inside it"},
		"path above header": {with(func(f []file) []file { f[0].name = "../header.slot"; return f }), "no place inside it"},
		"absolute path":     {with(func(f []file) []file { return append(f, file{name: "/etc/passwd"}) }), "no place inside it"},
		"backslashes":       {with(func(f []file) []file { return append(f, file{name: `..\..\evil.slot`}) }), "no place inside it"},
		"zero in a name":    {with(func(f []file) []file { return append(f, file{name: "a\x00b"}) }), "no place inside it"},
		"bomb":              {with(func(f []file) []file { f[2].b, f[2].method = make([]byte, 18<<20), zip.Deflate; return f }), "000001.slot: "},
		"bomb in a header":  {with(func(f []file) []file { f[0].b, f[0].method = make([]byte, 18<<20), zip.Deflate; return f }), "header.slot: "},
		"huge names": {with(func(f []file) []file {
			for i := range 300 {
				f = append(f, file{name: strings.Repeat("n", 60_000) + fmt.Sprint(i)})
			}
			return f
		}), "more in it than any recording has"},
		"entries without end": {manyEntries(250_000), "more in it than any recording has"},
		"overlapping":         {overlapping(files()), "it is damaged"},
	}
}

func inFolder(folder string, files []file) []file {
	for i := range files {
		files[i].name = folder + files[i].name
	}
	return files
}

// manyEntries is a zip's directory of so many files of nothing.
func manyEntries(n int) []byte {
	var b bytes.Buffer
	entry := make([]byte, 46)
	binary.LittleEndian.PutUint32(entry, 0x02014b50)
	binary.LittleEndian.PutUint16(entry[28:], 8)
	for i := range n {
		b.Write(entry)
		fmt.Fprintf(&b, "%08x", i)
	}
	end := make([]byte, 22)
	binary.LittleEndian.PutUint32(end, 0x06054b50)
	binary.LittleEndian.PutUint16(end[8:], uint16(n))
	binary.LittleEndian.PutUint16(end[10:], uint16(n))
	binary.LittleEndian.PutUint32(end[12:], uint32(b.Len()))
	b.Write(end)
	return b.Bytes()
}

// overlapping is a zip whose segments are all the same bytes.
func overlapping(files []file) []byte {
	var b, directory bytes.Buffer
	le := binary.LittleEndian
	at := make(map[string]uint32)
	for i, f := range files {
		same := i > 2
		if !same {
			at[f.name] = uint32(b.Len())
			local := make([]byte, 30)
			le.PutUint32(local, 0x04034b50)
			le.PutUint32(local[14:], crc32.ChecksumIEEE(f.b))
			le.PutUint32(local[18:], uint32(len(f.b)))
			le.PutUint32(local[22:], uint32(len(f.b)))
			le.PutUint16(local[26:], uint16(len(f.name)))
			b.Write(local)
			b.WriteString(f.name)
			b.Write(f.b)
		}
		of := f
		if same {
			of = files[2]
		}
		entry := make([]byte, 46)
		le.PutUint32(entry, 0x02014b50)
		le.PutUint32(entry[16:], crc32.ChecksumIEEE(of.b))
		le.PutUint32(entry[20:], uint32(len(of.b)))
		le.PutUint32(entry[24:], uint32(len(of.b)))
		le.PutUint16(entry[28:], uint16(len(f.name)))
		le.PutUint32(entry[42:], at[of.name])
		directory.Write(entry)
		directory.WriteString(f.name)
	}
	end := make([]byte, 22)
	le.PutUint32(end, 0x06054b50)
	le.PutUint16(end[8:], uint16(len(files)))
	le.PutUint16(end[10:], uint16(len(files)))
	le.PutUint32(end[12:], uint32(directory.Len()))
	le.PutUint32(end[16:], uint32(b.Len()))
	b.Write(directory.Bytes())
	b.Write(end)
	return b.Bytes()
}

func (s *Server) testHostile(t *testing.T) {
	for name, c := range Hostile(t) {
		if s.Limit > 0 && int64(len(c.Body)) > s.Limit {
			continue
		}
		a := s.post(t, c.Body, "")
		if err := a.Error(400, c.Says); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The same recording, packed by another tool: what is fetched is as it would have been sent by this one.
	good := made(t, recordingtest.Run{Slots: 2000, Laps: 2})
	files := unzip(t, good)
	for i := range files {
		files[i].method = zip.Deflate
	}
	folder := append([]file{{name: "my recording/"}, {name: "__MACOSX/._my recording", b: []byte("x")}}, inFolder("my recording/", files)...)
	k := s.Keep(t, pack(t, folder), "")
	if a := s.get(t, "/api/recordings/"+k.ID); !bytes.Equal(a.Body, good) {
		t.Errorf("packed by another tool: %d, %d bytes, want %d", a.Code, len(a.Body), len(good))
	}
}
