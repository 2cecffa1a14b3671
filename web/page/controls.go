//go:build js && wasm

package page

import (
	"strconv"
	"syscall/js"

	"slotrace/engine/event"
	"slotrace/web/dom"
	"slotrace/web/link"
	"slotrace/web/picture"
)

// controls are what a person sets, and how it reaches the run.
type controls struct {
	page   *Page
	wishes wishes

	run, step, stop, compareButton dom.Element
	runText                        *dom.Text
	radios                         map[string]dom.Element
	second, slots                  dom.Element
	pace, window, writers          dom.Element
	paceSays, windowSays           *dom.Text
	writersSay                     *dom.Text

	change  link.Fields // that waits for the one under way
	changed []field     // what is in it
	busy    bool        // a request is under way

	begun   uint32   // the run that was started from here last, before the stream tells of it
	paused  bool     // it was started so
	waiting []func() // what is about the run that is being started; not nil while one is
}

func newControls(p *Page) *controls {
	c := &controls{
		page: p, radios: make(map[string]dom.Element),
		run: dom.ByID("run"), step: dom.ByID("step"), stop: dom.ByID("stop"), compareButton: dom.ByID("compare"),
		second: dom.ByID("allocator-right"), slots: dom.ByID("slots-count"),
		pace: dom.ByID("pace"), window: dom.ByID("window"), writers: dom.ByID("writers"),
		paceSays: dom.TextOf(dom.ByID("pace-says")), windowSays: dom.TextOf(dom.ByID("window-says")), writersSay: dom.TextOf(dom.ByID("writers-say")),
	}
	c.wishes.settings = settings{allocator: "check-then-act", writers: 8, slots: 10_000, pace: 300_000}
	c.runText = dom.TextOf(c.run)
	dom.ByID("controls").On("submit", func(e js.Value) { e.Call("preventDefault") })
	c.run.On("click", func(js.Value) { c.runOrPause() })
	c.step.On("click", func(js.Value) { c.stepOnce() })
	c.stop.On("click", func(js.Value) { c.settled(func() { c.ask("DELETE", c.runPath(), nil, nil) }) })
	c.compareButton.On("click", func(js.Value) { c.toggleCompare() })
	c.second.On("change", func(js.Value) {
		c.wishes.compare = c.second.Input()
		c.set(fieldCompare, c.wishes.compare)
	})
	c.slots.On("change", func(js.Value) { c.setSlots(c.slots.Number()) })
	c.slider(c.pace, fieldPace, func(at int) any { c.wishes.pace = picture.Pace.Value(at); return c.wishes.pace })
	c.slider(c.window, fieldWindow, func(at int) any { c.wishes.window = picture.Window.Value(at); return c.wishes.window })
	c.slider(c.writers, fieldWriters, func(at int) any { c.wishes.writers = at; return at })
	c.show()
	c.enable()
	return c
}

// slider sends what a slider stands on while it is being dragged, and lets nobody
// else move it until it is let go.
func (c *controls) slider(e dom.Element, f field, value func(position int) any) {
	e.On("input", func(js.Value) { c.set(f, value(e.Number())) })
}

// hello offers the allocators that the server has.
func (c *controls) hello(h *event.Hello) {
	c.wishes.touched = nil
	c.change, c.changed, c.busy = nil, nil, false
	c.begun, c.waiting = 0, nil
	group := dom.ByID("allocator")
	group.Replace()
	c.second.Replace()
	clear(c.radios)
	for i := range h.Allocators {
		a := &h.Allocators[i]
		title, what := picture.AllocatorLabel(a.Name, a.Holds)
		radio := dom.New("input", "", "").SetAttr("type", "radio").SetAttr("name", "allocator").SetAttr("value", a.Name)
		name := a.Name
		radio.On("change", func(js.Value) { c.setAllocator(name) })
		classes := "holds"
		if !a.Holds {
			classes = "breaks"
		}
		group.Append(dom.New("label", classes, "").Append(radio, dom.New("b", "", title), dom.New("small", "", what)))
		c.radios[a.Name] = radio
		c.second.Append(dom.New("option", "", title+" · "+what).SetAttr("value", a.Name))
	}
	c.show()
	c.enable()
}

