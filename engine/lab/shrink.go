package lab

import (
	"fmt"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
)

// Shrink returns the shortest counterexample that it finds behind one that a schedule
// leads to: it drops threads, then calls, as long as what is left still violates, and then
// looks for the fewest preemptions at that size and at smaller ones.
func Shrink(s Setup, schedule string) (*Counterexample, error) {
	turns, err := explore.ParseSchedule(schedule)
	if err != nil {
		return nil, err
	}
	t, err := newTrial(s)
	if err != nil {
		return nil, err
	}
	end, err := t.machine.Follow(turns, nil)
	if err == nil && !t.judge(end).violates() {
		err = fmt.Errorf("schedule: %s violates nothing, so that there is nothing to shrink", catalogue.Clip(schedule))
	}
	var takes []take
	for _, e := range t.machine.Events() {
		takes = append(takes, take{e.Thread, e.Call})
	}
	t.close()
	if err != nil {
		return nil, err
	}
	for thread := s.Threads - 1; thread >= 0 && s.Threads > 1; thread-- {
		takes, s = attempt(takes, s, Setup{s.Scenario, s.Variant, s.Threads - 1, s.Ops}, func(x take) (take, bool) {
			if int(x.thread) > thread {
				return take{x.thread - 1, x.call}, true
			}
			return x, int(x.thread) < thread
		})
	}
	for call := s.Ops; call >= 1 && s.Ops > 1; call-- {
		takes, s = attempt(takes, s, Setup{s.Scenario, s.Variant, s.Threads, s.Ops - 1}, func(x take) (take, bool) {
			if int(x.call) > call {
				return take{x.thread, x.call - 1}, true
			}
			return x, int(x.call) < call
		})
	}
	x := &search{}
	if err := x.find(s); err != nil {
		return nil, err
	}
	if x.Counterexample == nil {
		return nil, fmt.Errorf("schedule: it shrank to %d threads x %d ops, where no violation is found again", s.Threads, s.Ops)
	}
	return x.Counterexample, nil
}

// take is an operation of a schedule: whose, and in which of its calls.
type take struct {
	thread uint8
	call   uint16
}

// attempt tries a smaller setup along the operations that keep lets through. It returns
// what it came to if that violates, and what was there before otherwise.
func attempt(takes []take, s, smaller Setup, keep func(take) (take, bool)) ([]take, Setup) {
	var threads []uint8
	for _, x := range takes {
		if y, ok := keep(x); ok {
			threads = append(threads, y.thread)
		}
	}
	t, err := newTrial(smaller)
	if err != nil {
		return takes, s
	}
	defer t.close()
	if end := t.machine.Lenient(threads); !t.judge(end).violates() {
		return takes, s
	}
	takes = takes[:0:0]
	for _, e := range t.machine.Events() {
		takes = append(takes, take{e.Thread, e.Call})
	}
	return takes, smaller
}
