package live

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hack-pad/hackpadfs"
	hackpados "github.com/hack-pad/hackpadfs/os"

	"slotrace/engine"
	"slotrace/engine/alloc"
	"slotrace/engine/event"
	"slotrace/engine/recording"
	"slotrace/engine/visible"
	"slotrace/server/run"
)

// recordingIn has runs recorded into a folder of the test's.
func recordingIn(t testing.TB, o Options) Options {
	t.Helper()
	o.Recordings = recording.NewShelf(folderOf(t, t.TempDir()))
	return o
}

func folderOf(t testing.TB, dir string) hackpadfs.FS {
	t.Helper()
	fsys, err := osFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

func osFolder(dir string) (hackpadfs.FS, error) {
	fsys := hackpados.NewFS()
	name, err := fsys.FromOSPath(dir)
	if err != nil {
		return nil, err
	}
	return fsys.Sub(name)
}

// books are the claims books of a run's laps, as they were when the laps ended.
type books struct {
	mu   sync.Mutex
	laps [event.MaxSides]map[uint32][]byte
}

func (b *books) keep(o Options) Options {
	for i := range b.laps {
		b.laps[i] = map[uint32][]byte{}
	}
	o.lapEnded = func(s *side) {
		cells := make([]byte, s.slots)
		for i := range cells {
			cells[i] = s.cur.cell(i)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.laps[s.number][s.cur.number] = cells
	}
	return o
}

// replay is what a recording comes to when it is played to its end.
type replay struct {
	state event.State
	sides [event.MaxSides]replaySide
	whole bool
}

type replaySide struct {
	first   event.Totals // when it began
	totals  event.Totals
	lap     uint32
	cells   []byte
	laps    map[uint32][]byte // as they ended
	figures map[uint32]event.Totals
	steps   []recording.Steps
	gaps    []recording.Gap
	events  uint64
	leftOut uint64
	lost    uint64
}

func play(t testing.TB, r *recording.Recording) (p replay) {
	t.Helper()
	if len(r.Damage) > 0 {
		t.Fatalf("it is damaged: %s", r.Damage)
	}
	for i := range p.sides {
		p.sides[i].laps, p.sides[i].figures = map[uint32][]byte{}, map[uint32]event.Totals{}
	}
	for i := range r.Segments {
		frames, err := r.Frames(i)
		if err != nil {
			t.Fatal(err)
		}
		for k, f := range frames {
			if f.State != nil {
				p.state = *f.State
			} else if k == 0 {
				t.Fatalf("segment %d does not begin with the whole picture", i+1)
			}
			for _, x := range f.Totals {
				if i == 0 && k == 0 {
					p.sides[x.Side].first = x
				}
				p.sides[x.Side].totals = x
			}
			for _, x := range f.Evidence {
				p.sides[x.Side].lost = x.Total
			}
			for _, x := range f.Cells {
				s := &p.sides[x.Side]
				if s.lap != x.Lap || s.cells == nil {
					s.lap, s.cells = x.Lap, make([]byte, x.Slots)
				}
				copy(s.cells[x.First:], x.Cells)
			}
			for _, x := range f.Cells {
				if s := &p.sides[x.Side]; x.Ended {
					s.laps[x.Lap], s.figures[x.Lap] = slices.Clone(s.cells), s.totals
				}
			}
			for _, x := range f.Steps {
				s := &p.sides[x.Side]
				s.steps = append(s.steps, x)
				s.events += uint64(len(x.Records))
				s.leftOut += x.LeftOut
			}
			for _, x := range f.Gaps {
				p.sides[x.Side].gaps = append(p.sides[x.Side].gaps, x)
			}
		}
	}
	p.whole = r.Summary().Whole
	return p
}

// open opens the recording that a run tells of.
func open(t testing.TB, o Options, st run.Status) *recording.Recording {
	t.Helper()
	if st.Recording == nil {
		t.Fatalf("there is no recording: %+v", st)
	}
	r, err := shelfOf(o).Open(st.Recording.ID)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantTotals(t *testing.T, got event.Totals, want run.Side) {
	t.Helper()
	if got.Lap != want.Lap || got.Stored != want.Stored || got.Readable != want.Readable || got.Lost != want.Lost || got.Unread != want.Unread ||
		got.Collisions != want.Collisions || got.Collided != want.Collided {
		t.Errorf("recorded %+v, the run says %+v", got, want)
	}
}

// wantLaps wants the map of every lap as it ended, as the claims book has it.
func wantLaps(t *testing.T, side int, p *replaySide, b *books) {
	t.Helper()
	if len(b.laps[side]) == 0 {
		t.Error("no lap has ended")
	}
	for lap, want := range b.laps[side] {
		if got := p.laps[lap]; !bytes.Equal(got, want) {
			t.Errorf("side %d, lap %d: the map that was recorded is another than that of the book (%d cells and %d)", side, lap, len(got), len(want))
		}
		if f := p.figures[lap]; f.Lap != lap || f.Unread != 0 || f.Stored == 0 {
			t.Errorf("side %d: lap %d ended with %+v", side, lap, f)
		}
	}
}

// stepsOf lists the steps of one put that nobody disturbs.
func stepsOf(t *testing.T, allocator string) (steps []visible.Step) {
	t.Helper()
	s, err := engine.New(engine.Options{Capacity: 1, Embedding: 1, Allocator: allocator})
	if err != nil {
		t.Fatal(err)
	}
	var o inOrder
	if err := s.Handle(0, &o).Put(&engine.Memory{ID: "a", Embedding: []float32{1}}); err != nil {
		t.Fatal(err)
	}
	return o
}

// inOrder are the steps that came.
type inOrder []visible.Step

func (o *inOrder) Point(_ *visible.Thread, op visible.Op) { *o = append(*o, op.Step) }
func (*inOrder) Done(*visible.Thread, visible.Op, uint64) {}

type putName struct {
	lap    uint32
	writer uint8
	number uint32
}

// putsIn puts the records together by the put that they are of, and wants each writer's in
// order of time.
func putsIn(t *testing.T, s *replaySide) map[putName][]event.Record {
	t.Helper()
	puts := map[putName][]event.Record{}
	var last [run.MaxWriters]event.Record
	for _, x := range s.steps {
		for _, r := range x.Records {
			if l := last[r.Thread]; r.At < l.At || r.Number < l.Number {
				t.Fatalf("writer %d: %+v comes behind %+v", r.Thread, r, l)
			}
			last[r.Thread] = r
			n := putName{x.Lap, r.Thread, r.Number}
			puts[n] = append(puts[n], r)
		}
	}
	return puts
}

// wantWholePuts wants every put whole: each step, and when writers are paced, each arrival.
// Those that are not, touch a gap or, unless all writers were at the barrier then, the end.
func wantWholePuts(t *testing.T, allocator string, arrivals, atBarrier bool, s *replaySide) (stored, collisions uint64) {
	t.Helper()
	all := stepsOf(t, allocator)
	want := map[event.Phase]map[visible.Step]bool{event.Done: {}, event.Arrive: {}}
	for _, step := range all {
		if arrivals {
			want[event.Arrive][step] = true
		}
		if arrivals || event.Stretched(step) {
			want[event.Done][step] = true
		}
	}
	puts := putsIn(t, s)
	last := map[uint8]uint32{}
	for name := range puts {
		last[name.writer] = max(last[name.writer], name.number)
	}
	wantNoneMissing(t, puts, s.gaps)
	for name, records := range puts {
		got := map[event.Phase]map[visible.Step]bool{event.Done: {}, event.Arrive: {}}
		refused, block := false, false
		for _, r := range records {
			if arrivals || event.Stretched(r.Step) {
				got[r.Phase][r.Step] = true
			}
			if r.Step == visible.Block && r.Phase == event.Done {
				block = true
				if r.Collided {
					collisions++
				}
			}
			if r.Collided && r.Step != visible.Block {
				t.Errorf("%+v: %+v", name, r)
			}
		}
		refused = !block && !got[event.Done][visible.Index]
		if got[event.Done][visible.Index] {
			stored++
		}
		touches := last[name.writer] == name.number && !atBarrier
		for _, g := range s.gaps {
			touches = touches || records[0].At <= g.To && records[len(records)-1].At >= g.From
		}
		if !refused && !touches && !(maps.Equal(got[event.Done], want[event.Done]) && maps.Equal(got[event.Arrive], want[event.Arrive])) {
			t.Errorf("%+v: %+v, want %v", name, records, want)
		}
	}
	return stored, collisions
}

// wantNoneMissing wants a gap wherever a writer has made puts of which there is nothing.
func wantNoneMissing(t *testing.T, puts map[putName][]event.Record, gaps []recording.Gap) {
	t.Helper()
	var spans [run.MaxWriters][]putSpan
	for name, records := range puts {
		spans[name.writer] = append(spans[name.writer], putSpan{name.number, records[0].At, records[len(records)-1].At})
	}
	for w, all := range spans {
		slices.SortFunc(all, func(a, b putSpan) int { return cmp.Compare(a.number, b.number) })
		for i := 1; i < len(all); i++ {
			before, next := all[i-1], all[i]
			if next.number > before.number+1 && !slices.ContainsFunc(gaps, func(g recording.Gap) bool { return g.From <= next.from && g.To >= before.to }) {
				t.Fatalf("writer %d: nothing is there of puts %d to %d, and no gap is told from %d to %d", w, before.number+1, next.number-1, before.to, next.from)
			}
		}
	}
}

type putSpan struct {
	number   uint32
	from, to int64
}

// A run is recorded from its first step to its end: the recording has its figures, the map of
// every lap, and every step.
func TestARecordedRunIsAllThere(t *testing.T) {
	speeds := map[string]run.Config{
		"real speed": {Writers: 4, Slots: 500, Embedding: 8, Stores: 5000},
		"a window":   {Writers: 4, Slots: 100, Embedding: 8, Stores: 400, WindowUS: 50},
		"paced":      {Writers: 4, Slots: 12, Embedding: 8, Stores: 40, PaceUS: 2000},
		"paced fast": {Writers: 8, Slots: 50, Embedding: 8, Stores: 400, PaceUS: 20},
	}
	for i := range alloc.Kinds {
		k := &alloc.Kinds[i]
		for speed, c := range speeds {
			for _, compare := range []string{"", "mutex"} {
				t.Run(k.Name+" "+speed+" "+compare, func(t *testing.T) {
					t.Parallel()
					c := c // each has its own
					var b books
					o := b.keep(recordingIn(t, onFile(t)))
					l := newLive(t, o)
					c.Allocator, c.Compare, c.Record = k.Name, compare, true
					st := finish(t, l, begin(t, l, c).ID)
					r := open(t, o, st)
					p := play(t, r)
					if rec := st.Recording; rec.State != "done" || rec.Failure != "" || r.Ended != endedRun || rec.Whole != p.whole {
						t.Errorf("%+v, ended %q", rec, r.Ended)
					}
					if h := r.Header; h.Run.Allocator != k.Name || h.Run.Compare != compare || h.Run.Slots != c.Slots || !strings.HasPrefix(h.Name, k.Name) {
						t.Errorf("%+v", h)
					}
					if p.state.State != event.Finished || p.state.Recording != event.NotRecording {
						t.Errorf("%+v", p.state)
					}
					if !p.whole {
						t.Errorf("there are gaps: %+v", r.Summary())
					}
					for n, want := range st.Sides {
						s := &p.sides[n]
						wantTotals(t, s.totals, want)
						wantLaps(t, n, s, &b)
						if s.lost != want.Lost {
							t.Errorf("evidence of %d losses of %d", s.lost, want.Lost)
						}
						stored, collisions := wantWholePuts(t, want.Allocator, c.PaceUS > 0, true, s)
						if stored != want.Stored || collisions != want.Collisions {
							t.Errorf("%d puts of %d, %d collisions of %d", stored, want.Stored, collisions, want.Collisions)
						}
					}
				})
			}
		}
	}
}

func TestARecordingBeginsAndEndsWhileTheRunGoesOn(t *testing.T) {
	for name, c := range map[string]run.Config{
		"real speed": {Writers: 4, Slots: 500, Embedding: 8},
		"paced":      {Writers: 4, Slots: 12, Embedding: 8, PaceUS: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			o := recordingIn(t, onFile(t))
			l := newLive(t, o)
			c.Allocator = "check-then-act"
			id := begin(t, l, c).ID
			var ids []string
			for range 3 {
				more := func(n uint64) {
					before, _ := l.Status(id)
					until(t, func() bool { st, _ := l.Status(id); return st.Sides[0].Stored >= before.Sides[0].Stored+n })
				}
				more(20)
				st := change(t, l, id, run.Change{Record: new(true)})
				first := st.Sides[0]
				if !st.Record || st.Recording.State != "recording" || activeRun(t, l, id).shown().Recording != event.BeingRecorded {
					t.Fatalf("%+v", st.Recording)
				}
				again := change(t, l, id, run.Change{Record: new(true)})
				if again.Recording.ID != st.Recording.ID {
					t.Error("it was begun twice")
				}
				more(20)
				st = change(t, l, id, run.Change{Record: new(false)})
				last := st.Sides[0]
				ended := *st.Recording
				more(20)
				st = change(t, l, id, run.Change{Record: new(false)})
				if st.Record || *st.Recording != ended || ended.State != "done" || activeRun(t, l, id).shown().Recording != event.NotRecording {
					t.Errorf("%+v, then %+v", ended, st.Recording)
				}
				r := open(t, o, st)
				p := play(t, r)
				s := &p.sides[0]
				if r.Ended != endedAsked || s.totals.Stored < first.Stored+20 || s.totals.Stored > last.Stored || s.events == 0 || s.events != ended.Events || s.leftOut != ended.LeftOut {
					t.Errorf("%q, from %d to %d: %+v, %d events, %d left out, want %+v", r.Ended, first.Stored, last.Stored, s.totals, s.events, s.leftOut, ended)
				}
				stored, collisions := wantWholePuts(t, "check-then-act", c.PaceUS > 0, c.PaceUS == 0, s)
				if c.PaceUS == 0 && (!ended.Whole || stored != s.totals.Stored-s.first.Stored || collisions != s.totals.Collisions-s.first.Collisions) { // it began at the barrier
					t.Errorf("%d stored, %d collisions, from %+v to %+v; %+v: %+v", stored, collisions, s.first, s.totals, ended, s.gaps)
				}
				ids = append(ids, ended.ID)
			}
			there, err := shelfOf(o).IDs()
			slices.Sort(ids)
			if err != nil || !slices.Equal(there, ids) {
				t.Errorf("%v, want %v, %v", there, ids, err)
			}
		})
	}
}

func activeRun(t *testing.T, l *Live, id uint32) *active {
	t.Helper()
	r, err := l.find(id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A presenter pauses where it is interesting, and only then records: nobody is to move for it.
func TestRecordingAPausedRunMovesNobody(t *testing.T) {
	o := recordingIn(t, onHeap())
	l := newLive(t, o)
	c := run.Config{Allocator: "fetch-add", Writers: 3, Slots: 30, Embedding: 4, Paused: true}
	id := begin(t, l, c).ID
	change(t, l, id, run.Change{Step: new(5)})
	r := activeRun(t, l, id)
	before, at := r.sides[0].store.Stats(), r.clock.Now()
	change(t, l, id, run.Change{Record: new(true)})
	if now := r.sides[0].store.Stats(); now.Count != before.Count || now.Entries != before.Entries || r.clock.Now() != at {
		t.Errorf("it moved from %+v to %+v", before, now)
	}
	change(t, l, id, run.Change{Step: new(40)})
	st := change(t, l, id, run.Change{Record: new(false)})
	if r.clock.Now() == at {
		t.Error("it stands still")
	}
	rec := open(t, o, st)
	p := play(t, rec)
	if s := &p.sides[0]; s.totals.Stored != st.Sides[0].Stored || s.events == 0 || rec.Segments[0].From != at {
		t.Errorf("%+v, %d events from %d, want %d", s.totals, s.events, rec.Segments[0].From, at)
	}
	for name, records := range putsIn(t, &p.sides[0]) {
		if first := records[0]; first.Phase != event.Arrive || first.Step != stepsOf(t, "fetch-add")[0] {
			t.Errorf("%+v begins with %+v", name, first)
		}
	}
}

// Figures are of all allocators that a run had, and what it came to is not to be told of one.
func TestARecordingNamesTheAllocatorsThatItsStoresAreOf(t *testing.T) {
	o := recordingIn(t, onHeap())
	l := newLive(t, o)
	end := func(id uint32) recording.Summary {
		t.Helper()
		r := open(t, o, change(t, l, id, run.Change{Record: new(false)}))
		return r.Summary()
	}
	want := func(s recording.Summary, outcome string, names ...string) {
		t.Helper()
		if !slices.Equal(s.Allocators(0), names) || !strings.HasPrefix(s.Outcome(), outcome) {
			t.Errorf("%q, %q, want %q", s.Allocators(0), s.Outcome(), names)
		}
	}
	id := begin(t, l, run.Config{Allocator: "fetch-add", Writers: 3, Slots: 30, Embedding: 4, Paused: true, Record: true}).ID
	change(t, l, id, run.Change{Step: new(30)})
	want(end(id), "fetch-add stored ", "fetch-add")
	change(t, l, id, run.Change{Allocator: new("mutex")})
	change(t, l, id, run.Change{Step: new(30)})
	change(t, l, id, run.Change{Record: new(true)}) // its figures begin with the run
	change(t, l, id, run.Change{Step: new(30)})
	want(end(id), "fetch-add and mutex by turns stored ", "fetch-add", "mutex")
	change(t, l, id, run.Change{Record: new(true)})
	change(t, l, id, run.Change{Allocator: new("compare-and-swap")})
	change(t, l, id, run.Change{Step: new(30)})
	change(t, l, id, run.Change{Allocator: new("fetch-add")})
	change(t, l, id, run.Change{Step: new(30)})
	s := end(id)
	want(s, "fetch-add, mutex and compare-and-swap by turns stored ", "fetch-add", "mutex", "compare-and-swap")
	if s.Run.Allocator != "mutex" {
		t.Errorf("%+v", s.Run)
	}
}

// Whoever replays it sees each step beside the code that took it: a recording tells of the
// switch between the last step of the one and the first of the other.
func TestARecordingSwitchesWhenTheRunDoes(t *testing.T) {
	o := recordingIn(t, onFile(t)) // where the race detector does not see the bug
	l := newLive(t, o)
	id := begin(t, l, run.Config{Allocator: "fetch-add", Writers: 3, Slots: 1000, Embedding: 4, Record: true}).ID
	for _, name := range []string{"check-then-act", "fetch-add", "check-then-act"} {
		before, _ := l.Status(id)
		until(t, func() bool { st, _ := l.Status(id); return st.Sides[0].Stored > before.Sides[0].Stored+2000 })
		change(t, l, id, run.Change{Allocator: new(name)})
	}
	before, _ := l.Status(id)
	until(t, func() bool { st, _ := l.Status(id); return st.Sides[0].Stored > before.Sides[0].Stored+2000 })
	rec := open(t, o, change(t, l, id, run.Change{Record: new(false)}))
	type switched struct {
		at        int64
		allocator uint8
	}
	var switches []switched
	var records []event.Record
	for i := range rec.Segments {
		frames, err := rec.Frames(i)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			if s := f.State; s != nil && (len(switches) == 0 || switches[len(switches)-1].allocator != s.Allocators[0]) {
				switches = append(switches, switched{f.At, s.Allocators[0]})
			}
			for _, x := range f.Steps {
				records = append(records, x.Records...)
			}
		}
	}
	if len(switches) != 4 {
		t.Fatalf("%+v", switches)
	}
	slices.SortStableFunc(records, func(a, b event.Record) int { return cmp.Compare(a.At, b.At) })
	takes := map[visible.Step]int{visible.Claim: alloc.Index("fetch-add"), visible.Look: alloc.Index("check-then-act"), visible.Tell: alloc.Index("check-then-act")}
	seen, wrong, k := 0, 0, 0
	for i := range records {
		r := &records[i]
		for k+1 < len(switches) && switches[k+1].at <= r.At {
			k++
		}
		if of, ok := takes[r.Step]; ok {
			if seen++; of != int(switches[k].allocator) {
				wrong++
			}
		}
	}
	if wrong > 0 || seen < 8000 {
		t.Errorf("%d of %d steps are beside the code of another allocator: %+v", wrong, seen, switches)
	}
}

// One that has stored nothing has had no turn.
func TestTheTurnsOfAllocators(t *testing.T) {
	s := side{turn: turn{allocator: "a"}}
	for _, step := range []struct {
		stored uint64
		next   string
		want   []string // before it
	}{{0, "b", nil}, {10, "a", []string{"b"}}, {10, "c", []string{"b"}}, {11, "b", []string{"b", "c"}}, {20, "c", []string{"b", "c"}}, {20, "a", []string{"b", "c"}}, {30, "", []string{"b", "c", "a"}}} {
		if got := s.allocators(step.stored); !slices.Equal(got, step.want) {
			t.Errorf("with %d stores: %q, want %q", step.stored, got, step.want)
		}
		s.takeTurn(step.next, step.stored)
	}
}

func TestWhyARunCannotBeRecorded(t *testing.T) {
	l := newLive(t, onHeap())
	c := fast("mutex", 0)
	c.Record = true
	var field *run.FieldError
	if _, err := l.Start(t.Context(), c); !errors.As(err, &field) || field.Field != "record" {
		t.Errorf("%v", err)
	}
	c.Record = false
	id := begin(t, l, c).ID
	if _, err := l.Change(t.Context(), id, run.Change{Record: new(true)}); !errors.As(err, &field) || !strings.Contains(err.Error(), "no folder") {
		t.Errorf("%v", err)
	}
	change(t, l, id, run.Change{Record: new(false)})

	o := recordingIn(t, onHeap())
	l = newLive(t, o)
	id = finish(t, l, begin(t, l, fast("mutex", 10)).ID).ID
	if _, err := l.Change(t.Context(), id, run.Change{Record: new(true)}); !errors.Is(err, run.ErrEnded) {
		t.Errorf("%v", err)
	}
	if ids, err := shelfOf(o).IDs(); len(ids) != 0 || err != nil {
		t.Errorf("%v, %v", ids, err)
	}
}

func TestStoppingTheServerEndsTheRecording(t *testing.T) {
	o := recordingIn(t, onHeap())
	l, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c := fast("fetch-add", 0)
	c.Record = true
	st := begin(t, l, c)
	until(t, func() bool { st, _ := l.Status(st.ID); return st.Recording.Events > 100 })
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	st, _ = l.Status(st.ID)
	r := open(t, o, st)
	p := play(t, r)
	wantTotals(t, p.sides[0].totals, st.Sides[0])
	if st.Recording.State != "done" || r.Ended != endedServer {
		t.Errorf("%+v, %q", st.Recording, r.Ended)
	}
}

// trouble is a file system whose writes are asked about.
type trouble struct {
	hackpadfs.FS
	write func(p []byte) error
}

func (f trouble) OpenFile(name string, flag int, perm hackpadfs.FileMode) (hackpadfs.File, error) {
	file, err := hackpadfs.OpenFile(f.FS, name, flag, perm)
	if err != nil {
		return nil, err
	}
	return troubleFile{file, f.write}, nil
}

func (f trouble) Sub(dir string) (hackpadfs.FS, error) {
	sub, err := hackpadfs.Sub(f.FS, dir)
	return trouble{sub, f.write}, err
}

func (f trouble) Mount(name string) (hackpadfs.FS, string) { return f.FS, name }
func (f trouble) Rename(from, to string) error             { return hackpadfs.Rename(f.FS, from, to) }

type troubleFile struct {
	hackpadfs.File
	write func(p []byte) error
}

func (f troubleFile) Write(p []byte) (int, error) {
	if err := f.write(p); err != nil {
		return 0, &hackpadfs.PathError{Op: "write", Path: "x", Err: err}
	}
	return hackpadfs.WriteFile(f.File, p)
}

// While the disk does not come along, steps are missing, and the recording says which. The
// figures and the maps are all there.
func TestABlockedDiskLeavesGapsAndNothingElseOut(t *testing.T) {
	gate, blocked := make(chan struct{}), make(chan struct{}, 1)
	var b books
	o := b.keep(onFile(t))
	writes := 0
	o.Recordings = recording.NewShelf(trouble{folderOf(t, t.TempDir()), func([]byte) error {
		if writes++; writes == 2 { // the first is the header
			blocked <- struct{}{}
			<-gate
		}
		return nil
	}})
	o.Recording = recording.Options{Oldest: 50 * time.Millisecond, Segment: 256 << 10}
	l := newLive(t, o)
	c := run.Config{Allocator: "check-then-act", Writers: 4, Slots: 2000, Embedding: 4, Record: true}
	id := begin(t, l, c).ID
	<-blocked
	until(t, func() bool { st, _ := l.Status(id); return st.Recording.Gaps > 0 })
	gone, _ := l.Status(id)
	until(t, func() bool { st, _ := l.Status(id); return st.Sides[0].Lap > gone.Sides[0].Lap+2 }) // what is exact does not wait for long
	close(gate)
	until(t, func() bool { st, _ := l.Status(id); return st.Recording.Events > gone.Recording.Events })
	st, err := l.Stop(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, o, st)
	p := play(t, r)
	s, rec := &p.sides[0], st.Recording
	wantTotals(t, s.totals, st.Sides[0])
	wantLaps(t, 0, s, &b)
	stored, collisions := wantWholePuts(t, c.Allocator, false, true, s)
	if rec.Whole || p.whole || len(s.gaps) == 0 || s.events != rec.Events || rec.State != "done" {
		t.Errorf("%+v, %d gaps, %d events", rec, len(s.gaps), s.events)
	}
	if stored == 0 || stored >= st.Sides[0].Stored || collisions > st.Sides[0].Collisions {
		t.Errorf("%d puts, %d collisions of %+v", stored, collisions, st.Sides[0])
	}
	if n := r.Summary().LeftOut; n != rec.LeftOut {
		t.Errorf("%d left out, and %d", n, rec.LeftOut)
	}
}

// What a ring had no room for is counted, and the time at which it was is a gap.
func TestStepsThatFoundNoRoomAreTold(t *testing.T) {
	o := recordingIn(t, onFile(t))
	l := newLive(t, o)
	c := run.Config{Allocator: "fetch-add", Writers: 2, Slots: 400_000, Embedding: 4, Record: true}
	id := begin(t, l, c).ID
	side := activeRun(t, l, id).sides[0]
	side.tracing.Lock() // nobody drains
	began := side.run.clock.Now()
	until(t, func() bool { return side.tracer.Dropped() > 1000 })
	ended := side.run.clock.Now()
	side.tracing.Unlock()
	st, err := l.Stop(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	p := play(t, open(t, o, st))
	s := &p.sides[0]
	wantTotals(t, s.totals, st.Sides[0])
	wantWholePuts(t, c.Allocator, false, true, s)
	dropped := side.tracer.Dropped()
	if s.leftOut != dropped || st.Recording.LeftOut != dropped || st.Recording.Whole || s.events+dropped != 3*st.Sides[0].Stored {
		t.Errorf("%d events, %d left out: %+v, want %d of %d", s.events, s.leftOut, st.Recording, dropped, 3*st.Sides[0].Stored)
	}
	if len(s.gaps) == 0 || s.gaps[0].From > ended || s.gaps[len(s.gaps)-1].To < ended || s.gaps[0].To < began {
		t.Errorf("from %d to %d, the gaps are %+v", began, ended, s.gaps)
	}
}

// Nobody waits for the disk but whoever wants the recording to be there.
func TestARunEndsThoughTheDiskIsBlocked(t *testing.T) {
	gate, blocked := make(chan struct{}), make(chan struct{}, 1)
	o := onFile(t)
	writes := 0
	o.Recordings = recording.NewShelf(trouble{folderOf(t, t.TempDir()), func([]byte) error {
		if writes++; writes == 2 {
			blocked <- struct{}{}
			<-gate
		}
		return nil
	}})
	o.Recording = recording.Options{Oldest: 10 * time.Millisecond, Segment: 64 << 10}
	l := newLive(t, o)
	c := run.Config{Allocator: "check-then-act", Writers: 4, Slots: 10_000, Embedding: 4, Record: true}
	id := begin(t, l, c).ID
	<-blocked
	r := activeRun(t, l, id)
	lap, since := uint32(0), time.Now()
	until(t, func() bool { // it waits at the barrier, for the disk
		st, _ := l.Status(id)
		if st.Sides[0].Lap != lap {
			lap, since = st.Sides[0].Lap, time.Now()
		}
		return time.Since(since) > 2*time.Second
	})
	if st := r.shown(); st.State != event.Running {
		t.Errorf("%+v", st)
	}
	stopped := make(chan run.Status, 1)
	go func() {
		st, _ := l.Stop(context.Background(), id)
		stopped <- st
	}()
	<-r.sides[0].ended
	select {
	case st := <-stopped:
		t.Errorf("it is done before its recording is: %+v", st.Recording)
	default:
	}
	close(gate)
	st := <-stopped
	p := play(t, open(t, o, st))
	wantTotals(t, p.sides[0].totals, st.Sides[0])
}

// Of steps come faster than are to be recorded, and of those that are some spans are there whole.
func TestASampledRecordingHasWholeSpans(t *testing.T) {
	var b books
	o := b.keep(recordingIn(t, onFile(t)))
	o.Recording = recording.Options{Burst: 64 << 10, Rate: 256 << 10}
	l := newLive(t, o)
	id := begin(t, l, run.Config{Allocator: "check-then-act", Writers: 4, Slots: 2000, Embedding: 4, Record: true}).ID
	until(t, func() bool { st, _ := l.Status(id); return st.Recording.Gaps > 3 })
	burst := func() int64 {
		side, _ := l.side(id, 0)
		side.tracing.Lock()
		defer side.tracing.Unlock()
		return side.burst.last
	}
	for range 2 { // viewers get theirs all the while
		before := burst()
		until(t, func() bool { return burst() > before })
	}
	st, err := l.Stop(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	p := play(t, open(t, o, st))
	s := &p.sides[0]
	wantTotals(t, s.totals, st.Sides[0])
	wantLaps(t, 0, s, &b)
	stored, _ := wantWholePuts(t, "check-then-act", false, true, s)
	if stored == 0 || st.Recording.Gaps == 0 || s.events != st.Recording.Events {
		t.Errorf("%d puts, %+v", stored, st.Recording)
	}
}

func TestAFullDiskEndsTheRecordingAndNotTheRun(t *testing.T) {
	for _, room := range []int{100, 50_000, 200_000} {
		o := onFile(t)
		left := room
		o.Recordings = recording.NewShelf(trouble{folderOf(t, t.TempDir()), func(p []byte) error {
			if left -= len(p); left < 0 {
				return syscall.ENOSPC
			}
			return nil
		}})
		o.Recording = recording.Options{Oldest: 50 * time.Millisecond}
		l := newLive(t, o)
		id := begin(t, l, run.Config{Allocator: "fetch-add", Writers: 4, Slots: 2000, Embedding: 4}).ID
		_, err := l.Change(t.Context(), id, run.Change{Record: new(true)})
		if room == 100 {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("a disk without room: %v", err)
			}
			if ids, _ := shelfOf(o).IDs(); len(ids) > 0 {
				t.Errorf("it left %v", ids)
			}
		} else {
			if err != nil {
				t.Fatal(err)
			}
			until(t, func() bool { st, _ := l.Status(id); return st.Recording.State != "recording" })
		}
		st, _ := l.Status(id)
		until(t, func() bool { now, _ := l.Status(id); return now.Sides[0].Stored > st.Sides[0].Stored+5000 })
		if room > 100 {
			if st.Recording.State != "failed" || !strings.Contains(st.Recording.Failure, "no space") || st.Record || activeRun(t, l, id).shown().Recording != event.RecordingFailed {
				t.Errorf("%+v", st.Recording)
			}
			r, err := shelfOf(o).Open(st.Recording.ID)
			if err != nil {
				t.Fatal(err)
			}
			if p := play(t, r); len(r.Segments) > 0 && p.sides[0].totals.Stored == 0 {
				t.Errorf("%+v", p.sides[0].totals)
			}
		}
	}
}

func TestARecordingEndsAtItsSize(t *testing.T) {
	o := recordingIn(t, onFile(t))
	o.Recording = recording.Options{Bytes: 300_000, Oldest: 20 * time.Millisecond}
	l := newLive(t, o)
	c := run.Config{Allocator: "fetch-add", Writers: 4, Slots: 2000, Embedding: 4, Record: true}
	id := begin(t, l, c).ID
	until(t, func() bool { st, _ := l.Status(id); return st.Recording.State != "recording" })
	st, _ := l.Status(id)
	r := open(t, o, st)
	size := shelfOf(o).Bytes(st.Recording.ID) // with the list of its segments
	if st.State != "running" || st.Recording.State != "full" || size < 300_000 || !strings.Contains(r.Ended, "size") || activeRun(t, l, id).shown().Recording != event.RecordingFailed {
		t.Errorf("%+v, %d bytes, ended %q", st.Recording, size, r.Ended)
	}
	play(t, r)
	another := change(t, l, id, run.Change{Record: new(true)})
	if another.Recording.ID == st.Recording.ID || another.Recording.State != "recording" {
		t.Errorf("%+v", another.Recording)
	}
}

// Whatever is changed, in whatever order, each recording opens, and has its whole puts.
func TestRecordingGoesOnWhateverIsChanged(t *testing.T) {
	o := recordingIn(t, onFile(t))
	l := newLive(t, o)
	c := run.Config{Allocator: "fetch-add", Compare: "check-then-act", Writers: 3, Slots: 300, Embedding: 4, Record: true}
	id := begin(t, l, c).ID
	for _, ch := range []run.Change{
		{Pause: new(true)}, {Step: new(7)}, {Pause: new(false)}, {Writers: new(9)}, {PaceUS: new(50)}, {Allocator: new("mutex")}, {WindowUS: new(100)},
		{Record: new(false)}, {Record: new(true), PaceUS: new(0)}, {WindowUS: new(0)}, {Pause: new(true)}, {Record: new(false)}, {Record: new(true)},
		{Step: new(20)}, {Pause: new(false), Writers: new(2)}, {Record: new(false), Allocator: new("fetch-add")}, {Record: new(true), Pause: new(true)}, {Pause: new(false)},
	} {
		before := change(t, l, id, ch)
		if before.State == "running" {
			until(t, func() bool { st, _ := l.Status(id); return st.Sides[0].Stored > before.Sides[0].Stored+50 })
		}
	}
	st, err := l.Stop(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	wantTotals(t, play(t, open(t, o, st)).sides[0].totals, st.Sides[0])
	ids, err := shelfOf(o).IDs()
	if err != nil || len(ids) != 4 {
		t.Fatalf("%v, %v", ids, err)
	}
	for _, id := range ids {
		r, err := shelfOf(o).Open(id)
		if err != nil {
			t.Fatal(err)
		}
		p := play(t, r)
		for i := range p.sides {
			putsIn(t, &p.sides[i])
		}
	}
}

func TestAStatusTellsOfTheRecordingInJSON(t *testing.T) {
	l := newLive(t, recordingIn(t, onHeap()))
	c := fast("fetch-add", 0)
	b, err := json.Marshal(begin(t, l, c))
	if err != nil || strings.Contains(string(b), `"recording"`) {
		t.Errorf("%s, %v", b, err)
	}
	id := l.List()[0].ID
	b, err = json.Marshal(change(t, l, id, run.Change{Record: new(true)}))
	if err != nil || !strings.Contains(string(b), `"recording":{"id":"`) || !strings.Contains(string(b), `"every_step":true`) {
		t.Errorf("%s, %v", b, err)
	}
}

func shelfOf(o Options) *recording.Shelf { return o.Recordings.(*recording.Shelf) }
