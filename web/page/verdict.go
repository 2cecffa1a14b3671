//go:build js && wasm

package page

import (
	"strconv"

	"slotrace/engine/event"
	"slotrace/web/dom"
	"slotrace/web/picture"
)

// verdict is the bar of figures, the attributes that scripts read, and the one
// sentence that a screen reader says now and then.
type verdict struct {
	page  *Page
	box   dom.Element
	said  *dom.Text
	told  *dom.Text
	state *dom.Attribute
	sides [event.MaxSides]figures

	dirty  bool
	last   float64 // when figures were shown
	saidAt float64 // when the sentence was said
	now    bool    // it is to be said without waiting
	lost   bool    // that something is lost was said
}

const (
	figuresEvery = 100  // ms
	saidEvery    = 5000 // ms
	fewRate      = 10   // stores a second: fewer can be counted as they come
	fewUnread    = 100  // memories not read back yet: fewer are read before anybody has looked
)

type figures struct {
	box                                                dom.Element
	title                                              *dom.Text
	stored, readable, lost, taken, odds, rate, latency *figure
	dataStored, dataReadable, dataLost, dataCollisions *dom.Attribute
}

type figure struct {
	box          dom.Element
	value, label *dom.Text
	class        string
}

func newVerdict(p *Page) *verdict {
	v := &verdict{page: p, box: dom.ByID("verdict"), said: dom.TextOf(dom.ByID("said")), told: dom.TextOf(dom.ByID("narration")), dirty: true}
	v.state = dom.AttributeOf(v.box, "data-state")
	for i, suffix := range [...]string{"", "-right"} {
		f := &v.sides[i]
		f.box = dom.ByID("figures" + suffix)
		title := dom.New("h2", "", "")
		f.title = dom.TextOf(title)
		title.Show(false)
		f.box.Append(title)
		for _, to := range [...]**figure{&f.stored, &f.readable, &f.lost, &f.taken, &f.odds, &f.rate, &f.latency} {
			*to = newFigure(f.box)
		}
		f.dataStored, f.dataReadable = dom.AttributeOf(v.box, "data-stored"+suffix), dom.AttributeOf(v.box, "data-readable"+suffix)
		f.dataLost, f.dataCollisions = dom.AttributeOf(v.box, "data-lost"+suffix), dom.AttributeOf(v.box, "data-collisions"+suffix)
	}
	return v
}

func newFigure(parent dom.Element) *figure {
	value, label := dom.New("b", "", "–"), dom.New("small", "", "")
	f := &figure{box: dom.New("div", "figure", "").Append(value, label), value: dom.TextOf(value), label: dom.TextOf(label)}
	parent.Append(f.box)
	return f
}

func (f *figure) say(value, label, class string) {
	f.value.Say(value)
	f.label.Say(label)
	if class = "figure " + class; class != f.class {
		f.class = class
		f.box.Set("className", class)
	}
}

func (v *verdict) reset() {
	v.lost = false
	v.changed()
}

func (v *verdict) changed() { v.dirty = true }

// stateChanged has the sentence said at once.
func (v *verdict) stateChanged() { v.now, v.dirty = true, true }

// narrate says what one writer just did, in a run that is stepped.
func (v *verdict) narrate(s string) { v.told.Say(s) }

func (v *verdict) layout(sides int) {
	v.sides[1].box.Show(sides > 1)
	for i := range v.sides {
		v.sides[i].title.Show(sides > 1)
	}
	v.changed()
}

// show brings the figures up to date.
func (v *verdict) show(now float64) (drew, more bool) {
	if !v.dirty {
		return false, false
	}
	if now-v.last < figuresEvery && !v.now {
		return false, true
	}
	v.dirty, v.last = false, now
	p := v.page
	for i := range p.shownSides() {
		v.sides[i].show(p, i)
	}
	v.state.Put(picture.StateAttribute(p.state.State))
	p.controls.hint()
	t := &p.sides[0].totals
	if t.Lost > 0 && !v.lost {
		v.lost, v.now = true, true
	}
	if v.now || now-v.saidAt >= saidEvery {
		v.now, v.saidAt = false, now
		v.say()
	}
	p.evidence.sum()
	return true, false
}

func (v *verdict) say() {
	p := v.page
	if !p.known {
		return
	}
	s := picture.Verdict(p.state.State, &p.sides[0].totals)
	if a := p.allocator(1); a != nil && p.shownSides() > 1 {
		title, _ := picture.AllocatorLabel(a.Name, a.Holds)
		s += " Beside it, " + title + ": " + picture.Verdict(p.state.State, &p.sides[1].totals)
	}
	if p.state.Failure != "" {
		s += " " + p.state.Failure
	}
	v.said.Say(s)
}

func (f *figures) show(p *Page, side int) {
	t := &p.sides[side].totals
	a := p.allocator(side)
	if a != nil {
		title, what := picture.AllocatorLabel(a.Name, a.Holds)
		f.title.Say(title + " · " + what)
	}
	f.dataStored.Put(strconv.FormatUint(t.Stored, 10))
	f.dataReadable.Put(strconv.FormatUint(t.Readable, 10))
	f.dataLost.Put(strconv.FormatUint(t.Lost, 10))
	f.dataCollisions.Put(strconv.FormatUint(t.Collisions, 10))

	compare := p.shownSides() > 1
	f.stored.say(picture.Figure(t.Stored), "stored", "")
	readable := "read back right"
	if t.Unread >= fewUnread {
		readable += ", " + picture.Figure(t.Unread) + " not yet"
	}
	f.readable.say(picture.Figure(t.Readable), readable, "extra")
	f.readable.box.Show(!compare)
	lost, taken := "LOST, without an error", "slots taken twice"
	if compare { // there is half the room
		lost, taken = "LOST", "taken twice"
	}
	switch {
	case t.Lost > 0:
		f.lost.say(picture.Figure(t.Lost), lost, "bad")
	case t.Stored > 0 && a != nil && a.Holds:
		f.lost.say("0", "lost", "well")
	default:
		f.lost.say("0", "lost", "")
	}
	f.taken.say(picture.Figure(t.Collided), taken, "")
	f.odds.say(picture.Odds(t), "stores collide", "")
	f.rate.say(picture.Figure(uint64(t.Rate)), "stores a second", "extra")
	f.rate.box.Show(!compare && t.Rate >= fewRate)
	f.latency.box.Show(!compare && t.P99 > 0)
	if t.P99 > 0 {
		f.latency.say(picture.Duration(int64(t.P99)), "p99 · p50 "+picture.Duration(int64(t.P50))+" · p99.9 "+picture.Duration(int64(t.P999)), "extra")
	}
}
