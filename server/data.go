package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hack-pad/hackpadfs"
	hackpados "github.com/hack-pad/hackpadfs/os"

	"slotrace/engine/mapping"
)

// lockName is the file that marks a folder as slotrace's, and is locked while a
// server uses it.
const lockName = "slotrace.lock"

// dataFolder is where the stores of runs lie.
type dataFolder struct {
	dir       string
	lock      *os.File
	temporary bool // goes with the server
}

// openData makes the folder dir if it is missing, and locks it: one server at a
// time. A folder that holds anything must have been slotrace's before, so that
// nobody's files are in the way of a mistyped name. With dir "" it is a temporary
// one, which Close removes.
func openData(dir string) (*dataFolder, error) {
	if dir == "" {
		dir, err := os.MkdirTemp("", "slotrace-")
		if err != nil {
			return nil, fmt.Errorf("a temporary folder could not be made: %w; --data DIR would take another", err)
		}
		return lockData(dir, true)
	}
	switch err := os.Mkdir(dir, 0o755); {
	case err == nil, errors.Is(err, fs.ErrExist):
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("data folder %q: there is no folder %q to make it in", dir, filepath.Dir(dir))
	default:
		return nil, fmt.Errorf("data folder %q could not be made: %w", dir, reason(err))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("data folder %q could not be read: %w", dir, reason(err))
	}
	if len(entries) > 0 {
		mark, err := os.Lstat(filepath.Join(dir, lockName))
		if err != nil || !mark.Mode().IsRegular() {
			return nil, fmt.Errorf("data folder %q holds other things than slotrace's (there is no %s); an empty or a new one would do", dir, lockName)
		}
	}
	return lockData(dir, false)
}

func lockData(dir string, temporary bool) (*dataFolder, error) {
	d := &dataFolder{dir: dir, temporary: temporary}
	var err error
	d.lock, err = mapping.Lock(filepath.Join(dir, lockName), true)
	switch {
	case errors.Is(err, mapping.ErrInUse):
		return nil, fmt.Errorf("data folder %q is in use by another slotrace; another folder would do, or that one stopped", dir)
	case err != nil:
		err = fmt.Errorf("data folder %q cannot be written to: %w", dir, reason(err))
		if temporary {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		return nil, err
	}
	if err := writable(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("data folder %q cannot be used: %w", dir, reason(err)), d.Close())
	}
	return d, nil
}

// writable tries whether files can be made in dir: the lock may have been there.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, "slotrace.probe-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// recordings is the folder that recordings are in.
func (d *dataFolder) recordings() (hackpadfs.FS, error) {
	dir := filepath.Join(d.dir, "recordings")
	err := os.MkdirAll(dir, 0o755)
	var fsys hackpadfs.FS
	if err == nil {
		fsys, err = folder(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("data folder %q: its recordings: %w", d.dir, reason(err))
	}
	return fsys, nil
}

// folder is a folder of the system as recordings take it.
func folder(dir string) (hackpadfs.FS, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	volume, err := hackpados.NewFS().SubVolume(filepath.VolumeName(dir)) // or on Windows it is C:
	if err != nil {
		return nil, err
	}
	all, ok := volume.(*hackpados.FS)
	if !ok {
		return nil, fs.ErrInvalid
	}
	name, err := all.FromOSPath(dir)
	if err != nil {
		return nil, err
	}
	return all.Sub(name)
}

// Close unlocks the folder. A temporary one is removed; of another the lock file
// stays, as its mark.
func (d *dataFolder) Close() error {
	err := d.lock.Close()
	if d.temporary {
		err = errors.Join(err, os.RemoveAll(d.dir))
	}
	return err
}

// reason is what the system said, without the paths that it said it about.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}
