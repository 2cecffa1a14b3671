package tape

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"slotrace/engine/alloc"
	"slotrace/engine/event"
	"slotrace/engine/recording"
	"slotrace/engine/replay"
	"slotrace/web/picture"
)

// source is where a recording is.
type source struct {
	place string // inBrowser, onServer, or inFile
	id    string // "" of a file
	file  *recording.Recording
}

const (
	inBrowser = "browser"
	onServer  = "server"
	inFile    = "file"
	anywhere  = "" // in the browser if it is there, else on the server
)

// unset is for a time that nobody has named.
const unset = math.MinInt64

// film is the recording that is being replayed.
type film struct {
	source
	recording *recording.Recording
	player    *replay.Player
	from, to  int64

	want     int64 // the time that was asked for; what is shown follows when it is loaded
	loading  bool
	low, up  int64   // what the zoomed timeline shows
	rate     float64 // nanoseconds of the run in one of the clock; 0 = as the zoom is
	playing  bool
	dragging string // "map" or "line" while a pointer holds it
	last     time.Time
	stillAt  time.Time // when lanes that are held were last brought up to date
	stillOf  int64     // and the time of the recording then
	watched  bool
	framed   bool   // the zoom is as the steps about the first time ask for
	sent     uint32 // messages, and those that the page has dealt with
	acked    uint32
	moved    bool      // the address is to be told where it stands
	movedAt  time.Time // when it was told last
	said     string
	waits    bool // it plays, and what comes is being loaded
	clash    *replay.Clash
	overview overview
	keeping  *task
	tried    bool // to keep it
}

// Limits of the zoomed timeline, and of the messages under way.
const (
	closest  = 1000 // nanoseconds
	inFlight = 3
	// screenIn is in how many seconds what the timeline shows goes by, if the pace is left to the zoom.
	screenIn = 10
	// stills are how long lanes stand that cannot be followed.
	stills       = 900 * time.Millisecond
	addressEvery = 300 * time.Millisecond
)

// rates are the paces that can be chosen beside that of the zoom.
var rates = []float64{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100}

// open opens a recording at a time on its clock, from its beginning.
func (d *Desk) open(s source, at int64) {
	d.opening = &s
	opening := d.opening
	if !d.started && s.file == nil {
		d.start = func() { d.open(s, at) }
		return
	}
	d.later(func() func() {
		r, err := s.file, error(nil)
		if r == nil {
			r, s.place, err = d.find(s)
		}
		var p *replay.Player
		if err == nil {
			p, err = replay.New(r)
		}
		return func() {
			if d.opening != opening {
				return // something else has been asked for meanwhile
			}
			d.opening = nil
			if err != nil {
				d.wrong = sentence(err)
				d.tell(Out{Kind: OutPlace, Text: "recordings"})
				d.closeFilm()
				d.tell(Out{Kind: OutClosed})
				return
			}
			d.begin(s, r, p, at)
		}
	})
}

// find opens the recording of a source, and says where it was.
func (d *Desk) find(s source) (r *recording.Recording, place string, err error) {
	err = recording.ErrUnknown
	if s.place != onServer && d.browser != nil {
		if r, err = d.browser.Open(s.id); err == nil || s.place == inBrowser || !errors.Is(err, recording.ErrUnknown) {
			return r, inBrowser, err
		}
	}
	if d.o.Server != nil {
		r, err = d.o.Server.Open(s.id)
	}
	return r, onServer, err
}

// begin begins a replay: at a time, or at its first collision, which is what people look
// for.
func (d *Desk) begin(s source, r *recording.Recording, p *replay.Player, at int64) {
	d.closeFilm()
	f := &film{source: s, recording: r, player: p}
	f.from, f.to = r.Span()
	f.want = f.from
	if at != unset {
		f.want = min(max(f.from+at, f.from), f.to)
	} else if first := firstMark(r); first != unset {
		f.want = first
	}
	d.film = f
	f.frame(f.want)
	f.seek(d, f.want)
	d.place = ""
	if !strings.HasPrefix(d.list.fragment, "#replay") {
		d.tell(Out{Kind: OutGo, Text: f.address()})
	}
	d.tell(Out{Kind: OutOpened})
}

func firstMark(r *recording.Recording) int64 {
	for i := range r.Segments {
		if m := r.Segments[i].Marks; len(m) > 0 {
			return m[0]
		}
	}
	return unset
}

func (d *Desk) closeFilm() {
	if d.film != nil {
		d.film = nil
		d.moving.Store(false)
		d.tell(Out{Kind: OutMoving, Text: "no"})
	}
}

