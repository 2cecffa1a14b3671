//go:build js && wasm

package page

import (
	"strconv"
	"syscall/js"

	"slotrace/engine/event"
	"slotrace/web/dom"
	"slotrace/web/link"
	"slotrace/web/picture"
)

// review is the view of the seven tests. All tabs see the server's latest review; a
// tab learns of it by asking.
type review struct {
	page         *Page
	box, button  dom.Element
	progress     dom.Element
	about        dom.Element // what a newcomer reads
	label        *dom.Text
	line, why    *dom.Text
	window, said *dom.Text
	list         dom.Element
	state        *dom.Attribute
	sides        [event.MaxSides]reviewSide
	rows         []*reviewRow
	latest       *picture.Review // nil: none is shown
	dismissed    int             // the review that is not shown any more, since others were chosen
	asked        int             // questions so far: an answer to an older one is not heard
	acting       bool            // a review is being started or cancelled
	connected    bool
	shown        int // the review whose allocators are chosen
}

const (
	askEvery  = 250  // ms, while a review runs
	lookEvery = 3000 // ms, in case another tab starts one
)

// reviewSide is a column.
type reviewSide struct {
	choice, score  dom.Element
	said           string // what is in score
	passed, failed *dom.Attribute
	marks          []reviewMark // of all tests at a glance
	allocator      string       // that is chosen
	opened         bool         // evidence was shown unasked
}

// reviewMark is the sign of an outcome.
type reviewMark struct {
	sign    *dom.Text
	outcome *dom.Attribute
}

func newReviewMark() reviewMark {
	e := dom.New("span", "mark", "").SetAttr("aria-hidden", "true")
	return reviewMark{dom.TextOf(e), dom.AttributeOf(e, "data-outcome")}
}

func (m reviewMark) show(o picture.Outcome) {
	m.sign.Say(o.Mark())
	m.outcome.Put(o.String())
}

// reviewRow is a test, with a cell for each side.
type reviewRow struct {
	name, about, bounds *dom.Text
	cells               [event.MaxSides]*reviewCell
}

// reviewCell is a test on one allocator.
type reviewCell struct {
	outcome               *dom.Attribute
	mark                  reviewMark
	side, word            *dom.Text
	target, work, figures *dom.Text
	bar, proof            dom.Element
	summary, why, shrunk  *dom.Text
	few, rest, more       dom.Element // the first findings; the others, and what opens them
	moreSays              *dom.Text
	listed                int // of the review whose evidence is on the list
}

const fewFindings = 2 // are seen at once

func newReview(p *Page) *review {
	r := &review{
		page: p, box: dom.ByID("review"), button: dom.ByID("review-run"), progress: dom.ByID("review-progress"), about: dom.ByID("review-about"), list: dom.ByID("tests"),
		line: dom.TextOf(dom.ByID("review-line")), why: dom.TextOf(dom.ByID("review-why")), window: dom.TextOf(dom.ByID("review-window")), said: dom.TextOf(dom.ByID("review-said")),
	}
	r.label = dom.TextOf(r.button)
	r.state = dom.AttributeOf(r.box, "data-state")
	r.button.On("click", func(e js.Value) {
		if e.Get("detail").Int() < 2 { // who clicks twice does not mean to cancel
			r.startOrCancel()
		}
	})
	for i, suffix := range [...]string{"", "-right"} {
		s := &r.sides[i]
		s.choice, s.score = dom.ByID("review-allocator"+suffix), dom.ByID("review-score"+suffix)
		s.passed, s.failed = dom.AttributeOf(r.box, "data-passed"+suffix), dom.AttributeOf(r.box, "data-failed"+suffix)
		strip := dom.ByID("review-marks" + suffix)
		for range picture.SevenTests {
			m := newReviewMark()
			s.marks = append(s.marks, m)
			strip.Append(m.sign.Element)
		}
		s.allocator = [...]string{"check-then-act", "fetch-add"}[i]
		s.choice.On("change", func(js.Value) {
			s.allocator = s.choice.Input()
			r.dismiss()
		})
	}
	r.show()
	return r
}

