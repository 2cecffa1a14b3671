package picture

import "math"

// Clock shows the run's clock a little behind, so that what the server tells has
// arrived when its time comes. Local times are milliseconds on any clock that
// does not go back; run times nanoseconds.
type Clock struct {
	started bool
	running bool
	offset  float64 // run time less local time, ms, as good as it was heard
	heard   float64 // the run time of the last word, ms
	shown   float64 // ms
	last    float64 // local time of the last At
}

// lag is how far behind a running clock is shown, in ms.
const lag = 150

// Heard takes in that the run's clock stands at run, and whether it runs.
func (c *Clock) Heard(run int64, running bool, local float64) {
	ms := float64(run) / 1e6
	offset := ms - local
	switch {
	case !c.started || ms < c.heard:
		c.started = true
		c.offset = offset
		c.shown = ms
		if running {
			c.shown = math.Max(0, ms-lag)
		}
		c.last = local
	case running && !c.running:
		c.offset = offset
	case offset > c.offset:
		c.offset = offset // this word was faster than those before
	default:
		c.offset += (offset - c.offset) * 0.05 // clocks drift, and a stalled run falls back
	}
	c.heard, c.running = ms, running
}

// Reset forgets all: another run begins.
func (c *Clock) Reset() { *c = Clock{} }

// At is the run time to be shown, in nanoseconds. It never goes back.
func (c *Clock) At(local float64) int64 {
	if !c.started {
		return 0
	}
	dt := math.Max(0, local-c.last)
	c.last = local
	target, pull := c.heard, 0.02
	if c.running {
		// A run that has not been heard of for a while may stand.
		target = math.Min(local+c.offset, c.heard+2000) - lag
		c.shown = math.Max(c.shown, math.Min(c.shown+dt, target+lag))
		pull = 0.005
	}
	gap := target - c.shown
	switch {
	case gap > 1500:
		c.shown = target
	case gap > 0:
		c.shown += gap * (1 - math.Exp(-dt*pull))
		if !c.running && gap < 0.5 {
			c.shown = target
		}
	case c.running && gap < 0:
		c.shown = math.Max(c.shown+gap*(1-math.Exp(-dt*pull)), c.shown-dt*0.5)
	}
	return int64(math.Round(c.shown * 1e6))
}

// Moving reports whether At will move on without further word.
func (c *Clock) Moving() bool { return c.started && (c.running || c.shown < c.heard) }
