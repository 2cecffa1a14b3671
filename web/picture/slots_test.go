package picture

import (
	"testing"

	"slotrace/engine/event"
)

func filled(slots, width, height int) *Map {
	m := NewMap(Dark)
	m.Resize(width, height, 1)
	m.Clear(slots)
	return m
}

func (m *Map) claim(lap uint32, first int, cells ...byte) {
	n := uint32(0)
	for _, c := range cells {
		if c&event.CellCollided != 0 {
			n++
		}
	}
	m.Take(&event.Cells{Lap: lap, Slots: uint32(len(m.cells)), First: uint32(first), Cells: cells, Collided: n})
}

func TestEverySlotIsFoundWhereItIsDrawn(t *testing.T) {
	for _, slots := range []int{1, 10, 719, 10_000, 100_000, 1_000_000} {
		for _, fast := range []bool{false, true} {
			for _, scale := range []float64{1, 1.4, 2} {
				m := NewMap(Dark)
				m.Resize(887, 251, scale)
				m.Clear(slots)
				m.Fit(fast)
				for _, slot := range []int{0, slots / 3, slots - 1} {
					m.Show(slot)
					x, y, size := m.Box(slot)
					got := m.At(x+size/2, y+size/2)
					if n := levels[m.level].slots; got/n != slot/n {
						t.Errorf("%d slots, fast %t, scale %v: slot %d is at %.0f,%.0f, where slot %d is found", slots, fast, scale, slot, x, y, got)
					}
					if first, last := m.Shown(); slot < first || slot > last {
						t.Errorf("%d slots, fast %t, scale %v: slot %d is not among those shown, %d to %d", slots, fast, scale, slot, first, last)
					}
				}
			}
		}
	}
}

func TestNothingIsFoundOutsideTheMap(t *testing.T) {
	m := filled(10, 300, 200)
	m.Fit(false)
	for _, p := range [][2]float64{{-1, 5}, {5, -1}, {5, 200}, {299.9, 199}, {5, 190}} {
		if got := m.At(p[0], p[1]); got != -1 {
			t.Errorf("slot %d at %v", got, p)
		}
	}
}

func TestAFastRunShowsAllSlotsAndASlowOneReadableCells(t *testing.T) {
	for _, slots := range []int{10, 10_000, 100_000, 1_000_000} {
		m := filled(slots, 900, 250)
		m.Fit(true)
		if first, last := m.Shown(); first != 0 || last != slots-1 {
			t.Errorf("fast, %d slots: %d to %d are shown", slots, first, last)
		}
		m.Fit(false)
		if m.pitch() < 20 {
			t.Errorf("slow, %d slots: cells of %d pixels", slots, m.pitch())
		}
	}
}

func TestTheMapFollowsTheNewestSlot(t *testing.T) {
	m := filled(10_000, 900, 250)
	m.Fit(false)
	for s := 0; s < 10_000; s += 7 {
		m.claim(1, s, 1)
		m.Settle()
		if first, last := m.Shown(); s < first || s > last {
			t.Fatalf("slot %d is not among those shown, %d to %d", s, first, last)
		}
	}
	m.Pan(1000)
	at, _ := m.Shown()
	m.claim(1, 9_999, 2)
	m.Settle()
	if now, _ := m.Shown(); now != at {
		t.Errorf("somebody went to slot %d, and the map went on to %d", at, now)
	}
	m.Reset(false)
	if _, last := m.Shown(); last != 9_999 {
		t.Errorf("after a reset the last one shown is %d", last)
	}
}

func TestOnlyChangedRowsArePainted(t *testing.T) {
	m := filled(10_000, 900, 250)
	m.Fit(false)
	if y0, y1 := m.Paint(); y0 != 0 || y1 != 250 {
		t.Fatalf("the first painting is of rows %d to %d", y0, y1)
	}
	if y0, y1 := m.Paint(); y1 > y0 {
		t.Fatalf("nothing changed, and rows %d to %d were painted", y0, y1)
	}
	slot := 2*m.PerRow() + 3
	m.claim(0, slot, 5)
	y0, y1 := m.Paint()
	_, y, _ := m.Box(slot)
	if y0 != int(y) || y1 != int(y)+m.pitch() {
		t.Errorf("rows %d to %d were painted, want the one of the slot, %d to %d", y0, y1, int(y), int(y)+m.pitch())
	}
	m.claim(0, slot, 5)
	if y0, y1 := m.Paint(); y1 > y0 {
		t.Error("the same cell again changes nothing")
	}
}

func TestPaintingRowsGivesWhatPaintingAllGives(t *testing.T) {
	m := filled(5_000, 401, 233)
	m.Fit(true)
	m.Paint()
	for i := range 300 {
		m.claim(0, (i*37)%4_990, byte(i%64+1), byte(i%3+1)|event.CellCollided)
		long := make([]byte, 900) // over several rows
		long[0], long[i], long[899] = 1, byte(i%64+1), 2
		m.claim(0, (i*131)%4_000, long...)
		m.Paint()
	}
	some := append([]uint32(nil), m.Pixels...)
	m.redraw()
	m.Paint()
	for i := range some {
		if some[i] != m.Pixels[i] {
			t.Fatalf("pixel %d,%d differs", i%m.Width, i/m.Width)
		}
	}
}

