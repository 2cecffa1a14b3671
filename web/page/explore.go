//go:build js && wasm

package page

import (
	"syscall/js"

	"slotrace/web/dom"
	"slotrace/web/picture"
)

// explore is the Explore view. All of it is known to a program of its own, in a worker
// (wasm/lab): that says what is to be seen, and is told what was asked for, as a line of
// text: "take 0", "go 5", "find", "open #explore?…".
type explore struct {
	page   *Page
	box    dom.Element
	note   dom.Element
	again  dom.Element
	worker js.Value
	inside js.Value // takes patches of what is in the box: static/patch.js
	ready  bool     // it has said something
	failed bool
	place  string // the address that it gave last
	asked  int    // lines that it has not answered
	heard  int    // answers, and workers
}

// patience is how long the worker may work on an answer, in milliseconds. It searches in
// slices of some 20.
const patience = 10_000

func newExplore(p *Page) *explore {
	x := &explore{page: p, box: dom.ByID("explore"), note: dom.ByID("explore-note"), again: dom.ByID("explore-again"), worker: js.Null()}
	x.again.On("click", func(js.Value) { x.start() })
	menu := dom.ByID("explore-save")
	dom.Document().On("click", func(e js.Value) {
		if !menu.Call("contains", e.Get("target")).Bool() {
			menu.Set("open", false)
		}
		if t := (dom.Element{Value: e.Get("target").Call("closest", "[data-do]")}); t.Truthy() {
			switch t.Get("tagName").String() {
			case "INPUT", "SELECT":
			default:
				x.ask(t.Attr("data-do"))
				menu.Set("open", false)
			}
		}
	})
	x.box.On("change", func(e js.Value) {
		t := dom.Element{Value: e.Get("target")}
		if do := t.Attr("data-do"); do != "" {
			x.ask(do + " " + t.Input())
		}
	})
	return x
}

// look shows what the address says, when the view is seen.
func (x *explore) look() {
	if x.page.view != picture.ExploreView {
		return
	}
	if x.worker.IsNull() {
		x.start()
	} else {
		x.open()
	}
}

func (x *explore) open() { x.ask("open " + fragment()) }

// fragment is what the page's address has from its # on.
func fragment() string { return dom.Window().Get("location").Get("hash").String() }

// start starts the worker, or another in its place.
func (x *explore) start() {
	if !x.worker.IsNull() {
		x.worker.Call("terminate")
	}
	x.ready, x.failed, x.asked = false, false, 0
	x.heard++
	x.box.Replace(x.note, x.again)
	x.box.SetAttr("data-step", "") // nothing is shown
	dom.ByID("explore-top").Show(false)
	x.say("Loading the explorer …", false)
	defer func() {
		if recover() != nil {
			x.say("The explorer needs a web worker, which this browser does not give.", true)
		}
	}()
	x.worker = js.Global().Get("Worker").New("lab.js")
	x.inside = x.page.shared.Call("patched", x.box.Value)
	w := dom.Element{Value: x.worker}
	w.On("message", func(e js.Value) {
		if w.Equal(x.worker) {
			x.hear(e.Get("data"))
		}
	})
	w.On("error", func(js.Value) {
		if w.Equal(x.worker) {
			x.say("The explorer's program could not be started; the other views work.", true)
		}
	})
}

// hear takes what the worker says: a patch, or in words what went wrong.
func (x *explore) hear(data js.Value) {
	x.heard++
	x.asked = 0
	if data.Type() == js.TypeString {
		x.say(data.String(), true)
		return
	}
	if wrong := x.inside.Invoke(data).String(); wrong != "" {
		x.say("The explorer and the page do not understand each other ("+wrong+"). Reload the page.", true)
		return
	}
	if at := fragment(); len(at) > len("#explore") && picture.ViewOf(at) == picture.ExploreView {
		x.place = at
	}
	if x.failed { // it was only late
		x.say("", false)
	}
	if x.ready {
		return
	}
	x.ready = true
	x.say("", false)
	if x.place != "" && fragment() == "#explore" { // another goes on where the one before was
		x.ask("open " + x.place)
		return
	}
	x.open()
}

// ask tells the worker what was asked for, and waits for its answer, in vain at times.
func (x *explore) ask(line string) {
	if !x.ready || x.failed {
		return
	}
	x.worker.Call("postMessage", line)
	if x.asked++; x.asked > 1 {
		return
	}
	heard := x.heard
	dom.After(patience, func() {
		if x.heard == heard && !dom.Hidden() {
			x.say("The explorer does not answer.", true)
		}
	})
}

// say shows a sentence above the view; none if "".
func (x *explore) say(text string, bad bool) {
	x.failed = bad
	x.note.Set("textContent", text)
	x.note.Show(text != "")
	x.note.Get("classList").Call("toggle", "mild", !bad)
	x.again.Show(bad)
	dom.ByID("explore-top").Show(x.ready && !bad && x.page.view == picture.ExploreView)
}