// hello offers the allocators of the server, and asks what it has.
func (r *review) hello(h *event.Hello) {
	for i := range r.sides {
		s := &r.sides[i]
		s.choice.Replace()
		for j := range h.Allocators {
			a := &h.Allocators[j]
			title, what := picture.AllocatorLabel(a.Name, a.Holds)
			s.choice.Append(dom.New("option", "", title+" · "+what).SetAttr("value", a.Name))
		}
		s.choice.SetInput(s.allocator)
	}
	r.dismissed, r.acting, r.connected = 0, false, true
	r.look()
}

// lost stops asking: the server is not there.
func (r *review) lost() {
	r.connected = false
	r.asked++
}

// enable enables what can be done, and says why the rest cannot.
func (r *review) enable() {
	p := r.page
	may := p.known && p.hello.Control
	r.button.Enable(may)
	for i := range r.sides {
		r.sides[i].choice.Enable(may && !r.acting && !r.running())
	}
	why := ""
	if p.known && !may {
		why = "Only the presenter can run it."
	}
	r.why.Say(why)
	label := "Run the review"
	switch {
	case r.running():
		label = "Cancel"
	case r.latest != nil:
		label = "Run again"
	}
	r.label.Say(label)
	r.button.Get("classList").Call("toggle", "primary", !r.running())
}

func (r *review) running() bool { return r.latest != nil && r.latest.State == picture.ReviewRunning }

// dismiss lets go of a review that is over, for another one on the allocators chosen.
func (r *review) dismiss() {
	if r.latest != nil {
		r.dismissed, r.latest = r.latest.ID, nil
	}
	r.show()
}

// look asks what the server has now, and goes on asking while the view is seen.
func (r *review) look() {
	p := r.page
	if r.acting {
		return // the answer will tell
	}
	r.asked++
	if p.view != picture.ReviewView || !r.connected || dom.Hidden() {
		return
	}
	asked := r.asked
	link.Ask("GET", "/api/reviews", nil, func(answer js.Value, failure string) {
		if asked != r.asked {
			return
		}
		if failure == "" {
			latest := js.Undefined()
			each(answer, "reviews", func(v js.Value) { latest = v })
			r.take(latest)
		}
		r.again()
	})
}

// again looks again in a while, unless somebody looks before.
func (r *review) again() {
	wait := float64(lookEvery)
	if r.running() {
		wait = askEvery
	}
	asked := r.asked
	dom.After(wait, func() {
		if asked == r.asked {
			r.look()
		}
	})
}

func (r *review) startOrCancel() {
	if r.acting || r.button.Get("disabled").Bool() {
		return
	}
	if r.running() {
		r.act("DELETE", "/api/reviews/"+strconv.Itoa(r.latest.ID), nil)
		return
	}
	r.act("POST", "/api/reviews", link.Fields{"allocator": r.sides[0].allocator, "compare": r.sides[1].allocator})
}

// act starts or cancels a review.
func (r *review) act(method, path string, body link.Fields) {
	r.acting = true
	r.asked++
	asked := r.asked
	r.enable()
	link.Ask(method, path, body, func(answer js.Value, failure string) {
		if asked != r.asked {
			return // it was another server's
		}
		r.acting = false
		r.page.banner.complain(failure)
		if failure == "" {
			r.take(answer)
		}
		r.enable()
		r.again()
	})
}

// take takes a status in; undefined: there is none.
func (r *review) take(status js.Value) {
	before := r.latest
	if r.latest = reviewOf(status); r.latest == nil || r.latest.ID == r.dismissed {
		r.latest = nil
		r.show()
		return
	}
	if news := r.latest.News(before); news != "" {
		r.said.Say(news)
	}
	if r.latest.ID != r.shown {
		r.shown = r.latest.ID
		for i := range r.latest.Sides {
			s := &r.sides[i]
			s.opened, s.allocator = false, r.latest.Sides[i].Allocator
			s.choice.SetInput(s.allocator)
		}
	}
	r.show()
}

// show brings the view up to date.
func (r *review) show() {
	v := r.latest
	if v == nil {
		v = &picture.Review{State: "idle"}
		r.shown = 0
	}
	r.about.Show(r.latest == nil)
	r.line.Show(r.latest != nil)
	if r.latest != nil {
		r.line.Say(v.Line())
	}
	r.state.Put(v.State)
	r.progress.Set("value", v.Progress)
	r.window.Say(v.Window)
	if v.Seed > 0 {
		r.window.Say(v.Window + " Seed " + strconv.FormatUint(v.Seed, 10) + ".")
	}
	for n := range picture.SevenTests {
		r.showTest(v, n)
	}
	for i := range r.sides {
		r.showScore(v, i)
	}
	r.enable()
}

