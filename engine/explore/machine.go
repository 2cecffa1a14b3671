package explore

import (
	"fmt"
	"iter"

	"slotrace/engine/visible"
)

// Program is what runs under the scheduler: some threads over things that they share.
// Between two visible operations a thread may touch only what is its own, and what it
// does next may depend only on what it saw.
type Program interface {
	// Reset makes the shared things as they are at first.
	Reset()
	// Run is what thread t.ID does. Its visible operations must be watched by the observer
	// that the program was made with, as t's are.
	Run(t *visible.Thread)
}

// Limits of what is explored.
const (
	MaxThreads    = 26 // a letter each
	MaxOperations = 1 << 16
)

// End is how an execution ended.
type End uint8

// The ends.
const (
	Completed        End = iota + 1
	Deadlock             // every thread that is left waits for a lock
	Endless              // it took more operations than the machine's budget: threads may go round for ever
	Panicked             // a thread died: see Machine.Err
	Abandoned            // the strategy wanted no more of it
	Nondeterministic     // the program did not do again what it had done: see Machine.Err
)

// Strategy decides who goes on.
type Strategy interface {
	// Next returns who takes the next operation, the one at depth len(m.Events()): one of
	// enabled, or Abandon. All threads stand still meanwhile, so what they share may be
	// looked at.
	Next(m *Machine, enabled visible.Set) int
}

// Abandon is the thread that a strategy names to end the execution.
const Abandon = -1

// main is whose turn it is when it is no thread's.
const main = -1

// Machine runs the threads of a program as coroutines, one visible operation of one
// thread at a time, in the order that a strategy says: an execution after the other, from
// the same beginning. The decision who goes on is taken where a thread announces its next
// operation; as long as it is that thread's own turn nothing is switched.
//
// Who goes on is known before an operation is taken, so a thread whose lock another holds
// is not run, and no real lock is ever waited for.
type Machine struct {
	program  Program
	threads  []thread
	locks    []lock
	trace    []visible.Event // of this execution up to depth, and of the one before from there on
	depth    int
	known    int // how many of trace this execution has to repeat
	kept     int // the least that known was since somebody asked
	budget   int
	strategy Strategy
	started  bool                              // every thread's first operation is known
	again    func(End) (prefix int, more bool) // asked at the end of an execution: see Each

	live    visible.Set // threads that have not ended
	waiting visible.Set // of these, whose next operation takes a lock
	to      int         // whose turn it is
	could   visible.Set // who else could have gone on
	drain   int         // operations since nobody wants to know any more; 0 = somebody does
	unwind  bool
	end     End
	failure string
}

// thread is a coroutine that runs the program's thread, once an execution.
type thread struct {
	visible visible.Thread
	next    func() (struct{}, bool)
	stop    func()
	yield   func(struct{}) bool
	first   visible.Op // that it announces in every execution
	pending visible.Op // that it takes when it goes on
	lock    int        // that the pending operation takes, -1 if none
	calls   uint16
	state   state
	active  bool // it runs, or it waits for one that it has let run
}

type state uint8

const (
	unknown  state = iota // its first operation is not known yet
	idle                  // it has no operation at all
	fresh                 // it has not begun in this execution
	starting              // it has begun, to take its first operation
	running
	ended
)

// lock is a lock that threads were seen to use.
type lock struct {
	object visible.Object
	number uint64
	owner  int // -1 if nobody
}

// New makes a machine for a program of 1 to MaxThreads threads. program is given the
// observer that is to watch its operations.
func New(threads int, program func(o visible.Observer) Program) *Machine {
	m := &Machine{threads: make([]thread, threads), budget: MaxOperations, to: main}
	m.program = program(m)
	for i := range m.threads {
		th := &m.threads[i]
		th.visible = *visible.NewThread(i, m)
		th.next, th.stop = iter.Pull(m.body(i))
	}
	return m
}

// Close ends the machine's coroutines.
func (m *Machine) Close() {
	for i := range m.threads {
		m.threads[i].stop()
	}
}

// SetBudget bounds how many operations an execution may take, up to MaxOperations.
func (m *Machine) SetBudget(operations int) { m.budget = min(max(operations, 1), MaxOperations) }

// Threads is how many there are.
func (m *Machine) Threads() int { return len(m.threads) }

// Thread is the identity under which thread i of the program runs.
func (m *Machine) Thread(i int) *visible.Thread { return &m.threads[i].visible }

