// Package tsc reads the processor's time stamp counter, for what looks at a clock so often
// that asking the system for the time would be most of the cost.
package tsc

import (
	"math/bits"
	"sync"
	"time"
)

// Scale turns differences of the counter into time: nanoseconds for one count, times 2^32.
// 0 is none.
type Scale uint64

// Duration is how long it takes to count so far.
func (s Scale) Duration(counts uint64) time.Duration {
	high, low := bits.Mul64(counts, uint64(s))
	return time.Duration(high<<32 | low>>32)
}

// Measured returns the scale, measured since the program began; 0 if that is too short a
// while ago, and unless the system itself tells the time by the counter: then it has found
// that it goes at one rate, and the same on all processors.
func Measured() Scale {
	if !trusted() {
		return 0
	}
	now := both()
	took, counts := now.at.Sub(began.at), now.counts-began.counts
	if took < shortest || counts < uint64(took)/slowest {
		return 0
	}
	quotient, _ := bits.Div64(uint64(took)>>32, uint64(took)<<32, counts)
	return Scale(quotient)
}

// slowest is how many nanoseconds there are to a count at most: with more of them the time is
// not the system's, but a test's.
const slowest = 16

// shortest is how long it is measured at least: with what both is off by at most, the scale
// is right to 10 millionths then.
const shortest = 20 * time.Millisecond

var trusted = sync.OnceValue(trust)

// began is about when the program did.
var began = both()

// reading is the time and the counter at one instant.
type reading struct {
	at     time.Time
	counts uint64
}

// both reads both, and that again if something came between.
func both() (r reading) {
	nearest := ^uint64(0)
	for range 8 {
		before := Read()
		at := time.Now()
		if after := Read(); after-before < nearest {
			nearest = after - before
			r = reading{at, before + nearest/2}
		}
	}
	return r
}