// leave ends the replay.
func (d *Desk) leave() {
	if d.film == nil {
		return
	}
	d.closeFilm()
	d.tell(Out{Kind: OutClosed})
}

// watch begins a connection of the page.
func (d *Desk) watch() {
	f := d.film
	if f == nil {
		return
	}
	f.player.Greet()
	f.watched, f.sent, f.acked = true, 0, 0
	d.tell(Out{Kind: OutMessage, Bytes: f.player.Hello()})
}

func (d *Desk) acknowledged(n uint32) {
	if d.film != nil {
		f := d.film
		f.acked = max(f.acked, min(n, f.sent))
		d.keepByItself()
	}
}

// keepByItself keeps what was opened from a file, once its picture is there.
func (d *Desk) keepByItself() {
	if f := d.film; f != nil && f.place == inFile && d.lasting && !f.tried && f.acked > 0 {
		f.tried = true
		d.keep()
	}
}

// pump sends what the page does not know yet.
func (f *film) pump(d *Desk) {
	for f.watched && f.sent-f.acked < inFlight {
		b := f.player.Message(nil)
		if len(b) == 0 {
			return
		}
		f.sent++
		d.tell(Out{Kind: OutMessage, Bytes: b})
	}
}

// seek goes to a time, as soon as what is there is loaded.
func (f *film) seek(d *Desk, t int64) {
	f.want = min(max(t, f.from), f.to)
	f.follow()
	f.load(d)
}

// load loads what the time that is wanted needs, and shows it.
func (f *film) load(d *Desk) {
	missing := f.player.Needs(f.want)
	if len(missing) == 0 {
		f.arrive(d)
		return
	}
	f.fetch(d, missing[0])
}

// fetch loads a segment, unless one is being loaded: then it looks again when that is there.
func (f *film) fetch(d *Desk, i int) {
	if f.loading {
		return
	}
	f.loading = true
	d.later(func() func() {
		g, err := replay.Load(f.recording, i)
		return func() {
			f.loading = false
			f.player.Put(i, g, err)
			if d.film == f {
				f.load(d)
			}
		}
	})
}

// ahead loads the segment behind the present one before it is needed.
func (f *film) ahead(d *Desk) {
	if i := f.player.Ahead(); i >= 0 {
		f.fetch(d, i)
	}
}

// arrive shows the time that is wanted: it is loaded.
func (f *film) arrive(d *Desk) {
	if f.want != f.player.Now() || f.player.At() == (replay.Place{}) {
		f.player.Go(f.want)
	}
	if !f.framed && f.player.Loaded(f.player.At().Segment) != nil {
		f.framed = true
		f.frame(f.want)
	}
	f.settle(d)
}

// frame has the timeline show a stretch about a time in which steps can be told apart.
func (f *film) frame(t int64) {
	span := 3 * f.player.Natural(t)
	f.show(t-span/2, t+span/2)
}

// settle takes over where the player stands.
func (f *film) settle(d *Desk) {
	f.want = f.player.Now()
	f.moved = true
	f.clash = nil
	if f.resting() {
		if c, ok := f.player.Clash(); ok {
			f.clash = &c
		}
	}
	f.mode(d)
	d.dirty = true
}

func (f *film) resting() bool { return !f.playing && f.dragging == "" }

// mode says to the page whether steps are told one by one.
func (f *film) mode(d *Desk) {
	d.moving.Store(!f.resting())
	if f.resting() {
		f.player.Free()
		f.player.Mode(event.Paused)
		return
	}
	f.player.Mode(event.Replay)
}

// show has the timeline show a stretch.
func (f *film) show(low, up int64) {
	span := min(max(up-low, closest), max(f.to-f.from, closest))
	low = max(min(low, f.to-span), f.from)
	f.low, f.up = low, low+span
	f.player.Zoom(span)
}

// follow moves the timeline so that the present is seen, and what comes.
func (f *film) follow() {
	span := f.up - f.low
	if f.dragging != "" && f.want >= f.low && f.want <= f.up {
		return
	}
	if f.want >= f.low+span/20 && f.want <= f.up-span/4 {
		return
	}
	at := f.want - span/2
	if f.playing && f.want > f.up-span/4 && f.want < f.up+span { // it goes on to the left by itself
		at = f.want - span*3/4
	}
	f.show(at, at+span)
}

// zoom makes the timeline shorter or longer about a time, which stays where it is.
func (f *film) zoom(factor float64, about int64) {
	span := float64(f.up - f.low)
	next := math.Min(math.Max(span*factor, closest), math.Max(float64(f.to-f.from), closest))
	part := float64(about-f.low) / span
	low := float64(about) - part*next
	f.show(int64(low), int64(low+next))
}

