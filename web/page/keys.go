//go:build js && wasm

package page

import (
	"syscall/js"

	"slotrace/web/dom"
	"slotrace/web/picture"
)

// listenToKeys binds the keys of picture.Bindings.
func (p *Page) listenToKeys() {
	dom.Document().On("keydown", func(e js.Value) {
		target := dom.Element{Value: e.Get("target")}
		if e.Get("defaultPrevented").Bool() || !target.Get("closest").Truthy() || target.Call("closest", "dialog").Truthy() {
			return
		}
		modified := e.Get("ctrlKey").Bool() || e.Get("altKey").Bool() || e.Get("metaKey").Bool()
		command := picture.KeyCommand(p.view, e.Get("key").String(), focusOf(e.Get("target")), modified)
		if command == picture.NoCommand || (command == picture.RunPause || command == picture.ReviewStart) && e.Get("repeat").Bool() {
			return
		}
		e.Call("preventDefault")
		p.do(command)
	})
}

// letGoOfButtons has a button that was pressed with the mouse give the keyboard back:
// a presenter who clicks Step and then presses Space means to run.
func letGoOfButtons() {
	dom.Document().On("click", func(e js.Value) {
		button := dom.Element{Value: e.Get("target")}.Call("closest", "button")
		if e.Get("detail").Int() > 0 && button.Truthy() && !button.Call("closest", "dialog").Truthy() {
			button.Call("blur")
		}
	})
}

// focusOf is what kind of element has the keyboard.
func focusOf(target js.Value) picture.Focus {
	e := dom.Element{Value: target}
	switch e.Get("tagName").String() {
	case "TEXTAREA":
		return picture.FocusText
	case "SELECT":
		return picture.FocusChoice
	case "BUTTON", "A", "SUMMARY":
		return picture.FocusButton
	case "INPUT":
		switch e.Get("type").String() {
		case "radio":
			return picture.FocusRadio
		case "range":
			return picture.FocusSlider
		}
		return picture.FocusText
	case "CANVAS":
		return picture.FocusMap
	case "OL", "DIV":
		return picture.FocusTable
	}
	return picture.FocusPage
}

func (p *Page) do(command picture.Command) {
	s := p.table.last
	if s.number >= p.shownSides() {
		s = p.sides[0]
	}
	width, height := s.slotsBox.Size()
	switch command {
	case picture.RunPause:
		p.controls.runOrPause()
	case picture.StepOnce:
		p.controls.stepOnce()
	case picture.BuggyFixed:
		p.controls.otherAllocator()
	case picture.Compare:
		p.controls.toggleCompare()
	case picture.NextCollision:
		if slot := s.slots.NextCollided(s.cell.slot); slot >= 0 {
			s.cell.open(slot)
			s.cell.tell()
		}
	case picture.ZoomIn:
		s.zoom(1, width/2, height/2)
	case picture.ZoomOut:
		s.zoom(-1, width/2, height/2)
	case picture.ZoomReset:
		s.slots.Reset(s.fast())
		p.wake()
	case picture.ReviewStart:
		p.review.startOrCancel()
	case picture.ShowLive:
		goTo("#live")
	case picture.ShowExplore:
		goTo("#explore")
	case picture.ShowReview:
		goTo("#review")
	case picture.ShowRecordings:
		goTo("#recordings")
	case picture.Help:
		dom.ByID("help").Call("showModal")
	default:
		p.explore.ask(command.Order())
	}
}

// openHelp fills the help with the keys there are.
func (p *Page) openHelp() {
	dom.ByID("help-open").On("click", func(js.Value) { p.do(picture.Help) })
	body := dom.Element{Value: dom.ByID("keys").Get("tBodies").Index(0)}
	view := picture.EveryView // whose keys come first, without a heading
	for _, b := range picture.Bindings {
		if b.View != view {
			view = b.View
			body.Append(dom.New("tr", "", "").Append(dom.New("th", "", view.String()).SetAttr("scope", "rowgroup").SetAttr("colspan", "2")))
		}
		body.Append(dom.New("tr", "", "").Append(
			dom.New("th", "", "").SetAttr("scope", "row").Append(dom.New("kbd", "", b.Shown)), dom.New("td", "", b.Does)))
	}
	buttons := dom.Document().Call("querySelectorAll", "[data-close]")
	for i := range buttons.Length() {
		b := dom.Element{Value: buttons.Index(i)}
		b.On("click", func(js.Value) { b.Call("closest", "dialog").Call("close") })
	}
}
