package replay

import (
	"errors"
	"fmt"
	"math"

	"slotrace/engine/event"
	"slotrace/engine/fold"
	"slotrace/engine/recording"
	"slotrace/engine/visible"
)

// Limits of what a player keeps and tells.
const (
	paced       = beats * microsecond // what a pace of one says; lanes can be shorter than that
	keptBytes   = 96 << 20            // of segments that are taken apart, but for the few that are needed at once
	maxRecords  = 3000                // that lanes show at a time: more are no picture
	fewRecords  = 1200                // lanes that could be longer and would not show more
	keptLosses  = 32                  // of the latest evidence, on each side
	lossBytes   = 16 << 10            // of them in a message
	recordRoom  = 56 << 10            // bytes of steps in a message
	beats       = 40                  // how many beats of the pace are to be seen at once: web/picture/timeline.go
	microsecond = 1000
	margin      = 4 // a quarter more than the lanes' span is told, so that what began before has its beginning
)

// Shortest and Longest are the least and the most that lanes can show, in nanoseconds.
const (
	Shortest = 500
	Longest  = 60_000_000_000
)

// Player shows a recording as of a time. Its messages are those of the stream
// (event/WIRE.md). One goroutine at a time may use it.
type Player struct {
	recording *recording.Recording
	loaded    map[int]*Segment
	bad       map[int]error // segments that cannot be read
	used      []int         // numbers of those loaded, the one that was used last at the end
	keep      int           // bytes of them

	board    *fold.Board
	viewer   *fold.Viewer
	sequence uint32

	at    Place
	now   int64
	span  int64 // what lanes are to show
	lanes int64 // and what they do
	hold  bool  // lanes stay at held
	held  int64
	mode  event.RunState
	sides [event.MaxSides]side
	shown Place // so many pictures of a segment the sides have
	exact Place // and so many steps the map has beyond them
	state event.State
	told  told
	ends  []visible.Step // by allocator: the step with which a put ends
}

// Place is where a player stands: so many steps of a segment have been taken.
type Place struct{ Segment, Taken int }

func (a Place) before(b Place) bool {
	return a.Segment < b.Segment || a.Segment == b.Segment && a.Taken < b.Taken
}

// side is a side's picture.
type side struct {
	totals   event.Totals
	lap      uint32
	ended    bool
	cells    []byte
	evidence []event.Loss // the latest, oldest first
	total    uint64
	since    since
}

// since is what steps tell that were taken since the totals.
type since struct{ stored, collisions, collided uint64 }

// told is what messages have told so far.
type told struct {
	place Place // up to which steps were told
	any   bool
	anew  bool    // the next message is to tell all steps that lanes show
	lanes int64   // their span
	until int64   // the time that lanes have
	loss  [2]bool // the side's evidence is to be told
}

// ErrEmpty is for a recording in which no segment is whole.
var ErrEmpty = errors.New("it was cut off before anything was kept of it")

// New shows a recording at its beginning, which is not loaded yet.
func New(r *recording.Recording) (*Player, error) {
	if len(r.Segments) == 0 {
		return nil, ErrEmpty
	}
	hello, err := event.ParseHello(r.Hello)
	if err != nil {
		return nil, err
	}
	p := &Player{recording: r, loaded: make(map[int]*Segment), bad: make(map[int]error), shown: Place{Segment: -1}, keep: keptBytes, mode: event.Replay}
	p.state = event.State{Run: 1, State: p.mode, Writers: uint8(r.Run.Writers), Sides: uint8(r.Run.Sides()), Slots: uint32(r.Run.Slots), Allocators: [2]uint8{event.NoAllocator, event.NoAllocator}}
	for i := range hello.Allocators {
		p.ends = append(p.ends, ends(&hello.Allocators[i]))
	}
	for i, name := range []string{r.Run.Allocator, r.Run.Compare}[:r.Run.Sides()] {
		for k := range hello.Allocators {
			if hello.Allocators[k].Name == name {
				p.state.Allocators[i] = uint8(k)
			}
		}
	}
	for i := range r.Run.Sides() {
		p.sides[i].cells = make([]byte, r.Run.Slots)
	}
	p.board = fold.NewBoard(*hello, event.State{Writers: 1, Sides: 1})
	p.board.Begin(p.state)
	p.now, _ = r.Span()
	p.span = p.Natural(p.now)
	p.lanes = p.span
	p.Greet()
	return p, nil
}

