package lab

import (
	"slotrace/engine/explore"
)

// Lattice is the graph of the states that a setup's executions go through, from where all
// begins down to the ends, for a picture.
type Lattice struct {
	Nodes    []LatticeNode // the first is where all begins
	Complete bool          // there are no more
	All      string        // executions, and how many of them break the invariant; "" unless complete
	Broken   string
}

// LatticeNode is a state.
type LatticeNode struct {
	Depth int
	End   bool
	Good  bool // some execution that goes on from here breaks nothing
	Bad   bool // some breaks the invariant
	Edges []explore.Edge
}

// MaxLattice is how many states a picture has room for.
const MaxLattice = 600

// NewLattice finds states until there are more than MaxLattice, and then those that the
// execution under way still goes through. Then it is not Complete.
func NewLattice(s Setup) (*Lattice, error) {
	t, err := newTrial(s)
	if err != nil {
		return nil, err
	}
	defer t.close()
	g, _ := t.graph(false)
	l := &Lattice{}
	for len(g.Nodes) <= MaxLattice {
		if _, ok := g.Visit(func(end explore.End) bool { return t.judge(end).violates() }); !ok {
			l.Complete = t.machine.Err() == ""
			break
		}
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		bad := n.Broken.Sign() > 0
		l.Nodes = append(l.Nodes, LatticeNode{n.Depth, len(n.Edges) == 0, n.Broken.Cmp(n.All) < 0, bad, n.Edges})
	}
	if l.Complete {
		l.All, l.Broken = g.Nodes[0].All.String(), g.Nodes[0].Broken.String()
	}
	return l, nil
}

// Path is the states that a schedule's first operations lead through, as far as they are
// in the lattice.
func (l *Lattice) Path(taken []uint8) (nodes []int) {
	at := 0
	nodes = append(nodes, at)
	for _, thread := range taken {
		next := -1
		for _, e := range l.Nodes[at].Edges {
			if e.Thread == int(thread) {
				next = e.To
			}
		}
		if next < 0 {
			break
		}
		at = next
		nodes = append(nodes, at)
	}
	return nodes
}
