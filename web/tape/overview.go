package tape

import (
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"slotrace/engine/recording"
)

// overview is the picture of the whole recording: it is drawn once for a size.
type overview struct {
	sum   *recording.Summary
	size  size
	nodes []*node
}

func (o *overview) summary(f *film) *recording.Summary {
	if o.sum == nil {
		s := f.recording.Summary()
		o.sum = &s
	}
	return o.sum
}

// drawn is the picture: stores a second as a height, the collisions among them in red, and
// hatched what is not recorded step by step.
func (o *overview) drawn(f *film, room size) []*node {
	if o.nodes == nil || o.size != room {
		o.size = room
		o.nodes = graph(f.recording, f.from, f.to, room)
	}
	return slices.Clone(o.nodes)
}

// column is what happened in the time of a pixel.
type column struct {
	stored, collisions float64
	mark, gap          bool
}

// columns sums a stretch of a recording up, pixel by pixel.
func columns(r *recording.Recording, low, up int64, n int) []column {
	all := make([]column, n)
	at := func(t int64) float64 { return float64(t-low) / float64(max(up-low, 1)) * float64(n) }
	first := max(sort.Search(len(r.Segments), func(i int) bool { return r.Segments[i].To >= low })-1, 0)
	for side := range r.Run.Sides() {
		var last *recording.Point
		for i := first; i < len(r.Segments) && (last == nil || last.At <= up); i++ {
			curve := r.Segments[i].Curve[side]
			for k := range curve {
				p := &curve[k]
				if last != nil && p.At > last.At && p.At >= low && last.At <= up {
					spread(all, at(last.At), at(p.At), float64(p.Stored)-float64(last.Stored), float64(p.Collisions)-float64(last.Collisions))
				}
				last = p
			}
		}
	}
	for i := first; i < len(r.Segments) && r.Segments[i].From <= up; i++ {
		g := &r.Segments[i]
		for _, m := range g.Marks {
			if c := int(at(m)); m >= low && c >= 0 && c < n {
				all[c].mark = true
			}
		}
		for _, gap := range g.Gaps {
			for c := max(int(at(gap.From)), 0); c < n && float64(c) < at(gap.To); c++ {
				all[c].gap = true
			}
		}
	}
	return all
}

// spread divides what happened between two places among the columns there.
func spread(all []column, from, to, stored, collisions float64) {
	if stored < 0 || collisions < 0 || to <= from {
		return // no run's figures go back
	}
	for c := max(int(from), 0); c < len(all) && float64(c) < to; c++ {
		part := (math.Min(to, float64(c+1)) - math.Max(from, float64(c))) / (to - from)
		all[c].stored += stored * part
		all[c].collisions += collisions * part
	}
}

func graph(r *recording.Recording, low, up int64, room size) []*node {
	const step = 2 // pixels of a column
	all := columns(r, low, up, max(int(room.width)/step, 1))
	most := 0.0
	for i := range all {
		most = math.Max(most, all[i].stored)
	}
	if most == 0 {
		most = 1
	}
	base := room.height - 1
	var stores, clashes strings.Builder
	stores.WriteString("M0 " + number(base))
	for i := range all {
		c := &all[i]
		height := c.stored / most * (room.height - 5)
		stores.WriteString("L" + strconv.Itoa(i*step) + " " + number(base-height) + "h" + strconv.Itoa(step))
		if c.mark || c.collisions >= 0.5 {
			red := math.Max(math.Min(c.collisions/most, 1)*(room.height-5), 4)
			clashes.WriteString("M" + strconv.Itoa(i*step) + " " + number(base) + "v" + number(-red) + "h" + strconv.Itoa(step) + "V" + number(base) + "z")
		}
	}
	stores.WriteString("V" + number(base) + "z")
	nodes := []*node{el("path", "stores").Set("d", stores.String()).Named("stores")}
	if clashes.Len() > 0 {
		nodes = append(nodes, el("path", "clashes").Set("d", clashes.String()).Named("clashes"))
	}
	if d := hatching(all, step, room.height); d != "" {
		nodes = append(nodes, el("path", "gaps").Set("d", d).Named("gaps"))
	}
	return nodes
}

// hatching strikes out the columns that are gaps.
func hatching(all []column, step int, height float64) string {
	var d strings.Builder
	for i := 0; i < len(all); i++ {
		if !all[i].gap {
			continue
		}
		n := i
		for n < len(all) && all[n].gap {
			n++
		}
		left, right := float64(i*step), math.Max(float64(n*step), float64(i*step+3))
		for x := math.Floor(left/6)*6 - height; x < right; x += 6 {
			// From the bottom at x to the top at x + height, cut to the stretch.
			x0, x1 := math.Max(x, left), math.Min(x+height, right)
			if x0 < x1 {
				d.WriteString("M" + number(x0) + " " + number(height-(x0-x)) + "L" + number(x1) + " " + number(height-(x1-x)))
			}
		}
		i = n
	}
	return d.String()
}
