package explore

import (
	"slotrace/engine/clock"
	"slotrace/engine/visible"
)

// Reduced visits one execution of each class of equivalent ones: those that differ only
// in the order of operations that do not depend on each other. Executions that turn out
// to be equivalent to one that was visited are cut short, and visited as Abandoned. It
// ends when visit returns false, and says whether all classes were visited.
//
// It is source-DPOR with sleep sets (Abdulla, Aronis, Jonsson, Sagonas: "Optimal dynamic
// partial order reduction", POPL 2014, algorithm 1), with locks as in the journal version
// ("Source sets: a foundation for optimal dynamic partial order reduction", JACM 2017,
// section 5).
func Reduced(m *Machine, visit func(End) bool) (all bool) {
	s := reduced{threads: m.Threads()}
	s.clocks = make(clock.Vector, s.threads)
	for prefix := 0; ; {
		end := m.Run(&s, prefix)
		if end == Deadlock {
			s.blocked(m)
		}
		if !visit(end) || end == Nondeterministic {
			return false
		}
		last := len(s.nodes) - 1
		if end == Abandoned {
			last-- // its last node has nobody to go on
		}
		for ; last >= 0; last-- {
			n := &s.nodes[last]
			n.sleep |= visible.One(int(n.chosen))
			if n.backtrack&^n.sleep != 0 {
				break
			}
		}
		if last < 0 {
			return true
		}
		s.nodes = s.nodes[:last+1]
		prefix = last
	}
}

// reduced is the search. What it knows of the operation at depth i stays right as long
// as the execution begins in the same way.
type reduced struct {
	threads int
	nodes   []node
	clocks  clock.Vector // threads entries for each depth: what happened before the operation there, and it
	counts  []uint32     // by depth: the operation's number among its thread's, from 1
	latest  []int        // by depth and thread: the depth of the thread's latest operation before, -1 if none
}

// node is a state of an execution, before the operation at its depth.
type node struct {
	backtrack visible.Set // who has to be tried here
	sleep     visible.Set // who need not: an execution that begins with it was visited, or is known to be equivalent
	enabled   visible.Set
	chosen    int8
}

func (s *reduced) Next(m *Machine, enabled visible.Set) int {
	depth := m.depth
	var to int
	if depth < len(s.nodes) { // to be tried anew
		n := &s.nodes[depth]
		to = (n.backtrack &^ n.sleep).First()
		n.chosen = int8(to)
	} else {
		n := node{enabled: enabled}
		last := -1
		if depth > 0 {
			last = int(s.nodes[depth-1].chosen)
			n.sleep = s.asleep(m, depth)
		}
		awake := enabled &^ n.sleep
		switch {
		case awake == 0:
			s.nodes = append(s.nodes, n)
			return Abandon
		case last >= 0 && awake.Has(last):
			to = last
		default:
			to = awake.First()
		}
		n.backtrack, n.chosen = visible.One(to), int8(to)
		s.nodes = append(s.nodes, n)
	}
	s.happen(m, depth, to, &m.threads[to].pending)
	return to
}

// asleep is who of those asleep at the node before is still asleep: what it does next
// does not depend on the operation in between.
func (s *reduced) asleep(m *Machine, depth int) (still visible.Set) {
	before := &s.nodes[depth-1]
	op := &m.trace[depth-1].Op
	for w := before.sleep; w != 0; w &= w - 1 {
		if i := w.First(); i != int(before.chosen) && !Dependent(&m.threads[i].pending, op) {
			still |= visible.One(i)
		}
	}
	return still
}

// Dependent says whether the order of two operations of two threads can matter.
func Dependent(a, b *visible.Op) bool {
	return a.Overlaps(b) && !(a.Kind.Reads() && b.Kind.Reads())
}

// clock is what is known after the operation at a depth.
func (s *reduced) clock(depth int) clock.Vector {
	return s.clocks[depth*s.threads:][:s.threads:s.threads]
}

