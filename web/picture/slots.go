package picture

import (
	"math"

	"slotrace/engine/event"
)

// Map is the slot map of one side: a cell a slot, in rows, in a framebuffer whose
// unit of redrawing is the row of cells. At the smallest sizes a cell stands for
// several slots, and shows a collision if there is one among them.
type Map struct {
	Pixels        []uint32 // Width × Height, as ImageData wants them
	Width, Height int

	theme    *Theme
	cells    []byte
	lap      uint32
	ended    bool
	collided uint32

	level   int     // of levels
	chosen  bool    // by a person: Fit leaves it alone
	top     float64 // the first row shown, and a fraction while it is dragged
	follow  bool
	newest  int // the highest slot claimed in this lap, -1 = none
	scale   float64
	tiles   []uint32 // one per cell value, each pitch × pitch pixels
	dirtyLo int      // changed rows on the screen, as a stretch
	dirtyHi int
}

// level is a size of cells: pixels from one to the next, of which gap are empty,
// and how many slots each stands for.
type level struct{ pitch, gap, slots int }

var levels = [...]level{
	{1, 0, 16}, {1, 0, 4}, {1, 0, 1}, {2, 0, 1}, {3, 0, 1}, {4, 1, 1}, {5, 1, 1}, {6, 1, 1}, {8, 1, 1}, {10, 2, 1}, {12, 2, 1},
	{16, 2, 1}, {20, 2, 1}, {26, 3, 1}, {34, 3, 1}, {44, 4, 1}, {60, 4, 1}, {80, 5, 1},
}

const (
	levelSlotAPixel = 2  // one slot, one pixel
	levelReadable   = 12 // 20 px: a cell reads from the back of a room
	levelFits       = 5  // 4 px: the smallest at which all slots at once are preferred
	levelBig        = 16
)

// NewMap returns a map without slots.
func NewMap(t *Theme) *Map {
	return &Map{theme: t, level: levelReadable, follow: true, newest: -1, scale: 1, dirtyLo: 1}
}

// Resize gives the map that many pixels, and cells that many times their usual size.
func (m *Map) Resize(width, height int, scale float64) {
	if width == m.Width && height == m.Height && scale == m.scale {
		return
	}
	m.Width, m.Height = width, height
	m.Pixels = make([]uint32, width*height)
	if scale != m.scale {
		m.scale, m.tiles = scale, nil
	}
	m.redraw()
}

// SetTheme changes the colours.
func (m *Map) SetTheme(t *Theme) {
	if m.theme != t {
		m.theme, m.tiles = t, nil
		m.redraw()
	}
}

// Clear makes a map of so many empty slots, of no lap.
func (m *Map) Clear(slots int) {
	if slots != len(m.cells) {
		m.cells = make([]byte, slots)
		m.chosen = false
	} else {
		clear(m.cells)
	}
	m.lap, m.ended, m.collided, m.newest = 0, false, 0, -1
	m.top, m.follow = 0, true
	m.redraw()
}

// Take takes a stretch of cells in.
func (m *Map) Take(c *event.Cells) {
	if int(c.Slots) != len(m.cells) {
		m.Clear(int(c.Slots))
	}
	if c.Lap != m.lap {
		clear(m.cells)
		m.newest, m.top = -1, 0
		m.redraw()
	}
	m.lap, m.ended, m.collided = c.Lap, c.Ended, c.Collided
	first, last := -1, -1
	at := m.cells[c.First : int(c.First)+len(c.Cells)]
	for i, v := range c.Cells {
		if at[i] != v {
			at[i] = v
			if last = i; first < 0 {
				first = i
			}
			if s := int(c.First) + i; v != 0 && s > m.newest {
				m.newest = s
			}
		}
	}
	if last >= 0 {
		m.touch(m.row(int(c.First)+first), m.row(int(c.First)+last))
	}
}

// Slots, Collided, Lap and Ended say which map it is.
func (m *Map) Slots() int       { return len(m.cells) }
func (m *Map) Collided() uint32 { return m.collided }
func (m *Map) Lap() uint32      { return m.lap }
func (m *Map) Ended() bool      { return m.ended }

// Cell tells the last writer of a slot, from 0, or -1 if it is empty, and whether
// it was claimed more than once.
func (m *Map) Cell(slot int) (writer int, collided bool) {
	if slot < 0 || slot >= len(m.cells) {
		return -1, false
	}
	return int(m.cells[slot]&^event.CellCollided) - 1, m.cells[slot]&event.CellCollided != 0
}

// NextCollided is the first collided slot behind a slot, going on from the start
// at the end; -1 if there is none.
func (m *Map) NextCollided(after int) int {
	for i := range m.cells {
		s := (after + 1 + i) % len(m.cells)
		if m.cells[s]&event.CellCollided != 0 {
			return s
		}
	}
	return -1
}

func (m *Map) pitch() int {
	l := levels[m.level]
	if l.pitch < 3 {
		return l.pitch
	}
	return int(math.Round(float64(l.pitch) * m.scale))
}

func (m *Map) gap() int {
	return int(math.Round(float64(levels[m.level].gap) * m.scale))
}

