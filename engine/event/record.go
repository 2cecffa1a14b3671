// Package event says what a running store tells about itself: the record of one
// thing that one thread did, and the wire form in which a viewer gets it with all
// the rest (WIRE.md beside this file). The page is built from it, so it does
// without what is dear in WebAssembly: fmt, time, context.
package event

import "slotrace/engine/visible"

// Phase tells the two halves of an operation apart.
type Phase uint8

// An operation that is held back arrives at its point first and is done later.
// At full speed only Done is recorded.
const (
	Arrive Phase = 0
	Done   Phase = 1
)

// NoValue stands in a Record for a value that does not exist: the value of an
// operation that has only arrived, of a compare-and-swap that failed, of a lock.
const NoValue = ^uint32(0)

// Record is one half of a visible operation, 24 bytes.
type Record struct {
	At     int64        // nanoseconds on the run's clock
	Value  uint32       // at Look, Claim and Block the slot; otherwise the value's low 32 bits; or NoValue
	Number uint32       // which store of this thread, from 0
	Thread uint8        // from 0
	Step   visible.Step // what the thread was about
	Phase  Phase

	// Collided is set at Block if the slot had been claimed before in its lap.
	Collided bool
}

// Timed says whether a step's own time is taken at full speed; another has that of the
// one before it in the same put, and the first of a put the time at which it began.
func Timed(s visible.Step) bool {
	switch s {
	case visible.Claim, visible.Block, visible.Index, visible.Tell:
		return true
	}
	return false
}

// Stretched says whether a paced thread is held at the step, which makes it worth
// a place in a picture; the other steps of a put go along with these.
func Stretched(s visible.Step) bool {
	switch s {
	case visible.Enter, visible.Look, visible.Claim, visible.Leave, visible.Block, visible.Index,
		visible.EnterTell, visible.Tell, visible.LeaveTell:
		return true
	}
	return false
}