// Natural is a span of lanes that fits the run at a time: some beats of its pace, or at
// real speed some puts of each writer.
func (p *Player) Natural(t int64) int64 {
	r := p.recording
	if pace := int64(r.Run.PaceUS); pace > 0 {
		return min(pace*microsecond*beats, Longest)
	}
	const steps = 20 // of each writer
	want := steps * r.Run.Writers * r.Run.Sides()
	g := p.loaded[p.Find(t)]
	if g == nil || len(g.Steps) < 2 {
		return paced
	}
	last := min(max(g.Until(t), min(want, len(g.Steps))), len(g.Steps)) - 1
	first := max(last-want, 0)
	return longer(min(max(g.Steps[last].At-g.Steps[first].At, Shortest), Longest))
}

// longer is the next span of 1, 2 and 5 by powers of ten that is not shorter.
func longer(span int64) int64 {
	for power := int64(1); ; power *= 10 {
		for _, by := range [...]int64{1, 2, 5} {
			if by*power >= span {
				return by * power
			}
		}
	}
}

// Greet begins a connection anew: Hello is its first message, and the next ones tell all.
func (p *Player) Greet() {
	if p.viewer != nil {
		p.viewer.Leave()
	}
	p.viewer, p.sequence = p.board.Join(), 0
	p.told = told{anew: true, loss: [2]bool{true, true}}
}

// Hello is the first message.
func (p *Player) Hello() []byte { return p.board.Hello(false) }

// Now is the time that is shown, and At the place.
func (p *Player) Now() int64 { return p.now }
func (p *Player) At() Place  { return p.at }

// Lanes is how much time lanes show.
func (p *Player) Lanes() int64 { return p.lanes }

// Find is the segment in which a time lies: what a segment tells of begins where the one
// before it ends.
func (p *Player) Find(t int64) int {
	all := p.recording.Segments
	low, high := 0, len(all)-1
	for low < high {
		if mid := (low + high) / 2; t <= all[mid].To {
			high = mid
		} else {
			low = mid + 1
		}
	}
	for low < len(all)-1 && all[low+1].From <= t { // it goes on at the time at which this one ends
		low++
	}
	return low
}

// Needs lists the segments that Go(t) would have to load, the one in which t lies first.
func (p *Player) Needs(t int64) (missing []int) {
	last := p.Find(t)
	for i := last; i >= p.reach(last, t, p.span); i-- {
		if !p.has(i) {
			missing = append(missing, i)
		}
	}
	return missing
}

// reach is the first segment that is needed, if segment last is that of time t: by lanes
// of a span, and by the picture if that is as the segment before has left it.
func (p *Player) reach(last int, t, span int64) int {
	const most = 16 // of a slow run they are small
	first, events := t-span-span/margin, uint64(0)
	i := last
	if i > 0 && t < p.recording.Segments[i].From {
		i--
	}
	for i > 0 && last-i < most && p.recording.Segments[i-1].To > first && events < maxRecords {
		i--
		events += p.recording.Segments[i].Events
	}
	return i
}

func (p *Player) has(i int) bool {
	_, bad := p.bad[i]
	return bad || p.loaded[i] != nil
}

// Ahead is the segment behind the present one if it is not loaded, else -1.
func (p *Player) Ahead() int {
	if i := p.at.Segment + 1; i < len(p.recording.Segments) && !p.has(i) {
		return i
	}
	return -1
}

// Put takes in what Load gave for segment i.
func (p *Player) Put(i int, g *Segment, err error) {
	if err != nil {
		p.bad[i] = err
		return
	}
	if p.loaded[i] == nil {
		p.used = append(p.used, i)
	}
	p.loaded[i] = g
	p.use(i)
}

// Bad is why the segment in which the present lies cannot be read, if it cannot.
func (p *Player) Bad() error { return p.bad[p.at.Segment] }

