package live

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"slotrace/engine/event"
	"slotrace/engine/fold"
	"slotrace/engine/trace"
	"slotrace/server/run"
)

// active is a run, until the next one takes its place.
type active struct {
	id      uint32
	options Options
	board   *fold.Board
	clock   *trace.Clock
	sides   []*side
	numbers [event.MaxSides][run.MaxWriters]uint32 // where writers that are hired go on
	stores  int64                                  // that each side makes; 0 = until stopped
	cancel  context.CancelFunc
	done    chan struct{} // closed when all has ended and been read back

	ticking   sync.Mutex
	recording sync.Mutex // held while a recording begins; record is set with mu held, too

	mu     sync.Mutex // guards what follows; a side's mutex may be held when it is taken
	config run.Config // changed as the run is
	state  event.RunState
	err    error
	record *record // the latest; nil = there was none
	ending bool    // no recording begins any more
	why    string  // the run ends, as its recording says
}

func start(id uint32, c run.Config, o Options, board *fold.Board) (*active, error) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &active{id: id, options: o, board: board, why: endedRun, clock: trace.NewClock(), stores: c.Stores, cancel: cancel, done: make(chan struct{}), config: c, state: event.Running}
	if c.Paused {
		r.state = event.Paused
	}
	names := []string{c.Allocator}
	if c.Compare != "" {
		names = append(names, c.Compare)
	}
	for i, name := range names {
		s, err := newSide(r, i, name, o)
		if err != nil {
			cancel()
			for _, s := range r.sides {
				err = errors.Join(err, s.discard())
			}
			return nil, err
		}
		r.sides = append(r.sides, s)
	}
	board.Begin(r.shown())
	for _, s := range r.sides {
		s.pacer.Pause(c.Paused)
		s.pacer.Set(time.Duration(c.PaceUS)*time.Microsecond, time.Duration(c.WindowUS)*time.Microsecond)
		s.retrace()
	}
	if c.Record {
		if err := r.startRecord(); err != nil {
			cancel()
			for _, s := range r.sides {
				err = errors.Join(err, s.discard())
			}
			return nil, err
		}
		for _, s := range r.sides {
			s.resize()
		}
	}
	r.clock.Run(!c.Paused)
	go r.run(ctx)
	return r, nil
}

// run leads the run to its end.
func (r *active) run(ctx context.Context) {
	defer close(r.done)
	defer context.AfterFunc(ctx, r.releaseRecord)() // the leads may be waiting for the disk
	var leads sync.WaitGroup
	for _, s := range r.sides {
		leads.Go(func() { s.lead(ctx) })
	}
	shown, show := make(chan struct{}), make(chan struct{})
	go func() { defer close(shown); r.show(show) }()
	leads.Wait()
	close(show)
	<-shown
	r.cancel()
	r.clock.Run(false)
	r.mu.Lock()
	r.ending = true
	why := r.why
	if r.err != nil {
		why = "the run failed: " + r.err.Error()
	}
	r.mu.Unlock()
	r.stopRecord(why)
	var err error
	for _, s := range r.sides {
		err = errors.Join(err, s.store.Close())
	}
	r.mu.Lock()
	if r.err == nil && err != nil {
		r.err = err
	}
	r.state = event.Finished
	if r.err != nil {
		r.state = event.Failed
	}
	r.mu.Unlock()
	r.tick()
}

// show keeps the board up to date until done is closed.
func (r *active) show(done <-chan struct{}) {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.tick()
		case <-done:
			return
		}
	}
}

func (r *active) tick() {
	r.ticking.Lock() // or an older picture could be shown after a newer one
	defer r.ticking.Unlock()
	for _, s := range r.sides {
		s.tick()
	}
	r.board.State(r.shown())
}

func (r *active) shown() event.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := ""
	if r.err != nil {
		text = r.err.Error()
	}
	s := state(r.id, r.state, r.config, text)
	if r.record != nil {
		s.Recording = r.record.wire()
	}
	return s
}

// settings returns the run's settings as they are.
func (r *active) settings() run.Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.config
}

func (r *active) set(edit func(c *run.Config)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	edit(&r.config)
	if r.state == event.Running || r.state == event.Paused {
		r.state = event.Running
		if r.config.Paused {
			r.state = event.Paused
		}
	}
}

