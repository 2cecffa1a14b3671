// Package reviews runs reviews on the server: one at a time, and all tabs see it. The
// two sides of a comparison take turns, test by test, and never run at once, since
// each would slow the other down.
package reviews

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"

	"slotrace/engine/review"
	"slotrace/engine/review/report"
	"slotrace/server/run"
)

// Options says where reviews keep their stores.
type Options struct {
	Dir  string       // in a folder in it, which is made for each review and removed after it
	Heap bool         // stores on the heap instead: what the race detector can see
	Log  *slog.Logger // nil: nothing is logged
}

// Reviews is run.Reviews on the real engine. It is safe for concurrent use.
type Reviews struct {
	options Options

	changing chan struct{} // holds a token while nobody starts or cancels a review
	mu       sync.Mutex    // guards what follows
	current  *active
	started  uint32
	closed   bool
}

var errClosed = errors.New("the server is stopping")

// New returns a Reviews without a review.
func New(o Options) *Reviews {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Reviews{options: o, changing: make(chan struct{}, 1)}
	r.changing <- struct{}{}
	return r
}

// active is a review that has started.
type active struct {
	id     uint32
	sides  []*review.Review
	dir    string // of its stores; "" = they are on the heap
	cancel context.CancelFunc
	ended  chan struct{} // closed when all that it did is undone

	mu      sync.Mutex // guards what follows
	state   string
	failure string
}

// exclusively has do done while nobody else starts or cancels a review.
func (r *Reviews) exclusively(ctx context.Context, do func() error) error {
	select {
	case <-r.changing:
		defer func() { r.changing <- struct{}{} }()
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// StartReview implements run.Reviews.
func (r *Reviews) StartReview(ctx context.Context, c run.ReviewConfig) (status run.ReviewStatus, err error) {
	if err := c.Check(); err != nil {
		return run.ReviewStatus{}, err
	}
	err = r.exclusively(ctx, func() error {
		r.mu.Lock()
		before, closed := r.current, r.closed
		r.mu.Unlock()
		if closed {
			return errClosed
		}
		if before != nil {
			if err := before.stop(ctx); err != nil {
				return err
			}
		}
		r.mu.Lock()
		r.started++
		id := r.started
		r.mu.Unlock()
		a, err := start(id, c, r.options)
		if err != nil {
			return err
		}
		r.mu.Lock()
		r.current = a
		r.mu.Unlock()
		r.options.Log.Info("review started", "review", id, "allocator", c.Allocator, "compare", c.Compare, "seed", a.sides[0].Seed())
		status = a.status()
		return nil
	})
	return status, err
}

// start starts a review, which goes on when it has returned.
func start(id uint32, c run.ReviewConfig, o Options) (*active, error) {
	a := &active{id: id, state: run.ReviewRunning, ended: make(chan struct{})}
	if !o.Heap {
		var err error
		if a.dir, err = os.MkdirTemp(o.Dir, "review-"); err != nil {
			return nil, fmt.Errorf("a folder for the stores could not be made: %w", err)
		}
	}
	seed := uint64(c.Seed)
	for _, name := range []string{c.Allocator, c.Compare} {
		if name == "" {
			continue
		}
		side, err := review.New(review.Options{Allocator: name, Seed: seed, Dir: a.dir, Heap: o.Heap})
		if err != nil {
			return nil, errors.Join(err, a.clear())
		}
		a.sides = append(a.sides, side)
		seed = side.Seed() // the same for both
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	go a.run(ctx, o.Log)
	return a, nil
}

func (a *active) clear() error {
	if a.dir == "" {
		return nil
	}
	return os.RemoveAll(a.dir)
}

func (a *active) run(ctx context.Context, log *slog.Logger) {
	defer close(a.ended)
	defer a.cancel()
	var err error
	for number := 1; number <= review.Tests && err == nil; number++ {
		for _, side := range a.sides {
			if err = side.RunTest(ctx, number); err != nil {
				break
			}
		}
	}
	cancelled := err != nil && ctx.Err() != nil
	if cancelled {
		err = nil
	}
	err = errors.Join(err, a.clear())
	state, failure := run.ReviewDone, ""
	switch {
	case err != nil:
		state, failure = run.ReviewFailed, strings.ReplaceAll(err.Error(), "\n", "; ")
		log.Warn("the review", "review", a.id, "failure", failure)
	case cancelled:
		state = run.ReviewCancelled
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state, a.failure = state, failure
}

// stop ends the review, and returns when it has ended.
func (a *active) stop(ctx context.Context) error {
	a.cancel()
	select {
	case <-a.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *active) status() run.ReviewStatus {
	a.mu.Lock() // first: what is read after the end is final
	st := run.ReviewStatus{ID: a.id, State: a.state, Failure: a.failure, Window: report.Window, Seed: a.sides[0].Seed()}
	a.mu.Unlock()
	tests := 0
	for _, side := range a.sides {
		s := side.Report()
		for _, t := range s.Tests {
			st.Progress += t.Progress
			tests++
		}
		st.Sides = append(st.Sides, s)
	}
	st.Progress /= float64(tests)
	return st
}

func (r *Reviews) find(id uint32) (*active, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil || r.current.id != id {
		return nil, run.ErrUnknown
	}
	return r.current, nil
}

// CancelReview implements run.Reviews.
func (r *Reviews) CancelReview(ctx context.Context, id uint32) (run.ReviewStatus, error) {
	a, err := r.find(id)
	if err == nil {
		err = a.stop(ctx)
	}
	if err != nil {
		return run.ReviewStatus{}, err
	}
	return a.status(), nil
}

// Review implements run.Reviews.
func (r *Reviews) Review(id uint32) (run.ReviewStatus, error) {
	a, err := r.find(id)
	if err != nil {
		return run.ReviewStatus{}, err
	}
	return a.status(), nil
}

// Reviews implements run.Reviews.
func (r *Reviews) Reviews() []run.ReviewStatus {
	r.mu.Lock()
	a := r.current
	r.mu.Unlock()
	if a == nil {
		return []run.ReviewStatus{}
	}
	return []run.ReviewStatus{a.status()}
}

// Close cancels the review, if any, and lets no other begin.
func (r *Reviews) Close() {
	<-r.changing
	defer func() { r.changing <- struct{}{} }()
	r.mu.Lock()
	r.closed = true
	a := r.current
	r.mu.Unlock()
	if a != nil {
		a.cancel()
		<-a.ended
	}
}
