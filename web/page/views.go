//go:build js && wasm

package page

import (
	"syscall/js"

	"slotrace/web/dom"
	"slotrace/web/picture"
)

// The view is what the address names behind its #, so that it can be linked, reloaded,
// and left with the browser's own back.

// goTo goes to a view, as its tab does.
func goTo(fragment string) { dom.Window().Get("location").Set("hash", fragment) }

func (p *Page) followAddress() {
	dom.Window().On("hashchange", func(js.Value) {
		p.showView()
		// The browser has scrolled to the element that is called as the view is.
		dom.Window().Call("scrollTo", 0, 0)
		// The tab gives the keyboard back: Space is for the view now.
		if p.view == picture.ReviewView {
			p.review.box.Call("focus", map[string]any{"preventScroll": true})
		} else {
			dom.Document().Get("activeElement").Call("blur")
		}
	})
	p.showView()
}

// showView shows the view that the address names.
func (p *Page) showView() {
	p.view = picture.ViewOf(dom.Window().Get("location").Get("hash").String())
	live := p.view == picture.LiveView
	for _, id := range [...]string{"controls", "live", "verdict"} {
		dom.ByID(id).Show(live)
	}
	p.review.box.Show(!live)
	dom.Root().SetAttr("data-view", p.view.String())
	for id, here := range map[string]bool{"tab-live": live, "tab-review": !live} {
		if here {
			dom.ByID(id).SetAttr("aria-current", "page")
		} else {
			dom.ByID(id).Call("removeAttribute", "aria-current")
		}
	}
	p.review.look()
	p.wake()
}