// segment gives segment i, loaded if need be; an empty one if it cannot be read.
func (p *Player) segment(i int) *Segment {
	if !p.has(i) {
		g, err := Load(p.recording, i)
		p.Put(i, g, err)
	}
	if g := p.loaded[i]; g != nil {
		p.use(i)
		return g
	}
	return blank(p.recording, i)
}

// use notes that a segment is used, and lets go of those that were not for the longest
// time and are too much to keep.
func (p *Player) use(i int) {
	for k, n := range p.used {
		if n == i {
			copy(p.used[k:], p.used[k+1:])
			p.used[len(p.used)-1] = i
			break
		}
	}
	bytes := 0
	for k := len(p.used) - 1; k >= 0; k-- {
		if bytes += p.loaded[p.used[k]].Bytes(); bytes > p.keep && k < len(p.used)-2 {
			for _, n := range p.used[:k+1] {
				delete(p.loaded, n)
			}
			p.used = append(p.used[:0], p.used[k+1:]...)
			return
		}
	}
}

// Kept is how many segments are loaded, and about how much memory they take.
func (p *Player) Kept() (segments, bytes int) {
	for _, g := range p.loaded {
		bytes += g.Bytes()
	}
	return len(p.loaded), bytes
}

// Loaded gives segment i if it is loaded, else nil.
func (p *Player) Loaded(i int) *Segment { return p.loaded[i] }

// Zoom has lanes show so much time, or less where that would be too much to see.
func (p *Player) Zoom(span int64) {
	p.span = min(max(span, Shortest), Longest)
	p.fit()
}

// Mode says what the page is told of the state: event.Replay while time goes on or is
// dragged about, event.Paused while it stands, when steps are told one by one.
func (p *Player) Mode(m event.RunState) { p.mode = m }

// Hold has lanes show a time that has been while the rest goes on: what goes by is too
// fast to be followed. Free lets them go on again.
func (p *Player) Hold(at int64) {
	if !p.hold || p.held != at {
		p.told.anew = true
	}
	p.hold, p.held = true, at
}

// Free ends Hold.
func (p *Player) Free() { p.hold = false }

// Go goes to a time.
func (p *Player) Go(t int64) {
	from, to := p.recording.Span()
	t = min(max(t, from), to)
	i := p.Find(t)
	p.move(Place{i, p.segment(i).Until(t)}, t)
}

// move goes to a place, at a time at which that has been taken.
func (p *Player) move(to Place, t int64) {
	if t < p.now || to.before(p.at) {
		p.told.anew = true
	}
	p.at, p.now = to, t
	for i := p.reach(to.Segment, t, p.span); i <= to.Segment; i++ {
		p.segment(i)
	}
	p.picture()
	p.fit()
}

// Step takes the next step that is seen, and says whether there is one.
func (p *Player) Step() bool {
	return p.on(func(g *Segment, i int) bool { return g.Steps[i].Seen() }, nil)
}

// Back undoes the last step that was seen.
func (p *Player) Back() bool {
	return p.back(func(g *Segment, i int) bool { return g.Steps[i].Seen() }, nil)
}

// Next goes on to the next step that took a slot which was taken already.
func (p *Player) Next() bool {
	return p.on(func(g *Segment, i int) bool { return g.Steps[i].clash() }, p.quiet)
}

// Previous goes back to the one before.
func (p *Player) Previous() bool {
	return p.back(func(g *Segment, i int) bool { return g.Steps[i].clash() }, p.quiet)
}

// quiet says that there is no collision among a segment's steps, without loading it.
func (p *Player) quiet(i int) bool { return p.recording.Segments[i].Collided == 0 }

// on goes on to behind the next step that is wanted.
func (p *Player) on(wanted func(*Segment, int) bool, skip func(int) bool) bool {
	from := p.at.Taken
	for i := p.at.Segment; i < len(p.recording.Segments); i++ {
		if skip == nil || !skip(i) {
			g := p.segment(i)
			for k := from; k < len(g.Steps); k++ {
				if wanted(g, k) {
					p.move(Place{i, k + 1}, max(g.time(k+1), p.now))
					return true
				}
			}
		}
		from = 0
	}
	return false
}

