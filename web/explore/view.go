package explore

import (
	"fmt"
	"strconv"
	"strings"

	"slotrace/engine/catalogue"
	"slotrace/engine/event"
	"slotrace/engine/lab"
)

// view is the desk as it is to be seen.
func (d *Desk) view() *node {
	x := &d.state
	root := el("", "").Set("data-scenario", x.Scenario).Set("data-variant", x.Variant).SetInt("data-threads", x.Threads).SetInt("data-ops", x.Ops).
		Set("data-schedule", x.Schedule).SetInt("data-step", x.Step).Set("data-verdict", d.verdict())
	if d.search != nil {
		root.Set("data-search", d.search.mode)
	}
	var wrong *node
	if d.wrong != "" {
		wrong = txt("p", "banner", d.wrong).Set("role", "alert").Named("wrong")
	}
	return root.Add(
		d.toolbar(),
		wrong,
		el("div", "desk",
			d.schedule(),
			el("div", "beside", d.code(), d.file()),
			el("aside", "beside", d.judges(), d.states()),
		).Named("desk"),
		d.strip(),
		txt("p", "hidden", d.said).Set("role", "status").Set("aria-live", "polite").Named("said"),
	)
}

// verdict is what is known: what a search came to, or this schedule.
func (d *Desk) verdict() string {
	switch x := &d.state; {
	case x.Complete && x.Fault:
		return lab.Violated
	case d.last != nil:
		return d.last.Verdict
	}
	return lab.Unknown
}

func (d *Desk) toolbar() *node {
	scenarios := el("select", "").Set("data-do", "scenario").Set("aria-label", "Scenario").Set("value", d.state.Scenario)
	for _, s := range catalogue.All {
		scenarios.Add(txt("option", "", s.Name).Set("value", s.Name))
	}
	variants := el("div", "switch").Set("role", "radiogroup").Set("aria-label", "Variant")
	scenario := scenarioOf(d.state.Scenario)
	for _, v := range scenario.Variants {
		classes, title := "", "holds"
		if !v.Holds {
			classes, title = "breaks", "breaks"
		}
		variants.Add(el("label", classes,
			el("input", "").Set("type", "radio").Set("name", "explore-variant").Set("value", v.Name).Set("data-do", "variant").Flag("checked", v.Name == d.state.Variant),
			txt("b", "", v.Name), txt("span", "hidden", title),
		).Set("title", title).Named(scenario.Name + " " + v.Name))
	}
	acts := el("div", "go")
	for _, mode := range modes {
		w := words[mode]
		b := el("button", "").Set("type", "button").Set("title", w.help).Named(mode)
		if d.search != nil && d.search.mode == mode {
			b.Set("data-do", "cancel").Add(txt("span", "", "Cancel").Named("cancel"), txt("kbd", "", "Esc").Set("aria-hidden", "true").Named("esc"))
		} else {
			b.Set("data-do", mode).Flag("disabled", d.search != nil).Add(txt("span", "", w.name))
			if w.key != "" {
				b.Set("aria-keyshortcuts", strings.Replace(w.key, "⇧", "Shift+", 1)).Add(txt("kbd", "", w.key).Set("aria-hidden", "true"))
			}
		}
		acts.Add(b)
	}
	return el("div", "controls",
		el("label", "pick", txt("span", "", "Scenario"), scenarios),
		variants,
		el("div", "sizes",
			sizer("threads", d.state.Threads, lab.MaxThreads, "thread"),
			txt("span", "quiet", "×").Set("aria-hidden", "true"),
			sizer("ops", d.state.Ops, lab.MaxOps, scenario.Call)),
		acts,
	).Set("role", "group").Set("aria-label", "What is explored").Named("controls")
}

// sizer is a number with a button to each side.
func sizer(what string, n, limit int, thing string) *node {
	button := func(sign, label string, to int, limit bool) *node {
		return off(txt("button", "small", sign).Set("type", "button").Set("aria-label", label).Set("data-do", what+" "+strconv.Itoa(to)), limit)
	}
	return el("span", "sizer",
		button("−", "one "+thing+" less", n-1, n <= 1),
		txt("b", "", plural(n, thing)),
		button("+", "one "+thing+" more", n+1, n >= limit))
}