func (m *Map) columns() int     { return max((m.Width+m.gap())/max(m.pitch(), 1), 1) }
func (m *Map) perRow() int      { return m.columns() * levels[m.level].slots }
func (m *Map) row(slot int) int { return slot / m.perRow() }
func (m *Map) rows() int        { return (len(m.cells) + m.perRow() - 1) / m.perRow() }
func (m *Map) visibleRows() int { return max((m.Height+m.gap())/m.pitch(), 1) }
func (m *Map) fits(at int) bool {
	level := m.level
	m.level = at
	fits := m.rows() <= m.visibleRows()
	m.level = level
	return fits
}

// Fit chooses the size of cells, unless a person did: the largest at which all
// slots fit if there are few, or if the run is too fast to follow a slot and they
// are still to be told apart; else one that reads from afar, following the
// newest slot.
func (m *Map) Fit(fast bool) {
	if m.chosen || m.Width == 0 || len(m.cells) == 0 {
		return
	}
	least := levelReadable
	if fast {
		least = 0
	}
	for at := levelBig; at >= least; at-- {
		if m.fits(at) {
			m.setLevel(at)
			return
		}
	}
	m.setLevel(least)
}

func (m *Map) setLevel(at int) {
	if at != m.level {
		m.level, m.tiles = at, nil
		m.redraw()
	}
}

// Zoom makes cells larger (+1) or smaller (-1), keeping the slot at a point of the
// canvas where it is. It reports whether there was such a size.
func (m *Map) Zoom(by int, x, y float64) bool {
	at := m.level + by
	if at < 0 || at >= len(levels) || by < 0 && m.fits(m.level) {
		return false
	}
	row := m.top + y/float64(m.pitch())
	slot := (row*float64(m.columns()) + x/float64(m.pitch())) * float64(levels[m.level].slots)
	m.chosen, m.follow = true, false
	m.setLevel(at)
	m.scrollTo(slot/float64(m.perRow()) - y/float64(m.pitch()))
	return true
}

// Reset goes back to the size and place that the map chooses itself.
func (m *Map) Reset(fast bool) {
	m.chosen, m.follow = false, true
	m.Fit(fast)
	m.Settle()
}

// Pan moves the map by so many pixels, down if positive.
func (m *Map) Pan(pixels float64) {
	m.follow = false
	m.scrollTo(m.top - pixels/float64(m.pitch()))
}

// Show brings a slot into view, and into the middle if it was outside.
func (m *Map) Show(slot int) {
	m.follow = false
	if row := float64(m.row(slot)); row < m.top || row > m.top+float64(m.visibleRows()-1) {
		m.scrollTo(math.Floor(row - float64(m.visibleRows())/2))
	}
}

func (m *Map) scrollTo(top float64) {
	top = math.Max(0, math.Min(top, float64(m.rows()-m.visibleRows())))
	if top != m.top {
		m.top = top
		m.redraw()
	}
}

// Settle follows the newest slot, if nobody went elsewhere: it keeps some empty
// rows below it, and moves on by several rows at a time.
func (m *Map) Settle() {
	if !m.follow {
		return
	}
	visible := m.visibleRows()
	row := 0
	if m.newest >= 0 {
		row = m.row(m.newest)
	}
	top := int(m.top)
	if row > top+visible-2 || row < top {
		top = row - visible*2/3
	}
	m.scrollTo(float64(top))
}

// Shown is the stretch of slots in view.
func (m *Map) Shown() (first, last int) {
	first = int(math.Ceil(m.top)) * m.perRow()
	last = min((int(m.top)+m.visibleRows())*m.perRow(), len(m.cells)) - 1
	return min(first, max(last, 0)), last
}

// At is the slot at a point of the canvas, or -1. Where a cell stands for several
// slots it is the collided one among them if there is one.
func (m *Map) At(x, y float64) int {
	p := float64(m.pitch())
	column := int(math.Floor(x / p))
	if x < 0 || y < 0 || column >= m.columns() || y >= float64(m.Height) {
		return -1
	}
	n := levels[m.level].slots
	first := (int(math.Floor(m.top+y/p))*m.columns() + column) * n
	if first >= len(m.cells) {
		return -1
	}
	for s := first; s < min(first+n, len(m.cells)); s++ {
		if m.cells[s]&event.CellCollided != 0 {
			return s
		}
	}
	return first
}

// Box is where a slot's cell is on the canvas; it may be outside.
func (m *Map) Box(slot int) (x, y, size float64) {
	cell := slot / levels[m.level].slots
	p := float64(m.pitch())
	return float64(cell%m.columns()) * p, (float64(cell/m.columns()) - m.top) * p, p - float64(m.gap())
}

// PerRow and Page are how many slots an arrow up or down, and a page, go.
func (m *Map) PerRow() int { return m.perRow() }
func (m *Map) Page() int   { return m.perRow() * m.visibleRows() }

func (m *Map) redraw() { m.dirtyLo, m.dirtyHi = 0, math.MaxInt }

func (m *Map) touch(lo, hi int) {
	if m.dirtyLo > m.dirtyHi {
		m.dirtyLo, m.dirtyHi = lo, hi
	} else {
		m.dirtyLo, m.dirtyHi = min(m.dirtyLo, lo), max(m.dirtyHi, hi)
	}
}
