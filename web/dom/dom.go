//go:build js && wasm

package dom

import (
	"strconv"
	"syscall/js"
)

// Element is an element of the document.
type Element struct{ js.Value }

var (
	window   = js.Global()
	document = js.Global().Get("document")
)

// ByID finds an element; what is missing is a defect of the page, and says so.
func ByID(id string) Element {
	v := document.Call("getElementById", id)
	if v.IsNull() {
		panic("the page has no element #" + id)
	}
	return Element{v}
}

// Root is the document's element.
func Root() Element { return Element{document.Get("documentElement")} }

// New makes an element of classes (none if "") and text.
func New(tag, classes, text string) Element {
	e := Element{document.Call("createElement", tag)}
	if classes != "" {
		e.Set("className", classes)
	}
	if text != "" {
		e.Set("textContent", text)
	}
	return e
}

// Append puts children at the end, and returns e.
func (e Element) Append(children ...Element) Element {
	for _, c := range children {
		e.Call("append", c.Value)
	}
	return e
}

// Replace puts children in the place of what was there.
func (e Element) Replace(children ...Element) {
	values := make([]any, len(children))
	for i, c := range children {
		values[i] = c.Value
	}
	e.Call("replaceChildren", values...)
}

// Prepend puts a child first.
func (e Element) Prepend(child Element) { e.Call("prepend", child.Value) }

// SetAttr sets an attribute.
func (e Element) SetAttr(name, value string) Element {
	e.Call("setAttribute", name, value)
	return e
}

// Attr reads an attribute; "" if there is none.
func (e Element) Attr(name string) string {
	if v := e.Call("getAttribute", name); v.Type() == js.TypeString {
		return v.String()
	}
	return ""
}

// Show hides or shows.
func (e Element) Show(shown bool) { e.Set("hidden", !shown) }

// Shown reports whether e is not hidden.
func (e Element) Shown() bool { return !e.Get("hidden").Bool() }

// Enable enables or disables a control.
func (e Element) Enable(enabled bool) { e.Set("disabled", !enabled) }

// Input reads and SetInput sets what is in a field.
func (e Element) Input() string         { return e.Get("value").String() }
func (e Element) SetInput(value string) { e.Set("value", value) }

// Number is what is in a field as a number, 0 if it is none.
func (e Element) Number() int { return Number(e.Input()) }

// Number reads the digits that s begins with. strconv.Atoi would bring along the
// tables of what can be printed, for the sake of its errors: 5 KB.
func Number(s string) (n int) {
	for i := 0; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// Size is the size of the inside, in CSS pixels.
func (e Element) Size() (width, height float64) {
	return e.Get("clientWidth").Float(), e.Get("clientHeight").Float()
}

// Place sets left and top, and the size unless it is 0, in CSS pixels.
func (e Element) Place(x, y, width, height float64) {
	s := e.Get("style")
	s.Set("left", pixels(x))
	s.Set("top", pixels(y))
	if width > 0 {
		s.Set("width", pixels(width))
		s.Set("height", pixels(height))
	}
}

func pixels(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) + "px" }

// On calls f for each event of a kind, for as long as the page lives. f must not
// wait for anything the browser does later.
func (e Element) On(kind string, f func(event js.Value)) {
	e.listen(kind, f, js.Undefined())
}

// OnActive is On for events whose default f may prevent even where browsers
// assume that nobody does.
func (e Element) OnActive(kind string, f func(event js.Value)) {
	e.listen(kind, f, js.ValueOf(map[string]any{"passive": false}))
}

func (e Element) listen(kind string, f func(event js.Value), options js.Value) {
	e.Call("addEventListener", kind, js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	}), options)
}

// Text is an element whose text changes often: it is set only when it does.
type Text struct {
	Element
	last string
	set  bool
}

// TextOf follows the text of e.
func TextOf(e Element) *Text { return &Text{Element: e} }

// Say sets the text.
func (t *Text) Say(s string) {
	if t.set && t.last == s {
		return
	}
	t.last, t.set = s, true
	t.Set("textContent", s)
}

// Attribute is an attribute that changes often.
type Attribute struct {
	e          Element
	name, last string
	set        bool
}

// AttributeOf follows the attribute of e.
func AttributeOf(e Element, name string) *Attribute { return &Attribute{e: e, name: name} }

// Put sets it.
func (a *Attribute) Put(s string) {
	if a.set && a.last == s {
		return
	}
	a.last, a.set = s, true
	a.e.SetAttr(a.name, s)
}
