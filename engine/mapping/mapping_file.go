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

// Create maps the file at path, making it if it is not there, at size bytes, all
// zero and all of them allocated on the disk, so that writing to the mapping
// cannot run into a full disk. If the file is there and not empty, replace is
// shown its first bytes (up to 4 KiB) and decides: an error keeps the file as it
// is and is returned. A Create that fails after that leaves no file.
func Create(path string, size int64, replace func(head []byte) error) (*Mapping, error) {
	_, statErr := os.Stat(path)
	fresh := errors.Is(statErr, os.ErrNotExist)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Mapping, error) {
		if fresh && removesOpen {
			os.Remove(path) // while the lock is held: nobody else has begun to use it
		}
		f.Close()
		if fresh && !removesOpen {
			os.Remove(path)
		}
		return nil, err
	}
	if err := lock(f); err != nil {
		f.Close() // not ours to remove
		return nil, err
	}
	head := make([]byte, 4096)
	if n, _ := f.ReadAt(head, 0); n > 0 {
		if err := replace(head[:n]); err != nil {
			return fail(fmt.Errorf("%s: %w", path, err))
		}
	}
	if err := f.Truncate(0); err != nil {
		return fail(err)
	}
	fresh = true // nothing is left of what was there
	if err := allocate(f, size); err != nil {
		return fail(fmt.Errorf("%s: no room for its %d bytes: %w", path, size, err))
	}
	m, err := mapFile(f, size)
	if err != nil {
		return fail(err)
	}
	return m, nil
}

// Open maps the file at path as it is.
func Open(path string) (*Mapping, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
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
	if err == nil {
		err = lock(f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	m, err := mapFile(f, info.Size())
	if err != nil {
		f.Close()
		return nil, err
	}
	return m, nil
}

func mapFile(f *os.File, size int64) (*Mapping, error) {
	if int64(int(size)) != size {
		return nil, fmt.Errorf("%s: %d bytes are more than this machine can map", f.Name(), size)
	}
	b, s, err := mapView(f, int(size))
	if err != nil {
		return nil, fmt.Errorf("%s: map %d bytes: %w", f.Name(), size, err)
	}
	return &Mapping{bytes: b, file: file{f, s}}, nil
}

func lock(f *os.File) error {
	busy, err := tryLock(f)
	if busy {
		return fmt.Errorf("%s: %w", f.Name(), ErrInUse)
	}
	if err != nil {
		return fmt.Errorf("%s: lock: %w", f.Name(), err)
	}
	return nil
}

func (h file) sync(b []byte) error {
	if h.f == nil || b == nil {
		return nil
	}
	if err := errors.Join(flush(b), syncFile(h.f)); err != nil {
		return fmt.Errorf("%s: sync: %w", h.f.Name(), err)
	}
	return nil
}

// close closes the file last: that releases the lock.
func (h file) close(b []byte) error {
	if h.f == nil || b == nil {
		return nil
	}
	return errors.Join(unmap(b, h.section), h.f.Close())
}
