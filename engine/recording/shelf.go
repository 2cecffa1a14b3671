package recording

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hack-pad/hackpadfs"
)

// Shelf is a folder of recordings, each in a folder of its own whose name is its id. Any
// goroutine may call; of one id only one at a time.
type Shelf struct{ fsys hackpadfs.FS }

// ErrUnknown is for an id that the shelf does not have.
var ErrUnknown = errors.New("there is no such recording")

// NewShelf returns the shelf in fsys, its folder.
func NewShelf(fsys hackpadfs.FS) *Shelf { return &Shelf{fsys} }

const (
	idLetters = "abcdefghjkmnpqrstuvwxyz23456789" // none that are taken for each other
	idLength  = 14                                // 31^14: some 69 bits
)

// NewID returns an id that nobody can guess.
func NewID() string {
	id := make([]byte, 0, idLength)
	for b := make([]byte, 32); len(id) < idLength; {
		random(b)
		for _, c := range b {
			if c < 248 && len(id) < idLength { // 8 x 31: each letter is as likely
				id = append(id, idLetters[int(c)%len(idLetters)])
			}
		}
	}
	return string(id)
}

// IsID says whether a text has the form of an id: nothing else is ever a path.
func IsID(id string) bool {
	return len(id) == idLength && strings.Trim(id, idLetters) == ""
}

// Make makes the folder of a new recording.
func (s *Shelf) Make() (id string, in hackpadfs.FS, err error) {
	id = NewID()
	if err := hackpadfs.MkdirAll(s.fsys, id, 0o755); err != nil {
		return "", nil, reason(err)
	}
	return id, folder{s.fsys, id}, nil
}

// Begin is Make for whoever asks how much room there is, which nobody knows here, and says
// whether it is to be kept in the end.
func (s *Shelf) Begin() (id string, in hackpadfs.FS, room int64, end func(keep bool) error, err error) {
	id, in, err = s.Make()
	return id, in, math.MaxInt64, func(keep bool) error {
		if keep {
			return nil
		}
		return s.Remove(id)
	}, err
}

// Open opens a recording.
func (s *Shelf) Open(id string) (*Recording, error) {
	in, err := s.in(id)
	if err != nil {
		return nil, err
	}
	r, err := Open(in)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrUnknown
	}
	return r, err
}

// in is the folder of a recording.
func (s *Shelf) in(id string) (hackpadfs.FS, error) {
	if !IsID(id) {
		return nil, ErrUnknown
	}
	info, err := hackpadfs.Stat(s.fsys, id)
	if err != nil || !info.IsDir() {
		return nil, ErrUnknown
	}
	return folder{s.fsys, id}, nil
}

// Files tells of a recording's header, which is written first or when it is renamed, of its
// manifest, which is written last, and how many files there are. What is not there is nil.
func (s *Shelf) Files(id string) (header, manifest fs.FileInfo, count int) {
	in, err := s.in(id)
	if err != nil {
		return nil, nil, 0
	}
	if i, err := hackpadfs.Stat(in, headerName); err == nil {
		header = i
	}
	if i, err := hackpadfs.Stat(in, manifestName); err == nil {
		manifest = i
	}
	entries, err := readDir(in)
	if err != nil {
		return header, manifest, 0
	}
	return header, manifest, len(entries)
}

// Changed is when a recording, or a file of it, was changed last.
func (s *Shelf) Changed(id string) (at time.Time) {
	if in, err := s.in(id); err == nil {
		at = changed(in)
	}
	return at
}

// Bytes is what a recording's files have together, whatever is in them.
func (s *Shelf) Bytes(id string) (n int64) {
	in, err := s.in(id)
	if err != nil {
		return 0
	}
	entries, err := readDir(in)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
	}
	return n
}

// IDs lists the recordings' ids.
func (s *Shelf) IDs() ([]string, error) {
	entries, err := readDir(s.fsys)
	if err != nil {
		return nil, reason(err)
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() && IsID(e.Name()) {
			ids = append(ids, e.Name())
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// Rename gives a recording another name.
func (s *Shelf) Rename(id, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	in, err := s.in(id)
	if err != nil {
		return err
	}
	h, err := readHeader(in)
	if err != nil {
		return err
	}
	h.Name = name
	if err := writeHeader(in, &h); err != nil {
		return fmt.Errorf("rename: %w", err)
	}
	return nil
}

// Remove removes a recording: its header first, so that what is left of one whose
// removal was cut off is not taken for a recording.
func (s *Shelf) Remove(id string) error {
	in, err := s.in(id)
	if err != nil {
		return err
	}
	if err := hackpadfs.Remove(in, headerName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return reason(err)
	}
	return reason(hackpadfs.RemoveAll(s.fsys, id))
}

// Sweep removes what is no recording: of removals and beginnings that were cut off. What was
// changed in the time before now is left alone: somebody else may be making it. 0 is for who knows
// that nobody is.
func (s *Shelf) Sweep(before time.Duration) error { return s.sweep(before, time.Now()) }

func (s *Shelf) sweep(before time.Duration, now time.Time) error {
	ids, err := s.IDs()
	if err != nil {
		return err
	}
	for _, id := range ids {
		in, err := s.in(id)
		if err != nil {
			continue
		}
		if _, err := hackpadfs.Stat(in, headerName); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if before > 0 && now.Sub(changed(in)) < before {
			continue
		}
		if err := s.Remove(id); err != nil {
			return err
		}
	}
	return nil
}

// changed is when a folder or a file in it was changed last.
func changed(in fs.FS) (at time.Time) {
	if info, err := fs.Stat(in, "."); err == nil {
		at = info.ModTime()
	}
	entries, _ := readDir(in)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.ModTime().After(at) {
			at = info.ModTime()
		}
	}
	return at
}
