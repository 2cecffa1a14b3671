package explore

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
	"slotrace/engine/lab"
)

const (
	maxPlaces = 110 // that can be drawn and still be told apart; of more those are merged in which each thread is as far
	maxMerged = 260
)

// lattice is the graph of a setup's states, as it is drawn.
type lattice struct {
	found       *lab.Lattice
	places      []state
	drawn       []int // by which place a state that was found is drawn
	all, broken string
}

// state is a state, or several.
type state struct {
	taken     []int // operations of each thread; nil for the ends, which are two: kept and broken
	depth     int
	good, bad bool // an execution from here on breaks nothing; one breaks the invariant
	edges     []explore.Edge
}

// latticeOf is the lattice of a setup; nil if it is too large.
func latticeOf(s lab.Setup) (*lattice, error) {
	found, err := lab.NewLattice(s)
	if err != nil || !found.Complete {
		return nil, err
	}
	l := &lattice{found: found, all: grouped(found.All), broken: grouped(found.Broken), places: make([]state, len(found.Nodes))}
	order := make([]int, len(found.Nodes))
	for i := range found.Nodes {
		n := &found.Nodes[i]
		l.places[i] = state{depth: n.Depth, good: n.Good, bad: n.Bad, edges: n.Edges}
		order[i] = i
	}
	l.drawn = slices.Clone(order)
	slices.SortStableFunc(order, func(a, b int) int { return l.places[a].depth - l.places[b].depth })
	l.places[0].taken = make([]int, s.Threads)
	for _, i := range order {
		for _, e := range l.places[i].edges {
			to := &l.places[e.To]
			if found.Nodes[e.To].End {
				to.depth = max(to.depth, l.places[i].depth+1)
			} else if to.taken == nil {
				to.taken = slices.Clone(l.places[i].taken)
				to.taken[e.Thread]++
			}
		}
	}
	if len(l.places) > maxPlaces {
		l.merge()
	}
	return l, nil
}

// merge makes one of all states in which each thread has taken as many operations,
// whatever came of that.
func (l *lattice) merge() {
	var merged []state
	known := map[string]int{}
	for i := range l.places {
		p := &l.places[i]
		key := fmt.Sprint(p.taken)
		if p.taken == nil {
			key = fmt.Sprint(p.bad)
		}
		at, ok := known[key]
		if !ok {
			at = len(merged)
			known[key] = at
			merged = append(merged, state{taken: p.taken, depth: p.depth})
		}
		l.drawn[i] = at
		merged[at].good = merged[at].good || p.good
		merged[at].bad = merged[at].bad || p.bad
	}
	for i := range l.places {
		p := &merged[l.drawn[i]]
		for _, e := range l.places[i].edges {
			if e.To = l.drawn[e.To]; !slices.Contains(p.edges, e) {
				p.edges = append(p.edges, e)
			}
		}
	}
	l.places = merged
}

// path is the states that a schedule leads through, from the first on.
func (l *lattice) path(rows []lab.Row) []int {
	taken := make([]uint8, len(rows))
	for i := range rows {
		taken[i] = uint8(rows[i].Thread)
	}
	path := l.found.Path(taken)
	for i, at := range path {
		path[i] = l.drawn[at]
	}
	return path
}

// states is the graph of all schedules of this size, with the present one drawn through it.
func (d *Desk) states() *node {
	x := &d.state
	const title = "Every schedule of this size"
	var relies *node // what the numbers that were counted rely on
	if o := d.last; o != nil && o.mode == lab.Count && o.Abstraction != "" {
		relies = txt("p", "relies quiet", "Counted by states. "+o.Abstraction).Named("relies")
	}
	l := d.lattice
	if l == nil {
		return panel("lattice", "lattice", title, nil,
			txt("p", "quiet", sizes(x.Setup)+": too many states to draw. Count says how many schedules break it.").Named("many"), relies)
	}
	var picture *node
	if len(l.places) <= maxMerged {
		picture = d.drawStates()
	}
	if !d.filled { // to be thought about first
		return panel("lattice", "lattice", title, txt("p", "note", l.all),
			picture,
			el("p", "said", txt("b", "", l.all), txt("span", "", " schedules lead from the top to an end. "), txt("span", "quiet", "How many break it? Prove fills it in.")).Named("asked"))
	}
	lost := txt("b", "well", l.broken+" of "+l.all)
	if l.broken != "0" {
		lost.Attrs[0].Value = "bad"
	}
	return panel("lattice", "lattice", title, txt("p", "note", l.all),
		picture,
		el("p", "said", lost, txt("span", "", " schedules break it. "), txt("span", "quiet", d.bound()+".")).Named("said"),
		el("p", "legend quiet", key("good", "no end is broken"), key("open", "some are"), key("bad", "all are")).Named("legend"), relies)
}

