package tape

import (
	"math"
	"strconv"
	"strings"

	"slotrace/engine/replay"
	"slotrace/web/picture"
)

const (
	axis      = 14 // pixels of the times at the foot
	mostSteps = 700
	mostMarks = 700
	mostPins  = 40
)

// line is the zoomed timeline: what every writer does if there is room for it, else how
// much is done; collisions, what is not recorded, and the times.
func (f *film) line(room size) []*node {
	span := max(f.up-f.low, 1)
	x := func(t int64) float64 { return float64(t-f.low) / float64(span) * room.width }
	body := room.height - axis
	var nodes []*node

	segments, whole := f.loadedIn(f.low, f.up)
	count := 0
	for _, s := range segments {
		count += len(s)
	}
	cols := columns(f.recording, f.low, f.up, max(int(room.width)/2, 1))
	if whole && count <= mostSteps {
		nodes = append(nodes, f.each(segments, x, body)...)
	} else {
		nodes = append(nodes, f.density(segments, whole, cols, x, room.width, body)...)
	}
	if d := hatching(cols, 2, body); d != "" {
		nodes = append(nodes, el("path", "gaps").Set("d", d).Named("gaps"))
	}
	clashes := 0
	if whole {
		clashes = f.clashesIn(f.low, f.up)
	} else {
		for i := range cols {
			clashes += int(cols[i].collisions)
		}
	}
	nodes = append(nodes, f.marks(whole, clashes > mostPins, x, body))
	nodes = append(nodes, f.times(room, x, span, body)...)
	now := x(f.want)
	if left, right := max(x(f.want-f.player.Lanes()), 0), min(now, room.width); right-left > 2 {
		nodes = append(nodes, rect("lanes", left, body-3, right-left, 3).Named("lanes"))
	}
	if now < -6 || now > room.width+6 {
		return nodes
	}
	return append(nodes, el("g", "head", rect("", now-1, 0, 2, body),
		el("path", "").Set("d", "M"+number(now-6)+" 0h12l-6 8z")).Named("head"))
}

// loadedIn gives the steps of a stretch, and whether all there are are loaded.
func (f *film) loadedIn(low, up int64) (all [][]replay.Step, whole bool) {
	whole = true
	for i := f.player.Find(low); i < len(f.recording.Segments); i++ {
		if i > 0 && f.recording.Segments[i-1].To > up {
			break
		}
		g := f.player.Loaded(i)
		if g == nil {
			whole = false
			continue
		}
		if from, to := g.Until(low-1), g.Until(up); from < to {
			all = append(all, g.Steps[from:to])
		}
	}
	return all, whole
}

// clashesIn counts the collisions of a stretch that is loaded.
func (f *film) clashesIn(low, up int64) (n int) {
	for i := f.player.Find(low); i < len(f.recording.Segments) && (i == 0 || f.recording.Segments[i-1].To <= up); i++ {
		if g := f.player.Loaded(i); g != nil {
			n += g.Clash(up+1) - g.Clash(low)
		}
	}
	return n
}

// each draws every step as a tick in its writer's colour, each writer at a height of its own.
func (f *film) each(segments [][]replay.Step, x func(int64) float64, body float64) (nodes []*node) {
	writers := f.recording.Run.Writers * f.recording.Run.Sides()
	height := math.Max(math.Floor((body-10)/float64(writers)), 2)
	var d [picture.WriterColours]strings.Builder
	for _, steps := range segments {
		for i := range steps {
			s := &steps[i]
			if !s.Seen() {
				continue
			}
			w := int(s.Thread) + s.Side()*f.recording.Run.Writers
			y := 8 + math.Mod(float64(w)*height, body-10)
			d[int(s.Thread)%picture.WriterColours].WriteString("M" + number(x(s.At)) + " " + number(y) + "v" + number(math.Max(height-1, 1.5)))
		}
	}
	for w := range d {
		if d[w].Len() > 0 {
			nodes = append(nodes, el("path", "ticks w"+strconv.Itoa(w)).Set("d", d[w].String()).Named("ticks "+strconv.Itoa(w)))
		}
	}
	return nodes
}

