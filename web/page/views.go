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
	p.view = picture.ViewOf(fragment())
	for _, v := range [...]struct {
		id   string
		view picture.View
	}{{"controls", picture.LiveView}, {"live", picture.LiveView}, {"verdict", picture.LiveView}, {"explore", picture.ExploreView}, {"review", picture.ReviewView}, {"recordings", picture.RecordingsView}} {
		dom.ByID(v.id).Show(v.view == p.view)
	}
	dom.Root().SetAttr("data-view", p.view.String())
	for _, v := range [...]struct {
		id   string
		view picture.View
	}{{"tab-live", picture.LiveView}, {"tab-explore", picture.ExploreView}, {"tab-review", picture.ReviewView}, {"tab-recordings", picture.RecordingsView}} {
		if tab := dom.ByID(v.id); v.view == p.view {
			tab.SetAttr("aria-current", "page")
		} else {
			tab.Call("removeAttribute", "aria-current")
		}
	}
	dom.ByID("explore-top").Show(p.view == picture.ExploreView && p.explore.ready && !p.explore.failed)
	p.explore.look()
	p.review.look()
	p.wake()
}
