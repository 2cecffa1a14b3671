package tape

import (
	"strconv"

	"slotrace/web/picture"
)

// viewBar is what stands above Live while a recording is replayed.
func (d *Desk) viewBar() *node {
	root := el("", "")
	f := d.film
	if f == nil {
		if d.opening != nil {
			root.Add(txt("p", "note", "Opening the recording …").Set("role", "status").Named("opening"))
		}
		return root
	}
	r := f.recording
	about := el("div", "about",
		txt("h2", "", r.Name).Set("title", r.Name),
		txt("p", "note", allocators(f.overview.summary(f))+" · "+sizes(&r.Run)+" · "+f.kind()),
	).Named("about")
	run, label := "▶", "Play"
	if f.playing {
		run, label = "❚❚", "Pause"
	}
	button := func(do, mark, label, keys, classes string) *node {
		return el("button", classes, txt("span", "", mark).Set("aria-hidden", "true")).
			Set("type", "button").Set("data-tape", do).Set("aria-label", label).Set("title", label+" ("+keys+")").Set("aria-keyshortcuts", keys).Named(do)
	}
	keys := el("div", "reel",
		button("previous", "⇤", "The collision before", "Shift+N", "clash"),
		button("back", "◂", "One step back", "Backspace", ""),
		button("play", run, label, "Space", "primary"),
		button("step", "▸", "One step on", ".", ""),
		button("next", "⇥", "The next collision", "N", "clash"),
	).Set("role", "group").Set("aria-label", "Playing").Named("reel")
	speed := el("select", "").Set("data-tape", "speed").Set("aria-label", "Pace of the replay").Set("value", strconv.FormatFloat(f.rate, 'g', -1, 64)).Named("speed")
	speed.Add(txt("option", "", "speed as zoomed").Set("value", "0"))
	for _, rate := range rates {
		speed.Add(txt("option", "", speedName(rate)).Set("value", strconv.FormatFloat(rate, 'g', -1, 64)))
	}
	stands, classes := f.stands(), "stands"
	switch {
	case f.clash != nil:
		classes += " bad"
	case f.loading && f.player.Now() != f.want || f.waits:
		stands = "loading …"
	case stands == "" && f.dragging == "":
		stands = speedSays(f)
	}
	clock := el("div", "clock",
		el("p", "", txt("b", "", f.clock(f.want)), txt("span", "quiet", " of "+f.clock(f.to))),
		txt("p", classes, stands).Set("title", stands),
	).Named("clock")
	acts := el("div", "ends",
		off(txt("button", "", "Explain").Set("type", "button").Set("data-tape", "explain").Set("title", "The two stores that took one slot, step by step in the Explore view (E)").Set("aria-keyshortcuts", "E").Named("explain"), f.clash == nil),
		d.keeping(f),
		txt("button", "", "Close").Set("type", "button").Set("data-tape", "leave").Set("aria-keyshortcuts", "Escape").Named("leave"),
	).Named("ends")
	if d.wrong != "" {
		root.Add(txt("p", "banner", d.wrong).Set("role", "alert").Named("wrong"))
	}
	return root.Add(
		el("div", "row", about, keys, speed, clock, acts).Named("row"),
		d.viewMap(f),
		d.viewLine(f),
		txt("p", "hidden", f.said).Set("role", "status").Set("aria-live", "polite").Named("said"),
	)
}

// off marks a control that would do nothing now; pressed, it says why.
func off(n *node, is bool) *node {
	if is {
		n.Set("aria-disabled", "true")
	}
	return n
}

func speedSays(f *film) string {
	s := speedName(f.speed())
	if f.rate > 0 {
		return s
	}
	return "at this zoom: " + s
}

// kind says how much of the run is there.
func (f *film) kind() string {
	switch s := f.overview.summary(f); {
	case len(s.Damage) > 0:
		return "damaged"
	case s.Ended == "":
		return "cut off"
	case !s.Whole:
		return "sampled in places"
	}
	return "every step"
}

// viewMap is the whole recording, the handle of which is the time.
func (d *Desk) viewMap(f *film) *node {
	room := d.room["map"]
	o := f.overview.drawn(f, room)
	x := func(t int64) float64 { return float64(t-f.from) / float64(max(f.to-f.from, 1)) * room.width }
	svg := svgOf(room).Add(o...)
	low, up := x(f.low), x(f.up)
	svg.Add(
		rect("view", low, 0, max(up-low, 3), room.height).Named("view"),
		rect("head", x(f.want)-1, 0, 2, room.height).Named("head"),
	)
	at := max(f.want-f.from, 0)
	said := f.said // a slider that has the keyboard says its value whenever that changes: not at each frame
	if f.playing {
		said = "playing"
	}
	if said == "" {
		said = f.clock(f.want)
	}
	value := strconv.FormatInt(at/1000, 10)
	if f.playing {
		value = strconv.FormatInt(at/1e9*1e6, 10)
	}
	return el("div", "strip map", svg).Set("id", "tape-map").Set("data-scrub", "map").Set("tabindex", "0").Set("role", "slider").
		Set("aria-label", "Time in the recording, in microseconds").Set("aria-valuemin", "0").Set("aria-valuemax", strconv.FormatInt((f.to-f.from)/1000, 10)).
		Set("aria-valuenow", value).Set("aria-valuetext", said).Named("map")
}

// viewLine is a stretch of it, with what happens there.
func (d *Desk) viewLine(f *film) *node {
	room := d.room["line"]
	svg := svgOf(room).Add(f.line(room)...)
	return el("div", "strip line", svg).Set("id", "tape-line").Set("data-scrub", "line").Set("role", "img").
		Set("aria-label", "The recording from "+clockOf(f.low-f.from, (f.up-f.low)/1000)+" to "+clockOf(f.up-f.from, (f.up-f.low)/1000)+" seconds: "+picture.Duration(f.up-f.low)).Named("line")
}

func svgOf(room size) *node {
	return el("svg", "").Set("width", number(room.width)).Set("height", number(room.height)).Set("viewBox", "0 0 "+number(room.width)+" "+number(room.height)).
		Set("focusable", "false").Set("aria-hidden", "true")
}

func rect(classes string, x, y, width, height float64) *node {
	return el("rect", classes).Set("x", number(x)).Set("y", number(y)).Set("width", number(width)).Set("height", number(height))
}
