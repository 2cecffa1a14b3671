package explore

import (
	"fmt"
	"strings"

	"slotrace/engine/visible"
)

// Follow runs the execution that a schedule names. look, unless nil, is called with each
// depth from 0 on while all threads stand still. A schedule that ends before the threads
// do is run to there, and ends Abandoned. The error says where the schedule asks for what
// cannot be.
func (m *Machine) Follow(s Schedule, look func(depth int)) (End, error) {
	f := follower{schedule: s, look: look}
	end := m.Run(&f, 0)
	if f.err == nil && end == Nondeterministic {
		f.err = fmt.Errorf("the program is not deterministic: %s", m.failure)
	}
	if f.err == nil && f.turn < len(s) {
		f.err = fmt.Errorf("schedule: behind operation %d every thread has ended or waits for ever, so that %c cannot go on", m.depth, 'A'+s[f.turn].Thread)
	}
	if look != nil && f.err == nil && end != Abandoned && !f.stuck {
		look(m.depth)
	}
	return end, f.err
}

// follower is the strategy of Follow.
type follower struct {
	schedule Schedule
	look     func(int)
	turn     int
	taken    int  // operations of the turn
	stuck    bool // and look has seen it
	err      error
}

// Stuck has look see threads that wait for ever.
func (f *follower) Stuck(m *Machine) {
	f.stuck = true
	if f.look != nil {
		f.look(m.depth)
	}
}

func (f *follower) Next(m *Machine, enabled visible.Set) int {
	if f.look != nil {
		f.look(m.depth)
	}
	if f.turn == len(f.schedule) {
		return Abandon
	}
	to := f.schedule[f.turn].Thread
	if !enabled.Has(to) {
		f.err = m.cannot(to, enabled)
		return Abandon
	}
	if f.taken++; f.taken == f.schedule[f.turn].Operations {
		f.turn, f.taken = f.turn+1, 0
	}
	return to
}

// cannot says why a thread cannot take the next operation, and who can.
func (m *Machine) cannot(thread int, enabled visible.Set) error {
	why := ""
	if thread >= len(m.threads) {
		why = fmt.Sprintf("there is no thread %c", 'A'+thread)
	} else if owner, waits := m.Awaits(thread); waits {
		why = fmt.Sprintf("%c waits for a lock that %c holds", 'A'+thread, 'A'+owner)
	} else {
		why = fmt.Sprintf("%c has ended", 'A'+thread)
	}
	var can []string
	for ; enabled != 0; enabled &= enabled - 1 {
		can = append(can, string(rune('A'+enabled.First())))
	}
	return fmt.Errorf("schedule: at operation %d %s; %s can go on", m.depth+1, why, strings.Join(can, " or "))
}

// Lenient runs an execution along a list of threads, in which those who cannot go on are
// skipped. Behind its end whoever runs runs on.
func (m *Machine) Lenient(threads []uint8) End {
	return m.Run(&lenient{threads: threads}, 0)
}

type lenient struct {
	threads []uint8
	last    int
}

func (l *lenient) Next(m *Machine, enabled visible.Set) int {
	for len(l.threads) > 0 {
		to := int(l.threads[0])
		l.threads = l.threads[1:]
		if enabled.Has(to) {
			l.last = to
			return to
		}
	}
	if !enabled.Has(l.last) {
		l.last = enabled.First()
	}
	return l.last
}
