// Package explore runs the threads of a program under a scheduler of its own, one visible
// operation at a time, and searches their interleavings: all of them, one of each class
// of equivalent ones, some at random, or the one that a schedule names. The program is
// the code itself; nothing is known of it but the operations that it announces (see
// package visible). Executions are sequentially consistent.
package explore