// happen finds what the operation op that thread takes at depth happens after, and which
// operations it races with: those that it depends on, and that could have come right
// after it. For each of these somebody is tried where the other was who leads there.
func (s *reduced) happen(m *Machine, depth, thread int, op *visible.Op) {
	for len(s.counts) <= depth {
		s.counts = append(s.counts, 0)
		s.latest = append(s.latest, make([]int, s.threads)...)
		s.clocks = append(s.clocks, make(clock.Vector, s.threads)...)
	}
	latest := s.latest[depth*s.threads:][:s.threads]
	if depth == 0 {
		for i := range latest {
			latest[i] = -1
		}
	} else {
		copy(latest, s.latest[(depth-1)*s.threads:])
		latest[m.trace[depth-1].Thread] = depth - 1
	}
	c := s.clock(depth)
	s.counts[depth] = 1
	if own := latest[thread]; own >= 0 {
		copy(c, s.clock(own))
		s.counts[depth] = s.counts[own] + 1
	} else {
		clear(c)
	}
	s.races(m, depth, thread, op, c)
	c[thread] = s.counts[depth]
}

// races joins to c, the clock of thread's operation before, what op happens after, and
// treats the races that it finds.
func (s *reduced) races(m *Machine, depth, thread int, op *visible.Op, c clock.Vector) {
	released := false
	for i := depth - 1; i >= 0; i-- {
		e := &m.trace[i]
		other := int(e.Thread)
		if other == thread || c[other] >= s.counts[i] || !Dependent(&e.Op, op) {
			continue
		}
		if op.Kind == visible.OpLock && e.Op.Kind == visible.OpUnlock {
			// A lock is not to be had before it is released. What op races with is the
			// operation that took it, unless it is known to come before for another reason.
			if !released {
				released = true
				s.raceOfLocks(m, depth, i, thread, op, c)
			}
			c.Join(s.clock(i))
			continue
		}
		s.try(m, i, depth, thread, c)
		c.Join(s.clock(i))
	}
}

// raceOfLocks treats the race between op, which takes a lock that was released at
// depth freed, and the operation that had taken it before.
func (s *reduced) raceOfLocks(m *Machine, depth, freed, thread int, op *visible.Op, c clock.Vector) {
	owner := m.trace[freed].Thread
	for i := freed - 1; i >= 0; i-- {
		e := &m.trace[i]
		if e.Thread == owner && e.Op.Object == op.Object && e.Op.Low == op.Low && e.Op.Kind != visible.OpUnlock {
			if c[owner] < s.counts[i] {
				s.try(m, i, depth, thread, c)
			}
			return
		}
	}
}

// try sees to it that the operation at depth at, and thread's at depth now, are tried in
// the other order. What lies between, but for what happens after the first, comes before.
func (s *reduced) try(m *Machine, at, now, thread int, c clock.Vector) {
	owner := int(m.trace[at].Thread)
	first := s.counts[at]
	var seen, initials visible.Set
	var begin [MaxThreads]uint32 // the number of each seen thread's first operation
	for i := at + 1; i < now; i++ {
		t := int(m.trace[i].Thread)
		if seen.Has(t) || s.clock(i)[owner] >= first {
			continue
		}
		if !follows(s.clock(i), seen, &begin) {
			initials |= visible.One(t)
		}
		seen |= visible.One(t)
		begin[t] = s.counts[i]
	}
	if !seen.Has(thread) && !follows(c, seen, &begin) {
		initials |= visible.One(thread)
	}
	n := &s.nodes[at]
	if initials&(n.backtrack|n.sleep) != 0 {
		return
	}
	if initials.Has(thread) {
		n.backtrack |= visible.One(thread)
	} else {
		n.backtrack |= visible.One(initials.First())
	}
}

// follows says whether c knows of an operation of a thread in seen, from its first on.
func follows(c clock.Vector, seen visible.Set, begin *[MaxThreads]uint32) bool {
	for w := seen; w != 0; w &= w - 1 {
		if i := w.First(); c[i] >= begin[i] {
			return true
		}
	}
	return false
}

// blocked treats, at the end of an execution in which threads wait for ever, what each
// would have done as if it had.
func (s *reduced) blocked(m *Machine) {
	depth := m.depth
	c := make(clock.Vector, s.threads)
	for i := range m.threads {
		th := &m.threads[i]
		if th.lock < 0 {
			continue
		}
		clear(c)
		for j := depth - 1; j >= 0; j-- {
			if int(m.trace[j].Thread) == i {
				copy(c, s.clock(j))
				break
			}
		}
		s.races(m, depth, i, &th.pending, c)
	}
}
