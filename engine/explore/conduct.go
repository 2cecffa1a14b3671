package explore

import (
	"fmt"
	"sync"

	"slotrace/engine/visible"
)

// Conductor has goroutines that really run take turns as a schedule says: it is the
// observer of their operations, and lets one at a time go on. A goroutine keeps its turn
// until it announces its next operation, or ends.
type Conductor struct {
	mu      sync.Mutex
	turned  sync.Cond
	order   []uint8 // whose each operation is
	at      int     // which of them is under way, or next
	busy    bool    // it is under way
	inside  []bool  // by thread: the operation under way is its own
	threads int
	ended   visible.Set
	waiting visible.Set
	pending []visible.Op // by thread that waits
	events  []visible.Event
	over    bool // everybody is let go, or has to die
	err     error
}

// NewConductor returns the conductor of some threads.
func NewConductor(threads int, s Schedule) *Conductor {
	c := &Conductor{order: s.Threads(), threads: threads, inside: make([]bool, threads), pending: make([]visible.Op, threads)}
	c.turned.L = &c.mu
	return c
}

// Conduct runs the threads, each in a goroutine of its own, along the schedule, and
// returns the operations that they took. It returns when all have ended; threads that are
// on their way when the schedule ends are ended where they stand, by a panic that their
// code sees as such. The error says where they did not do what the schedule says.
func (c *Conductor) Conduct(run func(t *visible.Thread)) ([]visible.Event, error) {
	var all sync.WaitGroup
	for i := range c.threads {
		all.Go(func() {
			defer c.end(i)
			run(visible.NewThread(i, c))
		})
	}
	all.Wait()
	if c.err == nil && c.at < len(c.order) {
		c.err = fmt.Errorf("the schedule goes on behind operation %d, and all threads have ended", c.at)
	}
	return c.events, c.err
}

// end is deferred by a thread.
func (c *Conductor) end(thread int) {
	p := recover()
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, told := p.(died); p != nil && !told && c.err == nil {
		c.err = fmt.Errorf("thread %c panicked: %v", 'A'+thread, p)
		c.stop()
	}
	c.ended |= visible.One(thread)
	c.pass(thread)
}

// pass ends a thread's turn, if it has it.
func (c *Conductor) pass(thread int) {
	if c.inside[thread] {
		c.inside[thread] = false
		c.busy = false
		c.at++
	}
	if !c.over && !c.busy {
		switch {
		case c.at == len(c.order):
			if c.ended|c.waiting == visible.One(c.threads)-1 {
				c.stop()
			}
		case c.ended.Has(int(c.order[c.at])):
			c.err = fmt.Errorf("at operation %d it would be the turn of %c, which has ended", c.at+1, 'A'+c.order[c.at])
			c.stop()
		}
	}
	c.turned.Broadcast()
}

func (c *Conductor) stop() {
	c.over = true
	c.turned.Broadcast()
}

// Point implements visible.Observer.
func (c *Conductor) Point(t *visible.Thread, op visible.Op) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return // it is dying, and its deferred functions release what it holds
	}
	c.waiting |= visible.One(t.ID)
	c.pending[t.ID] = op
	c.pass(t.ID)
	for !c.over && (c.busy || c.at == len(c.order) || int(c.order[c.at]) != t.ID) {
		c.turned.Wait()
	}
	if c.over {
		panic(died{})
	}
	c.waiting &^= visible.One(t.ID)
	c.busy, c.inside[t.ID] = true, true
	c.events = append(c.events, visible.Event{Op: op, Thread: uint8(t.ID)})
}

// Done implements visible.Observer.
func (c *Conductor) Done(_ *visible.Thread, _ visible.Op, value uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.events[len(c.events)-1].Value = value
	}
}
