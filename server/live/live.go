// Package live runs workloads on the real engine and shows them on a board. A run
// has one side, or two that compare allocators; a side has a store, its writers,
// and a lead that holds them at a barrier whenever the store must stand still.
package live

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"sync"

	"github.com/hack-pad/hackpadfs"

	"slotrace/engine"
	"slotrace/engine/alloc"
	"slotrace/engine/event"
	"slotrace/engine/fold"
	"slotrace/engine/recording"
	"slotrace/server/run"
)

// Options says where runs keep their stores.
type Options struct {
	Dir    string       // of the stores' files
	Heap   bool         // stores on the heap instead: what the race detector can see
	Server string       // the version to greet viewers with
	Log    *slog.Logger // nil: nothing is logged

	Recordings Recordings        // nil: runs cannot be recorded
	Unrecorded string            // why, if they cannot
	Recording  recording.Options // bounds of each

	// Walk is for where there are no threads: the writers of a side take turns at random,
	// an operation each (explore.LiveWalk). How long a put takes says nothing then, and is not told.
	Walk     bool
	lapEnded func(s *side) // nil, or asked before a lap's book is emptied

	// Yield is what a writer does between two puts, so that others get on, in ways that
	// the Go scheduler may not know of. nil: it yields to the scheduler.
	Yield func()
}

// Recordings is where recordings of runs are kept.
type Recordings interface {
	// Begin makes the folder of a new one, and says how many bytes there is room for. When it has
	// ended, end keeps it or removes it.
	Begin() (id string, in hackpadfs.FS, room int64, end func(keep bool) error, err error)
}

// Live is run.Runs on the real engine. It is safe for concurrent use.
type Live struct {
	options Options
	board   *fold.Board

	changing chan struct{} // holds a token while nobody starts, changes or stops a run
	mu       sync.Mutex    // guards what follows
	current  *active
	started  uint32
	closed   bool
}

var errClosed = errors.New("the server is stopping")

// New returns a Live without a run.
func New(o Options) (*Live, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Yield == nil {
		o.Yield = runtime.Gosched
	}
	hello, err := hello(o.Server)
	if err != nil {
		return nil, err
	}
	l := &Live{options: o, changing: make(chan struct{}, 1)}
	l.board = fold.NewBoard(hello, state(0, event.Idle, run.Default(), ""))
	l.changing <- struct{}{}
	return l, nil
}

// hello shows the sources that this binary was built from.
func hello(server string) (event.Hello, error) {
	h := event.Hello{Server: server}
	var errs []error
	for i := range alloc.Kinds {
		k := &alloc.Kinds[i]
		src, err := event.ParseSource("engine/alloc/"+k.File, k.Source(), ") Claim(", ") Refuse(")
		errs = append(errs, err)
		h.Allocators = append(h.Allocators, event.Allocator{Name: k.Name, Holds: k.Holds, Source: src})
	}
	var err error
	h.Put, err = event.ParseSource("engine/put.go", engine.PutSource, "func (h *Handle) Put(", "func (h *Handle) check(")
	return h, errors.Join(append(errs, err)...)
}

// Board is where runs are shown.
func (l *Live) Board() *fold.Board { return l.board }