// speed is how many nanoseconds of the run go by in one.
func (f *film) speed() float64 {
	if f.rate > 0 {
		return f.rate
	}
	return float64(f.up-f.low) / (screenIn * 1e9)
}

// tick is a frame of the screen: time goes on if it does.
func (d *Desk) tick() {
	f := d.film
	if f == nil {
		return
	}
	now := d.o.Now()
	if f.playing {
		passed := min(now.Sub(f.last), 100*time.Millisecond)
		f.last = now
		f.pass(d, now, int64(float64(passed)*f.speed()))
	}
	d.tellPlace(now)
}

// pass lets so much time of the run go by.
func (f *film) pass(d *Desk, now time.Time, by int64) {
	d.dirty = true
	to := min(f.want+max(by, 1), f.to)
	if len(f.player.Needs(to)) > 0 {
		f.waits = true
		missing := f.want
		f.want = to
		f.load(d)
		f.want = missing // it waits here
		return
	}
	f.waits = false
	f.want = to
	frame := int64(f.speed() * 16e6)
	if frame > f.player.Lanes()/3 { // nobody could follow
		if now.Sub(f.stillAt) >= stills {
			f.player.Free()
			f.player.Go(to)
			at := to
			if c, ok := f.player.LatestClash(f.stillOf); ok {
				at = min(c+f.player.Lanes()/8, to)
			}
			f.player.Hold(at)
			f.stillAt, f.stillOf = now, to
		}
	} else {
		f.player.Free()
	}
	f.player.Go(to)
	f.settle(d)
	f.follow()
	f.ahead(d)
	if to == f.to {
		f.stop(d)
	}
}

func (f *film) play(d *Desk) {
	if f.want >= f.to { // once more
		f.seek(d, f.from)
	}
	f.playing, f.last = true, d.o.Now()
	f.stillAt, f.stillOf = time.Time{}, f.want
	f.mode(d)
	f.clash = nil
	f.said = "Playing."
	d.tell(Out{Kind: OutMoving, Text: "yes"})
}

func (f *film) stop(d *Desk) {
	if !f.playing {
		return
	}
	f.playing, f.waits = false, false
	f.settle(d)
	f.tellAt()
	d.tell(Out{Kind: OutMoving, Text: "no"})
}

// tellAt says where it stands, to whoever does not see it.
func (f *film) tellAt() {
	f.said = "At " + f.clock(f.want) + ". " + f.stands()
}

// clock writes a time from the recording's beginning.
func (f *film) clock(t int64) string { return clockOf(t-f.from, (f.up-f.low)/1000) + " s" }

// stands says what there is to know of where it stands.
func (f *film) stands() string {
	if err := f.player.Bad(); err != nil {
		return sentence(err)
	}
	if f.clash != nil {
		c := f.clash
		return picture.WriterName(int(c.First.Writer)) + " and " + picture.WriterName(int(c.Second.Writer)) + " took slot " + picture.Grouped(uint64(c.Slot)) + "."
	}
	if s := f.player.Last(); f.resting() && s != nil && s.Collided() {
		return picture.WriterName(int(s.Thread)) + " took slot " + picture.Grouped(uint64(s.Value)) + ", which was taken; by whom was not recorded."
	}
	if g, in := f.player.Gap(f.want); in {
		return "Not every step was recorded from " + f.clock(g.From) + " to " + f.clock(g.To) + "; the figures are exact."
	}
	return ""
}

func (f *film) do(d *Desk, verb, object string) error {
	switch verb {
	case "play":
		if f.playing {
			f.stop(d)
		} else {
			f.play(d)
		}
	case "step", "back", "next", "previous":
		f.stop(d)
		return f.walk(d, verb)
	case "first":
		f.stop(d)
		f.seek(d, f.from)
		f.tellAt()
	case "last":
		f.stop(d)
		f.seek(d, f.to)
		f.tellAt()
	case "zoom":
		about := f.want
		switch object {
		case "in":
			f.zoom(0.5, about)
		case "out":
			f.zoom(2, about)
		case "all":
			f.show(f.from, f.to)
		}
		f.said = "The timeline shows " + picture.Duration(f.up-f.low) + "."
	case "wheel", "pinch": // part of the width, factor
		a, b, ok := strings.Cut(object, " ")
		part, err := strconv.ParseFloat(a, 64)
		factor, err2 := strconv.ParseFloat(b, 64)
		if ok && err == nil && err2 == nil && factor > 0.01 && factor < 100 {
			f.zoom(factor, f.low+int64(part*float64(f.up-f.low)))
		}
	case "pan": // part of the width
		if part, err := strconv.ParseFloat(object, 64); err == nil && math.Abs(part) < 10 {
			by := int64(part * float64(f.up-f.low))
			f.show(f.low+by, f.up+by)
		}
	case "scrub": // which, part of the width
		which, at, _ := strings.Cut(object, " ")
		if part, err := strconv.ParseFloat(at, 64); err == nil && !math.IsNaN(part) {
			f.scrub(d, which, min(max(part, 0), 1))
		}
	case "release":
		f.dragging = ""
		f.follow()
		f.settle(d)
		f.tellAt()
	case "speed":
		f.rate, _ = strconv.ParseFloat(object, 64)
	case "explain":
		return f.explain(d)
	case "leave":
		d.tell(Out{Kind: OutGo, Text: "recordings"})
		d.leave()
	}
	return nil
}

