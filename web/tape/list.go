package tape

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"slotrace/engine/recording"
	"slotrace/web/picture"
)

// list is the Recordings view.
type list struct {
	fragment string // the page's address from its # on
	items    []item
	loading  int             // places that are being asked
	served   bool            // the server has said what it has
	refused  bool            // it tells it to the machine alone that it runs on
	wrong    string          // why a place did not answer
	asked    map[string]bool // ids of which something is being waited for
	renaming string          // the id of the one that is
	deleting string          // the id of the one that is about to be
	bytes    int64           // that this browser keeps
}

// item is a recording that is listed.
type item struct {
	place string
	Kept
	damaged string
}

// reload asks all places what they have.
func (d *Desk) reload() {
	l := &d.list
	if d.browser != nil {
		shelf := d.browser
		l.loading++
		d.later(func() func() {
			items, err := kept(shelf, d.o.Now())
			return func() {
				l.loading--
				l.put(inBrowser, items, err)
			}
		})
	}
	if server := d.o.Server; server != nil {
		l.loading++
		d.later(func() func() {
			all, err := server.List()
			return func() {
				l.loading--
				l.served, l.refused = true, errors.Is(err, ErrRefused)
				if l.refused {
					err = nil
				}
				items := make([]item, len(all))
				for i := range all {
					items[i] = item{place: onServer, Kept: all[i]}
					if all[i].State == "damaged" {
						items[i].damaged = strings.Join(all[i].Damage, "; ")
					}
				}
				l.put(onServer, items, err)
			}
		})
	}
}

// kept lists what a shelf of this browser has. Of one that cannot be opened it is told, so
// that it can be deleted.
func kept(shelf *recording.Shelf, now time.Time) ([]item, error) {
	ids, err := shelf.IDs()
	if err != nil {
		return nil, err
	}
	var items []item
	for _, id := range ids {
		r, err := shelf.Open(id)
		if errors.Is(err, recording.ErrUnknown) {
			continue // it is being written, or was removed
		}
		it := item{place: inBrowser}
		it.ID = id
		if err != nil {
			it.Name, it.damaged = "A recording that cannot be read", sentence(err)
		} else {
			it.Summary = r.Summary()
			it.Size = it.Bytes
			if underWay(shelf, id, r, now) {
				it.State = "recording"
			}
			if len(it.Damage) > 0 {
				it.damaged = it.Damage[0]
			}
		}
		items = append(items, it)
	}
	return items, nil
}

// lately is within what time a recording that is being made changes: a segment ends after ten seconds.
const lately = 30 * time.Second

// underWay says whether a recording is being made, by another worker of the page or another tab: it
// has no end, changed lately, and is no copy of what was cut off, whose header came last.
func underWay(shelf *recording.Shelf, id string, r *recording.Recording, now time.Time) bool {
	if r.Ended != "" || now.Sub(shelf.Changed(id)).Abs() >= lately {
		return false
	}
	header, manifest, _ := shelf.Files(id)
	return header != nil && (manifest == nil || header.ModTime().Before(manifest.ModTime()))
}

// remove removes what the browser keeps, unless it is being made.
func (d *Desk) remove(id string) error {
	if r, err := d.browser.Open(id); err == nil && underWay(d.browser, id, r, d.o.Now()) {
		return errors.New("it is still being recorded; when that has ended, or half a minute after its tab was closed, it would do")
	}
	return d.browser.Remove(id)
}

// put takes over what a place has, in place of what it had.
func (l *list) put(place string, items []item, err error) {
	if err != nil {
		l.wrong = sentence(err)
		return
	}
	l.wrong = ""
	l.items = slices.DeleteFunc(l.items, func(it item) bool { return it.place == place })
	l.items = append(l.items, items...)
	slices.SortStableFunc(l.items, func(a, b item) int { return strings.Compare(b.Made, a.Made) })
	l.bytes = 0
	for i := range l.items {
		if l.items[i].place == inBrowser {
			l.bytes += l.items[i].Size
		}
	}
}

func (l *list) find(id string) *item {
	for i := range l.items {
		if l.items[i].ID == id {
			return &l.items[i]
		}
	}
	return nil
}

