package explore

import (
	"slotrace/engine/clock"
	"slotrace/engine/visible"
)

// Reduced visits one execution of each class of equivalent ones: those that differ only
// in the order of operations that do not depend on each other. Executions that turn out
// to be equivalent to one that was visited are cut short, and visited as Abandoned.
//
// It is source-DPOR with sleep sets (Abdulla, Aronis, Jonsson, Sagonas: "Optimal dynamic
// partial order reduction", POPL 2014, algorithm 1), with locks as in the journal version
// ("Source sets: a foundation for optimal dynamic partial order reduction", JACM 2017,
// section 5).
type Reduced struct {
	m       *Machine
	begun   bool
	threads int
	nodes   []node
	learnt  int // events of the execution whose place among the others is known

	// What is known of the operation at a depth stays right as long as the execution begins
	// in the same way.
	clocks clock.Vector // threads entries for each depth: what happened before the operation there, and it
	counts []uint32     // by depth: the operation's number among its thread's, from 1
	latest []int        // by depth and thread: the depth of the thread's latest operation before, -1 if none
}

// NewReduced returns the search at its beginning.
func NewReduced(m *Machine) *Reduced { return &Reduced{m: m, threads: m.Threads()} }

func (s *Reduced) next() (prefix int, more bool) {
	if s.begun {
		last := min(s.m.depth, len(s.nodes)) - 1
		for ; last >= 0; last-- {
			n := &s.nodes[last]
			n.sleep |= visible.One(int(n.chosen))
			if onlyReads(&s.m.trace[last]) {
				n.quiet |= visible.One(int(n.chosen))
			}
			if n.backtrack&^n.sleep != 0 {
				break
			}
		}
		if last < 0 || s.m.end == Nondeterministic {
			return 0, false
		}
		s.nodes = s.nodes[:last+1]
		prefix = last
	}
	s.begun, s.learnt = true, prefix
	return prefix, true
}

func (s *Reduced) ran(end End) {
	s.learn(s.m)
	if end == Deadlock {
		s.blocked(s.m)
	}
}

// Share is about how much of what is known to be tried has been visited, from 0 to 1.
// It may fall, as more is found that has to be tried.
func (s *Reduced) Share() float64 {
	share, part := 0.0, 1.0
	for i := range s.nodes {
		n := &s.nodes[i]
		all := max(n.backtrack.Len(), 1)
		part /= float64(all)
		share += part * float64((n.backtrack & n.sleep &^ visible.One(int(n.chosen))).Len())
	}
	return share
}

// node is a state of an execution, before the operation at its depth.
type node struct {
	backtrack visible.Set // who has to be tried here
	sleep     visible.Set // who need not: an execution that begins with it was visited, or is known to be equivalent
	quiet     visible.Set // of those asleep, whose operation would change nothing
	chosen    int8
}

