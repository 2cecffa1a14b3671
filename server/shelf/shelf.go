// Package shelf keeps recordings in a folder, as run.Recordings has it: within limits of
// size, number and age, and nothing half of what arrived.
package shelf

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hack-pad/hackpadfs"

	"slotrace/engine/recording"
	"slotrace/server/run"
)

// Options bound a shelf. What is 0 is as in Default, but for Age, where it is for ever.
type Options struct {
	Bytes   int64         // of all recordings
	One     int64         // of one that is sent here
	Count   int           // of recordings
	Uploads int           // at once
	Age     time.Duration // behind which a recording is removed
	Now     func() time.Time
	Log     *slog.Logger
}

// Default is as much as somebody's own machine may be asked for.
var Default = Options{Bytes: 4 << 30, One: 512 << 20, Count: 1000, Uploads: 2, Now: time.Now, Log: slog.New(slog.DiscardHandler)}

// sweepEvery is how often the shelf looks for what has expired. Nothing waits for it:
// what has expired is not found before it is removed.
const sweepEvery = 10 * time.Minute

const spoolPrefix = "upload-"

// Shelf is a run.Recordings in a folder. Close ends its goroutine.
type Shelf struct {
	fsys    hackpadfs.FS
	shelf   *recording.Shelf
	options Options
	spools  chan int // the numbers of those that are free
	stop    chan struct{}
	stopped sync.WaitGroup

	mu       sync.Mutex // held by whoever changes what there is
	reserved int64      // bytes of what arrives
	arriving map[string]bool
	on       map[string]int64 // being recorded, and the bytes that each may come to
	known    map[string]known

	pictures pictures
}

// known is what was found out about a recording, and when its files were last changed.
type known struct {
	stamp stamp
	kept  run.Kept
}

type stamp struct {
	header, manifest   time.Time
	headerBytes, bytes int64
	files              int
}

// New returns the shelf in fsys, its folder, and removes what was left there half.
func New(fsys hackpadfs.FS, o Options) (*Shelf, error) {
	o.Bytes = cmp.Or(o.Bytes, Default.Bytes)
	o.One = min(cmp.Or(o.One, Default.One), o.Bytes)
	o.Count = cmp.Or(o.Count, Default.Count)
	o.Uploads = cmp.Or(o.Uploads, Default.Uploads)
	if o.Now == nil {
		o.Now = Default.Now
	}
	if o.Log == nil {
		o.Log = Default.Log
	}
	s := &Shelf{
		fsys: fsys, shelf: recording.NewShelf(fsys), options: o, spools: make(chan int, o.Uploads), stop: make(chan struct{}),
		arriving: make(map[string]bool), on: make(map[string]int64), known: make(map[string]known),
	}
	for i := range o.Uploads {
		s.spools <- i + 1
	}
	entries, err := hackpadfs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("recordings: %w", reason(err))
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), spoolPrefix) {
			err = errors.Join(err, hackpadfs.Remove(fsys, e.Name()))
		}
	}
	if err = errors.Join(err, s.shelf.Sweep(0)); err != nil {
		o.Log.Warn("what is left of recordings that were cut off", "failure", err)
	}
	s.stopped.Go(func() {
		tick := time.NewTicker(sweepEvery)
		defer tick.Stop()
		for {
			s.Sweep()
			select {
			case <-tick.C:
			case <-s.stop:
				return
			}
		}
	})
	return s, nil
}

// Close ends the shelf's goroutine. What is there stays.
func (s *Shelf) Close() {
	close(s.stop)
	s.stopped.Wait()
}

// Sweep removes what has expired.
func (s *Shelf) Sweep() {
	ids, err := s.shelf.IDs()
	if err != nil {
		s.options.Log.Warn("recordings", "failure", err)
		return
	}
	for _, id := range ids {
		s.mu.Lock()
		if _, err := s.find(id); errors.Is(err, errExpired) {
			if err := s.shelf.Remove(id); err != nil {
				s.options.Log.Warn("a recording that has expired", "id", id, "failure", err)
			} else {
				s.options.Log.Info("a recording has expired", "id", id)
			}
			delete(s.known, id)
		}
		s.mu.Unlock()
	}
}

