package recording

import (
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
