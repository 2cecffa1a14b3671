package explore

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"slotrace/engine/catalogue"
	"slotrace/engine/lab"
)

const (
	maxStates = 2500 // that are looked for: some 50 ms in a browser
	maxPlaces = 110  // that can be drawn and still be told apart
	maxMerged = 260
)

// latticeOf is the lattice of a setup, merged if it is large; nil if it is too large.
func latticeOf(s lab.Setup) (*lab.Lattice, error) {
	l, err := lab.NewLattice(s, maxStates)
	if l != nil && len(l.Nodes) > maxPlaces {
		l = l.Merge()
	}
	return l, err
}

// states is the graph of all schedules of this size, with the present one drawn through it.
func (d *Desk) states() *node {
	x := &d.state
	const title = "Every schedule of this size"
	l := d.lattice
	if l == nil {
		return panel("lattice", "lattice", title, nil,
			txt("p", "quiet", sizes(x.Setup)+": too many states to draw. Count says how many schedules break it.").Named("many"))
	}
	var picture *node
	if len(l.Nodes) <= maxMerged {
		picture = d.drawStates()
	}
	lost := txt("b", "", number(l.Broken)+" of "+number(l.All))
	if l.Broken.Sign() > 0 {
		lost.Set("class", "bad")
	} else {
		lost.Set("class", "well")
	}
	return panel("lattice", "lattice", title, txt("p", "note", number(l.All)),
		picture,
		el("p", "said", lost, txt("span", "", " schedules break it. "), txt("span", "quiet", d.bound()+".")).Named("said"),
		el("p", "legend quiet", key("good", "no end is broken"), key("open", "some are"), key("bad", "all are")).Named("legend"))
}

// key is a mark of the drawing, and what it means.
func key(kind, means string) *node {
	return el("span", "", el("svg", "key").Set("viewBox", "-8 -8 16 16").Set("aria-hidden", "true").Add(mark(kind, 0, 0, 6)), txt("span", "", means))
}

// mark is a state: round if nothing can go wrong any more, square if nothing else can, and
// a ring while both can.
func mark(kind string, x, y, r float64) *node {
	if kind == "bad" {
		return el("rect", "state bad").Set("x", at(x-r*0.9)).Set("y", at(y-r*0.9)).Set("width", at(r*1.8)).Set("height", at(r*1.8)).Set("rx", at(r*0.25))
	}
	return el("circle", "state "+kind).Set("cx", at(x)).Set("cy", at(y)).Set("r", at(r))
}

func kind(n *lab.LatticeNode) string {
	switch {
	case !n.Loses:
		return "good"
	case !n.Keeps:
		return "bad"
	}
	return "open"
}

func at(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// point is where a state is drawn.
type point struct{ x, y float64 }

// layout puts the first state at the top and a row for each operation below. A thread has a
// direction: A's operations lead to the left, the last thread's to the right.
func layout(l *lab.Lattice, threads int, width, height float64) (places []point, gap float64) {
	const wide, least = 1.6, 1.0 // how far an operation leads aside; how far two of a row are apart
	places = make([]point, len(l.Nodes))
	deepest := 0
	rows := map[int][]int{}
	for i := range l.Nodes {
		n := &l.Nodes[i]
		rows[n.Depth] = append(rows[n.Depth], i)
		deepest = max(deepest, n.Depth)
		for t, taken := range n.Taken {
			if threads > 1 {
				places[i].x += float64(taken) * (2*float64(t)/float64(threads-1) - 1) * wide
			}
		}
		if n.Taken == nil && len(l.Nodes) > 1 { // an end
			places[i].x = 1
			if n.Keeps {
				places[i].x = -1
			}
		}
	}
	low, high := 0.0, 0.0
	for _, row := range rows {
		slices.SortStableFunc(row, func(a, b int) int {
			switch {
			case places[a].x < places[b].x:
				return -1
			case places[a].x > places[b].x:
				return 1
			}
			return 0
		})
		shift, last := 0.0, math.Inf(-1)
		for _, i := range row {
			wished := places[i].x
			places[i].x = max(wished, last+least)
			last = places[i].x
			shift += (wished - last) / float64(len(row))
		}
		for _, i := range row {
			places[i].x += shift
			low, high = min(low, places[i].x), max(high, places[i].x)
		}
	}
	gap = min(width/(high-low+1), 34)
	down := height / float64(deepest+1)
	middle := (low + high) / 2
	for i := range places {
		places[i] = point{width/2 + (places[i].x-middle)*gap, (float64(l.Nodes[i].Depth) + 0.5) * down}
	}
	return places, min(gap, down)
}

func (d *Desk) drawStates() *node {
	x, l := &d.state, d.lattice
	const width, height = 340, 300
	places, gap := layout(l, x.Threads, width, height)
	svg := el("svg", "graph").Set("viewBox", fmt.Sprintf("0 0 %d %d", width, height)).Set("role", "img").Named("graph")
	lines := el("g", "").Named("edges")
	for i := range l.Nodes {
		for _, e := range l.Nodes[i].Edges {
			lines.Add(el("line", "edge e"+strconv.Itoa(e.Thread%8)).
				Set("x1", at(places[i].x)).Set("y1", at(places[i].y)).Set("x2", at(places[e.To].x)).Set("y2", at(places[e.To].y)))
		}
	}
	path := l.Path(x.Rows, x.Fault)
	taken := min(x.Step, len(path)-1)
	drawn := func(classes string, states []int) *node {
		points := ""
		for _, i := range states {
			points += at(places[i].x) + "," + at(places[i].y) + " "
		}
		return el("polyline", classes).Set("points", points).Named(classes)
	}
	marks := el("g", "").Named("states")
	r := max(2.2, min(7, gap*0.24))
	for i := range l.Nodes {
		n := &l.Nodes[i]
		m := mark(kind(n), places[i].x, places[i].y, r)
		if !n.End() {
			m.Add(txt("title", "", counted(n.Taken)+": "+map[string]string{"good": "no end is broken", "open": "some ends are broken", "bad": "every end is broken"}[kind(n)]))
		}
		marks.Add(m)
	}
	here := el("circle", "you").Set("cx", at(places[path[taken]].x)).Set("cy", at(places[path[taken]].y)).Set("r", at(r+3)).Named("you")
	label := number(l.Broken) + " of " + number(l.All) + " schedules break it."
	switch kind(&l.Nodes[path[taken]]) {
	case "good":
		label += " From here none does."
	case "bad":
		label += " From here all do."
	default:
		label += " From here some do."
	}
	return svg.Set("aria-label", label).Add(lines, drawn("to-come", path[taken:]), drawn("taken", path[:taken+1]), marks, here)
}

// counted is how many operations each thread has taken: "A 1, B 3".
func counted(taken []int) (s string) {
	for i, n := range taken {
		if i > 0 {
			s += ", "
		}
		s += catalogue.Letter(i) + " " + strconv.Itoa(n)
	}
	return s
}
