package explore

import (
	"fmt"
	"strconv"

	"slotrace/engine/catalogue"
	"slotrace/engine/lab"
)

// schedule is the panel that is read like a page of a book: who did what, step by step,
// why it broke, and what each thread would do next.
func (d *Desk) schedule() *node {
	x := &d.state
	title := "Schedule"
	if x.Schedule != "" {
		title += " " + catalogue.Clip(x.Schedule) + " · " + plural(len(x.Rows), "step") + ", " + preemptions(x.Rows)
	}
	note := el("p", "note", txt("span", "", fmt.Sprintf("step %d of %d", x.Step, len(x.Rows))))
	p := panel("steps", "steps", title, note)
	if len(x.Rows) > 0 {
		p.Add(d.table())
	}
	p.Add(d.why(), d.deadlock(), d.next())
	return p
}

func preemptions(rows []lab.Row) string {
	n := preempted(rows)
	if n == 0 {
		return "no preemption"
	}
	return plural(n, "preemption")
}

func preempted(rows []lab.Row) (n int) {
	for i := range rows {
		if rows[i].Preempts {
			n++
		}
	}
	return n
}

// Heights in the table; the stylesheet's are in the same proportion.
const (
	headHeight   = 32
	rowHeight    = 32
	switchHeight = 24
)

// shownRows is how many rows are shown at most: those around the present step.
const shownRows = 160

// window is which rows are shown, from low to below high.
func (d *Desk) window() (low, high int) {
	n := len(d.state.Rows)
	low = max(0, min(d.state.Step-1-shownRows/2, n-shownRows))
	return low, min(n, low+shownRows)
}

// table has a column a thread and a row a step.
func (d *Desk) table() *node {
	x := &d.state
	head := el("tr", "", txt("th", "number", "step").Set("scope", "col"))
	for i := range x.Threads {
		head.Add(txt("th", "t"+strconv.Itoa(i%8), catalogue.Letter(i)).Set("scope", "col"))
	}
	body := el("tbody", "")
	y, middles := headHeight, map[int]int{}
	left := func(n int, where string) {
		if n > 0 {
			body.Add(el("tr", "switches ahead", txt("td", "", plural(n, "step")+" "+where).SetInt("colspan", x.Threads+1)).Named(where))
			y += switchHeight
		}
	}
	low, high := d.window()
	left(low, "before these")
	for i := low; i < high; i++ {
		r := &x.Rows[i]
		ahead := ""
		if i >= x.Step {
			ahead = " ahead"
		}
		if r.Switch {
			body.Add(el("tr", "switches"+ahead, txt("td", "", switching(x, i)).SetInt("colspan", x.Threads+1)).Named("switch " + strconv.Itoa(i)))
			y += switchHeight
		}
		middles[i] = y + rowHeight/2
		y += rowHeight
		body.Add(d.step(i, ahead))
	}
	left(len(x.Rows)-high, "behind these")
	table := el("table", "", el("thead", "", head), body).Set("aria-label", "The schedule, a row a step").Named("table")
	if x.Threads > 6 {
		table.Set("class", "many")
	}
	rows := el("div", "rows", table).Named("rows")
	if d.arrows {
		rows.Add(arrows(x.Arrows, middles, y))
		rows.Attrs[0].Value += " tied"
	}
	return el("div", "scroll", rows).Named("scroll")
}

// step is a row of the table.
func (d *Desk) step(i int, ahead string) *node {
	x := &d.state
	r := &x.Rows[i]
	classes := "step" + ahead
	if r.Races {
		classes += " bad"
	}
	here := i == x.Step-1
	if here {
		classes += " here"
	}
	number := strconv.Itoa(i + 1)
	tr := el("tr", classes, el("td", "number", txt("button", "", number).Set("type", "button").Set("aria-label", "go to step "+number).Set("data-do", "go "+number))).
		Set("data-do", "go "+number).Set("data-thread", catalogue.Letter(r.Thread)).Named("step " + number)
	if here {
		tr.Set("aria-current", "step")
	}
	if r.Thread > 0 {
		tr.Add(el("td", "").SetInt("colspan", r.Thread).Named("left"))
	}
	td := el("td", "does", txt("span", "", r.Text)).Set("title", r.Text).Named("does")
	if td.Reveal = here; here {
		td.Add(txt("span", "mark-here", " ◀").Set("aria-hidden", "true"))
	}
	tr.Add(td)
	if rest := x.Threads - 1 - r.Thread; rest > 0 {
		tr.Add(el("td", "").SetInt("colspan", rest).Named("right"))
	}
	return tr
}