// change does something with a recording that is listed.
func (d *Desk) change(verb, object string) error {
	l := &d.list
	id, text, _ := strings.Cut(object, " ")
	if verb == "spare" {
		l.renaming, l.deleting = "", ""
		return nil
	}
	it := l.find(id)
	if it == nil {
		return recording.ErrUnknown
	}
	switch verb {
	case "rename":
		l.renaming, l.deleting = id, ""
	case "name":
		if l.renaming != id {
			return nil // it was given up
		}
		if text == it.Name {
			l.renaming = ""
			return nil
		}
		if err := recording.CheckName(text); err != nil {
			return err
		}
		l.renaming = ""
		d.onPlace(it, "Renamed.", func(it item) error {
			if it.place == onServer {
				return d.o.Server.Rename(it.ID, text)
			}
			return d.browser.Rename(it.ID, text)
		})
		it.Name = text
	case "delete":
		if l.deleting != id {
			l.deleting, l.renaming = id, ""
			d.said = "Press once more to delete " + it.Name + "."
			return nil
		}
		l.deleting = ""
		if d.film != nil && d.film.id == id {
			d.leave()
		}
		d.onPlace(it, it.Name+" is deleted.", func(it item) error {
			if it.place == onServer {
				return d.o.Server.Remove(it.ID)
			}
			return d.remove(it.ID)
		})
	case "download":
		d.download(*it)
	case "share":
		if it.place == onServer {
			d.copyLink(it.ID)
			return nil
		}
		return d.upload(*it)
	}
	return nil
}

// onPlace does something where a recording is, and lists anew.
func (d *Desk) onPlace(it *item, said string, do func(item) error) {
	l, copied := &d.list, *it
	l.asked[it.ID] = true
	d.later(func() func() {
		err := do(copied)
		return func() {
			delete(l.asked, copied.ID)
			if err != nil {
				d.wrong = sentence(err)
			} else {
				d.said = said
			}
			d.reload()
		}
	})
}

func (d *Desk) copyLink(id string) {
	d.tell(Out{Kind: OutCopy, Text: "r/" + id})
	d.said = "The link is copied: whoever has it can watch the recording."
}

// Opened is a recording that somebody has given the page as a file.
func (d *Desk) Opened(name string, r *recording.Recording, err error) {
	d.dirty = true
	if err != nil {
		d.wrong = fileName(name) + ": " + lower(sentence(err))
		if d.film == nil && !strings.HasPrefix(d.list.fragment, "#recordings") {
			d.tell(Out{Kind: OutGo, Text: "recordings"})
		}
		return
	}
	d.wrong = ""
	d.list.fragment = "" // whatever it was: it is another now
	d.open(source{place: inFile, file: r}, unset)
}

// fileName shortens a name that somebody else has given.
func fileName(name string) string {
	name = strings.Map(func(c rune) rune {
		if c < ' ' || c == utf8.RuneError {
			return '?'
		}
		return c
	}, name)
	if r := []rune(name); len(r) > 60 {
		name = string(r[:40]) + "…" + string(r[len(r)-16:])
	}
	return "“" + name + "”"
}

func lower(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	return strings.ToLower(string(first)) + s[n:]
}

// viewShelf is the Recordings view as it is to be seen.
func (d *Desk) viewShelf() *node {
	l := &d.list
	root := el("", "")
	if d.wrong != "" {
		root.Add(txt("p", "banner", d.wrong).Set("role", "alert").Named("wrong"))
	}
	for _, t := range d.tasks {
		root.Add(t.view())
	}
	intro := "A run that was recorded: play it, step through it, and send it to somebody."
	where := ""
	switch {
	case d.browser == nil && d.why == "":
		where = "Looking what this browser has …"
	case !d.lasting:
		where = "This browser keeps nothing for the page (" + strings.TrimSuffix(d.why, ".") + "). What is kept here is gone when the page is closed: download it."
	case l.bytes > 0:
		where = recording.Bytes(l.bytes) + " are kept in this browser."
	}
	if l.refused {
		where = strings.TrimSpace(where + " What the server keeps is listed on its own machine alone.")
	}
	root.Add(el("div", "head",
		el("div", "", txt("p", "intro", intro), txt("p", "note", where).Named("where")),
		el("div", "go", txt("button", "primary", "Open a file …").Set("type", "button").Set("data-tape", "choose").Named("choose")),
	).Named("head"))
	if l.wrong != "" {
		root.Add(txt("p", "note", l.wrong).Named("unanswered"))
	}
	if len(l.items) == 0 {
		if l.loading == 0 && d.browser != nil {
			root.Add(el("div", "none",
				txt("p", "", "There is no recording yet."),
				txt("p", "quiet", "In Live, press Record (Shift + R) while writers run, and press it once more when you have seen enough. Or drop a recording, a zip file, anywhere on this page."),
			).Named("none"))
		}
	} else {
		body := el("ul", "shelf").Set("aria-label", "Recordings").Named("shelf")
		for i := range l.items {
			body.Add(d.viewItem(&l.items[i]))
		}
		root.Add(body)
	}
	return root.Add(txt("p", "hidden", d.said).Set("role", "status").Set("aria-live", "polite").Named("said"))
}

