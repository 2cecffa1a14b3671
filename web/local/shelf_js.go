package local

import (
	"fmt"
	"sync"
	"time"

	"github.com/hack-pad/hackpadfs"
	"github.com/hack-pad/hackpadfs/indexeddb"

	"slotrace/engine/recording"
	"slotrace/web/database"
)

// kept is where the browser keeps recordings.
type kept struct {
	*recording.Shelf
	once sync.Once
}

func shelf() *kept { return &kept{Shelf: recording.NewShelf(&files{})} }

// leftFor is how long what was begun and has no header lies untouched before it is swept up: the
// page's other worker may be making it, on a machine that sleeps meanwhile.
const leftFor = 24 * time.Hour

// Begin is the shelf's, which first frees what tabs that were closed left half.
func (k *kept) Begin() (id string, in hackpadfs.FS, room int64, end func(keep bool) error, err error) {
	k.once.Do(func() { k.Sweep(leftFor) }) // what is left then is in nobody's way
	return k.Shelf.Begin()
}

// files is the file system that the browser has, opened when it is first needed: that takes a
// tenth of a second, and there are browsers that have none. Whoever calls may have to wait, and
// so must not be called by the browser.
type files struct {
	once sync.Once
	fsys *indexeddb.FS
	err  error
}

func (d *files) open() (hackpadfs.FS, error) {
	d.once.Do(func() {
		if d.fsys, d.err = database.Open(); d.err != nil {
			d.err = fmt.Errorf("this browser keeps nothing here, as in a private window: %w", d.err)
		}
	})
	if d.err != nil {
		return nil, d.err
	}
	return d.fsys, nil
}

// Open implements hackpadfs.FS.
func (d *files) Open(name string) (hackpadfs.File, error) {
	fsys, err := d.open()
	if err != nil {
		return nil, err
	}
	return fsys.Open(name)
}

// MkdirAll implements hackpadfs.MkdirAllFS: with it a recording begins.
func (d *files) MkdirAll(name string, perm hackpadfs.FileMode) error {
	fsys, err := d.open()
	if err != nil {
		return err
	}
	return hackpadfs.MkdirAll(fsys, name, perm)
}

// Rename implements hackpadfs.RenameFS.
func (d *files) Rename(from, to string) error {
	fsys, err := d.open()
	if err != nil {
		return err
	}
	return hackpadfs.Rename(fsys, from, to)
}

// Mount implements hackpadfs.MountFS, by which all else is done.
func (d *files) Mount(name string) (hackpadfs.FS, string) {
	fsys, err := d.open()
	if err != nil {
		return none{err}, name
	}
	return fsys, name
}

// none is a file system that is not there.
type none struct{ err error }

func (n none) Open(string) (hackpadfs.File, error) { return nil, n.err }
