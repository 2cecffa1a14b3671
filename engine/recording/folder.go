package recording

import (
	"errors"
	"io/fs"
	"path"

	"github.com/hack-pad/hackpadfs"
)

// folder is a folder of a file system, as hackpadfs.Sub would give it if that could rename.
type folder struct {
	fsys hackpadfs.FS
	dir  string
}

func (f folder) Open(name string) (hackpadfs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return f.fsys.Open(path.Join(f.dir, name))
}

// Mount implements hackpadfs.MountFS, by which all else but renaming is done.
func (f folder) Mount(name string) (hackpadfs.FS, string) { return f.fsys, path.Join(f.dir, name) }

// Rename implements hackpadfs.RenameFS.
func (f folder) Rename(from, to string) error {
	return hackpadfs.Rename(f.fsys, path.Join(f.dir, from), path.Join(f.dir, to))
}

// readDir lists a folder. In IndexedDB and in memory that takes a look at each file after their
// names are known, and fails if one has gone meanwhile: another worker put it in its place, or
// removed it. Then it is tried again.
func readDir(fsys fs.FS) (entries []fs.DirEntry, err error) {
	for range 10 {
		entries, err = fs.ReadDir(fsys, ".")
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		if _, gone := fs.Stat(fsys, "."); gone != nil {
			break
		}
	}
	return entries, err
}