// back goes back to behind the step that is wanted before the last one that is; to the
// beginning if there is none before that.
func (p *Player) back(wanted func(*Segment, int) bool, skip func(int) bool) bool {
	passed := false // the last step that is wanted: it is undone
	for i := p.at.Segment; i >= 0; i-- {
		if skip != nil && skip(i) {
			continue
		}
		g := p.segment(i)
		from := len(g.Steps)
		if i == p.at.Segment {
			from = min(p.at.Taken, from)
		}
		for k := from - 1; k >= 0; k-- {
			if !wanted(g, k) {
				continue
			}
			if skip == nil && !passed {
				passed = true
				continue
			}
			if skip != nil && i == p.at.Segment && k == p.at.Taken-1 {
				continue // it stands on this one
			}
			p.move(Place{i, k + 1}, g.time(k+1))
			return true
		}
	}
	if passed {
		from, _ := p.recording.Span()
		p.move(Place{}, from)
	}
	return passed
}

// Last is the step that was taken last and is seen, nil if there is none in this segment.
func (p *Player) Last() *Step {
	g := p.loaded[p.at.Segment]
	if g == nil {
		return nil
	}
	for k := min(p.at.Taken, len(g.Steps)) - 1; k >= 0; k-- {
		if g.Steps[k].Seen() {
			return &g.Steps[k]
		}
	}
	return nil
}

// Gap is the stretch without every step recorded in which a time lies.
func (p *Player) Gap(t int64) (recording.Gap, bool) {
	for _, i := range [...]int{p.Find(t), p.Find(t) + 1} {
		if i >= len(p.recording.Segments) {
			break
		}
		for _, g := range p.recording.Segments[i].Gaps {
			if g.From < t && t <= g.To {
				return g, true
			}
		}
	}
	return recording.Gap{}, false
}

// Allocator is a side's allocator at the present, by its place in the hello.
func (p *Player) Allocator(side int) uint8 { return p.state.Allocators[side] }

// LatestClash is when the latest collision behind a time was, up to the present, within
// the present segment.
func (p *Player) LatestClash(after int64) (at int64, ok bool) {
	g := p.loaded[p.at.Segment]
	if g == nil {
		return 0, false
	}
	for k := min(p.at.Taken, len(g.Steps)) - 1; k >= 0 && g.Steps[k].At > after; k-- {
		if g.Steps[k].clash() {
			return g.Steps[k].At, true
		}
	}
	return 0, false
}

// Claim is one store that took a slot.
type Claim struct {
	Writer uint8
	Number uint32
	At     int64
	Loss   *event.Loss // that it is known to be lost; nil = it is not
}

// Slot tells who took a slot of a side in the lap that the map shows, as far as that is
// loaded, and whether more than one did.
func (p *Player) Slot(number, slot int) (claims []Claim, collided bool) {
	s := p.side(uint8(number))
	if s == nil || slot < 0 || slot >= len(s.cells) {
		return nil, false
	}
	for i := p.at.Segment - 1; i <= p.at.Segment; i++ {
		g := p.loaded[i]
		if g == nil {
			continue
		}
		end := len(g.Steps)
		if i == p.at.Segment {
			end = min(p.at.Taken, end)
		}
		for k := range g.Steps[:end] {
			st := &g.Steps[k]
			if st.Step != visible.Block || !st.Done() || st.Side() != number || st.Lap != s.lap || int64(st.Value) != int64(slot) {
				continue
			}
			c := Claim{Writer: st.Thread, Number: st.Number, At: st.At}
			for j := range s.evidence {
				if l := &s.evidence[j]; l.Writer == st.Thread && l.Store == st.Number {
					c.Loss = l
				}
			}
			claims = append(claims, c)
		}
	}
	return claims, s.cells[slot]&event.CellCollided != 0
}

// ends is the step with which a put ends whose slot was claimed by a.
func ends(a *event.Allocator) visible.Step {
	tell, leave := a.Source.Line(visible.Tell), a.Source.Line(visible.LeaveTell)
	switch {
	case tell == 0:
		return visible.Index
	case leave == tell: // a line stands for the steps that have none of their own
		return visible.Tell
	}
	return visible.LeaveTell
}

