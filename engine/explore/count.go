package explore

import (
	"encoding/binary"
	"hash/maphash"
	"math/big"

	"slotrace/engine/clock"
	"slotrace/engine/visible"
)

// Graph counts executions without visiting all of them: it visits each state once, and
// adds up, from the ends, by how many ways it can be left.
//
// States are told apart by a key. Key, if it is given, appends to b all that decides how
// executions go on from here and how they end; threads that stand still may be looked at.
// Without it two states are the same if their executions so far differ only in the order
// of operations that do not depend on each other.
type Graph struct {
	m     *Machine
	Key   func(b []byte) []byte
	Nodes []Node // the first is where all begins
	known map[string]int
	path  []step
	begun bool
	key   []byte
	ends  map[bool]int // nodes of ends, by whether they break the invariant
	class classes
}

// Node is a state.
type Node struct {
	Depth  int
	All    *big.Int // executions from here on
	Broken *big.Int // of these, those that break the invariant
	Edges  []Edge
}

// Edge says which state a thread's next operation leads to.
type Edge struct{ Thread, To int }

// step is a node on the path to the state that is visited.
type step struct {
	node    int
	untried visible.Set
	chosen  int
}

// NewGraph returns the search at its beginning.
func NewGraph(m *Machine, key func(b []byte) []byte) *Graph {
	return &Graph{m: m, Key: key, known: map[string]int{}, ends: map[bool]int{}, class: classes{threads: m.Threads(), seed: maphash.MakeSeed()}}
}

// Visit runs the next execution, as far as it is new. broken says, of one that has ended
// and not in Abandoned, whether it breaks the invariant. It is false when the graph is
// whole.
func (g *Graph) Visit(broken func(End) bool) (End, bool) {
	prefix := 0
	if g.begun {
		last := len(g.path) - 1
		for last >= 0 && g.path[last].untried == 0 {
			last--
		}
		if last < 0 || g.m.end == Nondeterministic {
			return 0, false
		}
		prefix = last
	}
	g.begun = true
	g.class.known = min(g.class.known, prefix)
	end := g.m.Run(g, prefix)
	switch end {
	case Nondeterministic:
		return end, true
	case Abandoned: // at a state that is known
	default:
		g.edge(g.end(broken(end)))
	}
	for len(g.path) > 0 { // those that are whole pass on what they came to
		last := &g.path[len(g.path)-1]
		if last.untried != 0 {
			break
		}
		node := last.node
		n := &g.Nodes[node]
		for _, e := range n.Edges {
			n.All.Add(n.All, g.Nodes[e.To].All)
			n.Broken.Add(n.Broken, g.Nodes[e.To].Broken)
		}
		g.path = g.path[:len(g.path)-1]
		if len(g.path) > 0 {
			g.edge(node)
		}
	}
	return end, true
}

func (g *Graph) edge(to int) {
	last := &g.path[len(g.path)-1]
	n := &g.Nodes[last.node]
	n.Edges = append(n.Edges, Edge{last.chosen, to})
}

// end is the node of executions that have ended.
func (g *Graph) end(broken bool) int {
	if i, ok := g.ends[broken]; ok {
		return i
	}
	n := Node{Depth: g.m.depth, All: big.NewInt(1), Broken: big.NewInt(0)}
	if broken {
		n.Broken.SetInt64(1)
	}
	g.Nodes = append(g.Nodes, n)
	g.ends[broken] = len(g.Nodes) - 1
	return g.ends[broken]
}

// Next implements Strategy.
func (g *Graph) Next(m *Machine, enabled visible.Set) int {
	depth := m.depth
	if depth < len(g.path) {
		s := &g.path[depth]
		s.chosen = s.untried.First()
		s.untried &^= visible.One(s.chosen)
		return s.chosen
	}
	if g.Key != nil {
		g.key = g.Key(g.key[:0])
	} else {
		g.key = g.class.key(m, g.key[:0])
	}
	if node, ok := g.known[string(g.key)]; ok {
		g.edge(node)
		return Abandon
	}
	node := len(g.Nodes)
	g.Nodes = append(g.Nodes, Node{Depth: depth, All: new(big.Int), Broken: new(big.Int)})
	g.known[string(g.key)] = node
	to := enabled.First()
	g.path = append(g.path, step{node, enabled &^ visible.One(to), to})
	return to
}

// classes tells beginnings of executions apart by their classes.
type classes struct {
	threads int
	seed    maphash.Seed
	known   int          // events of which what follows is known
	clocks  clock.Vector // threads entries an event: what happened before it, and it
	sums    [][2]uint64  // by number of events: all their places together
}

// key is the same for two executions so far if they are equivalent: if the same operations
// happened before each. All operations' places together are as many numbers added up.
func (c *classes) key(m *Machine, b []byte) []byte {
	events := m.Events()
	for ; c.known < len(events); c.known++ {
		c.add(events, c.known)
	}
	var sum [2]uint64
	if n := len(events); n > 0 {
		sum = c.sums[n-1]
	}
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, sum[0]), sum[1])
}

// add finds the place of event i.
func (c *classes) add(events []visible.Event, i int) {
	e := &events[i]
	for len(c.sums) <= i {
		c.clocks = append(c.clocks, make(clock.Vector, c.threads)...)
		c.sums = append(c.sums, [2]uint64{})
	}
	v := c.clocks[i*c.threads:][:c.threads]
	clear(v)
	for j := i - 1; j >= 0; j-- {
		o := &events[j]
		w := c.clocks[j*c.threads:][:c.threads]
		if !v.Covers(int(o.Thread), w[o.Thread]) && (o.Thread == e.Thread || dependent(o, e)) {
			v.Join(w)
		}
	}
	v[e.Thread]++
	var h maphash.Hash
	h.SetSeed(c.seed)
	h.WriteByte(e.Thread)
	for _, n := range v {
		h.WriteByte(byte(n))
		h.WriteByte(byte(n >> 8))
	}
	x := h.Sum64()
	sum := [2]uint64{}
	if i > 0 {
		sum = c.sums[i-1]
	}
	c.sums[i] = [2]uint64{sum[0] + x, sum[1] ^ x*0x9e3779b97f4a7c15}
}
