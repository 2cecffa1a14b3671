package recording

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Recording is one that is there to be read. Its segments may be read by any number of
// goroutines, as far as its file system allows.
type Recording struct {
	Header
	Segments []Segment
	Ended    string // why it ended; "" = it was cut off, and has all up to its last whole segment
	Damage   []string

	fsys fs.FS
}

// Open opens the recording in the root of a file system, or in the one folder there. A
// recording that was cut off is opened as far as it goes; what is missing or damaged is
// named in Damage.
func Open(fsys fs.FS) (*Recording, error) {
	fsys, entries, err := root(fsys)
	if err != nil {
		return nil, err
	}
	r := &Recording{fsys: fsys}
	if r.Header, err = readHeader(fsys); err != nil {
		return nil, err
	}
	m, err := readManifest(fsys)
	switch {
	case err == nil:
		r.Segments, r.Ended = m.Segments, m.Ended
	case errors.Is(err, ErrVersion):
		return nil, err
	case !errors.Is(err, fs.ErrNotExist):
		r.Damage = append(r.Damage, err.Error())
	}
	sizes := make(map[int]int64)
	for _, e := range entries {
		if n := segmentNumber(e.Name()); n > 0 {
			info, err := e.Info()
			if err != nil {
				continue // it went meanwhile
			}
			sizes[n] = info.Size()
		}
	}
	for i := range r.Segments {
		size, there := sizes[i+1]
		if !there { // it may have come since
			if info, err := fs.Stat(fsys, segmentName(i+1)); err == nil {
				size, there = info.Size(), true
			}
		}
		switch {
		case !there:
			r.Damage = append(r.Damage, segmentName(i+1)+": it is missing")
		case size != r.Segments[i].Bytes:
			r.Damage = append(r.Damage, fmt.Sprintf("%s: it has %d bytes where %d were written", segmentName(i+1), size, r.Segments[i].Bytes))
		}
	}
	// What the manifest does not list was being written when the process ended.
	for n := len(r.Segments) + 1; n <= maxSegments; n++ {
		if _, there := sizes[n]; !there {
			break
		}
		s, _, err := readSegment(fsys, n)
		if errors.Is(err, ErrVersion) {
			return nil, err
		}
		if err == nil && n > 1 && s.From < r.Segments[n-2].To {
			err = fmt.Errorf("%s: %w: it begins before the one before it ends", segmentName(n), ErrDamaged)
		}
		if err != nil {
			r.Damage = append(r.Damage, err.Error())
			break
		}
		r.Segments = append(r.Segments, s)
	}
	for i := 1; i < len(r.Segments); i++ {
		if r.Segments[i].From < r.Segments[i-1].To {
			return nil, fmt.Errorf("%s: %w: segment %d begins before the one before it ends", manifestName, ErrDamaged, i+1)
		}
	}
	for i := range r.Segments {
		if len(r.Segments[i].Sides) != r.Run.Sides() {
			return nil, fmt.Errorf("%w: segment %d has %d sides, the run %d", ErrDamaged, i+1, len(r.Segments[i].Sides), r.Run.Sides())
		}
	}
	return r, nil
}

// root finds the folder that the header is in.
func root(fsys fs.FS) (fs.FS, []fs.DirEntry, error) {
	entries, err := readDir(fsys)
	if err != nil {
		return nil, nil, reason(err)
	}
	has := func(e fs.DirEntry) bool { return e.Name() == headerName }
	if slices.ContainsFunc(entries, has) {
		return fsys, entries, nil
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(e.Name(), "__") {
			folders = append(folders, e.Name())
		}
	}
	if len(folders) == 1 {
		sub, err := fs.Sub(fsys, folders[0])
		if err != nil {
			return nil, nil, reason(err)
		}
		if entries, err := readDir(sub); err == nil && slices.ContainsFunc(entries, has) {
			return sub, entries, nil
		}
	}
	return nil, nil, fmt.Errorf("%w: there is no %s in it", ErrForeign, headerName)
}