func (r *review) showTest(v *picture.Review, n int) {
	if n == len(r.rows) {
		r.rows = append(r.rows, newReviewRow(r.list))
	}
	row := r.rows[n]
	about := &picture.SevenTests[n]
	for i, c := range row.cells {
		t := about
		if i < len(v.Sides) && n < len(v.Sides[i].Tests) {
			t = &v.Sides[i].Tests[n]
			about = t
		}
		side, _ := picture.AllocatorLabel(r.sides[i].allocator, true)
		c.side.Say(side)
		c.show(v, t)
		r.sides[i].marks[n].show(t.Outcome(v.State))
		if t.Outcome(v.State) == picture.Broke && !r.sides[i].opened {
			r.sides[i].opened = true // the first that fails shows its evidence unasked
			c.proof.Set("open", true)
		}
	}
	row.name.Say(strconv.Itoa(about.Number) + " " + about.Name)
	row.about.Say(about.Shape())
	row.bounds.Say(about.Bounds())
}

// showScore shows how many tests have passed and failed.
func (r *review) showScore(v *picture.Review, i int) {
	s := &r.sides[i]
	said, passed, failed := "", "", ""
	var side *picture.ReviewSide
	if i < len(v.Sides) {
		side = &v.Sides[i]
		said, passed, failed = side.Score(), strconv.Itoa(side.Passed), strconv.Itoa(side.Failed)
	}
	s.passed.Put(passed)
	s.failed.Put(failed)
	if said == s.said {
		return
	}
	s.said = said
	switch {
	case side == nil:
		s.score.Replace()
	case side.Failed == 0:
		s.score.Replace(dom.New("b", "well", passed), dom.New("span", "", " passed"))
	default:
		s.score.Replace(dom.New("b", "", passed), dom.New("span", "", " passed, "), dom.New("b", "bad", failed), dom.New("span", "bad", " failed"))
	}
}

func newReviewRow(list dom.Element) *reviewRow {
	text := func(tag, class string) (dom.Element, *dom.Text) {
		e := dom.New(tag, class, "")
		return e, dom.TextOf(e)
	}
	row := &reviewRow{}
	name, nameSays := text("h3", "")
	about, aboutSays := text("p", "about quiet")
	bounds, boundsSays := text("p", "quiet")
	row.name, row.about, row.bounds = nameSays, aboutSays, boundsSays
	item := dom.New("li", "", "").Append(dom.New("div", "test", "").Append(name, about, bounds))
	for i := range row.cells {
		c := &reviewCell{bar: dom.New("progress", "", ""), proof: dom.New("details", "", ""), few: dom.New("ol", "findings", ""), rest: dom.New("ol", "findings", ""), more: dom.New("details", "", "")}
		row.cells[i] = c
		box := dom.New("div", "outcome", "")
		c.outcome = dom.AttributeOf(box, "data-outcome")
		side, sideSays := text("span", "side-name")
		c.mark = newReviewMark()
		word, wordSays := text("b", "")
		target, targetSays := text("span", "target")
		work, workSays := text("span", "work quiet")
		figures, figuresSays := text("p", "quiet")
		c.side, c.word, c.target, c.work, c.figures = sideSays, wordSays, targetSays, workSays, figuresSays
		summary, summarySays := text("summary", "")
		why, whySays := text("p", "")
		shrunk, shrunkSays := text("p", "shrunk")
		more, moreSays := text("summary", "")
		c.summary, c.why, c.shrunk, c.moreSays = summarySays, whySays, shrunkSays, moreSays
		c.bar.SetAttr("aria-label", "Progress of the test")
		c.proof.Append(summary, why, c.few, c.more.Append(more, c.rest), shrunk)
		item.Append(box.Append(dom.New("p", "", "").Append(side, c.mark.sign.Element, word, target, work), c.bar, figures, c.proof))
	}
	list.Append(item)
	return row
}

