// Package trace watches the threads of a store: the tracer records what they do,
// the pacer slows them down enough to follow, and both go by the run's clock.
package trace

import (
	"sync/atomic"
	"time"

	"slotrace/engine/tsc"
)

// Clock is a run's time: it stands still while the run is paused, and every
// single step moves it on, so that steps do not fall on one instant. Any
// goroutine may call.
type Clock struct{ at atomic.Pointer[reading] }

type reading struct {
	offset  time.Duration
	since   time.Time // when running
	running bool

	// Where it can be told by the processor's counter how long it has been running.
	scale  tsc.Scale
	counts uint64
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
	if r.scale == 0 {
		return r.slowly()
	}
	return r.quickly()
}

func (r *reading) slowly() time.Duration {
	if r.running {
		return r.offset + time.Since(r.since)
	}
	return r.offset
}

func (r *reading) quickly() time.Duration {
	counts := tsc.Read()
	if counts < r.counts { // read before it was set, on another processor; or it began anew
		return r.offset
	}
	return r.offset + r.scale.Duration(counts-r.counts)
}

// Run lets the clock go, or stand still.
func (c *Clock) Run(running bool) {
	c.change(func(now time.Duration) *reading {
		r := &reading{offset: now, since: time.Now(), running: running}
		if running {
			r.scale, r.counts = tsc.Measured(), tsc.Read()
		}
		return r
	})
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

// check has the clock go by the system's from now on, if the processor's counter has gone
// another way since it was let go, as it may when the machine slept. The clock does not go
// back for that.
func (c *Clock) check() {
	r := c.at.Load()
	if r.scale == 0 {
		return
	}
	now, due := r.quickly(), r.slowly()
	if off := now - due; off < -apart || off > apart {
		c.at.CompareAndSwap(r, &reading{offset: max(now, due), since: time.Now(), running: true})
	}
}

// apart is by how much the two may differ: the one may be looked at that much later than the
// other, and they go apart by some millionths.
const apart = time.Second
