//go:build js && wasm

package page

import (
	"strconv"
	"syscall/js"

	"slotrace/web/dom"
	"slotrace/web/link"
	"slotrace/web/picture"
)

// cell is the slot that is looked at: a frame around it on the map, and what
// there is to tell of it.
type cell struct {
	side   *side
	ring   dom.Element
	box    dom.Element
	slot   int // -1 = none
	opened bool
	waits  bool   // the question is about the run that is being started
	asked  int    // questions so far: an answer to an older one is not shown
	run    string // the path of the run that the last one was about
}

func newCell(s *side, suffix string) *cell {
	c := &cell{side: s, ring: dom.ByID("cursor" + suffix), box: dom.ByID("cell" + suffix), slot: -1}
	c.box.On("keydown", func(e js.Value) {
		if e.Get("key").String() == "Escape" {
			c.close()
			s.slotsCanvas.Element.Call("focus")
		}
	})
	return c
}

// key moves the frame, and reports whether the key was for it.
func (c *cell) key(key string) bool {
	m := c.side.slots
	to := max(c.slot, 0)
	if c.slot < 0 {
		to, _ = m.Shown()
	} else {
		switch key {
		case "ArrowLeft":
			to--
		case "ArrowRight":
			to++
		case "ArrowUp":
			to -= m.PerRow()
		case "ArrowDown":
			to += m.PerRow()
		case "PageUp":
			to -= m.Page()
		case "PageDown":
			to += m.Page()
		case "Home":
			to = 0
		case "End":
			to = m.Slots() - 1
		}
	}
	switch key {
	case "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End":
		if to >= 0 && to < m.Slots() {
			c.move(to)
			c.tell()
		}
		return true
	case "Enter":
		c.open(to)
		return true
	case "Escape":
		c.close()
		return true
	}
	return false
}

// move puts the frame on a slot and brings it into view.
func (c *cell) move(slot int) {
	c.slot = slot
	c.side.slots.Show(slot)
	c.hide()
	c.place()
	c.side.page.wake()
}

// tell says what the frame is on, for those who do not see it.
func (c *cell) tell() {
	c.side.page.verdict.narrate(c.words())
}

func (c *cell) words() string {
	w, collided := c.side.slots.Cell(c.slot)
	s := "Slot " + picture.Grouped(uint64(c.slot))
	switch {
	case w < 0:
		return s + ": empty"
	case collided:
		return s + ": taken more than once, last by " + picture.WriterName(w)
	}
	return s + ": taken by " + picture.WriterName(w)
}

// place follows the slot on the screen.
func (c *cell) place() {
	if c.slot < 0 {
		c.ring.Show(false)
		return
	}
	r := c.side.slotsCanvas.Ratio
	x, y, size := c.side.slots.Box(c.slot)
	x, y, size = x/r, y/r, max(size/r, 6)
	_, height := c.side.slotsBox.Size()
	c.ring.Show(y > -size && y < height)
	c.ring.Place(x-2, y-2, size+4, size+4)
	if c.opened {
		c.placeBox(x, y, size)
	}
}

// placeBox puts the box beside the cell, on the side with more room.
func (c *cell) placeBox(x, y, size float64) {
	width, height := c.side.slotsBox.Size()
	w, h := c.box.Size()
	left := x + size + 10
	if left+w > width {
		left = x - w - 12
	}
	c.box.Place(max(0, min(left, width-w-4)), max(0, min(y-12, height-h-4)), 0, 0)
}

// open asks the server what there is to tell about a slot, and shows it.
func (c *cell) open(slot int) {
	c.move(slot)
	c.asked++
	asked := c.asked
	c.waits = true
	c.side.page.controls.settled(func() {
		c.waits = false
		if c.side.page.controls.live() || c.side.page.state.Run > 0 {
			c.ask(slot, asked)
		}
	})
}

func (c *cell) ask(slot, asked int) {
	c.run = c.side.page.controls.runPath()
	path := c.run + "/slots/" + strconv.Itoa(slot) + "?side=" + strconv.Itoa(c.side.number)
	link.Ask("GET", path, nil, func(answer js.Value, failure string) {
		if asked != c.asked {
			return
		}
		c.box.Replace(c.heading(slot))
		if failure != "" {
			c.box.Append(dom.New("p", "", failure))
		} else {
			c.fill(answer)
		}
		c.box.Show(true)
		c.opened = true
		c.place()
	})
}

func (c *cell) heading(slot int) dom.Element {
	shut := dom.New("button", "small", "close").SetAttr("type", "button")
	shut.On("click", func(js.Value) { c.close() })
	return dom.New("h3", "", "").Append(dom.New("span", "", "slot "+picture.Grouped(uint64(slot))), shut)
}

func (c *cell) fill(answer js.Value) {
	claims := answer.Get("claims").Int()
	words := "never claimed in this lap"
	switch {
	case claims == 1:
		words = "claimed once in this lap"
	case claims > 1:
		words = "claimed " + strconv.Itoa(claims) + " times in this lap"
	}
	c.box.Append(dom.New("p", "quiet", words))
	memories := answer.Get("memories")
	if memories.Type() != js.TypeObject {
		return
	}
	list := dom.New("ul", "", "")
	for i := range memories.Length() {
		m := memories.Index(i)
		outcome := m.Get("outcome").String()
		item := dom.New("li", outcome, "")
		item.Append(
			dom.New("div", "", m.Get("id").String()+" · "+outcomeWord(outcome)),
			dom.New("div", "", "expected "+m.Get("expected").String()))
		if got := m.Get("got"); outcome == "lost" && got.Type() == js.TypeString {
			item.Append(dom.New("div", "", "got      "+got.String()))
		}
		list.Append(item)
	}
	c.box.Append(list)
}

func outcomeWord(outcome string) string {
	switch outcome {
	case "readable":
		return "reads back right"
	case "unread":
		return "not read back yet"
	}
	return outcome
}

func (c *cell) hide() {
	c.opened = false
	c.box.Show(false)
}

// begin closes what is told of another run than the one that begins. The stream may
// tell of that run before the answer to starting it does.
func (c *cell) begin() {
	if c.waits && c.side.page.controls.waiting != nil {
		return
	}
	if c.side.page.state.Run == 0 || c.run != c.side.page.controls.runPath() {
		c.close()
	}
}

func (c *cell) close() {
	c.asked++
	c.slot = -1
	c.hide()
	c.ring.Show(false)
}
