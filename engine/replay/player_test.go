package replay

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"slotrace/engine/event"
	"slotrace/engine/recording"
	"slotrace/engine/replay/sample"
	"slotrace/engine/visible"
)

func recorded(t testing.TB, o sample.Options) *recording.Recording {
	t.Helper()
	r, err := sample.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func player(t testing.TB, r *recording.Recording) *Player {
	t.Helper()
	p, err := New(r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// screen is a viewer as WIRE.md tells it to be.
type screen struct {
	t        testing.TB
	sequence uint32
	totals   [2]event.Totals
	cells    [2]map[int]byte
	laps     [2]uint32
	lanes    [2][]event.Record
	told     [2]uint64
	lost     [2]map[uint64]bool
}

func watch(t testing.TB, p *Player) *screen {
	h, err := event.ParseHello(p.Hello())
	if err != nil || h.Control || len(h.Allocators) == 0 {
		t.Fatalf("hello: %v, %+v", err, h)
	}
	return &screen{t: t}
}

// see takes all messages there are.
func (s *screen) see(p *Player) {
	s.t.Helper()
	for n := 0; ; n++ {
		b := p.Message(nil)
		if len(b) == 0 {
			return
		}
		if n > 100 {
			s.t.Fatal("there is no end of messages")
		}
		if len(b) > event.MaxMessage {
			s.t.Fatalf("a message of %d bytes", len(b))
		}
		f, err := event.ParseFrame(b)
		if err != nil {
			s.t.Fatal(err)
		}
		if s.sequence++; f.Sequence != s.sequence {
			s.t.Fatalf("number %d follows on %d", f.Sequence, s.sequence-1)
		}
		for _, v := range f.Totals {
			s.totals[v.Side] = v
		}
		for _, v := range f.Cells {
			if s.cells[v.Side] == nil || v.Lap != s.laps[v.Side] {
				s.cells[v.Side], s.laps[v.Side] = map[int]byte{}, v.Lap
			}
			for i, c := range v.Cells {
				if delete(s.cells[v.Side], int(v.First)+i); c != 0 {
					s.cells[v.Side][int(v.First)+i] = c
				}
			}
		}
		for _, v := range f.Steps {
			if v.Anew {
				s.lanes[v.Side] = nil
			}
			s.lanes[v.Side] = append(s.lanes[v.Side], v.Records...)
		}
		for _, v := range f.Evidence {
			s.told[v.Side], s.lost[v.Side] = v.Total, map[uint64]bool{}
			for _, l := range v.Items {
				s.lost[v.Side][l.Number] = true
			}
		}
	}
}

// still is the screen as it is now, which is not shown anything any more.
func (s *screen) still() *screen {
	c := *s
	for i := range 2 {
		c.cells[i], c.lost[i], c.lanes[i] = maps.Clone(s.cells[i]), maps.Clone(s.lost[i]), slices.Clone(s.lanes[i])
	}
	return &c
}

// picture is what the screen shows, in words: of lanes what is not older than a time.
func (s *screen) picture(since int64) string {
	out := ""
	for i := range 2 {
		t := s.totals[i]
		out += fmt.Sprintf("clock %d stored %d lost %d collisions %d lap %d told %d %v\n", t.Clock, t.Stored, t.Lost, t.Collisions, s.laps[i], s.told[i], slices.Sorted(maps.Keys(s.lost[i])))
		for _, k := range slices.Sorted(maps.Keys(s.cells[i])) {
			out += fmt.Sprintf("%d:%d ", k, s.cells[i][k])
		}
		lane := slices.Clone(s.lanes[i])
		lane = slices.DeleteFunc(lane, func(r event.Record) bool { return r.At < since })
		slices.SortStableFunc(lane, func(a, b event.Record) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Thread, b.Thread))
		})
		out += fmt.Sprintf("\n%v\n", lane)
	}
	return out
}

var runs = []sample.Options{
	{},
	{Writers: 8, Slots: 50, Puts: 2000, Seed: 3},
	{Compare: "fetch-add", Puts: 900, Seed: 4},
	{Writers: 3, Step: 300_000_000, Frame: 33_000_000, Puts: 60, Seed: 5},
	{Puts: 3000, Pause: 300, Seed: 6},
	{Writers: 16, Slots: 300, Puts: 2000, Seed: 7, Short: true},
	{Compare: "fetch-add", Puts: 900, Seed: 8, Short: true},
}

func recordings(t testing.TB) (all []*recording.Recording) {
	for _, o := range runs {
		all = append(all, recorded(t, o))
	}
	return all
}

