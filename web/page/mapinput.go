//go:build js && wasm

package page

import (
	"math"
	"syscall/js"

	"slotrace/web/dom"
)

// pointers are the fingers, or the one mouse, on a map.
type pointers struct {
	x, y  map[int]float64
	moved float64 // pixels since the first went down
	apart float64 // of two fingers, at the last change of size
}

// wheelStep is how much a wheel turns for one change of size.
const wheelStep = 60

func (s *side) listenToMap() {
	element := dom.Element{Value: s.slotsCanvas.Element}
	p := &pointers{x: make(map[int]float64), y: make(map[int]float64)}
	turned := 0.0
	element.OnActive("wheel", func(e js.Value) {
		e.Call("preventDefault")
		turned += e.Get("deltaY").Float()
		if math.Abs(turned) >= wheelStep {
			s.zoom(int(math.Copysign(1, -turned)), e.Get("offsetX").Float(), e.Get("offsetY").Float())
			turned = 0
		}
	})
	element.On("pointerdown", func(e js.Value) {
		id := e.Get("pointerId").Int()
		element.Call("setPointerCapture", id)
		if len(p.x) == 0 {
			p.moved = 0
		}
		p.x[id], p.y[id] = e.Get("offsetX").Float(), e.Get("offsetY").Float()
		p.apart = p.distance()
	})
	element.On("pointermove", func(e js.Value) {
		id := e.Get("pointerId").Int()
		if _, down := p.x[id]; !down {
			return
		}
		x, y := e.Get("offsetX").Float(), e.Get("offsetY").Float()
		dx, dy := x-p.x[id], y-p.y[id]
		p.moved += math.Abs(dx) + math.Abs(dy)
		p.x[id], p.y[id] = x, y
		switch {
		case len(p.x) == 2:
			s.pinch(p)
		case p.moved > 4:
			s.slots.Pan(dy * s.slotsCanvas.Ratio)
			s.page.wake()
		}
	})
	up := func(e js.Value) {
		id := e.Get("pointerId").Int()
		x, down := p.x[id]
		y := p.y[id]
		delete(p.x, id)
		delete(p.y, id)
		if down && len(p.x) == 0 && p.moved <= 4 && e.Get("type").String() == "pointerup" {
			r := s.slotsCanvas.Ratio
			if slot := s.slots.At(x*r, y*r); slot >= 0 {
				s.cell.open(slot)
			} else {
				s.cell.close()
			}
		}
	}
	element.On("pointerup", up)
	element.On("pointercancel", up)
	element.On("keydown", func(e js.Value) {
		if !e.Get("ctrlKey").Bool() && !e.Get("altKey").Bool() && !e.Get("metaKey").Bool() && s.cell.key(e.Get("key").String()) {
			e.Call("preventDefault")
			e.Call("stopPropagation")
		}
	})
	element.On("focus", func(js.Value) { s.page.table.last = s })
}

func (p *pointers) distance() float64 {
	if len(p.x) != 2 {
		return 0
	}
	var x, y []float64
	for id := range p.x {
		x, y = append(x, p.x[id]), append(y, p.y[id])
	}
	return math.Hypot(x[0]-x[1], y[0]-y[1])
}

// pinch changes the size of cells by one for each third that two fingers move apart.
func (s *side) pinch(p *pointers) {
	now := p.distance()
	if p.apart <= 0 {
		p.apart = now
		return
	}
	x, y := 0.0, 0.0
	for id := range p.x {
		x, y = x+p.x[id]/2, y+p.y[id]/2
	}
	switch {
	case now > p.apart*4/3:
		s.zoom(1, x, y)
		p.apart = now
	case now < p.apart*3/4:
		s.zoom(-1, x, y)
		p.apart = now
	}
}

// zoom changes the size of cells about a point in CSS pixels.
func (s *side) zoom(by int, x, y float64) {
	if s.slots.Zoom(by, x*s.slotsCanvas.Ratio, y*s.slotsCanvas.Ratio) {
		s.page.wake()
	}
}
