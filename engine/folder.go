package engine

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"slotrace/engine/mapping"
)

// folder is where a store on disk lies: a file that is locked while it is open, and
// a file for its generation, named by a number that each compaction raises. What
// counts is the one with the highest number that is whole; another is left from a
// compaction that was cut off before its end, or just behind it.
type folder struct {
	path string
	lock *os.File // nil if there is none to lock

	placed atomic.Bool // its own place in the folder above has been synced
}

const (
	lockName = "lock"
	fileEnd  = ".store"
)

func (f *folder) file(number uint64) string {
	return filepath.Join(f.path, fmt.Sprintf("%08d%s", number, fileEnd))
}

// numbered is the number in the name of a generation's file.
func numbered(name string) (n uint64, ok bool) {
	digits, ok := strings.CutSuffix(filepath.Base(name), fileEnd)
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, ok && err == nil && filepath.Base((&folder{}).file(n)) == filepath.Base(name)
}

// files lists the folder's generations, the newest first, and a name that is not a
// store's, if there is one.
func files(path string) (numbers []uint64, foreign string, err error) {
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		if n, ok := numbered(e.Name()); ok && e.Type().IsRegular() {
			numbers = append(numbers, n)
		} else if e.Name() != lockName {
			foreign = e.Name()
		}
	}
	slices.Sort(numbers)
	slices.Reverse(numbers)
	return numbers, foreign, err
}

// lockFolder locks the store in the folder at path; write says that it is to be
// changed.
func lockFolder(path string, write bool) (*folder, error) {
	lock, err := mapping.Lock(filepath.Join(path, lockName), write)
	if err != nil {
		return nil, err
	}
	return &folder{path: path, lock: lock}, nil
}

// close and the others do nothing for a store on the heap.
func (f *folder) close() error {
	if f == nil || f.lock == nil {
		return nil
	}
	return f.lock.Close()
}

func (f *folder) sync() error {
	if f == nil {
		return nil
	}
	if err := mapping.SyncDir(f.path); err != nil || f.placed.Load() {
		return err
	}
	// Whoever made it may have ended without a Sync. The folder above can be another's, or of
	// a kind that there is nothing to sync of.
	err := mapping.SyncDir(filepath.Dir(filepath.Clean(f.path)))
	for _, fine := range []error{fs.ErrPermission, errors.ErrUnsupported, syscall.EINVAL, syscall.EROFS} {
		if errors.Is(err, fine) {
			err = nil
		}
	}
	f.placed.Store(err == nil)
	return err
}

// discard closes a generation that is the store's no more, and removes its file.
func (f *folder) discard(g *generation) error {
	err := g.close()
	if f != nil {
		err = errors.Join(err, os.Remove(g.path))
	}
	return err
}

// Create makes a store in the folder dir, which is made if it is missing, and opens
// it. All of its disk space is taken at once: a disk that is too small is an error
// here, never later. A Create that fails leaves nothing behind; what it is to replace goes
// when the new store is there, so both need room.
func Create(dir string, o Options) (*Store, error) {
	g, err := o.geometry()
	if err != nil {
		return nil, fmt.Errorf("create store %q: %w", dir, err)
	}
	made := false
	switch err := os.Mkdir(dir, 0o755); {
	case err == nil:
		made = true
	case !errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("create store: %w", err)
	}
	s, err := create(dir, g, o, made)
	if err != nil {
		if made {
			os.Remove(dir) // unless another has begun to use it
		}
		return nil, fmt.Errorf("create store %q: %w", dir, err)
	}
	return s, nil
}

func create(dir string, g geometry, o Options, made bool) (*Store, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%w: it is not a folder", ErrForeign)
	}
	_, foreign, err := files(dir)
	if err != nil {
		return nil, err
	}
	if foreign != "" {
		return nil, fmt.Errorf("%w: it holds %q", ErrForeign, foreign)
	}
	f, err := lockFolder(dir, true)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Store, error) {
		if made {
			os.Remove(f.lock.Name()) // while it is locked: nobody else uses it
		}
		return nil, errors.Join(err, f.close())
	}
	numbers, _, err := files(dir)
	if err != nil {
		return fail(err)
	}
	last, store := uint64(0), uint64(0) // the highest number, and that of the file which is the store
	for _, n := range numbers {
		last = max(last, n)
		whole, err := isWhole(f.file(n))
		if err == nil && !whole && !o.Replace {
			whole, err = holdsSomething(f.file(n))
		}
		if errors.Is(err, ErrForeign) {
			return fail(fmt.Errorf("%s: %w", f.file(n), err))
		}
		if (whole || err != nil) && !o.Replace {
			return fail(ErrExists)
		}
		if whole || err != nil {
			store = max(store, n)
		}
	}
	path := f.file(last + 1)
	m, err := mapping.Create(path, int64(g.fileBytes()))
	if err != nil {
		return fail(err)
	}
	n := format(m, g, path, 1)
	s, err := attach(f, n, o.Allocator)
	if err != nil {
		os.Remove(path)
		return fail(err)
	}
	s.choose(o)
	olds := slices.DeleteFunc(numbers, func(n uint64) bool { return n == store })
	if store > 0 {
		olds = append(olds, store) // last: it is what is there if another cannot be removed
	}
	for _, old := range olds {
		if err := os.Remove(f.file(old)); err != nil {
			n.void() // before the lock is released
			return nil, errors.Join(err, s.Close(), os.Remove(path))
		}
	}
	n.ahead = newAhead(n, 0)
	return s, nil
}

