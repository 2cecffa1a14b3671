//go:build js && wasm

package page

import (
	"strconv"

	"slotrace/web/dom"
)

// banner is the one line at the top for what is wrong, or worth knowing. The
// gravest of what there is to say is said.
type banner struct {
	box      *dom.Text
	gone     string // the connection is
	trouble  string // the last request failed
	heard    string // a notice of the server
	onlooker bool   // this viewer may not control the run
}

func newBanner() *banner { return &banner{box: dom.TextOf(dom.ByID("banner"))} }

func (b *banner) connected() {
	b.gone, b.heard, b.trouble = "", "", ""
	b.show()
}

func (b *banner) lost(why string, retry float64) {
	b.gone = "Not connected: " + why + "."
	if retry >= 0 {
		b.gone += " Trying again in " + strconv.FormatFloat(max(retry/1000, 0.1), 'f', 1, 64) + " s; what you see is the last that was heard."
	}
	b.show()
}

func (b *banner) notice(text string) {
	b.heard = text
	b.show()
}

// complain says what went wrong with a request; "" says that nothing does any more.
func (b *banner) complain(text string) {
	b.trouble = text
	b.show()
}

func (b *banner) watching(only bool) {
	b.onlooker = only
	b.show()
}

func (b *banner) show() {
	text, mild := b.gone, false
	switch {
	case text != "":
	case b.trouble != "":
		text = b.trouble
	case b.heard != "":
		text, mild = b.heard, true
	case b.onlooker:
		text, mild = "Watching: the presenter controls this run.", true
	}
	b.box.Show(text != "")
	b.box.Get("classList").Call("toggle", "mild", mild)
	b.box.Say(text)
}