// look gathers the colours of a cell.
func (m *Map) look(slot int) map[uint32]int {
	m.Paint()
	x, y, size := m.Box(slot)
	seen := make(map[uint32]int)
	for dy := range int(size) {
		for dx := range int(size) {
			seen[m.Pixels[(int(y)+dy)*m.Width+int(x)+dx]]++
		}
	}
	return seen
}

func TestACollisionIsRedAndHatched(t *testing.T) {
	m := filled(100, 900, 250)
	m.Fit(false)
	m.claim(1, 0, 3|event.CellCollided, 3)
	twice, once := m.look(0), m.look(1)
	if twice[Dark.Error.Pixel()] == 0 || twice[Dark.ErrorPanel.Pixel()] == 0 {
		t.Errorf("a collided cell has the colours %v", twice)
	}
	if once[Dark.Error.Pixel()] != 0 || once[Dark.Writer(2).Pixel()] == 0 {
		t.Errorf("a cell of W3 has the colours %v", once)
	}
}

func TestACollisionIsSeenAtEverySize(t *testing.T) {
	for at := range levels {
		m := filled(1_000_000, 900, 250)
		m.setLevel(at)
		m.claim(1, 0, make([]byte, 100)...)
		m.claim(1, 5, 1, 2|event.CellCollided, 1)
		m.Paint()
		red := 0
		for _, p := range m.Pixels {
			if p == Dark.Error.Pixel() {
				red++
			}
		}
		if red == 0 {
			t.Errorf("no red where a cell is %d pixels and stands for %d slots", levels[at].pitch, levels[at].slots)
		}
	}
}

func TestWritersOfOneColourHaveMarksOnTheMap(t *testing.T) {
	m := filled(100, 900, 250)
	m.Fit(false)
	m.claim(1, 0, 1, 9, 17)
	if a, b, c := m.look(0), m.look(1), m.look(2); a[Dark.Label.Pixel()] != 0 || b[Dark.Label.Pixel()] == 0 || c[Dark.Label.Pixel()] == 0 {
		t.Error("W1 bears a mark, or W9 or W17 none")
	}
}

func TestZoomKeepsTheSlotUnderThePointer(t *testing.T) {
	m := filled(100_000, 900, 250)
	m.Fit(true)
	m.Paint()
	for range 6 {
		before := m.At(450, 50)
		if !m.Zoom(1, 450, 50) {
			t.Fatal("there is no larger size")
		}
		after := m.At(450, 50)
		if rows := (after - before) / m.PerRow(); rows < -1 || rows > 1 {
			t.Errorf("slot %d was there, and slot %d is now, %d rows away", before, after, rows)
		}
	}
	for m.Zoom(-1, 0, 0) {
	}
	if first, last := m.Shown(); first != 0 || last != 99_999 {
		t.Errorf("zoomed out as far as it goes, %d to %d are shown", first, last)
	}
}

func TestALapBeginsWithAnEmptyMap(t *testing.T) {
	m := filled(100, 900, 250)
	m.claim(1, 0, 1, 2|event.CellCollided)
	m.claim(2, 50, 3)
	if w, _ := m.Cell(0); w != -1 {
		t.Error("a cell of the lap before is still there")
	}
	if w, collided := m.Cell(50); w != 2 || collided || m.Lap() != 2 {
		t.Errorf("slot 50: W%d, lap %d", w+1, m.Lap())
	}
}

func TestTheNextCollisionGoesRound(t *testing.T) {
	m := filled(100, 900, 250)
	if got := m.NextCollided(-1); got != -1 {
		t.Errorf("slot %d, and there is none", got)
	}
	m.claim(1, 10, 1|event.CellCollided)
	m.claim(1, 80, 1|event.CellCollided)
	for _, c := range [][2]int{{-1, 10}, {10, 80}, {80, 10}, {99, 10}} {
		if got := m.NextCollided(c[0]); got != c[1] {
			t.Errorf("after %d comes %d, want %d", c[0], got, c[1])
		}
	}
}

func TestAtRestNoRowIsCutAtTheFoot(t *testing.T) {
	m := filled(10_000, 900, 250)
	m.Fit(false)
	m.Paint()
	if m.visibleRows()*m.pitch() >= m.Height {
		t.Fatalf("%d rows of %d leave nothing of %d pixels", m.visibleRows(), m.pitch(), m.Height)
	}
	for x := range m.Width {
		if m.Pixels[m.visibleRows()*m.pitch()*m.Width+x] != Dark.Panel.Pixel() {
			t.Fatal("half a row is drawn")
		}
	}
}

func TestAMapOfAnySizeIsPainted(t *testing.T) {
	for _, size := range [][2]int{{0, 0}, {1, 1}, {3, 2}, {5000, 1}, {1, 900}} {
		for _, slots := range []int{0, 1, 5, 3_000} {
			m := NewMap(Light)
			m.Resize(size[0], size[1], 1)
			m.Clear(slots)
			for at := range levels {
				m.setLevel(at)
				m.Paint()
				m.Settle()
				m.Shown()
				m.At(0, 0)
			}
		}
	}
}
