//go:build js && wasm

package page

import (
	"strconv"
	"syscall/js"

	"slotrace/engine/event"
	"slotrace/web/canvas"
	"slotrace/web/dom"
	"slotrace/web/picture"
)

// side is one store on the screen: its lanes, its map, its figures.
type side struct {
	page     *Page
	number   int
	follower *picture.Follower
	slots    *picture.Map
	totals   event.Totals

	lanesBox, slotsBox       dom.Element
	lanesCanvas, slotsCanvas *canvas.Canvas
	lanesNote, slotsNote     *dom.Text
	lanesTitle, slotsTitle   *dom.Text
	dataSlots, dataCollided  *dom.Attribute
	commands                 picture.Commands
	dirty                    bool  // lanes are to be drawn whatever the time
	drawnAt                  int64 // the time they show
	narrated                 string
	leftOut                  uint64
	keepUntil                float64 // until when a burst with a collision stays, in ms
	cell                     *cell
}

// keepCollision is how long a burst that shows a collision stays, in ms: they are
// rare in so short a stretch, and are what one looks for.
const keepCollision = 3000

func newSide(p *Page, number int, suffix string) *side {
	s := &side{
		page: p, number: number, follower: picture.NewFollower(0), slots: picture.NewMap(p.theme),
		lanesBox: dom.Element{Value: dom.ByID("lanes" + suffix).Get("parentElement")}, slotsBox: dom.ByID("slots" + suffix),
		lanesCanvas: canvas.Of(dom.ByID("lanes" + suffix).Value), slotsCanvas: canvas.Of(dom.ByID("slots-canvas" + suffix).Value),
		lanesNote: dom.TextOf(dom.ByID("lanes-note" + suffix)), slotsNote: dom.TextOf(dom.ByID("slots-note" + suffix)),
		lanesTitle: dom.TextOf(dom.ByID("lanes-title" + suffix)), slotsTitle: dom.TextOf(dom.ByID("slots-title" + suffix)),
	}
	s.dataSlots, s.dataCollided = dom.AttributeOf(s.slotsBox, "data-slots"), dom.AttributeOf(s.slotsBox, "data-collided")
	s.cell = newCell(s, suffix)
	dom.OnResize(s.resize, s.lanesBox, s.slotsBox)
	s.listenToMap()
	dom.ByID("table-open"+suffix).On("click", func(js.Value) { p.table.open(s) })
	return s
}

// reset empties the side: another run begins, of so many slots.
func (s *side) reset(slots int) {
	s.follower = picture.NewFollower(uint32(slots))
	s.slots.Clear(slots)
	s.totals = event.Totals{}
	s.narrated, s.leftOut, s.drawnAt, s.keepUntil = "", 0, 0, 0
	s.dirty = true
	s.cell.begin()
}

func (s *side) setTheme(t *picture.Theme) {
	s.lanesCanvas.SetTheme(t)
	s.slots.SetTheme(t)
	s.resize()
}

func (s *side) resize() {
	ratio := dom.PixelRatio()
	if w, h := s.lanesBox.Size(); w > 0 && h > 0 {
		s.lanesCanvas.Resize(w, h, ratio)
	}
	if w, h := s.slotsBox.Size(); w > 0 && h > 0 {
		if s.slotsCanvas.Resize(w, h, ratio) {
			s.slots.SetTheme(s.page.theme)
		}
		s.slots.Resize(s.slotsCanvas.Width, s.slotsCanvas.Height, s.page.theme.Scale*ratio)
	}
	s.dirty = true
	s.page.wake()
}

// fast reports whether the run is too fast for the eye to follow a single slot.
func (s *side) fast() bool { return s.page.controls.wishes.pace < 20_000 }

func (s *side) cells(c *event.Cells) {
	if c.Lap != s.slots.Lap() && s.slots.Lap() > 0 {
		s.cell.close() // what it tells is of another lap
	}
	s.slots.Take(c)
}

func (s *side) steps(v *event.Steps) {
	s.leftOut += uint64(v.LeftOut)
	if v.Burst {
		now := dom.Now()
		if now < s.keepUntil && s.follower.Still() != nil {
			return
		}
		s.follower.Take(v)
		s.keepUntil = 0
		if b := s.follower.Still(); b != nil && b.Stores.Clashes() > 0 {
			s.keepUntil = now + keepCollision
		}
	} else {
		s.follower.Take(v)
	}
	if v.Anew {
		s.narrated = ""
	}
	if v.Burst || v.Anew {
		s.dirty = true
		s.page.code.changed()
	}
}

