//go:build unix || windows

package mapping

import (
	"errors"
	"fmt"
	"os"
)

type file struct {
	f       *os.File
	section section
}

// Create maps a new file at path of size bytes, all zero and all of them allocated
// on the disk, so that writing to the mapping cannot run into a full disk. A file
// that is there already is an error. A Create that fails leaves none.
func Create(path string, size int64) (*Mapping, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Mapping, error) {
		f.Close()
		os.Remove(path)
		return nil, err
	}
	if err := allocate(f, size); err != nil {
		return fail(fmt.Errorf("%s: no room for its %d bytes: %w", path, size, err))
	}
	m, err := mapFile(f, size, true)
	if err != nil {
		return fail(err)
	}
	return m, nil
}

// Open maps the file at path as it is, to be written or not.
func Open(path string, write bool) (*Mapping, error) {
	mode := os.O_RDONLY
	if write {
		mode = os.O_RDWR
	}
	f, err := os.OpenFile(path, mode, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file", path)
	}
	if err == nil && info.Size() == 0 {
		err = fmt.Errorf("%s: the file is empty", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	m, err := mapFile(f, info.Size(), write)
	if err != nil {
		f.Close()
		return nil, err
	}
	return m, nil
}

func mapFile(f *os.File, size int64, write bool) (*Mapping, error) {
	if int64(int(size)) != size {
		return nil, fmt.Errorf("%s: %d bytes are more than this machine can map", f.Name(), size)
	}
	b, s, err := mapView(f, int(size), write)
	if err != nil {
		return nil, fmt.Errorf("%s: map %d bytes: %w", f.Name(), size, err)
	}
	return &Mapping{bytes: b, file: file{f, s}}, nil
}

// Lock locks the file at path against other processes; make says whether to make it
// if it is missing, and otherwise nil is returned for one that is. Where nothing may be
// written, a file that is there will do. Closing the file releases the lock, and so does
// the end of the process.
func Lock(path string, make bool) (*os.File, error) {
	mode := os.O_RDWR
	if make {
		mode |= os.O_CREATE
	}
	for {
		f, err := os.OpenFile(path, mode, 0o644)
		if errors.Is(err, os.ErrNotExist) && !make {
			return nil, nil
		}
		if errors.Is(err, os.ErrPermission) || isReadOnly(err) {
			if g, openErr := os.Open(path); openErr == nil {
				f, err = g, nil
			}
		}
		if err != nil {
			return nil, err
		}
		busy, err := tryLock(f)
		if err == nil && !busy && isAt(f, path) {
			return f, nil
		}
		f.Close()
		switch {
		case busy:
			return nil, fmt.Errorf("%s: %w", path, ErrInUse)
		case err != nil:
			return nil, fmt.Errorf("%s: lock: %w", path, err)
		}
		// Somebody removed it before it was locked: another may have made it anew.
	}
}

// isAt says whether the file at path is f.
func isAt(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(mine, there)
}

func (h file) sync(b []byte) error {
	if h.f == nil || b == nil {
		return nil
	}
	if err := errors.Join(flush(b), h.f.Sync()); err != nil {
		return fmt.Errorf("%s: sync: %w", h.f.Name(), err)
	}
	return nil
}

func (h file) short(size int) bool {
	if h.f == nil || size == 0 {
		return false
	}
	info, err := h.f.Stat()
	return err == nil && info.Size() < int64(size)
}

func (h file) populate(b []byte) bool { return h.f != nil && populate(b) }

func (h file) close(b []byte) error {
	if h.f == nil || b == nil {
		return nil
	}
	return errors.Join(unmap(b, h.section), h.f.Close())
}
