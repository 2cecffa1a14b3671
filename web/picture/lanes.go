package picture

import (
	"math"
	"strconv"
)

// The styles of a lanes drawing, from back to front.
const (
	styleGrid = iota
	styleFaint
	styleMiddle = styleFaint + WriterColours
	styleFull   = styleMiddle + WriterColours
	styleLabel  = styleFull + WriterColours
	// StyleHatch is filled with the pattern of Theme.Hatch.
	StyleHatch  = styleLabel + 1
	styleError  = StyleHatch + 1
	stylePlate  = styleError + 1
	styleStrike = stylePlate + 1
	styleErrInk = styleStrike + 1
	styleLost   = styleErrInk + 1
	styleName   = styleLost + 1
	styleQuiet  = styleName + WriterColours
	styleNow    = styleQuiet + 1
	laneStyles  = styleNow + 1
)

// LaneStyles lists the styles as CSS colours; StyleHatch's is the one to fall back on.
func (t *Theme) LaneStyles() []string {
	s := make([]string, laneStyles)
	s[styleGrid] = t.Line.CSS()
	for i := range WriterColours {
		w := t.Writer(i)
		s[styleFaint+i] = w.over(t.Panel, 0.36).CSS()
		s[styleMiddle+i] = w.over(t.Panel, 0.62).CSS()
		s[styleFull+i] = w.CSS()
		s[styleName+i] = t.WriterText(i).CSS()
	}
	s[styleLabel] = t.Label.CSS()
	s[StyleHatch], s[styleError], s[stylePlate] = t.Error.CSS(), t.Error.CSS(), t.ErrorPanel.CSS()
	s[styleErrInk], s[styleStrike], s[styleLost] = t.Ink.CSS(), t.Error.CSS(), t.Error.CSS()
	s[styleQuiet], s[styleNow] = t.Quiet.CSS(), t.Accent.CSS()
	return s
}

// LaneView says what a lanes drawing shows and how big it is.
type LaneView struct {
	Width, Height float64 // CSS pixels
	Scale         float64 // of text and gaps; 1 is the size of a desk's screen
	Writers       int
	From, To      int64 // the times at the left and right ends
	Now           int64 // nothing later has happened yet
	Still         bool  // a burst: it has a scale of its own, and no present
	Lost          func(writer uint8, number uint32) bool
}

type lanes struct {
	LaneView
	c             *Commands
	left, right   float64 // where time begins and ends
	lane, box     float64 // heights
	textSize      float64
	perNanosecond float64
}

// Draw draws the stores as lanes, one per writer, time to the right.
func (v LaneView) Draw(s *Stores, c *Commands) {
	c.Reset()
	if v.Writers <= 0 || v.Width < 60 || v.Height < 20 || v.To <= v.From {
		return
	}
	l := lanes{LaneView: v, c: c}
	l.left, l.right = math.Round(38*v.Scale), v.Width-2
	foot := 0.0
	if v.Still {
		foot = math.Round(18 * v.Scale)
	}
	l.lane = (v.Height - foot) / float64(v.Writers)
	if tallest := 58 * v.Scale; l.lane > tallest {
		l.lane = tallest
	}
	l.box = math.Min(math.Max(math.Round(l.lane*0.66), 2), 34*v.Scale)
	l.textSize = math.Min(math.Round(l.box*0.6), 14*v.Scale)
	l.perNanosecond = (l.right - l.left) / float64(v.To-v.From)
	// The hatching goes with what it is drawn on, or it would seem to run.
	c.shift = float32(math.Mod(-float64(v.From)*l.perNanosecond, hatchPeriod))

	l.names()
	if v.Still {
		l.scale(foot)
	}
	for w := range v.Writers {
		for _, st := range s.Of(w) {
			l.store(w, st)
		}
	}
	if now := l.x(v.Now); !v.Still && v.Now > v.From && now <= l.right {
		c.add(styleNow, 1, float32(math.Round(now)-1), 0, 2, float32(math.Min(v.Height, l.lane*float64(v.Writers))))
	}
}

func (l *lanes) x(t int64) float64 { return l.left + float64(t-l.From)*l.perNanosecond }

// names writes W1, W2… and rules a line under each lane, as many as there is room for.
func (l *lanes) names() {
	size := math.Min(14*l.Scale, math.Max(l.lane*0.9, 10*l.Scale))
	every := int(math.Ceil(size * 1.15 / l.lane))
	for w := range l.Writers {
		y := float64(w) * l.lane
		if l.lane >= 9 {
			l.c.add(styleGrid, 1, float32(l.left), float32(math.Round(y+l.lane)-1), float32(l.right-l.left), 1)
		}
		if w%every == 0 {
			style := styleName + w%WriterColours
			l.c.size(style, math.Round(size))
			l.c.add(style, 7, textWriter, float32(w+1), textNone, 0, float32(math.Max(y+l.lane/2, size*0.55)))
		}
	}
}

// scale draws the times of a burst at its foot.
func (l *lanes) scale(foot float64) {
	span := float64(l.To - l.From)
	step := math.Pow(10, math.Floor(math.Log10(span/3)))
	for _, by := range [...]float64{5, 2} {
		if span/(step*by) >= 3 {
			step *= by
			break
		}
	}
	y := l.Height - foot
	l.c.size(styleQuiet, math.Round(12*l.Scale))
	for t := 0.0; t <= span; t += step {
		x := l.left + t*l.perNanosecond
		l.c.add(styleGrid, 1, float32(math.Round(x)), 0, 1, float32(y))
		if t > 0 && x < l.right-40*l.Scale {
			l.c.add(styleQuiet, 6, l.c.text(Duration(int64(t))), noNumber, textNone, float32(x), float32(y+foot*0.6))
		}
	}
}