// follow takes the state of the run over into the controls.
func (c *controls) follow() {
	if c.page.hello == nil {
		return
	}
	c.wishes.follow(settingsOf(&c.page.state, c.page.hello.Allocators))
	c.show()
	c.enable()
}

// show makes the controls stand on what is wished.
func (c *controls) show() {
	w := &c.wishes
	for name, r := range c.radios {
		if on := name == w.allocator; r.Get("checked").Bool() != on {
			r.Set("checked", on)
		}
	}
	put := func(e dom.Element, v string) {
		if e.Input() != v {
			e.SetInput(v)
		}
	}
	if picture.Pace.Value(c.pace.Number()) != w.pace {
		put(c.pace, strconv.Itoa(picture.Pace.Position(w.pace)))
	}
	if picture.Window.Value(c.window.Number()) != w.window {
		put(c.window, strconv.Itoa(picture.Window.Position(w.window)))
	}
	put(c.writers, strconv.Itoa(w.writers))
	c.paceSays.Say(picture.PaceLabel(w.pace))
	c.windowSays.Say(picture.WindowLabel(w.window))
	c.writersSay.Say(strconv.Itoa(w.writers))
	c.pace.SetAttr("aria-valuetext", picture.PaceLabel(w.pace))
	c.window.SetAttr("aria-valuetext", picture.WindowLabel(w.window))
	c.compareButton.SetAttr("aria-pressed", strconv.FormatBool(w.compare != ""))
	put(c.second, w.compare)
	c.showSlots()
}

// showSlots adds the run's number of slots to the choices if it is none of them.
func (c *controls) showSlots() {
	v := strconv.Itoa(c.wishes.slots)
	if c.slots.Input() == v {
		return
	}
	c.slots.SetInput(v)
	if c.slots.Input() != v {
		c.slots.Append(dom.New("option", "", picture.Grouped(uint64(c.wishes.slots))).SetAttr("value", v))
		c.slots.SetInput(v)
	}
}

// enable enables what can be done, and says on the button what it would do.
func (c *controls) enable() {
	p := c.page
	may := p.known && p.hello != nil && p.hello.Control
	for _, e := range [...]dom.Element{c.run, c.step, c.compareButton, c.second, c.slots, c.pace, c.window, c.writers} {
		e.Enable(may)
	}
	for _, r := range c.radios {
		r.Enable(may)
	}
	c.stop.Enable(may && live(p.state.State))
	switch {
	case p.state.State == event.Running:
		c.runText.Say("Pause")
	case p.state.State == event.Paused:
		c.runText.Say("Go on")
	default:
		c.runText.Say("Run")
	}
	p.review.enable()
	p.banner.watching(p.known && p.hello != nil && !p.hello.Control)
}

// ahead says that the page knows of a run that the stream has not told of yet.
func (c *controls) ahead() bool { return c.waiting != nil || c.begun > c.page.state.Run }

// live says whether there is a run to be changed.
func (c *controls) live() bool { return c.page.known && (c.ahead() || live(c.page.state.State)) }

func (c *controls) running() bool {
	if c.ahead() {
		return !c.paused
	}
	return c.page.state.State == event.Running
}

// runPath is the run's path in the API.
func (c *controls) runPath() string {
	return "/api/runs/" + strconv.FormatUint(uint64(max(c.page.state.Run, c.begun)), 10)
}

// settled has do done when no run is being started: what names a run would name the
// one that is about to end.
func (c *controls) settled(do func()) {
	if c.waiting == nil {
		do()
		return
	}
	c.waiting = append(c.waiting, do)
}

func (c *controls) runOrPause() {
	if c.run.Get("disabled").Bool() {
		return
	}
	if c.live() {
		c.send("pause", c.running())
		return
	}
	c.start(false, nil)
}

func (c *controls) stepOnce() {
	if c.step.Get("disabled").Bool() {
		return
	}
	if c.live() {
		steps := 1
		if waiting, ok := c.change["step"].(int); ok {
			steps += waiting
		}
		c.send("step", steps)
		return
	}
	c.start(true, func() { c.send("step", 1) })
}