// switching says why somebody else goes on at row i.
func switching(x *lab.State, i int) string {
	to, from := catalogue.Letter(x.Rows[i].Thread), x.Rows[i-1].Thread
	if x.Rows[i].Preempts {
		return "switch to " + to + " — a preemption: " + catalogue.Letter(from) + " could have gone on"
	}
	for j := i; j < len(x.Rows); j++ {
		if x.Rows[j].Thread == from {
			return "switch to " + to + ": " + catalogue.Letter(from) + " has to wait"
		}
	}
	if len(x.Deadlock) > 0 || !x.Next[from].Can && x.Next[from].Line != "" {
		return "switch to " + to + ": " + catalogue.Letter(from) + " has to wait"
	}
	return "switch to " + to + ": " + catalogue.Letter(from) + " is done"
}

// arrows are drawn beside the table: from each operation to what is synchronized behind
// it, and dashed and red between two that race.
// Of a long schedule only those between rows that are shown are.
func arrows(all []lab.Arrow, middles map[int]int, height int) *node {
	const width, room, most = 112, 12, 100
	svg := el("svg", "ties").SetInt("width", width).SetInt("height", height).Set("viewBox", fmt.Sprintf("0 0 %d %d", width, height)).Set("preserveAspectRatio", "none").Set("role", "img").Named("arrows")
	label := "Nothing orders these steps, and none race."
	drawn := 0
	for _, a := range all {
		y, z := middles[a.From], middles[a.To]
		if y == 0 || z == 0 || drawn == most {
			continue
		}
		classes, kind := "tie", " happens before "
		if a.Race {
			classes, kind = "tie race", " races with "
		}
		x := min(room+(z-y)/5+drawn%3*4, width-8)
		said := "step " + strconv.Itoa(a.From+1) + kind + "step " + strconv.Itoa(a.To+1)
		if drawn++; drawn == 1 {
			label = said
		} else {
			label += ", " + said
		}
		svg.Add(el("g", classes,
			el("path", "").Set("d", fmt.Sprintf("M4 %dC%d %d %d %d 10 %d", y, x*4/3, y, x*4/3, z, z)),
			el("path", "head").Set("d", fmt.Sprintf("M3 %dl9 -5v10z", z))).Named(said).Add(txt("title", "", said)))
	}
	return svg.Set("aria-label", label)
}

// why is the sentence that says what went wrong; before that, what to look for.
func (d *Desk) why() *node {
	x := &d.state
	s := scenarioOf(x.Scenario)
	switch {
	case x.Why != "":
		box := el("div", "why bad", txt("p", "", x.Why)).Named("why")
		if len(x.Evidence) > 1 {
			list := el("ul", "findings")
			for _, e := range x.Evidence[:min(len(x.Evidence), 4)] {
				list.Add(el("li", "", txt("span", "where", e.ID), txt("span", "", " expected "+e.Expected+", got "+e.Got)))
			}
			box.Add(list)
		}
		return box
	case x.Complete:
		return el("div", "why well", txt("p", "", "All have ended, and nothing is broken: "+s.Invariant)).Named("why")
	case len(x.Rows) == 0:
		return el("div", "why", txt("p", "", "You are the scheduler. Press a thread's letter, or its line below, and it takes one step."),
			el("p", "", txt("b", "", "Break it: "), txt("span", "", s.Invariant))).Named("why")
	}
	return nil
}

// next says what each thread would do, and with which key.
func (d *Desk) next() *node {
	x := &d.state
	classes := "next scroll"
	if x.Threads > 4 {
		classes += " many"
	}
	list := el("div", classes).Set("role", "group").Set("aria-label", "What each thread does next").Named("next")
	for i := range x.Next {
		n := &x.Next[i]
		letter := catalogue.Letter(i)
		key := txt("kbd", "w"+strconv.Itoa(i%8), letter)
		text := txt("span", "", n.Text)
		list.Add(off(el("button", "", key, text).Set("type", "button").Set("data-do", "take "+letter).Set("aria-keyshortcuts", letter), !n.Can).Named(letter))
	}
	acts := el("div", "walk",
		act("back", "← back", x.Step == 0),
		act("on", "on →", x.Step == len(x.Rows)),
		act("run", "run to the end", x.Complete && x.Step == len(x.Rows)),
		txt("button", "small", "what happens before what").Set("type", "button").Set("data-do", "arrows").Set("aria-pressed", strconv.FormatBool(d.arrows)).Set("aria-keyshortcuts", "Shift+H"),
	).Named("walk")
	if scenarioOf(x.Scenario).OnFile != nil {
		acts.Add(act("file", "run it on the real file", !x.Complete || d.onFile != nil && d.onFile.asking))
	}
	return el("div", "ahead-of", list, acts, d.fileResult()).Named("ahead")
}

func act(do, text string, idle bool) *node {
	return off(txt("button", "small", text).Set("type", "button").Set("data-do", do), idle)
}
