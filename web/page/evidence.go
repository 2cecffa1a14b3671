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

// evidence lists what was lost, the newest first.
type evidence struct {
	page       *Page
	list, more dom.Element
	none, note *dom.Text
	newest     [event.MaxSides]uint64 // number of the newest on the list
	oldest     [event.MaxSides]uint64
	waiting    []sided // to be put on the list
	dirty      bool
	last       float64
	items      int
}

type sided struct {
	event.Loss
	side int
}

const (
	mostListed = 50  // as they come; older ones are fetched when asked for
	atOnce     = 8   // of those that come together, the newest so many
	listEvery  = 250 // ms: nobody reads faster
)

func newEvidence(p *Page) *evidence {
	v := &evidence{page: p, list: dom.ByID("evidence"), more: dom.ByID("evidence-more"), none: dom.TextOf(dom.ByID("evidence-none")), note: dom.TextOf(dom.ByID("evidence-note")), dirty: true}
	v.more.On("click", func(js.Value) { v.fetchOlder() })
	return v
}

func (v *evidence) reset() {
	v.list.Replace()
	v.newest, v.oldest = [event.MaxSides]uint64{}, [event.MaxSides]uint64{}
	v.waiting, v.items, v.dirty = nil, 0, true
}

// take takes a section in.
func (v *evidence) take(e *event.Evidence) {
	side := int(e.Side)
	if e.Total < v.newest[side] { // of a replay whose time goes back
		v.newest[side] = 0
		v.drop(side)
		n := 0
		for _, l := range v.waiting {
			if l.side != side {
				v.waiting[n] = l
				n++
			}
		}
		v.waiting = v.waiting[:n]
	}
	for i := range e.Items {
		l := e.Items[i]
		s := v.page.sides[side]
		s.follower.Lose(l.Writer, l.Store)
		s.dirty = true
		if l.Number > v.newest[side] {
			v.waiting = append(v.waiting, sided{l, side})
		}
	}
	v.dirty = true
}

// show brings the list up to date, not more often than people read, and not while
// somebody is at it.
func (v *evidence) show(now float64) (drew, more bool) {
	if !v.dirty {
		return false, false
	}
	const busy = ":hover, :focus"
	if now-v.last < listEvery || v.items > 0 && (v.list.Call("matches", busy).Bool() || v.more.Call("matches", busy).Bool()) {
		return false, true
	}
	v.dirty, v.last = false, now
	// A section lists its items in any order: put the oldest on first.
	for i := 1; i < len(v.waiting); i++ {
		for j := i; j > 0 && v.waiting[j-1].Number > v.waiting[j].Number; j-- {
			v.waiting[j-1], v.waiting[j] = v.waiting[j], v.waiting[j-1]
		}
	}
	for _, l := range v.waiting[max(0, len(v.waiting)-atOnce):] {
		if l.Number <= v.newest[l.side] {
			continue
		}
		if l.Number > v.newest[l.side]+1 {
			v.drop(l.side) // or those between would be neither on the list nor behind its end
		}
		v.newest[l.side] = l.Number
		v.list.Prepend(v.item(l.Number, l.side, l.ID, l.Slot, l.Expected, l.Got))
		if v.items++; v.items > mostListed {
			v.list.Get("lastElementChild").Call("remove")
			v.items = mostListed
		}
	}
	v.waiting = nil
	v.oldest = [event.MaxSides]uint64{}
	for i := 0; i < v.items; i++ {
		e := dom.Element{Value: v.list.Get("children").Index(i)}
		side, number := dom.Number(e.Attr("data-side")), uint64(dom.Number(e.Attr("data-number")))
		if v.oldest[side] == 0 || number < v.oldest[side] {
			v.oldest[side] = number
		}
	}
	v.sum()
	return true, false
}

// drop takes what a side has on the list off it.
func (v *evidence) drop(side int) {
	children := v.list.Get("children")
	for i := v.items - 1; i >= 0; i-- {
		if e := (dom.Element{Value: children.Index(i)}); dom.Number(e.Attr("data-side")) == side {
			e.Call("remove")
			v.items--
		}
	}
}

// sum says how much there is.
func (v *evidence) sum() {
	lost := v.page.sides[0].totals.Lost + v.page.sides[1].totals.Lost // as the verdict says: evidence may be a moment ahead
	if lost > 0 {
		v.note.Say(picture.Grouped(lost) + " lost")
	} else {
		v.note.Say("")
	}
	v.none.Show(v.items == 0)
	none, good := "What was stored and does not read back is listed here, with what was expected and what was got.", false
	if t := &v.page.sides[0].totals; lost == 0 && t.Stored > 0 {
		if a := v.page.allocator(0); a != nil && a.Holds {
			none, good = "Nothing is lost: whatever was stored and read back is right.", true
		} else if v.page.state.Run != 0 {
			none = "Nothing lost so far."
		}
	}
	v.none.Say(none)
	v.none.Get("classList").Call("toggle", "good", good)
	v.more.Show(v.olderSide() >= 0)
}

func (v *evidence) olderSide() int {
	for side := range v.oldest {
		if v.oldest[side] > 1 {
			return side
		}
	}
	return -1
}

func (v *evidence) item(number uint64, side int, id string, slot uint32, expected, got string) dom.Element {
	where := id + " · slot " + picture.Grouped(uint64(slot))
	if v.page.shownSides() > 1 {
		where += [...]string{" · left", " · right"}[side]
	}
	said := func(word, what string) dom.Element {
		return dom.New("div", "said", "").Append(dom.New("span", "", word+" "), dom.New("span", "", what+"\n").SetAttr("title", what))
	}
	return dom.New("li", "", "").SetAttr("data-side", strconv.Itoa(side)).SetAttr("data-number", strconv.FormatUint(number, 10)).
		Append(dom.New("div", "where", where+"\n"), said("expected", expected), said("got", got))
}

// fetchOlder asks for what was lost before the oldest on the list.
func (v *evidence) fetchOlder() {
	side := v.olderSide()
	if side < 0 || v.page.state.Run == 0 {
		return
	}
	before := v.oldest[side]
	run := v.page.state.Run
	v.fetch(side, before, before-1, func(items []js.Value) {
		if v.page.state.Run != run {
			return
		}
		if v.oldest[side] != before { // newer ones have taken the list meanwhile
			v.fetchOlder()
			return
		}
		for i := len(items) - 1; i >= 0; i-- {
			l := items[i]
			v.list.Append(v.item(uint64(l.Get("number").Float()), side, l.Get("id").String(), uint32(l.Get("slot").Int()), l.Get("expected").String(), l.Get("got").String()))
			v.items++
			v.oldest[side] = uint64(l.Get("number").Float())
		}
		if len(items) == 0 {
			v.oldest[side] = 0
		}
		v.sum()
	})
}

// fetch fetches the losses that end with number last, and are before a number. The
// server keeps the newest so many: what comes may begin later, or be none.
func (v *evidence) fetch(side int, before, last uint64, done func(items []js.Value)) {
	after := last - min(last, mostListed)
	path := v.page.controls.runPath() + "/evidence?side=" + strconv.Itoa(side) + "&after=" + strconv.FormatUint(after, 10) + "&limit=" + strconv.Itoa(mostListed)
	link.Ask("GET", path, nil, func(answer js.Value, failure string) {
		v.page.banner.complain(failure)
		if failure != "" {
			return
		}
		var items []js.Value
		if list := answer.Get("items"); list.Type() == js.TypeObject {
			for i := range list.Length() {
				if l := list.Index(i); uint64(l.Get("number").Float()) < before {
					items = append(items, l)
				}
			}
		}
		done(items)
	})
}
