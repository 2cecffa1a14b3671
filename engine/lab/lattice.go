package lab

import (
	"fmt"
	"slices"

	"slotrace/engine/explore"
)

// Lattice is the graph of the states of a setup, for a picture: from the state in which
// nothing has been done, the first, an edge for each operation that some thread can take.
// Two states are one if they differ only in the order of operations that do not depend on
// each other; executions that have ended are two states, broken or not.
type Lattice struct {
	Nodes       []LatticeNode
	All, Broken Number // executions
}

// LatticeNode is a state.
type LatticeNode struct {
	Taken []int // operations of each thread; nil for the ends
	Depth int   // how many operations that are; of an end the largest number
	Edges []explore.Edge
	// Loses and Keeps say whether an execution from here on breaks the invariant, and whether
	// one does not.
	Loses, Keeps bool
}

// End says whether all threads have ended here, or wait for ever.
func (n *LatticeNode) End() bool { return len(n.Edges) == 0 }

// NewLattice is nil if there are more states than at most.
func NewLattice(s Setup, most int) (*Lattice, error) {
	t, err := newTrial(s)
	if err != nil {
		return nil, err
	}
	defer t.close()
	if operations := t.length(); operations > most {
		return nil, nil
	}
	g := explore.NewGraph(t.machine, nil)
	for {
		end, ok := g.Visit(func(end explore.End) bool { return t.judge(end).violates() })
		if !ok {
			break
		}
		if end == explore.Nondeterministic {
			return nil, fmt.Errorf("%s: the code under test is not deterministic: %s", t.Variant, t.machine.Err())
		}
		if len(g.Nodes) > most {
			return nil, nil
		}
	}
	l := &Lattice{All: Number{g.Nodes[0].All}, Broken: Number{g.Nodes[0].Broken}, Nodes: make([]LatticeNode, len(g.Nodes))}
	order := make([]int, len(g.Nodes))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		l.Nodes[i] = LatticeNode{Depth: n.Depth, Edges: n.Edges, Loses: n.Broken.Sign() > 0, Keeps: n.Broken.Cmp(n.All) < 0}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return g.Nodes[a].Depth - g.Nodes[b].Depth })
	l.Nodes[0].Taken = make([]int, s.Threads)
	for _, i := range order {
		for _, e := range l.Nodes[i].Edges {
			to := &l.Nodes[e.To]
			if to.End() {
				to.Depth = max(to.Depth, l.Nodes[i].Depth+1)
			} else if to.Taken == nil {
				to.Taken = slices.Clone(l.Nodes[i].Taken)
				to.Taken[e.Thread]++
			}
		}
	}
	return l, nil
}

// Merge is the lattice with a state for all in which each thread has taken as many
// operations, whatever came of that. An execution that ends broken may begin in one that
// keeps, then.
func (l *Lattice) Merge() *Lattice {
	m := &Lattice{All: l.All, Broken: l.Broken}
	known := map[string]int{}
	to := make([]int, len(l.Nodes))
	for i := range l.Nodes {
		n := &l.Nodes[i]
		key := fmt.Sprint(n.Taken)
		if n.End() {
			key = fmt.Sprint(n.Loses)
		}
		at, ok := known[key]
		if !ok {
			at = len(m.Nodes)
			known[key] = at
			m.Nodes = append(m.Nodes, LatticeNode{Taken: n.Taken, Depth: n.Depth})
		}
		to[i] = at
		m.Nodes[at].Loses = m.Nodes[at].Loses || n.Loses
		m.Nodes[at].Keeps = m.Nodes[at].Keeps || n.Keeps
	}
	for i := range l.Nodes {
		n := &m.Nodes[to[i]]
		for _, e := range l.Nodes[i].Edges {
			if e.To = to[e.To]; !slices.Contains(n.Edges, e) {
				n.Edges = append(n.Edges, e)
			}
		}
	}
	return m
}

// Path is the states that a schedule leads through, from the first on. broken is whether
// its end is.
func (l *Lattice) Path(rows []Row, broken bool) []int {
	path, at := []int{0}, 0
	for i := range rows {
		n := &l.Nodes[at]
		to := slices.IndexFunc(n.Edges, func(e explore.Edge) bool {
			// Where states are merged a thread's last operation may lead to both ends.
			return e.Thread == rows[i].Thread && (!l.Nodes[e.To].End() || l.Nodes[e.To].Loses == broken)
		})
		if to < 0 {
			break
		}
		at = n.Edges[to].To
		path = append(path, at)
	}
	return path
}
