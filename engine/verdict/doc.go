// Package verdict says what is wrong with an execution: two accesses that race, a
// history that no order of its calls explains, threads that wait for each other.
package verdict