// OpenZip opens a recording that is one file: a zip of its folder, whoever made it.
func OpenZip(r io.ReaderAt, size int64) (*Recording, error) {
	directory := &budget{r: r, left: maxDirectory}
	z, err := zip.NewReader(directory, size)
	switch {
	case directory.left < 0:
		return nil, fmt.Errorf("%w: it is a zip file with more in it than any recording has", ErrForeign)
	case errors.Is(err, zip.ErrFormat) && begins(r, "PK\x03\x04"):
		return nil, fmt.Errorf("%w: it is a zip file without its end, as of a download that was cut off", ErrDamaged)
	case errors.Is(err, zip.ErrFormat):
		return nil, fmt.Errorf("%w, nor a zip file of one", ErrForeign)
	case err != nil:
		return nil, err
	}
	directory.listed = true
	names := make(map[string]bool, len(z.File))
	unpacked := uint64(0)
	for _, f := range z.File {
		unpacked += min(f.UncompressedSize64, 1<<40)
		switch {
		case !fs.ValidPath(strings.TrimSuffix(f.Name, "/")) || strings.ContainsAny(f.Name, "\\\x00"):
			return nil, fmt.Errorf("%w: it is a zip file that names %.60q, which is no place inside it", ErrForeign, f.Name)
		case names[f.Name]:
			return nil, fmt.Errorf("%w: it is a zip file that holds %.60q twice", ErrForeign, f.Name)
		}
		names[f.Name] = true
	}
	// What a recording has in it is compressed already; without its manifest all of it is read here.
	if unpacked > maxUnpacked && unpacked > 8*uint64(size) {
		return nil, fmt.Errorf("%w: its %s would unpack to %s, which no run's do", ErrDamaged, Bytes(size), Bytes(int64(unpacked)))
	}
	return Open(z)
}

func begins(r io.ReaderAt, with string) bool {
	b := make([]byte, len(with))
	n, _ := r.ReadAt(b, 0)
	return string(b[:n]) == with
}

// maxDirectory is how much of a zip file is read to list what is in it: a file that claims
// millions of entries is not listed to its end.
const maxDirectory = 8 << 20

// budget reads no more than what is left, until what there is has been listed.
type budget struct {
	r      io.ReaderAt
	left   int64
	listed bool
}

func (b *budget) ReadAt(p []byte, at int64) (int, error) {
	if !b.listed {
		if b.left -= int64(len(p)); b.left < 0 {
			return 0, ErrForeign
		}
	}
	return b.r.ReadAt(p, at)
}

// Frames reads segment i, from 0, and takes its frames apart. That is some tens of MiB.
func (r *Recording) Frames(i int) ([]Frame, error) { return r.frames(i, true) }

// frames is Frames, without the steps unless those are asked for.
func (r *Recording) frames(i int, steps bool) ([]Frame, error) {
	s, packed, err := readSegment(r.fsys, i+1)
	if err != nil {
		return nil, err
	}
	if want := &r.Segments[i]; s.From != want.From || s.To != want.To || s.Frames != want.Frames || s.Events != want.Events || s.Raw != want.Raw || s.CRC32 != want.CRC32 {
		return nil, fmt.Errorf("%s: %w: it is another than the manifest lists", segmentName(i+1), ErrDamaged)
	}
	frames, err := unpack(&s, packed, steps)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", segmentName(i+1), ErrDamaged, err)
	}
	return frames, nil
}

// Span is the run's clock at the beginning and at the end.
func (r *Recording) Span() (from, to int64) {
	if len(r.Segments) == 0 {
		return 0, 0
	}
	return r.Segments[0].From, r.Segments[len(r.Segments)-1].To
}

// Summary is what there is to tell of a recording in a line.
type Summary struct {
	Name     string    `json:"name"`
	Made     string    `json:"made"` // RFC 3339
	Version  string    `json:"version"`
	Machine  string    `json:"machine"`
	Run      Run       `json:"run"`
	Seconds  float64   `json:"seconds"` // on the run's clock
	Bytes    int64     `json:"bytes"`   // of the segments' files
	Segments int       `json:"segments"`
	Events   uint64    `json:"events"`
	LeftOut  uint64    `json:"left_out"`
	Whole    bool      `json:"every_step"` // there is no gap
	Gaps     []Gap     `json:"gaps"`       // at most 64; neighbours are joined if there are more
	Recorded uint64    `json:"collisions_recorded"`
	Sides    []Figures `json:"sides"`
	Ended    string    `json:"ended"`
	Damage   []string  `json:"damage"`
}

// Unreadable is the summary of a recording that cannot be opened.
func Unreadable(err error) Summary {
	return Summary{Gaps: []Gap{}, Sides: []Figures{}, Damage: []string{err.Error()}}
}

// Summary sums the recording up.
func (r *Recording) Summary() Summary {
	from, to := r.Span()
	s := Summary{
		Name: r.Name, Made: r.Made.UTC().Format("2006-01-02T15:04:05Z07:00"), Version: r.Version, Machine: r.Machine, Run: r.Run,
		Seconds: float64(to-from) / 1e9, Segments: len(r.Segments), Ended: r.Ended, Damage: r.Damage, Gaps: []Gap{}, Sides: []Figures{},
	}
	if s.Damage == nil {
		s.Damage = []string{}
	}
	for i := range r.Segments {
		g := &r.Segments[i]
		s.Bytes += g.Bytes
		s.Events += g.Events
		s.LeftOut += g.LeftOut
		s.Recorded += g.Collided
		for _, gap := range g.Gaps {
			s.Gaps = addGap(s.Gaps, gap)
		}
		s.Sides = g.Sides
	}
	s.Whole = len(s.Gaps) == 0
	return s
}
