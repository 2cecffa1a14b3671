package lab

import "testing"

func TestTheLatticeHasEveryScheduleOnce(t *testing.T) {
	for _, c := range []struct {
		setup       Setup
		all, broken int64
	}{
		{allocation("check-then-act", 2, 1), 20, 18},
		{allocation("fetch-add", 2, 2), 70, 0},
		{allocation("check-then-act", 3, 1), 1680, 1674},
	} {
		l, err := NewLattice(c.setup, 2000)
		if err != nil || l == nil {
			t.Fatalf("%+v: %v %v", c.setup, l, err)
		}
		if l.All.Int64() != c.all || l.Broken.Int64() != c.broken {
			t.Errorf("%+v: %v of %v, want %d of %d", c.setup, l.Broken, l.All, c.broken, c.all)
		}
		for i := range l.Nodes {
			n := &l.Nodes[i]
			sum := 0
			for _, k := range n.Taken {
				sum += k
			}
			if !n.End() && sum != n.Depth || n.End() && n.Loses == n.Keeps {
				t.Errorf("%+v: node %d: %+v", c.setup, i, n)
			}
		}
	}
	if l, err := NewLattice(allocation("check-then-act", 4, 4), 200); l != nil || err != nil {
		t.Errorf("a large one: %v %v", l, err)
	}
}

func TestAScheduleLeadsThroughTheLatticeToItsEnd(t *testing.T) {
	s, err := NewSession(allocation("check-then-act", 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l, err := NewLattice(s.State().Setup, 200)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load("A1B3A2"); err != nil {
		t.Fatal(err)
	}
	path := l.Path(s.State().Rows, true)
	if len(path) != 7 {
		t.Fatalf("%v", path)
	}
	if start, second, last := &l.Nodes[path[0]], &l.Nodes[path[2]], &l.Nodes[path[6]]; !start.Keeps || !start.Loses || second.Keeps || !last.End() || !last.Loses {
		t.Errorf("%+v %+v %+v", start, second, last)
	}
}

func TestStatesMergeByHowFarEachThreadIs(t *testing.T) {
	l, err := NewLattice(allocation("check-then-act", 2, 2), 2000)
	if err != nil {
		t.Fatal(err)
	}
	m := l.Merge()
	if len(m.Nodes) != 7*7+1 { // all places but the last, and two ends
		t.Errorf("%d states", len(m.Nodes))
	}
	if m.Broken.Cmp(l.Broken.Int) != 0 || m.All.Int64() != 924 {
		t.Errorf("%v of %v", m.Broken, m.All)
	}
	for i := range m.Nodes {
		if n := &m.Nodes[i]; len(n.Edges) > 3 || !n.Loses && !n.Keeps {
			t.Errorf("%+v", n)
		}
	}
}
