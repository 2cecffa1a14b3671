// Package trace watches the threads of a store: the tracer records what they do,
// the pacer slows them down enough to follow, and both go by the run's clock.
package trace

import (
	"sync/atomic"
	"time"
)

// Clock is a run's time: it stands still while the run is paused, and every
// single step moves it on, so that steps do not fall on one instant. Any
// goroutine may call.
type Clock struct{ at atomic.Pointer[reading] }

type reading struct {
	offset  time.Duration
	since   time.Time // when running
	running bool
}

// NewClock returns a clock at 0 that stands still.
func NewClock() *Clock {
	c := &Clock{}
	c.at.Store(&reading{})
	return c
}

// Now is the time since the run began, in nanoseconds.
func (c *Clock) Now() int64 { return int64(c.at.Load().now()) }

func (r *reading) now() time.Duration {
	if r.running {
		return r.offset + time.Since(r.since)
	}
	return r.offset
}

// Run lets the clock go, or stand still.
func (c *Clock) Run(running bool) {
	c.change(func(now time.Duration) *reading { return &reading{now, time.Now(), running} })
}

// Advance moves a clock that stands still on by d.
func (c *Clock) Advance(d time.Duration) {
	c.change(func(now time.Duration) *reading { return &reading{offset: now + d} })
}

func (c *Clock) change(next func(now time.Duration) *reading) {
	for {
		old := c.at.Load()
		if c.at.CompareAndSwap(old, next(old.now())) {
			return
		}
	}
}