func TestSeekingShowsWhatPlayingUpToThereShows(t *testing.T) {
	all := recordings(t)
	rapid.Check(t, func(rt *rapid.T) {
		r := rapid.SampledFrom(all).Draw(rt, "recording")
		from, to := r.Span()
		at := rapid.Int64Range(from, to).Draw(rt, "at")
		seeker := player(t, r)
		a := watch(t, seeker)
		seeker.Go(rapid.Int64Range(from, to).Draw(rt, "before"))
		a.see(seeker)
		seeker.Go(at)
		a.see(seeker)

		playing := player(t, r)
		b := watch(t, playing)
		start := max(from, at-rapid.Int64Range(0, 8*playing.Lanes()).Draw(rt, "for"))
		playing.Go(start)
		b.see(playing)
		for now := start; now < at; {
			now = min(at, now+rapid.Int64Range(1, 1+playing.Lanes()/2).Draw(rt, "by"))
			playing.Go(now)
			b.see(playing)
		}
		since := at - min(seeker.Lanes(), playing.Lanes())
		if x, y := a.picture(since), b.picture(since); x != y {
			t.Fatalf("at %d a seek shows\n%s\nand playing up to it\n%s", at, x, y)
		}
	})
}

func TestAStepBackUndoesAStep(t *testing.T) {
	all := recordings(t)
	rapid.Check(t, func(rt *rapid.T) {
		r := rapid.SampledFrom(all).Draw(rt, "recording")
		from, to := r.Span()
		p := player(t, r)
		s := watch(t, p)
		p.Go(rapid.Int64Range(from, to).Draw(rt, "at"))
		p.Step() // now it stands behind a step
		s.see(p)
		type stand struct {
			place Place
			now   int64
			lanes int64
			*screen
		}
		stands := []stand{{p.At(), p.Now(), p.Lanes(), s.still()}}
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			if !p.Step() {
				break
			}
			if last := p.Last(); last == nil || last.At > p.Now() {
				t.Fatalf("behind a step, the last is %v", last)
			}
			s.see(p)
			stands = append(stands, stand{p.At(), p.Now(), p.Lanes(), s.still()})
		}
		for i := len(stands) - 2; i >= 0; i-- {
			p.Back()
			s.see(p)
			was := &stands[i]
			// How long lanes are depends on where one comes from; as far as both go they are the same.
			since := p.Now() - min(p.Lanes(), was.lanes)
			if x, y := s.picture(since), was.picture(since); p.At() != was.place || p.Now() != was.now || x != y {
				t.Fatalf("back from %v it is at %v (%d), and not at %v (%d):\n%s\n%s", stands[i+1].place, p.At(), p.Now(), was.place, was.now, x, y)
			}
		}
	})
}

func TestEveryStepIsTakenOnceAndTimeNeverGoesBack(t *testing.T) {
	r := recorded(t, sample.Options{Compare: "fetch-add", Puts: 400, Seed: 2})
	p := player(t, r)
	steps, now := 0, p.Now()
	for p.Step() {
		if p.Now() < now {
			t.Fatalf("from %d to %d", now, p.Now())
		}
		now = p.Now()
		steps++
	}
	if want := 2 * 400 * 4; steps != want {
		t.Errorf("%d steps, want %d", steps, want)
	}
	for p.Back() {
		steps--
	}
	if steps != 0 || p.At() != (Place{}) {
		t.Errorf("%d steps are left, at %v", steps, p.At())
	}
}

func TestCollisionsAreFoundOneAfterTheOther(t *testing.T) {
	for _, o := range runs {
		r := recorded(t, o)
		p := player(t, r)
		var times []int64
		n := uint64(0)
		for p.Next() {
			last := p.Last()
			if last == nil || last.Step != visible.Block || !last.Collided() {
				t.Fatalf("it stands behind %+v", last)
			}
			times = append(times, p.Now())
			n++
		}
		if want := r.Summary().Recorded; n != want || n == 0 {
			t.Errorf("%+v: %d collisions, want %d", o, n, want)
		}
		for i := len(times) - 2; i >= 0; i-- {
			if !p.Previous() || p.Now() != times[i] {
				t.Fatalf("back to %d, want %d", p.Now(), times[i])
			}
		}
		if p.Previous() {
			t.Errorf("there is one before the first, at %d", p.Now())
		}
	}
}

