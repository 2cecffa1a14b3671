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

// Page is the whole page. All of it runs on the browser's thread.
type Page struct {
	stream *link.Stream
	hello  *event.Hello
	state  event.State
	known  bool // a state came over this connection
	theme  *picture.Theme
	view   picture.View
	time   picture.Timeline
	sides  [event.MaxSides]*side

	controls *controls
	code     *code
	evidence *evidence
	verdict  *verdict
	table    *table
	review   *review
	explore  *explore
	banner   *banner
	watching *dom.Text

	frame     js.Func
	requested bool
	shared    js.Value
	frames    int
}

// Open brings the page to life. It returns at once; what happens from then on
// happens when the browser says so.
func Open() {
	p := &Page{theme: picture.Dark, shared: js.Global().Get("slotrace")}
	p.banner = newBanner()
	p.watching = dom.TextOf(dom.ByID("watching"))
	p.sides[0], p.sides[1] = newSide(p, 0, ""), newSide(p, 1, "-right")
	p.code = newCode(p)
	p.evidence = newEvidence(p)
	p.verdict = newVerdict(p)
	p.table = newTable(p)
	p.review = newReview(p)
	p.explore = newExplore(p)
	p.controls = newControls(p)
	p.time.Still = dom.Matches("(prefers-reduced-motion: reduce)")
	dom.OnMedia("(prefers-reduced-motion: reduce)", func() {
		p.time.Still = dom.Matches("(prefers-reduced-motion: reduce)")
		p.wake()
	})
	p.frame = js.FuncOf(func(_ js.Value, args []js.Value) any {
		p.requested = false
		p.draw(args[0].Float())
		return nil
	})
	p.followTheme()
	p.listenToKeys()
	letGoOfButtons()
	p.openHelp()
	p.followAddress()
	for _, e := range [...]dom.Element{dom.Document(), dom.Window()} {
		for _, kind := range [...]string{"visibilitychange", "focus"} {
			e.On(kind, func(js.Value) {
				p.review.look()
				p.wake()
			})
		}
	}
	p.stream = link.Follow(p)
}

// wake asks for a frame. A browser gives none to a page that nobody sees.
func (p *Page) wake() {
	if !p.requested {
		p.requested = true
		js.Global().Call("requestAnimationFrame", p.frame)
	}
}

// draw brings the screen up to date. Of Live nothing is drawn while another view is seen.
func (p *Page) draw(now float64) {
	if p.view != picture.LiveView {
		p.usable()
		return
	}
	at := p.time.At(now, &p.state)
	drew, more := false, p.time.Moving(&p.state)
	for i := range p.shownSides() {
		s := p.sides[i]
		s.advance(at)
		if s.draw(at) {
			drew = true
		}
		more = more || s.follower.Waiting()
	}
	for _, v := range [...]interface {
		show(now float64) (drew, more bool)
	}{p.verdict, p.code, p.evidence} {
		d, m := v.show(now)
		drew, more = drew || d, more || m
	}
	if drew {
		p.frames++
		p.shared.Set("frames", p.frames)
		p.usable()
	}
	if more {
		p.wake()
	}
}

// usable tells scripts that the page can be used, from when it can.
func (p *Page) usable() {
	// Explore needs no server.
	if (p.known || p.view == picture.ExploreView) && !p.shared.Get("ready").Bool() {
		p.shared.Set("ready", true)
	}
}

// shownSides is how many sides are on the screen: the run's, or those that the
// next run is to have.
func (p *Page) shownSides() int {
	if p.controls.wishes.compare != "" {
		return 2
	}
	return 1
}

// Hello implements link.Viewer.
func (p *Page) Hello(h *event.Hello) {
	p.hello, p.known = h, false
	p.state = event.State{}
	p.banner.connected()
	p.controls.hello(h)
	p.code.hello()
	p.review.hello(h)
	p.forget()
	p.wake()
}

// Lost implements link.Viewer.
func (p *Page) Lost(code int, reason string, retry float64) {
	p.known = false
	p.time.Hear(p.time.Heard(), false, dom.Now())
	p.banner.lost(picture.CloseReason(code, reason), retry)
	p.watching.Say("")
	p.controls.enable()
	p.review.lost()
	p.wake()
}

// forget empties everything that a run has filled.
func (p *Page) forget() {
	p.time.Reset()
	for _, s := range p.sides {
		s.reset(int(p.controls.wishes.slots))
	}
	p.evidence.reset()
	p.verdict.reset()
	p.code.changed()
}

// Frame implements link.Viewer.
func (p *Page) Frame(f *event.Frame) {
	if f.State != nil {
		p.take(f.State)
	}
	for i := range f.Steps {
		if f.Steps[i].Anew {
			p.time.Reset()
			p.time.Shown = int64(f.Steps[i].Length)
		}
	}
	now := dom.Now()
	for i := range f.Totals {
		t := &f.Totals[i]
		p.sides[t.Side].totals = *t
		if t.Side == 0 || t.Clock > p.time.Heard() {
			p.time.Hear(t.Clock, p.state.State == event.Running, now)
		}
		p.verdict.changed()
	}
	for i := range f.Cells {
		c := &f.Cells[i]
		p.sides[c.Side].cells(c)
	}
	for i := range f.Steps {
		s := &f.Steps[i]
		p.sides[s.Side].steps(s)
	}
	for i := range f.Evidence {
		p.evidence.take(&f.Evidence[i])
	}
	if f.Noticed {
		p.banner.notice(f.Notice)
	}
	if dom.Hidden() || p.view != picture.LiveView { // no frame will come to bring these up to date
		for _, s := range p.sides {
			s.follower.Advance(p.time.Heard())
			s.follower.Stores().Forget(p.time.Heard() - p.time.Span(&p.state))
		}
	}
	p.wake()
}

// take takes the state of the run over.
func (p *Page) take(s *event.State) {
	another := !p.known || s.Run != p.state.Run
	was := p.state
	p.state, p.known = *s, true
	p.controls.follow()
	if another {
		p.forget()
	}
	if was.State != s.State || another {
		p.time.Hear(p.time.Heard(), s.State == event.Running, dom.Now())
		p.verdict.stateChanged()
	}
	p.watching.Say(strconv.Itoa(int(s.Watching)) + " watching")
	if s.State == event.Failed {
		p.banner.complain("The run failed: " + s.Failure)
	}
	p.layout()
	p.code.changed()
	p.verdict.changed()
	for _, v := range p.sides {
		v.dirty = true
	}
}

// layout shows one side or two.
func (p *Page) layout() {
	n := p.shownSides()
	dom.ByID("live").SetAttr("data-sides", strconv.Itoa(n))
	dom.ByID("right").Show(n > 1)
	p.verdict.layout(n)
	p.code.changed()
	p.wake()
}

// allocator is the allocator of a side, or nil while it is not known.
func (p *Page) allocator(side int) *event.Allocator {
	if p.hello == nil {
		return nil
	}
	name := p.controls.wishes.allocator
	if side == 1 {
		name = p.controls.wishes.compare
	}
	for i := range p.hello.Allocators {
		if a := &p.hello.Allocators[i]; a.Name == name {
			return a
		}
	}
	return nil
}

// live reports whether a run can still be changed.
func live(s event.RunState) bool { return s == event.Running || s == event.Paused }