// errExpired is a recording.ErrUnknown.
var errExpired = fmt.Errorf("%w: it has expired", recording.ErrUnknown)

// Begin makes the folder of a recording that begins, and says how many bytes there is room
// for. Until end is called, which keeps it or not, it is told as being recorded, and stays whatever its age.
func (s *Shelf) Begin() (id string, folder hackpadfs.FS, room int64, end func(keep bool) error, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room, err = s.room()
	if err != nil {
		return "", nil, 0, nil, err
	}
	if id, folder, err = s.shelf.Make(); err != nil {
		return "", nil, 0, nil, err
	}
	room = min(room, recording.Default.Bytes) // or until it has ended nothing else could be kept
	s.on[id] = room
	return id, folder, room, func(keep bool) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.on, id)
		delete(s.known, id)
		if keep {
			return nil
		}
		return s.shelf.Remove(id)
	}, nil
}

// room is how many bytes there is room for; one more recording is not over the limit. s.mu is held.
func (s *Shelf) room() (int64, error) {
	all, err := s.list()
	if err != nil {
		return 0, err
	}
	if len(all)+len(s.arriving) >= s.options.Count {
		return 0, &run.LimitError{Why: fmt.Sprintf("%d recordings are kept, and more are not; removing one would do", s.options.Count)}
	}
	room := s.options.Bytes - s.reserved
	for i := range all {
		room -= max(all[i].Size, s.on[all[i].ID])
	}
	if room <= 0 {
		return 0, s.full()
	}
	return room, nil
}

func (s *Shelf) full() error {
	return &run.LimitError{Why: fmt.Sprintf("the recordings that are kept would be over %s; removing some would do", run.Bytes(s.options.Bytes))}
}

// List lists what there is.
func (s *Shelf) List(context.Context) ([]run.Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list()
}