// scrub drags the present along the map or the line.
func (f *film) scrub(d *Desk, which string, part float64) {
	f.stop(d)
	f.dragging = which
	t := f.from + int64(part*float64(f.to-f.from))
	if which == "line" {
		t = f.low + int64(part*float64(f.up-f.low))
	}
	f.seek(d, t)
}

// walk goes to another step.
func (f *film) walk(d *Desk, verb string) error {
	p := f.player
	if f.want != p.Now() || len(p.Needs(f.want)) > 0 { // it has not arrived yet
		p.Go(f.want)
	}
	var there bool
	switch verb {
	case "step":
		there = p.Step()
	case "back":
		there = p.Back()
	case "next":
		there = p.Next()
	case "previous":
		there = p.Previous()
	}
	f.settle(d)
	f.follow()
	switch {
	case there && (verb == "next" || verb == "previous"):
		f.tellAt()
	case there:
		f.said = "" // the page says which step it was
	case verb == "step":
		f.said = "That was the last step."
	case verb == "back":
		f.said = "There is no step before."
	case f.overview.summary(f).Recorded == 0:
		f.said = "No collision was recorded."
	case verb == "next":
		f.said = "That was the last collision."
	default:
		f.said = "There is no collision before."
	}
	return nil
}

// slot answers what the page asks about a slot, in the words of server/api: its number,
// side and slot.
func (d *Desk) slot(object string) {
	var asked, side, slot int
	if n, _ := fmt.Sscan(object, &asked, &side, &slot); n != 3 || d.film == nil {
		return
	}
	f := d.film
	claims, collided := f.player.Slot(side, slot)
	type memory struct {
		ID       string `json:"id"`
		Outcome  string `json:"outcome"`
		Expected string `json:"expected"`
		Got      string `json:"got,omitempty"`
	}
	answer := struct {
		Claims   int      `json:"claims"`
		Memories []memory `json:"memories"`
	}{len(claims), []memory{}}
	if answer.Claims < 2 && collided { // the others' steps are not at hand
		answer.Claims = 2
	}
	for i := range claims {
		c := &claims[i]
		w, n := strconv.Itoa(int(c.Writer)+1), strconv.FormatUint(uint64(c.Number), 10)
		m := memory{ID: "w" + w + "-m" + n, Outcome: "written at " + f.clock(c.At), Expected: "Writer " + w + " content " + n}
		if c.Loss != nil {
			m.Outcome, m.Expected, m.Got = "lost", c.Loss.Expected, c.Loss.Got
		}
		answer.Memories = append(answer.Memories, m)
	}
	b, err := json.Marshal(answer)
	if err != nil {
		panic(err) // it is made of strings and numbers
	}
	d.tell(Out{Kind: OutAnswer, Text: strconv.Itoa(asked) + " " + string(b)})
}

// explain opens the explorer on the two stores that have collided.
func (f *film) explain(d *Desk) error {
	f.stop(d)
	c, ok := f.player.Clash()
	if !ok {
		return errors.New("there is no collision here whose steps are all recorded: N goes to the next one")
	}
	variant := f.allocator(c.Side)
	schedule, ok := c.Schedule(variant)
	if !ok {
		return errors.New("the steps of the two stores are not all recorded: N goes to another collision")
	}
	d.placeNow()
	d.tell(Out{Kind: OutGo, Text: "explore?scenario=slot-allocation&variant=" + variant + "&threads=2&ops=1&schedule=" + schedule})
	return nil
}

// allocator is that of a side at the present.
func (f *film) allocator(side int) string {
	if i := int(f.player.Allocator(side)); i < len(alloc.Kinds) {
		hello, err := event.ParseHello(f.recording.Hello)
		if err == nil && i < len(hello.Allocators) {
			return hello.Allocators[i].Name
		}
	}
	return f.recording.Run.Allocator
}
