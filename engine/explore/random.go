package explore

import (
	"math/rand/v2"

	"slotrace/engine/visible"
)

// Walk runs executions in which each operation is that of a thread drawn at random.
type Walk struct {
	m      *Machine
	random *rand.Rand
}

// NewWalk returns a walk whose draws follow from the seed.
func NewWalk(m *Machine, seed uint64) *Walk { return &Walk{m, rand.New(rand.NewPCG(seed, 0))} }

func (w *Walk) next() (prefix int, more bool) { return 0, true } // there is no last one
func (w *Walk) ran(End)                       {}

// Next implements Strategy.
func (w *Walk) Next(_ *Machine, enabled visible.Set) int {
	for skip := w.random.IntN(enabled.Len()); skip > 0; skip-- {
		enabled &= enabled - 1
	}
	return enabled.First()
}

// PCT runs executions in which the thread of the highest priority goes on. Priorities are
// drawn at random, and at depth-1 places of the execution, drawn at random as well,
// whoever runs there falls below all others. An error that takes depth orderings is found
// with probability 1 / (threads * operations ^ (depth-1)) at least (Burckhardt, Kothari,
// Musuvathi, Nagarakatte: "A randomized scheduler with probabilistic guarantees of finding
// bugs", ASPLOS 2010).
type PCT struct {
	m          *Machine
	random     *rand.Rand
	depth      int
	operations int
	priorities []int // by thread
	changes    []int // places
}

// NewPCT returns a search for errors that take depth orderings, at least 1. operations is
// about how long executions are.
func NewPCT(m *Machine, seed uint64, depth, operations int) *PCT {
	return &PCT{m: m, random: rand.New(rand.NewPCG(seed, 1)), depth: max(depth, 1), operations: max(operations, 1)}
}

func (p *PCT) next() (prefix int, more bool) {
	p.priorities = append(p.priorities[:0], p.random.Perm(p.m.Threads())...)
	for i := range p.priorities {
		p.priorities[i] += p.depth
	}
	p.changes = p.changes[:0]
	for range p.depth - 1 {
		p.changes = append(p.changes, p.random.IntN(p.operations))
	}
	return 0, true
}

func (p *PCT) ran(End) {}

// Next implements Strategy.
func (p *PCT) Next(m *Machine, enabled visible.Set) int {
	to := p.highest(enabled)
	for i, at := range p.changes {
		if at == len(m.Events()) {
			p.priorities[to] = i
			to = p.highest(enabled)
		}
	}
	return to
}

func (p *PCT) highest(of visible.Set) int {
	to := of.First()
	for ; of != 0; of &= of - 1 {
		if i := of.First(); p.priorities[i] > p.priorities[to] {
			to = i
		}
	}
	return to
}
