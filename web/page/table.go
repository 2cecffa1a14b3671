//go:build js && wasm

package page

import (
	"syscall/js"

	"slotrace/web/dom"
	"slotrace/web/picture"
)

// table is the slot map for those who do not see it, or want its numbers: the
// slots that were claimed, those taken twice first, by pages.
type table struct {
	dialog, rows, title, back, on dom.Element
	note                          *dom.Text
	side                          *side
	last                          *side // whose map had the keyboard last
	slots                         []uint32
	collided                      int
	at                            int // of the first row shown
}

const tablePage = 100

func newTable(p *Page) *table {
	t := &table{dialog: dom.ByID("table"), rows: dom.ByID("table-rows"), title: dom.ByID("table-title"), back: dom.ByID("table-back"), on: dom.ByID("table-on"), note: dom.TextOf(dom.ByID("table-note")), last: p.sides[0]}
	t.back.On("click", func(js.Value) { t.page(t.at - tablePage) })
	t.on.On("click", func(js.Value) { t.page(t.at + tablePage) })
	return t
}

// open shows the slots of a side as they are at this moment.
func (t *table) open(s *side) {
	t.side = s
	t.slots = t.slots[:0]
	for _, twice := range [...]bool{true, false} {
		for slot := range s.slots.Slots() {
			if w, collided := s.slots.Cell(slot); w >= 0 && collided == twice {
				t.slots = append(t.slots, uint32(slot))
			}
		}
		if twice {
			t.collided = len(t.slots)
		}
	}
	t.title.Set("textContent", "The slots of lap "+picture.Grouped(uint64(s.slots.Lap()))+": "+picture.Grouped(uint64(len(t.slots)))+" of "+
		picture.Grouped(uint64(s.slots.Slots()))+" taken, "+picture.Grouped(uint64(t.collided))+" of them more than once")
	t.page(0)
	t.dialog.Call("showModal")
}

func (t *table) page(at int) {
	t.at = max(0, min(at, max(len(t.slots)-1, 0)/tablePage*tablePage))
	var rows []dom.Element
	for i := t.at; i < min(t.at+tablePage, len(t.slots)); i++ {
		slot := int(t.slots[i])
		w, collided := t.side.slots.Cell(slot)
		if w < 0 {
			continue // a lap has begun since: the slot is empty again
		}
		row, state := dom.New("tr", "", ""), "taken once"
		if collided {
			row, state = dom.New("tr", "twice", ""), "taken more than once"
		}
		rows = append(rows, row.Append(dom.New("td", "", picture.Grouped(uint64(slot))), dom.New("td", "", state), dom.New("td", "", picture.WriterName(w))))
	}
	if len(t.slots) == 0 {
		rows = append(rows, dom.New("tr", "", "").Append(dom.New("td", "", "no slot is taken").SetAttr("colspan", "3")))
	}
	t.rows.Replace(rows...)
	t.back.Enable(t.at > 0)
	t.on.Enable(t.at+tablePage < len(t.slots))
	t.note.Say("rows " + picture.Grouped(uint64(min(t.at+1, len(t.slots)))) + "–" + picture.Grouped(uint64(min(t.at+tablePage, len(t.slots)))) + " of " + picture.Grouped(uint64(len(t.slots))))
}