// exclusively has do done while nobody else starts, changes or stops a run.
func (l *Live) exclusively(ctx context.Context, do func() error) error {
	select {
	case <-l.changing:
		defer func() { l.changing <- struct{}{} }()
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Start implements run.Runs.
func (l *Live) Start(ctx context.Context, c run.Config) (status run.Status, err error) {
	if err := c.Check(); err != nil {
		return run.Status{}, err
	}
	l.end() // or a change that steps for long would have to be waited for
	err = l.exclusively(ctx, func() error {
		l.mu.Lock()
		before, closed := l.current, l.closed
		l.started++
		id := l.started
		l.mu.Unlock()
		if closed {
			return errClosed
		}
		if before != nil {
			before.stop()
		}
		r, err := start(id, c, l.options, l.board)
		if err != nil {
			return err
		}
		l.mu.Lock()
		l.current = r
		l.mu.Unlock()
		l.options.Log.Info("run started", "run", id, "allocator", c.Allocator, "compare", c.Compare, "writers", c.Writers, "slots", c.Slots)
		status = r.status()
		return nil
	})
	return status, err
}

func (l *Live) find(id uint32) (*active, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil || l.current.id != id {
		return nil, run.ErrUnknown
	}
	return l.current, nil
}

// Change implements run.Runs.
func (l *Live) Change(ctx context.Context, id uint32, c run.Change) (status run.Status, err error) {
	if err := c.Check(); err != nil {
		return run.Status{}, err
	}
	err = l.exclusively(ctx, func() error {
		r, err := l.find(id)
		if err != nil {
			return err
		}
		err = r.change(ctx, c)
		status = r.status()
		return err
	})
	return status, err
}

// end has the live run, if any, begin to end.
func (l *Live) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != nil {
		l.current.cancel()
	}
}

// Stop implements run.Runs.
func (l *Live) Stop(ctx context.Context, id uint32) (status run.Status, err error) {
	if _, err := l.find(id); err != nil {
		return run.Status{}, err
	}
	l.end()
	err = l.exclusively(ctx, func() error {
		r, err := l.find(id)
		if err != nil {
			return err
		}
		r.stop()
		status = r.status()
		return nil
	})
	return status, err
}

// Status implements run.Runs.
func (l *Live) Status(id uint32) (run.Status, error) {
	r, err := l.find(id)
	if err != nil {
		return run.Status{}, err
	}
	return r.status(), nil
}

// List implements run.Runs.
func (l *Live) List() []run.Status {
	l.mu.Lock()
	r := l.current
	l.mu.Unlock()
	if r == nil {
		return []run.Status{}
	}
	return []run.Status{r.status()}
}

// Evidence implements run.Runs.
func (l *Live) Evidence(id uint32, number int, after uint64, limit int) (run.Evidence, error) {
	s, err := l.side(id, number)
	if err != nil {
		return run.Evidence{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := run.Evidence{Run: id, Side: number, Total: s.losses.total, Items: []run.Loss{}}
	if n := len(s.losses.kept); n > 0 {
		e.First = s.losses.total - uint64(n) + 1
	}
	for _, x := range s.losses.since(after, limit) {
		e.Items = append(e.Items, run.Loss{Number: x.Number, ID: x.ID, Slot: x.Slot, Lap: x.Lap, Expected: x.Expected, Got: x.Got})
	}
	return e, nil
}

func (l *Live) side(id uint32, number int) (*side, error) {
	r, err := l.find(id)
	if err != nil {
		return nil, err
	}
	if number < 0 || number >= len(r.sides) {
		return nil, &run.FieldError{Field: "side", Want: "the run has no such side"}
	}
	return r.sides[number], nil
}

const slotMemories = 64

// Slot implements run.Runs.
func (l *Live) Slot(id uint32, number int, slot uint32) (run.Slot, error) {
	s, err := l.side(id, number)
	if err != nil {
		return run.Slot{}, err
	}
	if int64(slot) >= int64(s.slots) {
		return run.Slot{}, &run.FieldError{Field: "slot", Want: "the run has no such slot"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	lap := s.shown
	d := run.Slot{Run: id, Side: number, Lap: lap.number, Slot: slot, Claims: lap.claims[slot].Load() >> 8, Memories: []run.Memory{}}
	for w := range lap.logs {
		log := &lap.logs[w]
		for i := range log.n.Load() {
			if len(d.Memories) == slotMemories {
				return d, nil
			}
			e := log.at(i)
			if e.slot.Load() != slot {
				continue
			}
			m := run.Memory{ID: string(appendID(nil, w, log.first+i)), Expected: contentText(w, log.first+i)}
			switch findingKind(e.kind.Load()) {
			case unread:
				m.Outcome = "unread"
			case intact:
				m.Outcome, m.Got = "readable", m.Expected
			default:
				m.Outcome = "lost"
				k := slices.IndexFunc(s.losses.kept, func(x event.Loss) bool {
					return x.Lap == lap.number && int(x.Writer) == w && x.Store == log.first+i
				})
				if k >= 0 {
					m.Got = s.losses.kept[k].Got
				}
			}
			d.Memories = append(d.Memories, m)
		}
	}
	return d, nil
}

// Close stops the run, if any, and lets no other begin.
func (l *Live) Close() error {
	l.mu.Lock()
	if r := l.current; r != nil {
		r.mu.Lock()
		r.why = endedServer
		r.mu.Unlock()
	}
	l.mu.Unlock()
	l.end()
	return l.exclusively(context.Background(), func() error {
		l.mu.Lock()
		l.closed = true
		r := l.current
		l.mu.Unlock()
		if r != nil {
			r.stop()
			return r.failure()
		}
		return nil
	})
}

// state is what a viewer sees of a run's settings.
func state(id uint32, s event.RunState, c run.Config, failure string) event.State {
	st := event.State{
		Run: id, State: s, Writers: uint8(c.Writers), Sides: 1, Slots: uint32(c.Slots),
		Allocators: [event.MaxSides]uint8{uint8(alloc.Index(c.Allocator)), event.NoAllocator},
		Pace:       uint32(c.PaceUS), Window: uint32(c.WindowUS), Stores: uint64(c.Stores), Failure: failure,
	}
	if c.Compare != "" {
		st.Sides, st.Allocators[1] = 2, uint8(alloc.Index(c.Compare))
	}
	return st
}
