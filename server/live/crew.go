package live

import (
	"sync"
	"sync/atomic"
)

// crew is the barrier between the writers of a side. Each passes it between two
// puts; whoever leads the side can hold them there.
type crew struct {
	halted atomic.Bool // the one thing a writer looks at between puts

	mu      sync.Mutex
	size    int           // writers
	waiting int           // of these, at the barrier
	ended   bool          // they go on to their end
	all     chan struct{} // closed when all wait; not nil while they are held
	resume  chan struct{} // closed when those that wait now may go on
}

func newCrew(size int) *crew { return &crew{size: size, resume: make(chan struct{})} }

// hold has the writers come to the barrier, and returns a channel that is closed
// when every one waits there. release must follow.
func (c *crew) hold() (all <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan struct{})
	c.all = ch
	c.halted.Store(true)
	c.complete()
	return ch
}

func (c *crew) complete() {
	if c.all != nil && c.waiting == c.size {
		close(c.all)
		c.all = nil
	}
}

// release lets the writers go on, from now on size of them; with end, to their end.
func (c *crew) release(size int, end bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size, c.waiting, c.ended = size, 0, end
	c.halted.Store(end)
	close(c.resume)
	c.resume = make(chan struct{})
}

// wait waits for release, held or not, and returns false if that is the end. A writer need
// not call it while halted is not set.
func (c *crew) wait() bool {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return false
	}
	c.waiting++
	c.complete()
	resume := c.resume
	c.mu.Unlock()
	<-resume
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.ended
}