// row is the row of the step that was taken last; nil before the first.
func (d *Desk) row() *lab.Row {
	if d.state.Step == 0 {
		return nil
	}
	return &d.state.Rows[d.state.Step-1]
}

// panel is a panel with a heading, and a note at its right. Of the heading what is behind
// the first " · " is left out where there is no room.
func panel(classes, key, title string, note *node, inside ...*node) *node {
	short, more, _ := strings.Cut(title, " · ")
	heading := el("h2", "", txt("span", "", short))
	if more != "" {
		heading.Add(txt("span", "more", " · "+more))
	}
	return el("section", "panel "+classes, el("header", "", heading, note)).Set("aria-label", short).Named(key).Add(inside...)
}

// maxTokens is how many threads that are done have a token each.
const maxTokens = 3

// code shows the source, with a token for each thread on the line that it is about to run.
func (d *Desk) code() *node {
	source := d.shownSource()
	if source == nil {
		return nil
	}
	var tabs *node
	if len(d.sources) > 1 {
		tabs = el("div", "tabs").Set("role", "group").Set("aria-label", "Which code").Named("tabs")
		for i := range d.sources {
			tabs.Add(txt("button", "", d.called(i)).Set("type", "button").Set("data-do", "source "+strconv.Itoa(i)).Set("aria-pressed", strconv.FormatBool(&d.sources[i] == source)))
		}
	}
	on := map[int][]*node{}
	done, end := 0, source.First+len(source.Lines)-1
	for i := range d.state.Next {
		n := &d.state.Next[i]
		file, line, _ := strings.Cut(n.Line, ":")
		at, _ := strconv.Atoi(line)
		switch {
		case n.Line == "":
			if done++; done <= maxTokens {
				on[end] = append(on[end], token(i, " ✓").Set("title", catalogue.Letter(i)+" is done"))
			}
		case file == source.File:
			on[at] = append(on[at], token(i, "").Set("title", catalogue.Letter(i)+" "+n.Text))
		}
	}
	if done > maxTokens {
		on[end] = append(on[end], txt("span", "token more", "+"+strconv.Itoa(done-maxTokens)+" ✓"))
	}
	danger := 0
	if r := d.row(); r != nil && r.Races {
		if file, line, _ := strings.Cut(r.Line, ":"); file == source.File {
			danger, _ = strconv.Atoi(line)
		}
	}
	lines := el("div", "lines scroll").Set("role", "region").Set("aria-label", source.File).Set("tabindex", "0").Named(source.File)
	first := true
	for i, text := range source.Lines {
		number := source.First + i
		classes := "line"
		if number == danger {
			classes += " danger"
		}
		statement, comment := text, ""
		if at := strings.Index(text, "//"); at >= 0 {
			statement, comment = text[:at], text[at:]
		}
		line := el("div", classes,
			txt("span", "number", strconv.Itoa(number)),
			el("code", "", txt("span", "", statement), txt("span", "comment", comment)))
		if tokens := on[number]; tokens != nil {
			line.Add(el("span", "on", tokens...).Named("on"))
			line.Reveal = first
			first = false
		}
		lines.Add(line)
	}
	classes := "code"
	if tabs != nil {
		classes += " tabbed"
	}
	return panel(classes, "code", source.File, tabs, lines)
}

// called is what a source's tab says: its file, or its function if others are of that file.
func (d *Desk) called(i int) string {
	name := base(d.sources[i].File)
	for j := range d.sources {
		if j != i && d.sources[j].File == d.sources[i].File {
			for _, line := range d.sources[i].Lines {
				if rest, ok := strings.CutPrefix(line, "func "); ok {
					if _, method, ok := strings.Cut(rest, ") "); ok && rest[0] == '(' {
						rest = method
					}
					f, _, _ := strings.Cut(rest, "(")
					return f
				}
			}
		}
	}
	return name
}

