package recording

import (
	"archive/zip"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"io/fs"
	"sort"

	"github.com/hack-pad/hackpadfs"
)

// Zip is a recording as one file: its files as they are, which are compressed already, in
// the order of their use. The same recording gives the same bytes. Where each of them
// stands is known without reading a segment, so any part can be had at once. Any number of
// goroutines may use it, as far as its file system allows.
type Zip struct {
	fsys   fs.FS
	pieces []piece
	size   int64
}

// piece is a stretch of a zip: bytes that are at hand or, if it has a name, a file.
type piece struct {
	at, length int64
	made       []byte
	name       string
}

// Zip lays the recording out as one file, of as much as there is by now.
func (r *Recording) Zip() (*Zip, error) {
	header, err := headerFile(&r.Header)
	if err != nil {
		return nil, err
	}
	manifest, err := manifestFile(&Manifest{Segments: r.Segments, Ended: r.Ended})
	if err != nil {
		return nil, err
	}
	l := &layout{}
	z := zip.NewWriter(l)
	if err := l.add(z, headerName, int64(len(header)), crc32.ChecksumIEEE(header), header); err != nil {
		return nil, err
	}
	if err := l.add(z, manifestName, int64(len(manifest)), crc32.ChecksumIEEE(manifest), manifest); err != nil {
		return nil, err
	}
	for i := range r.Segments {
		name, length, crc := segmentName(i+1), r.Segments[i].Bytes, r.Segments[i].CRC32
		info, err := fs.Stat(r.fsys, name)
		if err == nil && info.Size() != length {
			length, crc, err = measure(r.fsys, name)
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrDamaged) {
			continue // Damage tells of it
		}
		if err == nil {
			err = l.add(z, name, length, crc, nil)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, inZip(reason(err)))
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return &Zip{fsys: r.fsys, pieces: l.pieces, size: l.size}, nil
}

// measure reads a file that is another than was written: as far as any may go, since it may
// unpack without end.
func measure(fsys fs.FS, name string) (length int64, crc uint32, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	b, err := readAll(f, maxFile)
	return int64(len(b)), crc32.ChecksumIEEE(b), err
}

// layout is what a zip writer writes to: of a file that stands elsewhere it keeps the place.
type layout struct {
	pieces []piece
	size   int64
	inFile bool
}

func (l *layout) Write(p []byte) (int, error) {
	n := int64(len(p))
	l.size += n
	k := len(l.pieces) - 1
	switch {
	case l.inFile:
		l.pieces[k].length += n
	case k >= 0 && l.pieces[k].name == "":
		l.pieces[k].made = append(l.pieces[k].made, p...)
		l.pieces[k].length += n
	default:
		l.pieces = append(l.pieces, piece{at: l.size - n, length: n, made: append([]byte(nil), p...)})
	}
	return len(p), nil
}

// add adds a file to z, which writes to l: its content or, if that is nil, its place.
func (l *layout) add(z *zip.Writer, name string, length int64, crc uint32, content []byte) error {
	f, err := z.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Store, CRC32: crc, CompressedSize64: uint64(length), UncompressedSize64: uint64(length),
	})
	if err != nil {
		return err
	}
	if content != nil {
		_, err := f.Write(content)
		return err
	}
	if err := z.Flush(); err != nil { // what stands before the file is in l
		return err
	}
	l.pieces = append(l.pieces, piece{at: l.size, name: name})
	l.inFile = true
	for left := length; left > 0 && err == nil; left -= int64(len(nothing)) {
		_, err = f.Write(nothing[:min(left, int64(len(nothing)))]) // the library counts; l keeps none of it
	}
	if err == nil {
		err = z.Flush()
	}
	l.inFile = false
	return err
}

var nothing [1 << 20]byte

// Size is the file's length.
func (z *Zip) Size() int64 { return z.size }