// density draws how much is done: steps where they are loaded, else stores.
func (f *film) density(segments [][]replay.Step, whole bool, cols []column, x func(int64) float64, width, body float64) []*node {
	heights := make([]float64, len(cols))
	most := 0.0
	if whole {
		for _, steps := range segments {
			// As many as a column is wide, one after the other: a step is some nanoseconds.
			stride := max(len(steps)/20_000, 1)
			for i := 0; i < len(steps); i += stride {
				if c := int(x(steps[i].At) / width * float64(len(cols))); c >= 0 && c < len(cols) {
					heights[c] += float64(stride)
				}
			}
		}
	} else {
		for i := range cols {
			heights[i] = cols[i].stored
		}
	}
	for _, h := range heights {
		most = math.Max(most, h)
	}
	if most == 0 {
		return nil
	}
	var d strings.Builder
	d.WriteString("M0 " + number(body))
	for i, h := range heights {
		d.WriteString("L" + number(float64(i)*width/float64(len(cols))) + " " + number(body-h/most*(body-10)) + "h2")
	}
	d.WriteString("V" + number(body) + "z")
	return []*node{el("path", "stores").Set("d", d.String()).Named("stores")}
}

// marks draws a red pin at each collision; of many only the heads.
func (f *film) marks(whole, many bool, x func(int64) float64, body float64) *node {
	var d strings.Builder
	n, last := 0, math.Inf(-1)
	height := body
	if many {
		height = 5
	}
	pin := func(t int64) {
		at := x(t)
		if at-last < 1.5 || n == mostMarks {
			return
		}
		last = at
		n++
		d.WriteString("M" + number(at) + " 0v" + number(height))
		if !many {
			d.WriteString("m-3 " + number(-height) + "h6l-3 6z")
		}
	}
	if whole {
		apart := max((f.up-f.low)/int64(mostMarks), 1)
		for i := f.player.Find(f.low); i < len(f.recording.Segments); i++ {
			g := f.player.Loaded(i)
			if g == nil || i > 0 && f.recording.Segments[i-1].To > f.up {
				break
			}
			for k := g.Clash(f.low); k < len(g.Clashes); {
				t := g.Steps[g.Clashes[k]].At
				if t > f.up {
					break
				}
				pin(t)
				if k++; k < len(g.Clashes) && g.Steps[g.Clashes[k]].At < t+apart {
					k = g.Clash(t + apart)
				}
			}
		}
	} else {
		for i := range f.recording.Segments {
			for _, m := range f.recording.Segments[i].Marks {
				if m >= f.low && m <= f.up {
					pin(m)
				}
			}
		}
	}
	return el("path", "pins").Set("d", d.String()).Named("pins")
}

// times writes the times below.
func (f *film) times(room size, x func(int64) float64, span int64, body float64) (nodes []*node) {
	step := int64(1)
	for about := float64(span) / math.Max(room.width/130, 1); float64(step) < about; {
		for _, by := range [...]int64{2, 5, 10} {
			if next := step * by; float64(next) >= about || by == 10 {
				step = next
				break
			}
		}
	}
	var d strings.Builder
	first := (f.low - f.from + step - 1) / step * step
	for t, i := first, 0; t <= f.up-f.from && i < 60; t, i = t+step, i+1 {
		at := x(f.from + t)
		d.WriteString("M" + number(at) + " " + number(body) + "v4")
		if at > 24 && at < room.width-24 {
			nodes = append(nodes, txt("text", "", clockOf(t, step)).Set("x", number(at)).Set("y", number(room.height-2)).Set("text-anchor", "middle").Named("time "+strconv.FormatInt(t/step, 10)))
		}
	}
	return append(nodes, el("path", "axis").Set("d", d.String()).Named("axis"))
}
