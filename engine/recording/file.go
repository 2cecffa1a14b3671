package recording

import (
	"archive/zip"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"time"

	"github.com/hack-pad/hackpadfs"
)

// Every file of a recording starts with magic, a kind, the format's version, the length
// of what follows, and its checksum.
const (
	magic   = "slotrace"
	version = 1

	kindHeader   = 'h'
	kindSegment  = 's'
	kindManifest = 'm'

	envelopeBytes = 20

	headerName   = "header.slot"
	manifestName = "manifest.slot"
)

// Errors of a file.
var (
	ErrForeign = errors.New("it is not a recording of slotrace")
	ErrVersion = errors.New("it was written by a newer slotrace, which could read it")
	ErrDamaged = errors.New("it is damaged")
)

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

func segmentName(number int) string { return fmt.Sprintf("%06d.slot", number) }

// segmentNumber is a segment's number by its name, or 0.
func segmentNumber(name string) int {
	var n int
	if len(name) != len("000001.slot") || !strings.HasSuffix(name, ".slot") {
		return 0
	}
	for _, c := range name[:6] {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// begin leaves room for the envelope.
func begin() []byte { return make([]byte, envelopeBytes, 4<<10) }

// seal fills in the envelope at the start of b, which is the whole file.
func seal(kind byte, b []byte) []byte {
	copy(b, magic)
	b[8], b[9], b[10], b[11] = kind, version, 0, 0
	body := b[envelopeBytes:]
	le.PutUint32(b[12:], uint32(len(body)))
	le.PutUint32(b[16:], checksum(b[:16], body))
	return b
}

func checksum(head, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, body)
}

// unseal returns what a file holds, once it is known to be whole.
func unseal(kind byte, b []byte) ([]byte, error) {
	switch {
	case len(b) < envelopeBytes || string(b[:8]) != magic || b[8] != kind:
		return nil, ErrForeign
	case b[9] > version:
		return nil, ErrVersion
	}
	body := b[envelopeBytes:]
	switch n := le.Uint32(b[12:]); {
	case b[9] == 0 || b[10] != 0 || b[11] != 0:
		return nil, ErrDamaged
	case int64(n) != int64(len(body)):
		return nil, fmt.Errorf("%w: it has %d bytes where %d were written", ErrDamaged, len(body), n)
	case le.Uint32(b[16:]) != checksum(b[:16], body):
		return nil, fmt.Errorf("%w: its checksum is off", ErrDamaged)
	}
	return body, nil
}

// read reads what a file of a recording holds.
func read(fsys fs.FS, name string, kind byte, limit int64) ([]byte, error) {
	_, body, err := readWhole(fsys, name, kind, limit)
	return body, err
}

// readWhole reads a file of a recording, and what it holds.
func readWhole(fsys fs.FS, name string, kind byte, limit int64) (file, body []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, inZip(reason(err)))
	}
	defer f.Close()
	if file, err = readAll(f, limit); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, inZip(reason(err)))
	}
	if body, err = unseal(kind, file); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return file, body, nil
}

// write puts a file in place whole: under another name first, so that whoever is
// killed in between leaves the old one or none.
func write(fsys hackpadfs.FS, name string, b []byte) error {
	temporary := name + temporarySuffix
	f, err := hackpadfs.Create(fsys, temporary)
	if err != nil {
		return reason(err)
	}
	// One Write: in IndexedDB each stores the whole file.
	n, err := hackpadfs.WriteFile(f, b)
	if err == nil && n < len(b) {
		err = errors.New("not all of it could be written")
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = rename(fsys, temporary, name)
	}
	if err != nil {
		hackpadfs.Remove(fsys, temporary) // or it lies there until the recording goes
	}
	return reason(err)
}

const temporarySuffix = ".part"

// replacesSlowly says that a file which somebody reads cannot be replaced meanwhile.
var replacesSlowly = runtime.GOOS == "windows"

// rename puts a file in another's place. Nobody reads header or manifest for long.
func rename(fsys hackpadfs.FS, from, to string) error {
	err := hackpadfs.Rename(fsys, from, to)
	for wait := time.Millisecond; err != nil && replacesSlowly && wait < time.Second; wait *= 2 {
		time.Sleep(wait)
		err = hackpadfs.Rename(fsys, from, to)
	}
	return err
}

// reason is what a file system said, without the path that it said it about.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *hackpadfs.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}

// inZip says of what reading a file in a zip failed with whether it is damage.
func inZip(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrAlgorithm) || errors.As(err, &corrupt) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// readAll reads a file of at most limit bytes.
func readAll(f fs.File, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%w: it is longer than any that slotrace writes", ErrDamaged)
	}
	return b, err
}
