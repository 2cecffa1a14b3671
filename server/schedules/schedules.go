// Package schedules runs schedules on real files: goroutines take turns as one says, on a
// store of its own that is removed afterwards.
package schedules

import (
	"context"
	"errors"
	"fmt"
	"os"

	"slotrace/engine/lab"
)

// Schedules is run.Schedules.
type Schedules struct {
	dir  string
	turn chan struct{} // one at a time
}

// New returns a Schedules that keeps its stores in dir, as long as they are needed.
func New(dir string) *Schedules { return &Schedules{dir, make(chan struct{}, 1)} }

// RunOnFile implements run.Schedules.
func (s *Schedules) RunOnFile(ctx context.Context, setup lab.Setup, schedule string) (ran lab.FileRun, err error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ran, fmt.Errorf("%w: %w", lab.ErrFile, ctx.Err())
	}
	dir, err := os.MkdirTemp(s.dir, "schedule-")
	if err != nil {
		return ran, fmt.Errorf("%w: %w", lab.ErrFile, err)
	}
	defer func() {
		if e := os.RemoveAll(dir); e != nil {
			err = errors.Join(err, fmt.Errorf("%w: %w", lab.ErrFile, e))
		}
	}()
	return lab.RunOnFile(setup, schedule, dir)
}
