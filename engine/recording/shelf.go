package recording

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

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
func (s *Shelf) Make() (id string, folder hackpadfs.FS, err error) {
	id = NewID()
	if err := hackpadfs.MkdirAll(s.fsys, id, 0o755); err != nil {
		return "", nil, reason(err)
	}
	folder, err = hackpadfs.Sub(s.fsys, id)
	return id, folder, err
}

// Open opens a recording.
func (s *Shelf) Open(id string) (*Recording, error) {
	folder, err := s.folder(id)
	if err != nil {
		return nil, err
	}
	r, err := Open(folder)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrUnknown
	}
	return r, err
}

func (s *Shelf) folder(id string) (hackpadfs.FS, error) {
	if !IsID(id) {
		return nil, ErrUnknown
	}
	info, err := hackpadfs.Stat(s.fsys, id)
	if err != nil || !info.IsDir() {
		return nil, ErrUnknown
	}
	return hackpadfs.Sub(s.fsys, id)
}

// IDs lists the recordings' ids.
func (s *Shelf) IDs() ([]string, error) {
	entries, err := hackpadfs.ReadDir(s.fsys, ".")
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
	folder, err := s.folder(id)
	if err != nil {
		return err
	}
	h, err := readHeader(folder)
	if err != nil {
		return err
	}
	h.Name = name
	if err := writeHeader(folder, &h); err != nil {
		return fmt.Errorf("rename: %w", err)
	}
	return nil
}

// Remove removes a recording: its header first, so that what is left of one whose
// removal was cut off is not taken for a recording.
func (s *Shelf) Remove(id string) error {
	folder, err := s.folder(id)
	if err != nil {
		return err
	}
	if err := hackpadfs.Remove(folder, headerName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return reason(err)
	}
	return reason(hackpadfs.RemoveAll(s.fsys, id))
}

// Sweep removes what is no recording: of removals and beginnings that were cut off.
func (s *Shelf) Sweep() error {
	ids, err := s.IDs()
	if err != nil {
		return err
	}
	for _, id := range ids {
		folder, err := s.folder(id)
		if err != nil {
			continue
		}
		if _, err := hackpadfs.Stat(folder, headerName); errors.Is(err, fs.ErrNotExist) {
			err = s.Remove(id)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