// Kept is how many of the events are as they were when it was called before, in the same
// execution or in one before it.
func (m *Machine) Kept() int {
	kept := m.kept
	m.kept = MaxOperations
	return kept
}

// Events are those of the execution so far, or of the one that has ended.
func (m *Machine) Events() []visible.Event { return m.trace[:m.depth] }

// Live is who has not ended.
func (m *Machine) Live() visible.Set { return m.live }

// Enabled is who can go on, while threads stand still.
func (m *Machine) Enabled() visible.Set { return m.enabled() }

// Pending is the operation that a live thread takes when it goes on.
func (m *Machine) Pending(thread int) visible.Op { return m.threads[thread].pending }

// Calls is how many calls a thread has begun.
func (m *Machine) Calls(thread int) int { return int(m.threads[thread].calls) }

// Err says what was off with an execution that panicked or was not deterministic.
func (m *Machine) Err() string { return m.failure }

// Begin is called by a thread of the program where it begins its next call: what to the
// program's user is one operation. It comes before the call's first visible operation.
func (m *Machine) Begin(thread int) { m.threads[thread].calls++ }

// Awaits is who holds the lock that a thread waits for; ok says whether it does wait. It
// holds until the next execution.
func (m *Machine) Awaits(thread int) (owner int, ok bool) {
	th := &m.threads[thread]
	if th.lock < 0 || m.locks[th.lock].owner < 0 {
		return 0, false
	}
	return m.locks[th.lock].owner, true
}

// Run runs one execution. Its first prefix operations are those of the execution before;
// s decides about the others. A second call must not begin before the first has returned.
func (m *Machine) Run(s Strategy, prefix int) End {
	if m.started {
		m.begin(s, prefix)
	} else {
		m.reset(s, prefix)
		for i := range m.threads {
			if m.threads[i].state != idle {
				m.meet(i)
			}
		}
		m.started = m.end == 0
		m.decide(main)
	}
	m.handOver(main)
	return m.end
}

// begin begins an execution of threads whose first operations are known.
func (m *Machine) begin(s Strategy, prefix int) {
	m.reset(s, prefix)
	for i := range m.threads {
		if th := &m.threads[i]; th.state != idle {
			th.state = fresh
			m.live |= visible.One(i)
			m.announce(i, &th.first)
		}
	}
	m.decide(main)
}

// Sequence runs the threads one after the other: each begins when the one before has
// ended. It is right even for a program of which not every operation is announced, since
// no two threads are ever on their way at once.
func (m *Machine) Sequence() End {
	m.reset(&lenient{}, 0)
	for i := range m.threads {
		if m.threads[i].state == idle {
			continue
		}
		m.meet(i)
		m.decide(main)
		m.handOver(main)
		if m.end != Completed {
			break
		}
		m.end = 0
	}
	if m.end == 0 {
		m.started, m.end = true, Completed
	}
	return m.end
}

func (m *Machine) reset(s Strategy, prefix int) {
	for i := range m.threads { // who ended holding a lock has held it until now
		m.threads[i].visible.Abandon()
	}
	m.program.Reset()
	m.strategy, m.known, m.depth = s, prefix, 0
	m.kept = min(m.kept, prefix)
	m.live, m.waiting, m.drain, m.unwind, m.end, m.failure = 0, 0, 0, false, 0, ""
	for i := range m.locks {
		m.locks[i].owner = -1
	}
	for i := range m.threads {
		m.threads[i].calls, m.threads[i].lock = 0, -1
	}
}

// meet starts a thread, and lets it come to its first operation.
func (m *Machine) meet(i int) {
	m.threads[i].state = unknown
	m.live |= visible.One(i)
	m.to = i
	m.handOver(main)
}

// body is the coroutine of a thread.
func (m *Machine) body(self int) iter.Seq[struct{}] {
	return func(yield func(struct{}) bool) {
		m.threads[self].yield = yield
		for m.runThread(self) {
		}
	}
}

// died is what a thread that is to be unwound panics with.
type died struct{}

// runThread runs the thread, once an execution, until it panics. It is false when the
// machine was closed.
func (m *Machine) runThread(self int) (more bool) {
	running := true
	defer func() {
		if !running {
			return
		}
		m.bury(self, recover())
		m.over(self)
		more = m.handOver(self)
	}()
	for {
		running = true
		m.program.Run(&m.threads[self].visible)
		running = false
		m.over(self)
		if !m.handOver(self) {
			return false
		}
	}
}