// start starts another run with what the controls stand on. Changes, and then if it
// is not nil, wait for it.
func (c *controls) start(paused bool, then func()) {
	c.busy, c.paused, c.waiting = true, paused, []func(){}
	if then != nil {
		c.settled(then)
	}
	w := &c.wishes
	body := link.Fields{
		"allocator": w.allocator, "writers": w.writers, "slots": w.slots, "pace_us": w.pace, "window_us": w.window, "paused": paused,
	}
	if w.compare != "" {
		body["compare"] = w.compare
	}
	c.ask("POST", "/api/runs", body, func(answer js.Value) {
		waiting := c.waiting
		if waiting == nil {
			return // it was another server's
		}
		c.wishes.touched = nil
		if answer.Type() == js.TypeObject {
			c.begun = uint32(answer.Get("id").Int())
		}
		c.waiting = nil
		for _, do := range waiting {
			do()
		}
		c.free()
	})
}

// free lets the changes that have gathered go.
func (c *controls) free() {
	if c.waiting != nil {
		return // a run is being started: they are for that one
	}
	c.busy = false
	if c.change != nil {
		c.flush()
	}
}

// set sets one of the settings: in the live run, or for the next.
func (c *controls) set(f field, value any) {
	c.wishes.touch(f)
	c.show()
	if c.live() {
		c.changed = append(c.changed, f)
		c.send(string(f), value)
	} else {
		c.page.layout()
		for _, s := range c.page.sides {
			s.dirty = true
		}
	}
}

// send changes the live run. While a change is under way the next ones gather, the
// last of each kind counting.
func (c *controls) send(name string, value any) {
	if c.change == nil {
		c.change = make(link.Fields)
	}
	c.change[name] = value
	if !c.busy {
		c.flush()
	}
}

func (c *controls) flush() {
	body, fields := c.change, c.changed
	c.change, c.changed = nil, nil
	c.busy = true
	c.ask("PATCH", c.runPath(), body, func(js.Value) {
		c.wishes.granted(fields...)
		for _, f := range c.changed {
			c.wishes.touch(f)
		}
		c.free()
	})
}

// ask asks the API, and says what went wrong; done gets an undefined answer then.
func (c *controls) ask(method, path string, body link.Fields, done func(answer js.Value)) {
	link.Ask(method, path, body, func(answer js.Value, failure string) {
		c.page.banner.complain(failure)
		if failure != "" {
			c.change, c.changed, c.wishes.touched = nil, nil, nil
			if c.page.known {
				c.follow()
			}
		}
		if done != nil {
			done(answer)
		}
		c.page.wake()
	})
}

func (c *controls) setAllocator(name string) {
	c.wishes.allocator = name
	c.set(fieldAllocator, name)
}

// otherAllocator switches between the bug and a fix.
func (c *controls) otherAllocator() {
	if c.page.hello != nil && !c.run.Get("disabled").Bool() {
		c.setAllocator(opposite(c.wishes.allocator, c.page.hello.Allocators))
	}
}

// toggleCompare puts a second store beside the first, or takes it away. Two
// stores that are to be compared must begin together, so a live run begins anew.
func (c *controls) toggleCompare() {
	if c.compareButton.Get("disabled").Bool() || c.page.hello == nil {
		return
	}
	other := ""
	if c.wishes.compare == "" {
		other = opposite(c.wishes.allocator, c.page.hello.Allocators)
	}
	c.wishes.compare = other
	c.wishes.touch(fieldCompare)
	c.show()
	c.page.layout()
	if c.live() {
		c.start(!c.running(), nil)
	}
}

func (c *controls) setSlots(n int) {
	c.wishes.slots = n
	c.wishes.touch(fieldSlots)
	if c.live() {
		c.start(!c.running(), nil)
		return
	}
	for _, s := range c.page.sides {
		s.slots.Clear(n)
	}
	c.page.wake()
}

// hint greets whoever has not seen a run yet.
func (c *controls) hint() {
	p := c.page
	h := dom.ByID("hint")
	if show := p.known && p.state.Run == 0; h.Shown() != show || show {
		h.Set("textContent", picture.Hint)
		h.Show(show)
	}
}