// advance moves the stores on to a time. In a run that stands, which is how steps
// are taken one by one, it says what happened.
func (s *side) advance(at int64) {
	shown := s.follower.Advance(at)
	if len(shown) == 0 {
		return
	}
	s.dirty = true
	s.page.code.changed()
	if s.page.state.State != event.Paused {
		s.narrated = ""
		return
	}
	for i := len(shown) - 1; i >= 0; i-- {
		// What passes at once is part of the step before it.
		if shown[i].Phase == event.Done && event.Stretched(shown[i].Step) {
			s.narrated = picture.Narrate(shown[i].Record)
			s.page.verdict.narrate(s.narrated)
			return
		}
	}
}

// draw draws what has changed, and reports whether anything had.
func (s *side) draw(at int64) bool {
	drew := s.drawMap()
	if !s.dirty && at == s.drawnAt {
		return drew
	}
	s.dirty, s.drawnAt = false, at
	s.drawLanes(at)
	return true
}

func (s *side) drawMap() bool {
	s.slots.Fit(s.fast())
	s.slots.Settle()
	y0, y1 := s.slots.Paint()
	if y1 <= y0 {
		return false
	}
	s.slotsCanvas.Put(s.slots, y0, y1)
	s.cell.place()
	first, last := s.slots.Shown()
	note := picture.Grouped(uint64(first)) + "–" + picture.Grouped(uint64(max(last, 0)))
	if s.page.shownSides() == 1 {
		note = "slots " + note
	}
	if s.number > 0 {
		note += " of " + picture.Grouped(uint64(s.slots.Slots()))
	}
	if lap := s.slots.Lap(); lap > 0 {
		note = "lap " + picture.Grouped(uint64(lap)) + " · " + note
	}
	s.slotsNote.Say(note)
	s.dataSlots.Put(strconv.Itoa(s.slots.Slots()))
	s.dataCollided.Put(strconv.Itoa(int(s.slots.Collided())))
	return true
}

func (s *side) drawLanes(at int64) {
	p := s.page
	w, h := s.lanesBox.Size()
	v := picture.LaneView{Width: w, Height: h, Scale: p.theme.Scale, Writers: p.controls.wishes.lanes(), Now: at, Lost: s.follower.Lost}
	stores := s.follower.Stores()
	if still := s.burst(); still != nil {
		v.Still, v.From, v.To, v.Now = true, still.From, still.From+still.Length, still.From+still.Length
		stores = still.Stores
	} else {
		v.From, v.To = p.time.Window(at)
		stores.Forget(v.From)
	}
	v.Draw(stores, &s.commands)
	s.lanesCanvas.Play(p.theme.Panel, &s.commands)
	s.lanesNote.Say(s.note())
	title, file := "Writers · time runs right", "The file · a cell is a slot, its colour the last writer"
	if p.theme.Scale > 1 || p.shownSides() > 1 { // there is little room
		title, file = "Writers", "The file"
	}
	if p.shownSides() > 1 {
		if a := p.allocator(s.number); a != nil {
			name, what := picture.AllocatorLabel(a.Name, a.Holds)
			title = name + " · " + what
		}
	}
	s.lanesTitle.Say(title)
	s.slotsTitle.Say(file)
}

// burst is what lanes show of a run too fast for every step to be told.
func (s *side) burst() *picture.Still {
	if st := s.page.state.State; st == event.Paused && s.narrated != "" {
		return nil // steps are taken one by one
	}
	return s.follower.Still()
}

// note says what the lanes are a picture of.
func (s *side) note() string {
	st := &s.page.state
	switch {
	case !s.page.known || st.Run == 0:
		return ""
	case st.State == event.Paused && s.narrated != "":
		return s.narrated
	case s.burst() != nil:
		return picture.StillNote(s.burst(), st.Pace)
	case st.Pace == 0 && st.State == event.Running:
		return "real speed"
	case st.State == event.Paused:
		return "paused"
	case st.State != event.Running:
		return st.State.String()
	case s.page.time.Snaps(st):
		return "a still of " + picture.Duration(s.page.time.Span(st)) + ", every step shown"
	case s.leftOut > 0:
		return picture.Grouped(s.leftOut) + " steps left out"
	}
	return "every step shown"
}