// Totals are a side's totals at the present: as they were told last, and what steps
// tell since.
func (p *Player) Totals(side int) event.Totals {
	s := &p.sides[side]
	t := s.totals
	t.Stored += s.since.stored
	t.Unread += s.since.stored
	t.RecentStored += s.since.stored
	t.Collisions += s.since.collisions
	t.RecentCollisions += s.since.collisions
	t.Collided += s.since.collided
	return t
}

// count takes in that a step was taken since the totals.
func (p *Player) count(st *Step) {
	if a := int(p.state.Allocators[st.Side()]); a < len(p.ends) && st.Step == p.ends[a] {
		p.sides[st.Side()].since.stored++
	}
}

// picture brings the sides up to the present: what the pictures up to now tell, and beyond
// them of the map what the steps do.
func (p *Player) picture() {
	now := p.at.Segment
	g := p.segment(now)
	upto := Place{now, g.pictureAt(p.now)}
	if upto.Taken == 0 && now > 0 { // it is as the segment before has left it
		upto = Place{now - 1, len(p.segment(now - 1).pictures)}
	}
	if p.bad[upto.Segment] != nil {
		return // it cannot be read: what was shown stays
	}
	anew := p.shown.Segment != upto.Segment || upto.before(p.shown) || upto == p.shown && p.at.before(p.exact)
	if anew {
		p.shown = Place{upto.Segment, 0}
		for i := range p.recording.Run.Sides() {
			s := &p.sides[i]
			clear(s.cells)
			*s = side{cells: s.cells, evidence: s.evidence[:0]}
			p.told.loss[i] = true
		}
		p.exact = Place{-1, 0}
	}
	pictures := p.segment(upto.Segment).pictures
	for ; p.shown.Taken < upto.Taken; p.shown.Taken++ {
		p.take(&pictures[p.shown.Taken], !anew)
		p.exact = Place{-1, 0}
	}
	from := p.exact.Taken
	if p.exact.Segment != now {
		from = 0
		if upto.Taken > 0 {
			from = g.before(pictures[upto.Taken-1].at + 1)
		}
	}
	if upto.Segment < now { // steps may have come behind the last picture of the segment before
		before := p.segment(upto.Segment)
		first := before.before(pictures[upto.Taken-1].at + 1)
		if p.exact.Segment == upto.Segment {
			first = p.exact.Taken
		}
		if p.exact.Segment != now {
			p.advance(before.Steps[min(first, len(before.Steps)):], !anew)
		}
	}
	p.advance(g.Steps[min(from, p.at.Taken):p.at.Taken], !anew)
	p.exact = Place{now, max(from, p.at.Taken)}
	if anew {
		for i := range p.recording.Run.Sides() {
			p.show(i, 0, len(p.sides[i].cells))
		}
	}
}

// advance takes steps in.
func (p *Player) advance(steps []Step, show bool) {
	for k := range steps {
		st := &steps[k]
		if !st.Done() {
			continue
		}
		if st.Step == visible.Block {
			p.claim(st, show)
		}
		p.count(st)
	}
}

// claim takes in that a block was written, of a lap that may have begun with it.
func (p *Player) claim(st *Step, show bool) {
	s := &p.sides[st.Side()]
	if st.Lap < s.lap || uint64(st.Value) >= uint64(len(s.cells)) {
		return
	}
	if st.Lap > s.lap {
		clear(s.cells)
		s.lap, s.ended = st.Lap, false
	}
	cell := st.Thread + 1
	if st.Collided() {
		cell |= event.CellCollided
		s.since.collisions++
		if s.cells[st.Value]&event.CellCollided == 0 {
			s.since.collided++
		}
	}
	s.cells[st.Value] = cell
	if show {
		p.show(st.Side(), int(st.Value), int(st.Value)+1)
	}
}

// show shows a stretch of a side's cells on the board, which tells those that are others
// than before.
func (p *Player) show(side, from, to int) {
	s := &p.sides[side]
	p.board.Cells(side, s.lap, s.ended, from, to, func(i int) byte { return s.cells[i] })
}

