package lab

import (
	"slices"
	"testing"

	"slotrace/engine/explore"
)

func TestTheLatticeOfTheSmallestFailure(t *testing.T) {
	l, err := NewLattice(allocation("check-then-act", 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	if !l.Complete || l.All != "20" || l.Broken != "18" || !l.Nodes[0].Good || !l.Nodes[0].Bad {
		t.Errorf("%+v", l)
	}
	schedule, _ := explore.ParseSchedule("A1B3A2")
	path := l.Path(schedule.Threads())
	if len(path) != 7 || !l.Nodes[path[6]].End || l.Nodes[path[6]].Good || !l.Nodes[path[6]].Bad || l.Nodes[path[2]].Good {
		t.Errorf("%v", path)
	}
	serial, _ := explore.ParseSchedule("B3A3")
	if end := l.Path(serial.Threads()); l.Nodes[end[6]].Bad {
		t.Errorf("%v", end)
	}
	for i, n := range l.Nodes {
		for _, e := range n.Edges {
			if to := l.Nodes[e.To]; !to.End && to.Depth != n.Depth+1 || to.Bad && !n.Bad || to.Good && !n.Good {
				t.Errorf("node %d, %+v, leads to %+v", i, n, to)
			}
		}
	}
	if !slices.ContainsFunc(l.Nodes, func(n LatticeNode) bool { return n.Good && !n.Bad }) {
		t.Error("no state is safe")
	}
	if l, err = NewLattice(allocation("fetch-add", 5, 5)); err != nil || l.Complete || len(l.Nodes) < MaxLattice {
		t.Errorf("%v, %d nodes, complete %v", err, len(l.Nodes), l.Complete)
	}
}