func (s *Shelf) list() ([]run.Kept, error) {
	ids, err := s.shelf.IDs()
	if err != nil {
		return nil, err
	}
	var all []run.Kept
	for _, id := range ids {
		k, err := s.find(id)
		if errors.Is(err, recording.ErrUnknown) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	slices.SortStableFunc(all, func(a, b run.Kept) int { return cmp.Compare(b.Kept, a.Kept) })
	return all, nil
}

// Find tells of a recording.
func (s *Shelf) Find(_ context.Context, id string) (run.Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(id)
}

// find looks at a recording, unless it has not changed since it did last. s.mu is held.
func (s *Shelf) find(id string) (run.Kept, error) {
	if !recording.IsID(id) || s.arriving[id] {
		return run.Kept{}, recording.ErrUnknown
	}
	at, err := s.stamp(id)
	if err != nil {
		return run.Kept{}, err
	}
	expires := ""
	if s.options.Age > 0 && s.on[id] == 0 {
		until := at.since().Add(s.options.Age)
		if !s.options.Now().Before(until) {
			return run.Kept{}, errExpired
		}
		expires = until.UTC().Format(time.RFC3339)
	}
	k, ok := s.known[id]
	if !ok || k.stamp != at || s.on[id] > 0 {
		var passes bool
		k.stamp = at
		if k.kept, passes = s.look(id, at); passes {
			delete(s.known, id)
		} else {
			s.known[id] = k
		}
	}
	k.kept.Expires = expires
	return k.kept, nil
}

// stamp tells when a recording's files were changed.
func (s *Shelf) stamp(id string) (at stamp, err error) {
	h, m, n := s.shelf.Files(id)
	at.files = n
	if h == nil && s.on[id] == 0 {
		return at, recording.ErrUnknown
	}
	if h != nil {
		at.header, at.headerBytes = h.ModTime(), h.Size()
	}
	if m != nil {
		at.manifest, at.bytes = m.ModTime(), m.Size()
	}
	return at, nil
}

// since is when the recording ended or arrived: another name does not make it newer.
func (a stamp) since() time.Time {
	if a.manifest.IsZero() {
		return a.header
	}
	return a.manifest
}

// look says also whether it failed in a way that may pass.
func (s *Shelf) look(id string, at stamp) (k run.Kept, passes bool) {
	k = run.Kept{ID: id, State: run.RecordingKept, Kept: at.since().UTC().Format(time.RFC3339)}
	r, err := s.shelf.Open(id)
	var z *recording.Zip
	if err == nil {
		z, err = r.Zip()
	}
	if err != nil {
		k.Summary, k.Size = recording.Unreadable(err), s.shelf.Bytes(id)
		passes = !errors.Is(err, recording.ErrForeign) && !errors.Is(err, recording.ErrDamaged) && !errors.Is(err, recording.ErrVersion)
	} else {
		k.Summary, k.Size, k.Sum = r.Summary(), z.Size(), z.Sum()
	}
	switch {
	case s.on[id] > 0:
		k.State = run.RecordingOn
	case len(k.Damage) > 0:
		k.State = run.RecordingDamaged
	}
	return k, passes
}

// Open opens a recording.
func (s *Shelf) Open(_ context.Context, id string) (run.Opened, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.find(id)
	if err != nil {
		return run.Opened{}, err
	}
	r, err := s.shelf.Open(id)
	if err != nil {
		return run.Opened{}, err
	}
	z, err := r.Zip()
	if err != nil {
		return run.Opened{}, err
	}
	k.Size, k.Sum = z.Size(), z.Sum() // it may have grown meanwhile
	return run.Opened{
		Kept:   k,
		From:   func(at int64) (io.ReadCloser, error) { return z.From(at), nil },
		Frames: func() (*recording.Recording, error) { return r, nil },
	}, nil
}

// Limit is how many bytes one may have that is sent here.
func (s *Shelf) Limit() int64 { return s.options.One }

// Keep keeps a recording that comes from a stranger.
func (s *Shelf) Keep(ctx context.Context, r *recording.Recording) (k run.Kept, err error) {
	z, err := r.Zip()
	if err != nil {
		return k, err
	}
	size := z.Size()
	if size > s.options.One {
		return k, run.TooLarge(s.options.One)
	}
	id, folder, err := s.reserve(size)
	if err != nil {
		return k, err
	}
	err = r.CopyTo(folder, func(bytes int64) error {
		if bytes > size {
			return run.TooLarge(size) // it is more than it said
		}
		return ctx.Err()
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reserved -= size
	delete(s.arriving, id)
	if err == nil {
		return s.find(id)
	}
	if left := s.shelf.Remove(id); left != nil {
		s.options.Log.Warn("what is left of a recording that was not kept", "id", id, "failure", left)
	}
	return k, err
}

// reserve makes a folder, if there is room for so many bytes.
func (s *Shelf) reserve(size int64) (string, hackpadfs.FS, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room, err := s.room()
	if err != nil {
		return "", nil, err
	}
	if size > room {
		return "", nil, s.full()
	}
	id, folder, err := s.shelf.Make()
	if err != nil {
		return "", nil, err
	}
	s.reserved += size
	s.arriving[id] = true
	return id, folder, nil
}

// Rename gives a recording another name.
func (s *Shelf) Rename(_ context.Context, id, name string) (run.Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.find(id); err != nil {
		return run.Kept{}, err
	}
	if err := s.shelf.Rename(id, name); err != nil {
		return run.Kept{}, err
	}
	delete(s.known, id)
	return s.find(id)
}

// Remove removes a recording.
func (s *Shelf) Remove(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.find(id); err != nil {
		return err
	}
	if s.on[id] > 0 {
		return run.ErrRecording
	}
	delete(s.known, id)
	return s.shelf.Remove(id)
}

// reason is what the file system said, without the path that it said it about.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
