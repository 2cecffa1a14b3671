package tsc

// Read returns the counter. The processor may read it a few dozen nanoseconds before it has
// done what stands before: to wait for that would take twice as long.
//
//go:noescape
func Read() uint64