func (d *Desk) viewItem(it *item) *node {
	l := &d.list
	act := func(do, text, label, classes string) *node {
		b := txt("button", classes, text).Set("type", "button").Set("data-tape", do+" "+it.ID).Named(do)
		if label != "" {
			b.Set("aria-label", label+" "+it.Name)
		}
		return off(b, l.asked[it.ID])
	}
	title := el("div", "title").Named("title")
	if l.renaming == it.ID {
		title.Add(
			el("input", "").Set("type", "text").Set("value", it.Name).Set("maxlength", "100").Set("aria-label", "Name").Set("data-tape", "name "+it.ID).Set("data-focus", "").Named("name"),
			txt("button", "small", "Keep the old name").Set("type", "button").Set("data-tape", "spare").Named("spare"))
	} else if it.damaged != "" && it.Segments == 0 {
		title.Add(txt("h3", "", it.Name).Named("h"))
	} else {
		title.Add(el("h3", "", txt("button", "link", it.Name).Set("type", "button").Set("data-tape", "open "+it.place+" "+it.ID)).Named("h"))
	}
	place := "in this browser"
	if it.place == onServer {
		place = "on the server"
	}
	made := day(it.Made, d.o.Now())
	facts := el("p", "note").Named("facts")
	words := []string{}
	for _, w := range []string{made, place, recording.Bytes(it.Size)} {
		if w != "" {
			words = append(words, w)
		}
	}
	facts.Text = strings.Join(words, " · ")
	title.Add(facts)
	if it.damaged != "" {
		title.Add(txt("p", "bad", it.damaged).Named("damaged"))
	}

	ran := el("div", "ran").Named("ran")
	outcome := el("div", "outcome").Named("outcome")
	if it.Segments > 0 {
		ran.Add(
			txt("p", "", allocators(&it.Summary)),
			txt("p", "note", lastingFor(it.Seconds)+" · "+sizes(&it.Run)+" · "+it.steps()))
		for i := range it.Sides {
			outcome.Add(it.outcome(i))
		}
	}
	acts := el("div", "acts").Named("acts")
	if l.deleting == it.ID {
		acts.Add(act("delete", "Really delete", "Really delete", "really"), txt("button", "", "Keep it").Set("type", "button").Set("data-tape", "spare").Named("spare"))
	} else {
		if it.Segments > 0 {
			acts.Add(txt("button", "", "Play").Set("type", "button").Set("data-tape", "open "+it.place+" "+it.ID).Set("aria-label", "Play "+it.Name).Named("open"))
			acts.Add(act("rename", "Rename", "Rename", ""))
			acts.Add(act("download", "Download", "Download", ""))
			if d.o.Server != nil {
				acts.Add(act("share", "Share", "Share", ""))
			}
		}
		acts.Add(act("delete", "Delete", "Delete", ""))
	}
	return el("li", "", title, ran, outcome, acts).Named(it.place + " " + it.ID)
}

// steps says whether every step is there.
func (it *item) steps() string {
	if it.State == "recording" {
		return "being recorded"
	}
	s := "every step"
	if !it.Whole {
		s = "sampled in places"
	}
	if it.Ended == "" {
		s += ", cut off"
	}
	return s
}

// outcome is what a side came to.
func (it *item) outcome(side int) *node {
	f := &it.Sides[side]
	classes, word := "figure well", "lost"
	if f.Lost > 0 {
		classes = "figure bad"
	}
	return el("div", "side",
		el("div", classes, txt("b", "", picture.Figure(f.Lost)), txt("small", "", word)),
		el("div", "figure", txt("b", "", picture.Figure(f.Collisions)), txt("small", "", "collisions")),
		el("div", "figure", txt("b", "", picture.Figure(f.Stored)), txt("small", "", "stored")))
}