// Sum tells this zip from every other: what is made of it has each file's length and
// checksum.
func (z *Zip) Sum() string {
	// Nobody gains by two recordings with one tag: what a tag is of is the recording of one id. A
	// browser, which fetches this package, would get 50 KB more with a hash for secrets.
	h := fnv.New128a()
	for i := range z.pieces {
		h.Write(z.pieces[i].made)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// From returns the zip's bytes from one on.
func (z *Zip) From(at int64) io.ReadCloser { return &zipReader{zip: z, at: at} }

// WriteTo writes the zip.
func (z *Zip) WriteTo(w io.Writer) (int64, error) {
	r := z.From(0)
	defer r.Close()
	return io.CopyBuffer(w, struct{ io.Reader }{r}, make([]byte, 1<<20))
}

// WriteZip writes the recording as one file.
func (r *Recording) WriteZip(w io.Writer) error {
	z, err := r.Zip()
	if err != nil {
		return err
	}
	_, err = z.WriteTo(w)
	return err
}

type zipReader struct {
	zip  *Zip
	at   int64
	file fs.File // of the piece at at, read up to there
	name string
}

func (r *zipReader) Read(p []byte) (int, error) {
	if r.at < 0 || r.at >= r.zip.size {
		return 0, io.EOF
	}
	pieces := r.zip.pieces
	c := &pieces[sort.Search(len(pieces), func(i int) bool { return pieces[i].at+pieces[i].length > r.at })]
	in := r.at - c.at
	if c.name == "" {
		n := copy(p, c.made[in:])
		r.at += int64(n)
		return n, nil
	}
	if r.name != c.name {
		if err := r.open(c.name, in); err != nil {
			return 0, fmt.Errorf("%s: %w", c.name, reason(err))
		}
	}
	n, err := r.file.Read(p[:min(int64(len(p)), c.length-in)])
	r.at += int64(n)
	if err == io.EOF {
		if err = nil; in+int64(n) < c.length {
			err = io.ErrUnexpectedEOF // it was cut short meanwhile
		}
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", c.name, reason(err))
	}
	return n, err
}

func (r *zipReader) open(name string, at int64) error {
	r.Close()
	f, err := r.zip.fsys.Open(name)
	if err != nil {
		return err
	}
	if at > 0 {
		if s, ok := f.(io.Seeker); ok {
			_, err = s.Seek(at, io.SeekStart)
		} else {
			_, err = io.CopyN(io.Discard, f, at)
		}
		if err != nil {
			return errors.Join(err, f.Close())
		}
	}
	r.file, r.name = f, name
	return nil
}

// Close closes what is open.
func (r *zipReader) Close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file, r.name = nil, ""
	return err
}

// Verify reads all there is, and fails with what is wrong first. see, if there is one, is
// shown every segment's frames and ends it with an error.
func (r *Recording) Verify(see func(i int, frames []Frame) error) error {
	if err := r.believable(); err != nil {
		return err
	}
	for i := range r.Segments {
		frames, err := r.Frames(i)
		if err == nil && see != nil {
			err = see(i, frames)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// believable says that nothing is known to be wrong, and that all can be read in some seconds:
// what compresses like nothing that ever ran would take hours.
func (r *Recording) believable() error {
	if len(r.Damage) > 0 {
		return fmt.Errorf("%w: %s", ErrDamaged, r.Damage[0])
	}
	var bytes, raw int64
	for i := range r.Segments {
		bytes += r.Segments[i].Bytes
		raw += int64(r.Segments[i].Raw)
	}
	if raw > maxUnpacked && raw > 64*bytes {
		return fmt.Errorf("%w: its %s would unpack to %s, which no run's do", ErrDamaged, Bytes(bytes), Bytes(raw))
	}
	return nil
}

// maxUnpacked is how many bytes of frames are read of what a stranger sent, however well they compress.
const maxUnpacked = 1 << 30

// CopyTo writes the recording's files into another folder, which is empty, and looks into
// each on the way. step, if there is one, is told how many bytes there are by now and ends it with an error.
// The header comes last: what was cut off is not taken for a recording.
func (r *Recording) CopyTo(to hackpadfs.FS, step func(bytes int64) error) error {
	if err := r.believable(); err != nil {
		return err
	}
	bytes := int64(0)
	for i := range r.Segments {
		name := segmentName(i + 1)
		if _, err := r.Frames(i); err != nil {
			return err
		}
		b, err := fs.ReadFile(r.fsys, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, inZip(reason(err)))
		}
		if err := write(to, name, b); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if bytes += int64(len(b)); step != nil {
			if err := step(bytes); err != nil {
				return err
			}
		}
	}
	if err := writeManifest(to, &Manifest{Segments: r.Segments, Ended: r.Ended}); err != nil {
		return fmt.Errorf("%s: %w", manifestName, err)
	}
	return writeHeader(to, &r.Header)
}