func (c *reviewCell) show(v *picture.Review, t *picture.ReviewTest) {
	o := t.Outcome(v.State)
	c.outcome.Put(o.String())
	c.mark.show(o)
	c.word.Say(o.String())
	c.target.Say(t.TargetWords())
	c.work.Say(t.Work())
	c.figures.Say(t.Latencies())
	c.bar.Show(o == picture.Underway)
	if o == picture.Underway {
		c.bar.Set("value", t.Progress)
	}
	c.proof.Show(o == picture.Broke)
	if o != picture.Broke {
		c.listed = 0
		c.proof.Set("open", false)
		return
	}
	if c.listed == v.ID {
		return // what is done does not change
	}
	c.listed = v.ID
	c.summary.Say(t.EvidenceWords())
	c.why.Say(t.Failure)
	c.shrunk.Say(t.Shrunk)
	c.shrunk.Show(t.Shrunk != "")
	few := min(len(t.Evidence), fewFindings)
	c.few.Replace(findings(t.Evidence[:few])...)
	c.rest.Replace(findings(t.Evidence[few:])...)
	c.more.Show(few < len(t.Evidence))
	c.more.Set("open", false)
	c.moreSays.Say(strconv.Itoa(len(t.Evidence)-few) + " more of " + picture.Grouped(uint64(t.EvidenceTotal)))
}

func findings(list []picture.Finding) []dom.Element {
	items := make([]dom.Element, len(list))
	for i, f := range list {
		said := func(word, what string) dom.Element {
			return dom.New("div", "said", "").Append(dom.New("span", "", word+" "), dom.New("span", "", picture.Shorten(what)+"\n").SetAttr("title", what))
		}
		items[i] = dom.New("li", "", "").Append(dom.New("div", "where", f.ID+"\n"), said("expected", f.Expected), said("got", f.Got))
	}
	return items
}

// reviewOf reads a status; nil if it is none.
func reviewOf(v js.Value) *picture.Review {
	if v.Type() != js.TypeObject {
		return nil
	}
	r := &picture.Review{
		ID: int(number(v, "id")), State: text(v, "state"), Failure: text(v, "failure"), Window: text(v, "window"), Seed: uint64(number(v, "seed")), Progress: number(v, "progress"),
	}
	each(v, "sides", func(v js.Value) {
		if len(r.Sides) == event.MaxSides {
			return
		}
		s := picture.ReviewSide{Allocator: text(v, "allocator"), Holds: v.Get("holds").Truthy(), Passed: int(number(v, "passed")), Failed: int(number(v, "failed"))}
		each(v, "tests", func(v js.Value) { s.Tests = append(s.Tests, testOf(v)) })
		r.Sides = append(r.Sides, s)
	})
	return r
}

func testOf(v js.Value) picture.ReviewTest {
	t := picture.ReviewTest{
		Number: int(number(v, "number")), Name: text(v, "name"), About: text(v, "about"), State: text(v, "state"), Progress: number(v, "progress"),
		Pass: v.Get("pass").Truthy(), TargetMet: v.Get("target_met").Truthy(), Target: text(v, "target"), Original: text(v, "original"),
		Operations: uint64(number(v, "operations")), Duration: int64(number(v, "duration_ms") * 1e6),
		P50: int64(number(v, "p50_us") * 1e3), P99: int64(number(v, "p99_us") * 1e3), P999: int64(number(v, "p999_us") * 1e3),
		EvidenceTotal: int(number(v, "evidence_total")), Shrunk: text(v, "shrunk"), Failure: text(v, "failure"),
	}
	each(v, "evidence", func(v js.Value) {
		t.Evidence = append(t.Evidence, picture.Finding{ID: text(v, "id"), Expected: text(v, "expected"), Got: text(v, "got")})
	})
	return t
}

// text, number and each read a field of an answer; what is missing or of another type
// is read as nothing.
func text(v js.Value, field string) string {
	if f := v.Get(field); f.Type() == js.TypeString {
		return f.String()
	}
	return ""
}

func number(v js.Value, field string) float64 {
	if f := v.Get(field); f.Type() == js.TypeNumber {
		return f.Float()
	}
	return 0
}

func each(v js.Value, field string, f func(js.Value)) {
	if v.Type() != js.TypeObject {
		return
	}
	if list := v.Get(field); list.Type() == js.TypeObject {
		for i := range list.Length() {
			f(list.Index(i))
		}
	}
}
