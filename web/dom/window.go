//go:build js && wasm

package dom

import "syscall/js"

// Document and Window are where events that concern the whole page come from.
func Document() Element { return Element{document} }
func Window() Element   { return Element{window} }

// Hidden reports whether nobody can see the page.
func Hidden() bool { return document.Get("hidden").Bool() }

// PixelRatio is how many pixels of the screen a CSS pixel is.
func PixelRatio() float64 { return window.Get("devicePixelRatio").Float() }

// Now is milliseconds on a clock that does not go back.
func Now() float64 { return window.Get("performance").Call("now").Float() }

// Matches evaluates a media query.
func Matches(query string) bool { return window.Call("matchMedia", query).Get("matches").Bool() }

// OnMedia calls f when the answer to a media query changes.
func OnMedia(query string, f func()) {
	Element{window.Call("matchMedia", query)}.On("change", func(js.Value) { f() })
}

// After calls f once, that many milliseconds later.
func After(ms float64, f func()) {
	var once js.Func
	once = js.FuncOf(func(js.Value, []js.Value) any {
		once.Release()
		f()
		return nil
	})
	window.Call("setTimeout", once, ms)
}

// OnResize calls f when the size of any of the elements has changed.
func OnResize(f func(), elements ...Element) {
	o := window.Get("ResizeObserver").New(js.FuncOf(func(js.Value, []js.Value) any {
		f()
		return nil
	}))
	for _, e := range elements {
		o.Call("observe", e.Value)
	}
}

// Recall reads what Keep kept under a name; "" if there is nothing, or the
// browser keeps nothing for this page.
func Recall(name string) (kept string) {
	defer func() {
		if recover() != nil {
			kept = ""
		}
	}()
	if v := window.Get("localStorage").Call("getItem", name); v.Type() == js.TypeString {
		return v.String()
	}
	return ""
}

// Keep keeps a word in the browser, if it lets us.
func Keep(name, value string) {
	defer func() { _ = recover() }() // storage refused or full: the choice holds until the page is left
	if value == "" {
		window.Get("localStorage").Call("removeItem", name)
		return
	}
	window.Get("localStorage").Call("setItem", name, value)
}
