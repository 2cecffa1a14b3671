package picture

import (
	"math"

	"slotrace/engine/event"
)

// Paint brings Pixels up to date and returns the stretch of pixel rows that
// changed, from y0 to before y1; none if y1 <= y0.
func (m *Map) Paint() (y0, y1 int) {
	lo, hi := m.dirtyLo, m.dirtyHi
	m.dirtyLo, m.dirtyHi = 1, 0
	if lo > hi || m.Width == 0 || m.Height == 0 {
		return 0, 0
	}
	pitch := m.pitch()
	shift := int(math.Round(m.top * float64(pitch))) // of the first row of cells above the canvas
	firstRow := max(lo, shift/pitch)
	if hi < math.MaxInt {
		y0, y1 = firstRow*pitch-shift, (hi+1)*pitch-shift
		y0, y1 = max(y0, 0), min(y1, m.Height)
	} else {
		y0, y1 = 0, m.Height
	}
	if y1 <= y0 {
		return 0, 0
	}
	if m.tiles == nil {
		m.makeTiles()
	}
	lastRow := m.rows() - 1
	if shift%pitch == 0 { // at rest no row is cut at the foot
		lastRow = min(lastRow, shift/pitch+m.visibleRows()-1)
	}
	row := firstRow
	for ; row <= lastRow && row*pitch-shift < y1; row++ {
		m.paintRow(row, row*pitch-shift)
	}
	ground := m.theme.Panel.Pixel()
	for i := max(row*pitch-shift, y0) * m.Width; i < y1*m.Width; i++ {
		m.Pixels[i] = ground
	}
	return y0, y1
}

// paintRow copies the tiles of one row of cells to where its first pixel row is y.
func (m *Map) paintRow(row, y int) {
	pitch, columns, n := m.pitch(), m.columns(), levels[m.level].slots
	ground := m.theme.Panel.Pixel()
	for dy := range pitch {
		if y+dy < 0 || y+dy >= m.Height {
			continue
		}
		line := m.Pixels[(y+dy)*m.Width : (y+dy+1)*m.Width]
		cell := row * columns
		if pitch == 1 {
			for x := range line {
				line[x] = m.pixel((cell+x)*n, n, ground)
			}
			continue
		}
		x := 0
		for c := range columns {
			slot := cell + c
			if slot >= len(m.cells) {
				break
			}
			tile := tileOf(m.cells[slot])*pitch*pitch + dy*pitch
			x += copy(line[x:], m.tiles[tile:tile+pitch])
		}
		for ; x < len(line); x++ {
			line[x] = ground
		}
	}
}

// pixel is the colour of n slots that share one pixel.
func (m *Map) pixel(first, n int, ground uint32) uint32 {
	if first >= len(m.cells) {
		return ground
	}
	v := m.cells[first]
	for s := first + 1; s < first+n && s < len(m.cells); s++ {
		if m.cells[s]&event.CellCollided != 0 {
			v = m.cells[s]
		}
	}
	return m.tiles[tileOf(v)]
}

// tilesMade is one for an empty cell, one for each writer, and one for all
// collisions: whose they are is not theirs to show.
const tilesMade = 1 + event.MaxWriters + 1

func tileOf(v byte) int {
	if v&event.CellCollided != 0 {
		return tilesMade - 1
	}
	return min(int(v), event.MaxWriters)
}

// makeTiles draws a cell of every kind at the present size.
func (m *Map) makeTiles() {
	pitch := m.pitch()
	m.tiles = make([]uint32, tilesMade*pitch*pitch)
	for i := range tilesMade {
		m.tile(m.tiles[i*pitch*pitch:(i+1)*pitch*pitch], i-1, i == tilesMade-1, pitch, pitch-m.gap())
	}
}

// tile draws one cell: size pixels of a square, and the gap to the next.
func (m *Map) tile(p []uint32, writer int, collided bool, pitch, size int) {
	t := m.theme
	ground, line := t.Panel.Pixel(), t.Line.Pixel()
	corner := 0 // pixels cut off each corner, so that the square seems round
	if size >= 10 {
		corner = 1
	}
	edge := 1
	if size >= 16 {
		edge = 2
	}
	for y := range pitch {
		for x := range pitch {
			c := ground
			inside := x < size && y < size
			in := min(x, y, size-1-x, size-1-y) // how far from the nearest side
			cut := min(x, size-1-x)+min(y, size-1-y) < corner
			switch {
			case !inside || cut:
			case collided && size < 4:
				c = t.Error.Pixel()
			case collided && (size >= 8 && in < edge):
				c = t.Error.Pixel()
			case collided && size < 8:
				if c = t.Error.Pixel(); (x+y)%3 == 2 {
					c = t.ErrorPanel.Pixel()
				}
			case collided:
				c = t.hatched(x, y)
			case writer < 0 && size < 6:
				c = t.Line.over(t.Panel, 0.45).Pixel()
			case writer < 0:
				if in < 1 {
					c = line
				}
			default:
				if c = t.Writer(writer).Pixel(); size < 6 {
					// In a crowd of colours a collision must still be what one sees.
					c = t.Writer(writer).over(t.Panel, 0.42).Pixel()
				}
				if marked(Mark(writer), x, y, size) {
					c = t.Label.Pixel()
				}
			}
			p[y*pitch+x] = c
		}
	}
}

// marked reports whether a pixel belongs to the dots that show the bits of a mark,
// in a row at the foot of the cell.
func marked(mark, x, y, size int) bool {
	if mark == 0 || size < 8 {
		return false
	}
	dot := size / 6
	y = size - 1 - dot - y
	if dot < 1 || y < 0 || y >= dot {
		return false
	}
	for bit := range 3 {
		left := dot + bit*(dot+max(1, dot/2))
		if mark>>bit&1 != 0 && x >= left && x < left+dot {
			return true
		}
	}
	return false
}