// take takes a picture in, and shows its cells if that is wanted.
func (p *Player) take(f *picture, show bool) {
	if s := f.state; s != nil {
		// The rest of it is the player's own, or cannot change within a run.
		p.state.Writers, p.state.Allocators, p.state.Window, p.state.Stores = s.Writers, s.Allocators, s.Window, s.Stores
	}
	for i := range f.totals {
		if s := p.side(f.totals[i].Side); s != nil {
			s.totals, s.since = f.totals[i], since{}
		}
	}
	for i := range f.cells {
		c := &f.cells[i]
		s := p.side(c.Side)
		if s == nil || int(c.First)+len(c.Cells) > len(s.cells) || c.Lap < s.lap {
			continue
		}
		if c.Lap != s.lap {
			clear(s.cells)
		}
		s.lap, s.ended = c.Lap, c.Ended
		copy(s.cells[c.First:], c.Cells)
		if show {
			p.show(int(c.Side), int(c.First), int(c.First)+len(c.Cells))
		}
	}
	for i := range f.evidence {
		e := &f.evidence[i]
		s := p.side(e.Side)
		if s == nil {
			continue
		}
		s.total = e.Total
		for _, l := range e.Items {
			if n := len(s.evidence); n == 0 || l.Number > s.evidence[n-1].Number {
				s.evidence = append(s.evidence, l)
			}
		}
		if over := len(s.evidence) - keptLosses; over > 0 {
			s.evidence = append(s.evidence[:0], s.evidence[over:]...)
		}
		p.told.loss[e.Side] = true
	}
}

// side gives a side, nil if the run has not got it.
func (p *Player) side(i uint8) *side {
	if int(i) >= p.recording.Run.Sides() {
		return nil
	}
	return &p.sides[i]
}

// fit makes lanes so long that what they show can be seen.
func (p *Player) fit() {
	count := func(span int64) int {
		n := 0
		p.window(p.laneTime(), span, func(steps []Step) { n += len(steps) })
		return n
	}
	span := min(p.lanes, p.span)
	if p.lanes > p.span || count(span) > maxRecords {
		for span = p.span; span > Shortest && count(span) > maxRecords; {
			span = shorter(span)
		}
	} else if span < p.span {
		for next := p.span; next > span; next = shorter(next) {
			if count(next) < fewRecords {
				span = next
				break
			}
		}
	}
	p.lanes = max(span, Shortest)
}

// shorter is the next shorter span of 1, 2 and 5 by powers of ten.
func shorter(span int64) int64 {
	power := int64(math.Pow10(int(math.Floor(math.Log10(float64(span))))))
	for _, by := range [...]int64{5, 2, 1} {
		if by*power < span {
			return max(by*power, Shortest)
		}
	}
	return max(power/2, Shortest)
}

func (p *Player) laneTime() int64 {
	if p.hold {
		return min(p.held, p.now)
	}
	return p.now
}

// window shows the stretches of steps that lanes of a span have at a time, in order.
func (p *Player) window(t, span int64, show func([]Step)) {
	first := t - span - span/margin
	last := p.Find(t)
	if t == p.now {
		last = p.at.Segment
	}
	for i := p.reach(last, t, span); i <= last; i++ {
		g := p.loaded[i]
		if g == nil {
			continue
		}
		end := len(g.Steps)
		if i == p.at.Segment && t == p.now {
			end = min(p.at.Taken, end)
		} else if i == last {
			end = g.Until(t)
		}
		if begin := min(g.before(first), end); begin < end {
			show(g.Steps[begin:end])
		}
	}
}

// Message appends the next message to buf, or nothing if all has been told.
func (p *Player) Message(buf []byte) []byte {
	lanes := p.laneTime()
	p.state.State, p.state.Pace = p.mode, uint32(max(p.lanes/paced, 1))
	p.board.State(p.state)
	for i := range p.recording.Run.Sides() {
		p.board.Totals(p.totals(i, lanes))
	}
	start := len(buf)
	sections := p.steps(nil, lanes)
	sections = p.losses(sections)
	buf = p.viewer.Append(buf, p.sequence+1, event.MaxMessage-len(sections))
	if len(buf) == start {
		if len(sections) == 0 {
			return buf
		}
		buf = event.AppendFrame(buf, p.sequence+1)
	}
	p.sequence++
	return append(buf, sections...)
}