// Next implements Strategy.
func (s *Reduced) Next(m *Machine, enabled visible.Set) int {
	depth := m.depth
	s.learn(m)
	var to int
	if depth < len(s.nodes) { // to be tried anew
		n := &s.nodes[depth]
		to = (n.backtrack &^ n.sleep).First()
		n.chosen = int8(to)
	} else {
		var n node
		last := -1
		if depth > 0 {
			last = int(s.nodes[depth-1].chosen)
			n.sleep, n.quiet = s.asleep(m, depth)
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
	return to
}

// learn finds the place of those operations among the others that were taken since.
func (s *Reduced) learn(m *Machine) {
	for ; s.learnt < m.depth; s.learnt++ {
		s.happen(m, s.learnt)
	}
}

// asleep is who of those asleep at the node before is still asleep, and who of these
// would change nothing: the operation in between does not depend on what they do next.
func (s *Reduced) asleep(m *Machine, depth int) (still, quiet visible.Set) {
	before := &s.nodes[depth-1]
	e := &m.trace[depth-1]
	reads := onlyReads(e)
	for w := before.sleep; w != 0; w &= w - 1 {
		i := w.First()
		op := &m.threads[i].pending
		if i == int(before.chosen) || e.Op.Overlaps(op) && !(reads && (op.Kind.Reads() || before.quiet.Has(i))) {
			continue
		}
		still |= visible.One(i)
	}
	return still, still & before.quiet
}

// Dependent says whether the order of two operations of two threads can matter.
func Dependent(a, b *visible.Op) bool {
	return a.Overlaps(b) && !(a.Kind.Reads() && b.Kind.Reads())
}

// dependent is Dependent for operations that were taken: a swap that did not swap, for
// one, has only read.
func dependent(a, b *visible.Event) bool {
	return a.Op.Overlaps(&b.Op) && !(onlyReads(a) && onlyReads(b))
}

func onlyReads(e *visible.Event) bool {
	switch e.Op.Kind {
	case visible.OpCompareAndSwap, visible.OpTryLock, visible.OpMapDelete:
		return e.Value == visible.Missing
	case visible.OpMapInsert:
		return e.Value != visible.Missing
	}
	return e.Op.Kind.Reads()
}

// clock is what is known after the operation at a depth.
func (s *Reduced) clock(depth int) clock.Vector {
	return s.clocks[depth*s.threads:][:s.threads:s.threads]
}

// happen finds what the operation at depth happens after, and which operations it races
// with: those that it depends on, and that could have come right after it. For each of
// these somebody is tried where the other was who leads there.
func (s *Reduced) happen(m *Machine, depth int) {
	thread := int(m.trace[depth].Thread)
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
	s.races(m, depth, &m.trace[depth], c)
	c[thread] = s.counts[depth]
}

// races joins to c, the clock of the thread's operation before, what x happens after, and
// treats the races that it finds. x comes at depth.
func (s *Reduced) races(m *Machine, depth int, x *visible.Event, c clock.Vector) {
	thread, released := int(x.Thread), false
	for i := depth - 1; i >= 0; i-- {
		e := &m.trace[i]
		other := int(e.Thread)
		if other == thread || c[other] >= s.counts[i] || !dependent(e, x) {
			continue
		}
		if x.Op.Kind == visible.OpLock && e.Op.Kind == visible.OpTryLock && !takes(e) {
			continue // the lock was held then, so x could not have come there; what orders them is its release
		}
		if x.Op.Kind == visible.OpLock && e.Op.Kind == visible.OpUnlock {
			// A lock is not to be had before it is released. What x races with is the
			// operation that took it, unless it is known to come before for another reason.
			if !released {
				released = true
				s.raceOfLocks(m, depth, i, x, c)
			}
			c.Join(s.clock(i))
			continue
		}
		s.try(m, i, depth, thread, c)
		c.Join(s.clock(i))
	}
}

// raceOfLocks treats the race between x, which takes a lock that was released at depth
// freed, and the operation that had taken it before.
func (s *Reduced) raceOfLocks(m *Machine, depth, freed int, x *visible.Event, c clock.Vector) {
	owner := m.trace[freed].Thread
	for i := freed - 1; i >= 0; i-- {
		e := &m.trace[i]
		if e.Thread == owner && e.Op.Overlaps(&x.Op) && takes(e) {
			if c[owner] < s.counts[i] {
				s.try(m, i, depth, int(x.Thread), c)
			}
			return
		}
	}
}

// takes says whether the event took a lock.
func takes(e *visible.Event) bool {
	return e.Op.Kind == visible.OpLock || e.Op.Kind == visible.OpTryLock && e.Value != visible.Missing
}

// try sees to it that the operation at depth at, and thread's at depth now, are tried in
// the other order. What lies between, but for what happens after the first, comes before.
func (s *Reduced) try(m *Machine, at, now, thread int, c clock.Vector) {
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
func (s *Reduced) blocked(m *Machine) {
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
		s.races(m, depth, &visible.Event{Op: th.pending, Thread: uint8(i)}, c)
	}
}
