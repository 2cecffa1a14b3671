// Package lab puts scheduler, judges and catalogue together: it searches the schedules of
// a scenario's variant for one that breaks its invariant, proves that there is none,
// counts them, shrinks one, and steps through one.
//
// What is proved is proved for so many threads and calls and for sequentially consistent
// executions. For programs without a data race these are all that Go has.
package lab