// filledTo is how many of the states, in the order in which a search comes upon them, have
// been searched by a proof or a count.
func (d *Desk) filledTo() int {
	if d.filled {
		return len(d.lattice.places)
	}
	if s := d.search; s != nil && s.mode != lab.Find && s.progress.Setup == d.state.Setup {
		return int(s.progress.Share * float64(len(d.lattice.places)))
	}
	return 0
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

func kind(n *state) string {
	switch {
	case !n.bad:
		return "good"
	case !n.good:
		return "bad"
	}
	return "open"
}

func at(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// point is where a state is drawn.
type point struct{ x, y float64 }

// layout puts the first state at the top and a row for each operation below. A thread has a
// direction: A's operations lead to the left, the last thread's to the right.
func layout(l *lattice, threads int, width, height float64) (places []point, gap float64) {
	const wide, least = 1.6, 1.0 // how far an operation leads aside; how far two of a row are apart
	places = make([]point, len(l.places))
	deepest := 0
	rows := map[int][]int{}
	for i := range l.places {
		n := &l.places[i]
		rows[n.depth] = append(rows[n.depth], i)
		deepest = max(deepest, n.depth)
		for t, taken := range n.taken {
			if threads > 1 {
				places[i].x += float64(taken) * (2*float64(t)/float64(threads-1) - 1) * wide
			}
		}
	}
	for i := range l.places { // an end stands below those that lead there
		if n := &l.places[i]; n.taken == nil {
			sum, all := 0.0, 0.0
			for j := range l.places {
				for _, e := range l.places[j].edges {
					if e.To == i {
						sum, all = sum+places[j].x, all+1
					}
				}
			}
			if places[i].x = sum / max(all, 1); n.good {
				places[i].x -= least
			} else {
				places[i].x += least
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
		places[i] = point{width/2 + (places[i].x-middle)*gap, (float64(l.places[i].depth) + 0.5) * down}
	}
	return places, min(gap, down)
}

func (d *Desk) drawStates() *node {
	x, l := &d.state, d.lattice
	const width, height = 340, 300
	places, gap := layout(l, x.Threads, width, height)
	svg := el("svg", "graph").Set("viewBox", fmt.Sprintf("0 0 %d %d", width, height)).Set("role", "img").Named("graph")
	lines := el("g", "").Named("edges")
	for i := range l.places {
		for _, e := range l.places[i].edges {
			lines.Add(el("line", "edge e"+strconv.Itoa(e.Thread%8)).
				Set("x1", at(places[i].x)).Set("y1", at(places[i].y)).Set("x2", at(places[e.To].x)).Set("y2", at(places[e.To].y)))
		}
	}
	path := l.path(x.Rows)
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
	filled := d.filledTo()
	for i := range l.places {
		n := &l.places[i]
		if i >= filled && !(n.taken == nil && path[taken] == i) { // what the schedule has come to is known
			marks.Add(mark("unknown", places[i].x, places[i].y, r))
			continue
		}
		m := mark(kind(n), places[i].x, places[i].y, r)
		if n.taken != nil {
			m.Add(txt("title", "", counted(n.taken)+": "+map[string]string{"good": "no end is broken", "open": "some ends are broken", "bad": "every end is broken"}[kind(n)]))
		}
		marks.Add(m)
	}
	here := el("circle", "you").Set("cx", at(places[path[taken]].x)).Set("cy", at(places[path[taken]].y)).Set("r", at(r+3)).Named("you")
	label := l.all + " schedules, and where the present one is among them."
	if d.filled {
		label = l.broken + " of " + l.all + " schedules break it. " + map[string]string{"good": "From here none does.", "bad": "From here all do.", "open": "From here some do."}[kind(&l.places[path[taken]])]
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
