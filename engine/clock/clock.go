// Package clock holds vector clocks: what each thread of an execution is known to have
// done before a given event (Fidge, "Timestamps in message-passing systems that preserve
// the partial ordering", ACSC 1988; Mattern, "Virtual time and global states of
// distributed systems", 1989).
package clock

// Vector is a vector clock: for each thread how many of its events are known. A thread
// counts its events from 1.
type Vector []uint32

// Covers says whether the thread's n-th event is known.
func (v Vector) Covers(thread int, n uint32) bool { return v[thread] >= n }

// Join takes over what w knows. Both are of the same length.
func (v Vector) Join(w Vector) {
	w = w[:len(v)]
	for i, n := range w {
		v[i] = max(v[i], n)
	}
}