// over is about a thread that has ended.
func (m *Machine) over(self int) {
	th := &m.threads[self]
	m.live &^= visible.One(self)
	if th.state == unknown {
		m.to = main
		if th.state = idle; m.end != 0 { // it died before its first operation, and does so again
			th.state = ended
		}
		return
	}
	th.state = ended
	m.decide(self)
}

// bury is about a thread that died of a panic.
func (m *Machine) bury(self int, p any) {
	m.threads[self].visible.Abandon()
	if _, ok := p.(died); ok {
		return
	}
	for i := range m.locks { // whoever caught the panic on its way has released them
		if m.locks[i].owner == self {
			m.locks[i].owner = -1
		}
	}
	m.fail(Panicked, "thread %c panicked: %v", 'A'+self, p)
}

// fail ends the execution, as far as anybody wants to know of it.
func (m *Machine) fail(end End, format string, args ...any) {
	if m.end == 0 {
		m.end, m.failure = end, fmt.Sprintf(format, args...)
	}
	m.drain++
}

// handOver returns when it is self's turn, letting others run meanwhile: it calls into
// those that stand still, and returns to the one that has called into it when that, or
// one below, is to go on. Two coroutines that take turns so switch once a turn. It is
// false when the machine was closed.
func (m *Machine) handOver(self int) bool {
	for m.to != self {
		if m.to != main && !m.threads[m.to].active {
			th := &m.threads[m.to]
			th.active = true
			th.next()
			continue
		}
		th := &m.threads[self]
		th.active = false
		if !th.yield(struct{}{}) {
			return false
		}
	}
	return true
}

// Point implements visible.Observer.
func (m *Machine) Point(t *visible.Thread, op visible.Op) {
	if m.unwind {
		return
	}
	self := t.ID
	th := &m.threads[self]
	switch th.state {
	case running:
		if m.depth < m.known && m.drain == 0 {
			if e := &m.trace[m.depth]; int(e.Thread) == self && e.Op == op && locking>>op.Kind&1 == 0 {
				m.depth++ // as before, and nobody else is concerned
				return
			}
		}
		m.announce(self, &op)
		m.decide(self)
	case starting:
		th.state = running
		if op != th.first {
			m.fail(Nondeterministic, "thread %c begins with %s where it began with %s", 'A'+self, Describe(op), Describe(th.first))
			m.announce(self, &op)
			m.decide(self)
		}
	case unknown:
		th.first, th.state = op, running
		m.announce(self, &op)
		m.to = main
	case fresh, idle, ended: // not under the machine, such as an aside of the program
		return
	}
	if m.to != self {
		m.handOver(self)
	}
	if m.unwind {
		panic(died{})
	}
	m.take(self, &op)
}

// locking are the kinds of operations that are about locks, as a set of bits.
const locking = 1<<visible.OpLock | 1<<visible.OpUnlock | 1<<visible.OpTryLock

// announce notes what a thread does next.
func (m *Machine) announce(self int, op *visible.Op) {
	th := &m.threads[self]
	th.pending, th.lock = *op, -1
	if op.Kind == visible.OpLock {
		th.lock = m.lockOf(op)
		m.waiting |= visible.One(self)
	}
}

func (m *Machine) lockOf(op *visible.Op) int {
	for i := range m.locks {
		if l := &m.locks[i]; l.number == op.Low && l.object == op.Object {
			return i
		}
	}
	m.locks = append(m.locks, lock{op.Object, op.Low, -1})
	return len(m.locks) - 1
}

// enabled is who can go on.
func (m *Machine) enabled() visible.Set {
	s := m.live
	for w := m.waiting & s; w != 0; w &= w - 1 {
		if i := w.First(); m.locks[m.threads[i].lock].owner >= 0 {
			s &^= visible.One(i)
		}
	}
	return s
}