func TestTheMapShowsASlotAsSoonAsItsBlockIsWritten(t *testing.T) {
	r := recorded(t, sample.Options{Seed: 9, Frame: 1_000_000}) // one frame for all of it
	p := player(t, r)
	s := watch(t, p)
	for range 500 {
		if !p.Step() {
			break
		}
		last := p.Last()
		if last.Step != visible.Block {
			continue
		}
		s.see(p)
		if s.laps[0] != last.Lap {
			continue // the frame is of the lap in which it ended
		}
		if c := s.cells[0][int(last.Value)]; c&^event.CellCollided != last.Thread+1 || last.Collided() && c&event.CellCollided == 0 {
			t.Fatalf("slot %d is %#x, and W%d has just written it", last.Value, c, last.Thread+1)
		}
	}
}

func TestFewSegmentsAreKept(t *testing.T) {
	r := recorded(t, sample.Options{Puts: 5000, Seed: 1, Short: true})
	p := player(t, r)
	p.keep = 60_000
	from, to := r.Span()
	if len(r.Segments) < 8 {
		t.Fatalf("there are only %d segments", len(r.Segments))
	}
	most := 0
	for i := range 40 {
		p.Go(from + (to-from)*int64(i*7%40)/40)
		n, bytes := p.Kept()
		if bytes > p.keep {
			t.Fatalf("%d segments of %d bytes are kept", n, bytes)
		}
		if p.Loaded(p.At().Segment) == nil {
			t.Fatal("the one that is shown is not")
		}
		most = max(most, n)
	}
	if most < 3 {
		t.Errorf("only %d are ever kept", most)
	}
}

func TestLanesAreNoLongerThanCanBeSeen(t *testing.T) {
	r := recorded(t, sample.Options{Writers: 32, Slots: 5000, Puts: 20_000, Seed: 1})
	p := player(t, r)
	from, to := r.Span()
	p.Go((from + to) / 2)
	p.Zoom(Longest)
	n := 0
	p.window(p.Now(), p.Lanes(), func(s []Step) { n += len(s) })
	if n > maxRecords || n < fewRecords/8 {
		t.Errorf("lanes of %d ns show %d steps", p.Lanes(), n)
	}
	p.Zoom(1)
	if p.Lanes() != Shortest {
		t.Errorf("the shortest is %d", p.Lanes())
	}
}

func TestAGapIsKnown(t *testing.T) {
	r := recorded(t, sample.Options{Puts: 3000, Pause: 300, Seed: 6})
	p := player(t, r)
	g := r.Segments[0].Gaps[0]
	if _, in := p.Gap(g.From); in {
		t.Error("its beginning is in it")
	}
	if got, in := p.Gap((g.From + g.To) / 2); !in || got != g {
		t.Errorf("in its middle: %v, %v", got, in)
	}
}

// Between two frames figures are those of the steps.
func TestFiguresGoOnBetweenFrames(t *testing.T) {
	for _, o := range []sample.Options{{}, {Writers: 3, Step: 300_000_000, Frame: 33_000_000, Puts: 60, Seed: 5}, {Writers: 8, Slots: 50, Puts: 2000, Seed: 3}} {
		r := recorded(t, o)
		p := player(t, r)
		from, to := r.Span()
		for i := range int64(50) {
			at := from + (to-from)*i/49
			p.Go(at)
			stored, collisions := uint64(0), uint64(0)
			for k := range r.Segments {
				g, err := Load(r, k)
				if err != nil {
					t.Fatal(err)
				}
				for _, st := range g.Steps[:g.Until(at)] {
					if st.Step == visible.Tell && st.Done() {
						stored++
					}
					if st.clash() {
						collisions++
					}
				}
			}
			if got := p.Totals(0); got.Stored != stored || got.Collisions != collisions || got.Stored != got.Readable+got.Lost+got.Unread {
				t.Fatalf("at %d: %+v, want %d stored and %d collisions", at, got, stored, collisions)
			}
		}
	}
}

// Of short segments several end at one time: what is shown then is what the last of them tells.
func TestAtItsEndARecordingShowsAllOfIt(t *testing.T) {
	for _, o := range runs {
		r := recorded(t, o)
		p := player(t, r)
		_, to := r.Span()
		p.Go(to)
		for i, want := range r.Segments[len(r.Segments)-1].Sides {
			if got := p.Totals(i); got.Stored != want.Stored || got.Collisions != want.Collisions || got.Lap != want.Lap {
				t.Errorf("%+v, side %d: %+v, want %+v", o, i, got, want)
			}
		}
	}
}