func (l *lanes) store(w int, st *Store) {
	y := math.Round(float64(w)*l.lane + (l.lane-l.box)/2)
	colour := w % WriterColours
	l.looking(st, y, styleFaint+colour)
	l.part(st, Indexing, y, styleMiddle+colour)
	l.part(st, Telling, y, styleFaint+colour)
	if !st.Claimed() {
		return
	}
	x, width, ok := l.extent(st.from[Writing], st.to[Writing])
	if ok {
		if st.Collided() && st.clashAt <= l.Now {
			l.collided(st, x, y, width)
		} else {
			l.rounded(styleFull+colour, x, y, width)
			l.label(st, styleLabel, x, y, width)
		}
	}
	if st.clash != nil && st.clashAt <= l.Now {
		l.tie(w, int(st.clash.Writer), st.clashAt)
	}
}

// extent is where a stretch of time lies on the canvas, cut to what is shown and
// has happened.
func (l *lanes) extent(from, to int64) (x, width float64, ok bool) {
	if from == unset || from > l.Now || from > l.To {
		return 0, 0, false
	}
	if to == unset || to > l.Now {
		to = l.Now
	}
	if to < l.From {
		return 0, 0, false
	}
	x0, x1 := math.Max(l.x(from), l.left), math.Min(l.x(to), l.right)
	return x0, math.Max(x1-x0, 1), true
}

func (l *lanes) part(st *Store, p Part, y float64, style int) {
	if x, width, ok := l.extent(st.from[p], st.to[p]); ok {
		l.rounded(style, x, y, width)
	}
}

// looking draws a box for each look: one, and another after each
// compare-and-swap that failed.
func (l *lanes) looking(st *Store, y float64, style int) {
	from := st.from[Looking]
	if from != unset {
		for _, at := range st.failed {
			if x, width, ok := l.extent(from, at); ok {
				l.rounded(style, x, y, width)
			}
			from = at
		}
	}
	if x, width, ok := l.extent(from, st.to[Looking]); ok {
		l.rounded(style, x, y, width)
	}
}

// rounded draws one box and leaves a gap behind it where there is room for one.
func (l *lanes) rounded(style int, x, y, width float64) {
	if width >= 4 {
		width--
	}
	if l.box < 9 || width < 5 {
		l.c.add(style, 1, float32(x), float32(y), float32(width), float32(l.box))
		return
	}
	l.c.add(style, 2, float32(x), float32(y), float32(width), float32(l.box), float32(math.Min(4, width/3)))
}

func (l *lanes) collided(st *Store, x, y, width float64) {
	l.rounded(StyleHatch, x, y, width)
	if l.box >= 9 && width >= 6 {
		l.c.add(styleError, 3, float32(x+0.5), float32(y+0.5), float32(width-2), float32(l.box-1), float32(math.Min(4, width/3)))
	}
	l.label(st, styleErrInk, x, y, width)
}

// label writes the slot into its box, or over the store's other parts where that
// is too narrow, and behind a store that was lost that it was. The numbers of a
// bold face are some 0.7 em wide.
func (l *lanes) label(st *Store, style int, x, y, width float64) {
	if l.textSize < 8 {
		return
	}
	left, right := x, x+width
	for p := range parts {
		if x, width, ok := l.extent(st.from[p], st.to[p]); ok {
			left, right = math.Min(left, x), math.Max(right, x+width)
		}
	}
	middle := y + l.box/2
	lost := l.Lost != nil && l.Lost(st.Writer, st.Number)
	if lost && right < l.right-3*l.textSize {
		l.c.size(styleLost, l.textSize)
		l.c.add(styleLost, 7, textLost, noNumber, textNone, float32(right+2), float32(middle+0.5))
	}
	size := l.textSize
	digits := float64(len(strconv.FormatUint(uint64(st.Slot), 10))) * 0.7
	if style != styleErrInk {
		left, right = x, x+width // dark on the writer's colour, and nowhere else
	}
	if size = math.Min(size, math.Floor((right-left-3)/digits)); size < 9 {
		return
	}
	digits *= size
	centre := math.Min(math.Max(x+(width-1)/2, left+digits/2+1), right-digits/2-2)
	if style == styleErrInk { // text on stripes is hard to read: it gets a ground
		l.c.add(stylePlate, 1, float32(centre-digits/2-2), float32(middle-size*0.62), float32(digits+4), float32(size*1.24))
	}
	if lost { // below the digits, so that they stay legible
		l.c.add(styleStrike, 1, float32(centre-digits/2-3), float32(math.Round(middle)), float32(digits+6), 2)
	}
	l.c.size(style, size)
	l.c.add(style, 6, textNone, float32(st.Slot), textNone, float32(centre), float32(middle+0.5))
}

// tie joins the boxes of two writers that hold one slot, where it became so.
func (l *lanes) tie(a, b int, at int64) {
	x := l.x(at)
	if x < l.left || x > l.right {
		return
	}
	if a > b {
		a, b = b, a
	}
	y0 := float64(a)*l.lane + (l.lane+l.box)/2
	y1 := float64(b)*l.lane + (l.lane-l.box)/2
	width := math.Max(1.5, math.Min(3, l.lane/8)) * l.Scale
	l.c.add(styleError, 5, float32(x), float32(y0), float32(y1), float32(width))
}
