package visible

import "sync/atomic"

// Counter is a 64-bit word that threads share. The word may lie in a mapped file;
// it must be 8-byte aligned and outlive the counter.
//
// Each operation is two methods, so that the one that nobody watches is small enough
// to become part of its caller, if it asks for itself whether somebody does.
type Counter struct {
	word   *uint64
	object Object
	low    uint64
}

// NewCounter returns the counter on word. Counters of one object, such as the
// commit words of a file, are told apart by their number.
func NewCounter(o Object, number uint64, word *uint64) Counter {
	return Counter{word: word, object: o, low: number}
}

// Load reads the counter.
func (c *Counter) Load(t *Thread, s Step) uint64 {
	if t.watched>>s&1 != 0 {
		return c.watchedLoad(t, s)
	}
	return atomic.LoadUint64(c.word)
}

func (c *Counter) watchedLoad(t *Thread, s Step) uint64 {
	op := c.op(OpLoad, s)
	t.observer.Point(t, op)
	v := atomic.LoadUint64(c.word)
	t.observer.Done(t, op, v)
	return v
}

// Store writes v.
func (c *Counter) Store(t *Thread, s Step, v uint64) {
	if t.watched>>s&1 != 0 {
		c.watchedStore(t, s, v)
		return
	}
	atomic.StoreUint64(c.word, v)
}

func (c *Counter) watchedStore(t *Thread, s Step, v uint64) {
	op := c.op(OpStore, s)
	t.observer.Point(t, op)
	atomic.StoreUint64(c.word, v)
	t.observer.Done(t, op, v)
}

// Add adds delta (two's complement, so ^uint64(0) takes one away) and returns the sum.
func (c *Counter) Add(t *Thread, s Step, delta uint64) uint64 {
	if t.watched>>s&1 != 0 {
		return c.watchedAdd(t, s, delta)
	}
	return atomic.AddUint64(c.word, delta)
}

func (c *Counter) watchedAdd(t *Thread, s Step, delta uint64) uint64 {
	op := c.op(OpAdd, s)
	t.observer.Point(t, op)
	v := atomic.AddUint64(c.word, delta)
	t.observer.Done(t, op, v)
	return v
}

// CompareAndSwap writes new if the counter is old, and says whether it was.
func (c *Counter) CompareAndSwap(t *Thread, s Step, old, new uint64) bool {
	if t.watched>>s&1 != 0 {
		return c.watchedSwap(t, s, old, new)
	}
	return atomic.CompareAndSwapUint64(c.word, old, new)
}

func (c *Counter) watchedSwap(t *Thread, s Step, old, new uint64) bool {
	op := c.op(OpCompareAndSwap, s)
	t.observer.Point(t, op)
	swapped := atomic.CompareAndSwapUint64(c.word, old, new)
	if !swapped {
		old = Missing
	}
	t.observer.Done(t, op, old)
	return swapped
}

func (c *Counter) op(k Kind, s Step) Op {
	return Op{Kind: k, Step: s, Object: c.object, Range: Range{c.low, c.low + 1}}
}

// Peek reads the counter unseen. It is for whoever looks at the store from
// outside its threads: statistics, recovery, tests.
func (c *Counter) Peek() uint64 { return atomic.LoadUint64(c.word) }

// Poke writes the counter unseen, while no thread runs.
func (c *Counter) Poke(v uint64) { atomic.StoreUint64(c.word, v) }
