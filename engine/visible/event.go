package visible

import "math/bits"

// Event is an operation that a thread took, in an execution whose operations are known
// one by one.
type Event struct {
	Op      Op
	Value   uint64 // as Observer.Done was told it
	Enabled Set    // who could have gone on instead
	Call    uint16 // which of the thread's calls it is part of, from 1
	Thread  uint8
}

// Set is a set of threads, up to 32.
type Set uint32

// One is the set of thread i alone.
func One(i int) Set { return 1 << i }

// Has says whether thread i is in the set.
func (s Set) Has(i int) bool { return s>>i&1 != 0 }

// First is the thread of the lowest number in the set, which is not empty.
func (s Set) First() int { return bits.TrailingZeros32(uint32(s)) }

// Len is how many threads are in the set.
func (s Set) Len() int { return bits.OnesCount32(uint32(s)) }

// Reads says whether operations of the kind leave their object as it is.
func (k Kind) Reads() bool { return k == OpLoad || k == OpRead || k == OpMapLoad }

// Overlaps says whether two operations touch the same thing.
func (o *Op) Overlaps(other *Op) bool {
	return o.Object == other.Object && o.Low < other.High && other.Low < o.High
}