// totals are a side's, at the time that lanes have.
func (p *Player) totals(i int, lanes int64) event.Totals {
	t := p.Totals(i)
	t.Side, t.Clock = uint8(i), lanes
	return t
}

// losses appends the evidence, if it is another.
func (p *Player) losses(b []byte) []byte {
	for i := range p.recording.Run.Sides() {
		if !p.told.loss[i] {
			continue
		}
		p.told.loss[i] = false
		s := &p.sides[i]
		e := event.Evidence{Side: uint8(i), Total: s.total}
		from, room := len(s.evidence), lossBytes
		for from > 0 {
			if room -= s.evidence[from-1].Bytes(); room < 0 {
				break
			}
			from--
		}
		e.Items = s.evidence[from:]
		b = e.Append(b)
	}
	return b
}

// steps appends the steps that lanes do not have yet; all of them if it goes on from
// elsewhere.
func (p *Player) steps(b []byte, lanes int64) []byte {
	t := &p.told
	length := uint32(0)
	if p.lanes < 1<<32 {
		length = uint32(p.lanes)
	}
	// Lanes that are held have all they show.
	if !t.anew && (p.hold || t.until == lanes && t.place == p.at && t.lanes == p.lanes) {
		return b
	}
	first := lanes - p.lanes - p.lanes/margin
	var fresh [][]Step
	n := 0
	if !t.anew && t.any && lanes >= t.until && t.until > first && t.lanes == p.lanes {
		fresh, n = p.since(t.place)
	} else {
		t.anew = true
	}
	if t.anew || n > maxRecords {
		t.anew = true
		fresh, n = nil, 0
		p.window(lanes, p.lanes, func(s []Step) { fresh = append(fresh, s); n += len(s) })
		for i := range p.recording.Run.Sides() {
			b = (&event.Steps{Side: uint8(i), Anew: true, Base: lanes, Length: length, OneIn: 1}).Append(b)
			totals := p.totals(i, lanes) // the clock is taken from these, also if they are as they were
			b = totals.Append(b)
			t.loss[i] = true // what lanes knew to be lost is forgotten, too
		}
	}
	// Of more than there is room for the latest are told.
	over := n - (recordRoom-len(b))/16
	for _, s := range fresh {
		if over > 0 {
			cut := min(over, len(s))
			s, over = s[cut:], over-cut
		}
		b = appendSteps(b, s)
	}
	t.anew, t.any, t.place, t.until, t.lanes = false, true, p.at, lanes, p.lanes
	return b
}

// since gives the steps from a place to the present.
func (p *Player) since(from Place) (fresh [][]Step, n int) {
	for i := from.Segment; i <= p.at.Segment; i++ {
		g := p.loaded[i]
		if g == nil {
			return nil, maxRecords + 1
		}
		begin, end := 0, len(g.Steps)
		if i == from.Segment {
			begin = min(from.Taken, end)
		}
		if i == p.at.Segment {
			end = min(p.at.Taken, end)
		}
		if begin < end {
			fresh = append(fresh, g.Steps[begin:end])
			n += end - begin
		}
	}
	return fresh, n
}

// appendSteps appends sections, each of one side and lap.
func appendSteps(b []byte, steps []Step) []byte {
	const maxSpan = 4e9 // a record says its time in 32 bits from the section's base
	for side := range event.MaxSides {
		var s *event.Steps
		for i := range steps {
			st := &steps[i]
			if st.Side() != side {
				continue
			}
			if s != nil && (st.Lap != s.Lap || st.At-s.Base > maxSpan) {
				b = s.Append(b)
				s = nil
			}
			if s == nil {
				s = &event.Steps{Side: uint8(side), Lap: st.Lap, Base: st.At, OneIn: 1}
			}
			s.Records = append(s.Records, st.record())
		}
		if s != nil {
			b = s.Append(b)
		}
	}
	return b
}

// String is for tests and people.
func (p Place) String() string { return fmt.Sprintf("%d:%d", p.Segment, p.Taken) }