func token(thread int, more string) *node {
	return txt("span", "token w"+strconv.Itoa(thread%8)+" m"+strconv.Itoa(thread/8), catalogue.Letter(thread)+more)
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// shownSource is the source that was chosen, or the one in which most of the threads stand.
func (d *Desk) shownSource() *event.Source {
	if d.source >= 0 && d.source < len(d.sources) {
		return &d.sources[d.source]
	}
	most, at := -1, -1
	for i := range d.sources {
		n := 0
		for j := range d.state.Next {
			if file, _, _ := strings.Cut(d.state.Next[j].Line, ":"); file == d.sources[i].File {
				n++
			}
		}
		if n > most {
			most, at = n, i
		}
	}
	if at < 0 {
		return nil
	}
	return &d.sources[at]
}

// maxSlots is how many slots are shown; of more the rest is counted.
const maxSlots = 60

// file shows what the threads share, as it is at this step.
func (d *Desk) file() *node {
	v := &d.state.View
	p := panel("file", "file", "The file at this step", nil)
	inside := el("div", "scroll rest").Named("inside")
	values := el("dl", "values").Named("values")
	for _, value := range v.Values {
		values.Add(el("div", "", txt("dt", "", value.Name), txt("dd", "", value.Text)).Named(value.Name))
	}
	slots := el("ul", "slots").Set("aria-label", "Slots").Named("slots")
	for i := range v.Slots {
		if i == maxSlots {
			slots.Add(txt("li", "more", fmt.Sprintf("and %d more", len(v.Slots)-maxSlots)).Named("more"))
			break
		}
		slots.Add(slot(&v.Slots[i]))
	}
	index := el("ul", "index").Set("aria-label", "Index").Named("index")
	for _, e := range v.Index {
		classes := ""
		if e.Broken {
			classes = "bad"
		}
		index.Add(el("li", classes, txt("span", "", e.ID), txt("span", "", "→"), txt("span", "", e.To)).Named(e.ID))
	}
	if len(v.Values) > 0 {
		inside.Add(values)
	}
	if len(v.Slots) > 0 {
		inside.Add(slots)
	}
	if len(v.Index) > 0 {
		inside.Add(txt("h3", "", "index").Named("index title"), index)
	}
	return p.Add(inside)
}

// maxWriters is how many writers are shown in a slot before they are counted.
const maxWriters = 3

// slot is a box: who has it, whoever wrote last at the top, and the others struck out.
func slot(s *catalogue.Slot) *node {
	classes, state := "slot", "free"
	box := el("div", "box")
	for i := len(s.Has) - 1; i >= 0; i-- {
		if shown := len(s.Has) - 1 - i; shown == maxWriters && i > 0 {
			box.Add(txt("span", "rest", "+"+strconv.Itoa(i+1)))
			break
		}
		w := &s.Has[i]
		kind := "own"
		switch {
		case !w.Wrote:
			kind = "taken"
		case i < len(s.Has)-1:
			kind = "lost"
		}
		box.Add(txt("span", kind+" t"+strconv.Itoa(w.Thread%8), w.Text))
		if state == "free" {
			state = "taken by " + catalogue.Letter(w.Thread)
		}
	}
	if s.Broken {
		classes, state = "slot broken", "taken twice"
	} else if len(s.Has) > 0 {
		classes += " has"
	}
	return el("li", classes, txt("span", "name", s.Name), box).Set("title", s.Name+": "+state).Named(s.Name)
}

// judges are the four lamps.
func (d *Desk) judges() *node {
	list := el("ul", "judges").Named("judges")
	for i := range d.state.Lamps {
		l := &d.state.Lamps[i]
		mark, outcome, said := "✕", "failed", "no"
		switch {
		case l.Open:
			mark, outcome, said = "·", "open", "open"
		case l.Good:
			mark, outcome, said = "✓", "passed", "yes"
		}
		list.Add(el("li", "",
			txt("span", "mark", mark).Set("data-state", outcome).Set("role", "img").Set("aria-label", said),
			txt("b", "", l.Name), txt("small", "", l.Text)))
	}
	return panel("four", "judges", "Four judges", nil, list)
}