// fail ends the run because of err.
func (r *active) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
	r.cancel()
}

func (r *active) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// stop ends the run and waits for it.
func (r *active) stop() {
	r.cancel()
	<-r.done
}

// change makes a change; the caller sees to it that there is one at a time.
func (r *active) change(ctx context.Context, c run.Change) error {
	select {
	case <-r.done:
		return run.ErrEnded
	default:
	}
	if c.Compare != nil && len(r.sides) < 2 {
		return &run.FieldError{Field: "compare", Want: "this run has one side; start one that compares"}
	}
	// What takes effect at once comes first: pausing must not wait for a barrier.
	if c.Pause != nil || c.Step != nil {
		r.pause(c.Step != nil || *c.Pause)
	}
	if c.PaceUS != nil || c.WindowUS != nil {
		r.set(func(f *run.Config) {
			assign(&f.PaceUS, c.PaceUS)
			assign(&f.WindowUS, c.WindowUS)
		})
		f := r.settings()
		for _, s := range r.sides {
			s.pacer.Set(time.Duration(f.PaceUS)*time.Microsecond, time.Duration(f.WindowUS)*time.Microsecond)
			s.retrace()
			s.changed()
		}
	}
	r.makeRoom()
	// A barrier is waited for whatever becomes of who asked: half a change would be worse.
	for i, name := range []*string{c.Allocator, c.Compare} {
		if name == nil {
			continue
		}
		s := r.sides[i]
		err := s.order(func() error {
			if err := s.switchTo(*name); err != nil {
				return err
			}
			r.set(func(f *run.Config) { *[]*string{&f.Allocator, &f.Compare}[i] = *name })
			s.changed()
			s.keepSwitch()
			return nil
		})
		if err != nil {
			return err
		}
	}
	if c.Writers != nil {
		changed := error(run.ErrEnded)
		for _, s := range r.sides {
			err := s.order(func() error {
				s.setWriters(*c.Writers)
				r.set(func(f *run.Config) { f.Writers = *c.Writers })
				s.changed()
				return nil
			})
			if err == nil {
				changed = nil
				s.retrace()
			}
		}
		if changed != nil {
			return changed
		}
	}
	if c.Record != nil {
		if !*c.Record {
			r.stopRecord(endedAsked)
		} else if err := r.startRecord(); err != nil {
			return err
		}
	}
	if c.Step != nil {
		if err := r.step(ctx, *c.Step); err != nil {
			return err
		}
	}
	r.tick()
	return nil
}

func assign[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (r *active) pause(paused bool) {
	r.set(func(c *run.Config) { c.Paused = paused })
	for _, s := range r.sides {
		s.pacer.Pause(paused)
		s.retrace()
	}
	r.clock.Run(!paused)
	r.board.State(r.shown())
}

// stepPatience is how long a single step may take: a lap that ends in between is
// read back first.
const stepPatience = 10 * time.Second

func (r *active) step(ctx context.Context, n int) error {
	for range n {
		for _, s := range r.sides {
			if err := s.step(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// step lets one writer of the side take a step; a side that has ended takes none.
func (s *side) step(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepPatience)
	defer cancel()
	stepped := make(chan error, 1)
	go func() { stepped <- s.pacer.Step(ctx) }()
	select {
	case err := <-stepped:
		if err != nil {
			return fmt.Errorf("step: no writer could take one: %w", err)
		}
		return nil
	case <-s.ended:
		return nil
	}
}

func (r *active) status() run.Status {
	r.mu.Lock()
	st := run.Status{ID: r.id, State: r.state.String(), Config: r.config}
	if r.err != nil {
		st.Failure = r.err.Error()
	}
	rec := r.record
	r.mu.Unlock()
	if rec != nil {
		st.Recording = rec.status()
	}
	for i, s := range r.sides {
		t := s.totals()
		name := st.Allocator
		if i == 1 {
			name = st.Compare
		}
		st.Sides = append(st.Sides, run.Side{
			Allocator: name, Lap: t.Lap, Stored: t.Stored, Readable: t.Readable, Lost: t.Lost, Unread: t.Unread,
			Collisions: t.Collisions, Collided: t.Collided, Rate: t.Rate, P50: t.P50, P99: t.P99, P999: t.P999, Dropped: t.Dropped,
		})
	}
	return st
}