// decide says whose turn is next. self is whoever has just announced an operation, or
// has ended.
func (m *Machine) decide(self int) {
	if m.depth < m.known && m.waiting == 0 && m.drain == 0 && !m.unwind { // the usual case of what follows
		e := &m.trace[m.depth]
		if th := &m.threads[e.Thread]; m.live.Has(int(e.Thread)) && th.pending == e.Op {
			m.to = int(e.Thread)
			if th.state == fresh {
				th.state = starting
			}
			return
		}
	}
	enabled := m.enabled()
	switch {
	case m.live == 0:
		m.conclude()
		return
	case m.unwind:
		m.letDie()
		return
	case enabled == 0:
		if m.end == 0 {
			m.end = Deadlock
			m.stuck()
		}
	case m.drain > 0:
		m.drain++
		if m.drain <= m.budget {
			m.to = m.keepOn(self, enabled)
			return
		}
	case m.depth >= m.budget:
		m.end = Endless
		m.stuck()
	default:
		m.could = enabled
		if m.to = m.choose(enabled); m.to == Abandon {
			if m.end == 0 {
				m.end = Abandoned
			}
			m.drain++
			m.to = m.keepOn(self, enabled)
		}
		if th := &m.threads[m.to]; th.state == fresh {
			th.state = starting
		}
		return
	}
	m.unwind = true
	m.letDie()
}

// conclude ends the execution, and may begin the next.
func (m *Machine) conclude() {
	if m.end == 0 {
		m.end = Completed
	}
	m.to = main
	if m.again != nil {
		if prefix, more := m.again(m.end); more {
			m.begin(m.strategy, prefix)
		}
	}
}

// stuck tells a strategy that wants to know of it that nobody goes on, before the threads
// are unwound: they stand still as they do in Next.
func (m *Machine) stuck() {
	if s, ok := m.strategy.(interface{ Stuck(m *Machine) }); ok {
		s.Stuck(m)
	}
}

// choose asks the strategy, or repeats what is known. It is Abandon if that cannot be.
func (m *Machine) choose(enabled visible.Set) int {
	if m.depth >= m.known {
		to := m.strategy.Next(m, enabled)
		if to != Abandon && !enabled.Has(to) { // it would wait for a real lock, and all with it
			m.fail(Panicked, "at operation %d the search would have thread %c go on, which cannot", m.depth+1, 'A'+to)
			return Abandon
		}
		return to
	}
	e := &m.trace[m.depth]
	to := int(e.Thread)
	if !enabled.Has(to) {
		m.fail(Nondeterministic, "at operation %d thread %c cannot go on, and it could before", m.depth+1, 'A'+to)
		return Abandon
	}
	if th := &m.threads[to]; th.pending != e.Op {
		m.fail(Nondeterministic, "operation %d of thread %c is %s, and it was %s before", m.depth+1, 'A'+to, Describe(th.pending), Describe(e.Op))
		return Abandon
	}
	return to
}

// keepOn lets whoever runs run on.
func (m *Machine) keepOn(self int, enabled visible.Set) int {
	if self == main || !enabled.Has(self) {
		self = enabled.First()
	}
	if th := &m.threads[self]; th.state == fresh {
		th.state = starting
	}
	return self
}

// letDie unwinds the next thread. Those that have not begun are over at once.
func (m *Machine) letDie() {
	for ; m.live != 0; m.live &= m.live - 1 {
		if m.to = m.live.First(); m.threads[m.to].state != fresh {
			return
		}
	}
	m.conclude()
}

// take notes that a thread takes an operation.
func (m *Machine) take(self int, op *visible.Op) {
	th := &m.threads[self]
	if th.lock >= 0 {
		m.locks[th.lock].owner = self
		m.waiting &^= visible.One(self)
		th.lock = -1
	} else if op.Kind == visible.OpUnlock {
		m.locks[m.lockOf(op)].owner = -1
	}
	if m.drain > 0 {
		return
	}
	if m.depth < m.known {
		m.depth++
		return
	}
	if m.depth == len(m.trace) {
		m.trace = append(m.trace, visible.Event{})
	}
	e := &m.trace[m.depth]
	e.Op, e.Value, e.Enabled, e.Call, e.Thread = *op, 0, m.could, th.calls, uint8(self)
	m.depth++
}

// Done implements visible.Observer.
func (m *Machine) Done(t *visible.Thread, op visible.Op, value uint64) {
	if m.unwind {
		return
	}
	if op.Kind == visible.OpTryLock && value != visible.Missing {
		m.locks[m.lockOf(&op)].owner = t.ID
	}
	if m.drain > 0 {
		return
	}
	e := &m.trace[m.depth-1]
	if m.depth <= m.known && e.Value != value {
		m.fail(Nondeterministic, "operation %d, %s of thread %c, saw %d, and it saw %d before", m.depth, Describe(op), 'A'+t.ID, value, e.Value)
		return
	}
	e.Value = value
}
