//go:build js && wasm

package page

import (
	"syscall/js"

	"slotrace/web/dom"
	"slotrace/web/picture"
)

const lightQuery = "(prefers-color-scheme: light)"

// followTheme takes the theme that was chosen, or the system's.
func (p *Page) followTheme() {
	choice := dom.ByID("theme")
	choice.SetInput(dom.Root().Attr("data-theme"))
	choice.On("change", func(js.Value) {
		name := choice.Input()
		if name == "" {
			dom.Root().Call("removeAttribute", "data-theme")
		} else {
			dom.Root().SetAttr("data-theme", name)
		}
		dom.Keep("theme", name)
		p.setTheme()
	})
	dom.OnMedia(lightQuery, p.setTheme)
	p.setTheme()
}

func (p *Page) setTheme() {
	name := dom.Root().Attr("data-theme")
	if name == "" && dom.Matches(lightQuery) {
		name = picture.Light.Name
	}
	p.theme = picture.Dark
	for _, t := range picture.Themes {
		if t.Name == name {
			p.theme = t
		}
	}
	for _, s := range p.sides {
		s.setTheme(p.theme)
	}
	p.wake()
}