// isWhole says whether a file was a store's generation from beginning to end.
// ErrForeign says that it is something else.
func isWhole(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, headerBytes)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return false, err
	}
	switch head = head[:n]; {
	case allZero(head):
		return false, nil
	case n < len(magic) || string(head[:len(magic)]) != magic:
		return false, ErrForeign
	case n == headerBytes && le.Uint64(head[generationAt:]) == 0:
		return false, nil
	}
	_, err = readHeader(head)
	return true, err
}

// holdsSomething says whether there is a byte in a file that is not 0: one without a header can
// be a store that was damaged.
func holdsSomething(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	b := make([]byte, 1<<20)
	for {
		n, err := f.Read(b)
		if !allZero(b[:n]) {
			return true, nil
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

func allZero(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 })
}

// Open opens the store in the folder dir, verifies every entry, and rebuilds the index
// from what was committed. allocator is as in Options.
func Open(dir, allocator string) (*Store, error) {
	s, err := open(dir, allocator)
	if err != nil {
		return nil, fmt.Errorf("open store %q: %w", dir, err)
	}
	return s, nil
}

func open(dir, allocator string) (*Store, error) {
	if err := errors.Join(isStore(dir), known(allocator)); err != nil {
		return nil, err
	}
	f, err := lockFolder(dir, true)
	if err != nil {
		return nil, err
	}
	g, others, err := f.newest(true)
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	for _, n := range others {
		if err := os.Remove(f.file(n)); err != nil {
			return nil, errors.Join(err, g.close(), f.close())
		}
	}
	s, err := attach(f, g, allocator)
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	if err := s.recoverFile(g); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) recoverFile(g *generation) (err error) {
	defer onFault(func(any) { err = ErrTruncated }, g)()
	s.recover(g)
	return nil
}

// ErrNoStore says that a folder holds no store.
var ErrNoStore = errors.New("there is no store")

func isStore(dir string) error {
	numbers, _, err := files(dir)
	if err == nil && len(numbers) == 0 {
		return ErrNoStore
	}
	return err
}

// newest maps the newest generation that is whole, and names the files that no
// longer, or never, were the store's.
func (f *folder) newest(write bool) (g *generation, others []uint64, err error) {
	numbers, _, err := files(f.path)
	if err != nil {
		return nil, nil, err
	}
	for i, n := range numbers {
		whole, err := isWhole(f.file(n))
		if err == nil && !whole {
			if i == len(numbers)-1 {
				return nil, nil, fmt.Errorf("%s: %w: its making was cut off, or it was cut short", f.file(numbers[0]), ErrDamaged)
			}
			others = append(others, n)
			continue
		}
		if err == nil {
			g, err = mapGeneration(f.file(n), write)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", f.file(n), err)
		}
		return g, append(others, numbers[i+1:]...), nil
	}
	return nil, nil, ErrNoStore
}

func mapGeneration(path string, write bool) (*generation, error) {
	m, err := mapping.Open(path, write)
	if err != nil {
		return nil, err
	}
	g, err := parse(m, path)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return g, nil
}

// parse makes a generation of what a file holds.
func parse(m *mapping.Mapping, path string) (*generation, error) {
	b := m.Bytes()
	g, err := readHeader(b[:min(len(b), headerBytes)])
	if err != nil {
		return nil, err
	}
	if g.fileBytes() != uint64(len(b)) {
		return nil, fmt.Errorf("%w: %d bytes where its header says %d", ErrDamaged, len(b), g.fileBytes())
	}
	if n, ok := unguarded(*word(b, generationAt)); !ok || n&generationMask == 0 {
		return nil, fmt.Errorf("header: %w: its generation is not one that a store writes", ErrDamaged)
	}
	return adopt(m, g, path), nil
}
