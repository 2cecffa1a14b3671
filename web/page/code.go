//go:build js && wasm

package page

import (
	"strconv"
	"strings"
	"syscall/js"

	"slotrace/engine/event"
	"slotrace/web/dom"
	"slotrace/web/picture"
)

// code shows the source that runs and where in it each writer stands.
type code struct {
	page  *Page
	title *dom.Text
	tabs  dom.Element
	box   dom.Element

	dirty  bool
	chosen int    // 0, 1: a side's allocator; 2: the put they share
	tabbed string // what the tabs are
	source *event.Source
	lines  map[int]*codeLine
	first  int // the first line that is marked
}

type codeLine struct {
	writers int // on it
	row, on dom.Element
	said    string
}

const putTab = event.MaxSides

// tokenRoom is how many writers' tokens fit on a line beside its code.
const tokenRoom = 6

func newCode(p *Page) *code {
	return &code{page: p, title: dom.TextOf(dom.ByID("code-title")), tabs: dom.ByID("code-tabs"), box: dom.ByID("code")}
}

func (c *code) hello() {
	c.tabbed, c.source = "", nil
	c.changed()
}

func (c *code) changed() { c.dirty = true }

// show brings the panel up to date, if something changed.
func (c *code) show(float64) (drew, more bool) {
	if !c.dirty || c.page.hello == nil {
		return false, false
	}
	c.dirty = false
	c.showTabs()
	source := c.chosenSource()
	if source == nil {
		return false, false
	}
	if source != c.source {
		c.showSource(source)
	}
	c.showTokens()
	return true, false
}

func (c *code) chosenSource() *event.Source {
	if c.chosen == putTab {
		return &c.page.hello.Put
	}
	if a := c.page.allocator(c.chosen); a != nil {
		return &a.Source
	}
	return nil
}

// showTabs offers each side's allocator and the put.
func (c *code) showTabs() {
	type tab struct {
		number int
		name   string
	}
	var tabs []tab
	for i := range c.page.shownSides() {
		if a := c.page.allocator(i); a != nil && (i == 0 || a.Name != c.page.controls.wishes.allocator) {
			name := baseName(a.Source.File)
			if c.page.shownSides() > 1 { // there is less room, and the sides are called so
				name, _ = picture.AllocatorLabel(a.Name, a.Holds)
			}
			tabs = append(tabs, tab{i, name})
		}
	}
	tabs = append(tabs, tab{putTab, baseName(c.page.hello.Put.File)})
	key, there := "", false
	for _, t := range tabs {
		key += t.name + "\n"
		there = there || t.number == c.chosen
	}
	if !there {
		c.chosen = 0
	}
	if key += strconv.Itoa(c.chosen); key == c.tabbed {
		return
	}
	c.tabbed = key
	c.tabs.Replace()
	for _, t := range tabs {
		b := dom.New("button", "", t.name).SetAttr("type", "button").SetAttr("aria-controls", "code").
			SetAttr("aria-pressed", strconv.FormatBool(t.number == c.chosen))
		number := t.number
		b.On("click", func(js.Value) {
			c.chosen = number
			c.changed()
			c.page.wake()
		})
		c.tabs.Append(b)
	}
}

func baseName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// showSource writes the lines, and scrolls to where the steps are.
func (c *code) showSource(s *event.Source) {
	c.source = s
	c.lines = make(map[int]*codeLine)
	c.first = 0
	marked := make(map[int]bool)
	for _, m := range s.Marks {
		marked[m.Line] = true
		if c.first == 0 || m.Line < c.first {
			c.first = m.Line
		}
	}
	rows := make([]dom.Element, len(s.Lines))
	for i, text := range s.Lines {
		number := s.First + i
		classes := "line"
		if marked[number] {
			classes += " marked"
		}
		statement, comment := text, ""
		if at := strings.Index(text, "//"); at >= 0 {
			statement, comment = text[:at], text[at:]
		}
		on := dom.New("span", "on", "")
		on.Show(false)
		shown := dom.New("code", "", "").Append(dom.New("span", "", statement), dom.New("span", "comment", comment))
		if comment != "" {
			indent := 0
			for text[indent] == '\t' {
				indent++
			}
			shown.Set("title", text[indent:])
		}
		rows[i] = dom.New("div", classes, "").Append(dom.New("span", "number", strconv.Itoa(number)), shown, on)
		c.lines[number] = &codeLine{row: rows[i], on: on}
	}
	c.box.Replace(rows...)
	c.title.Set("title", s.File)
	if l := c.lines[c.first-2]; l != nil {
		c.box.Set("scrollTop", l.row.Get("offsetTop").Float()-c.box.Get("offsetTop").Float())
	} else {
		c.box.Set("scrollTop", 0)
	}
}

// showTokens puts the writers' tokens on the lines they stand on.
func (c *code) showTokens() {
	side := min(c.chosen, 1)
	if c.chosen == putTab {
		side = 0
	}
	s := c.page.sides[side]
	stores := s.follower.Stores()
	if still := s.burst(); still != nil {
		stores = still.Stores
	}
	stand := make(map[int]picture.CodeLine)
	if c.page.state.Run != 0 {
		for _, l := range picture.Tokens(stores, c.page.controls.wishes.lanes(), c.source) {
			stand[l.Line] = l
		}
	}
	for number, line := range c.lines {
		if line.put(stand[number]) && c.page.state.State == event.Paused {
			c.reveal(line) // a step has come here
		}
	}
}

// reveal scrolls the panel, and nothing around it, so that the line can be seen.
func (c *code) reveal(l *codeLine) {
	top := l.row.Get("offsetTop").Float() - c.box.Get("offsetTop").Float()
	bottom := top + l.row.Get("offsetHeight").Float()
	at, height := c.box.Get("scrollTop").Float(), c.box.Get("clientHeight").Float()
	switch {
	case top < at:
		c.box.Set("scrollTop", top)
	case bottom > at+height:
		c.box.Set("scrollTop", bottom-height)
	}
}

// put puts writers on the line, and reports whether there are more than before.
func (l *codeLine) put(at picture.CodeLine) (more bool) {
	key := strconv.FormatBool(at.Danger)
	for _, w := range at.Writers {
		key += " " + strconv.Itoa(w)
	}
	if key == l.said {
		return false
	}
	more = len(at.Writers) > l.writers
	l.said, l.writers = key, len(at.Writers)
	l.row.Get("classList").Call("toggle", "danger", at.Danger)
	l.on.Show(len(at.Writers) > 0)
	shown, rest := picture.TokensShown(len(at.Writers), tokenRoom)
	tokens := make([]dom.Element, 0, tokenRoom)
	for _, w := range at.Writers[:shown] {
		tokens = append(tokens, dom.New("span", "token w"+strconv.Itoa(w%picture.WriterColours)+" m"+strconv.Itoa(picture.Mark(w)), picture.WriterName(w)))
	}
	if rest > 0 {
		tokens = append(tokens, dom.New("span", "token more", "+"+strconv.Itoa(rest)))
	}
	l.on.Replace(tokens...)
	return more
}
