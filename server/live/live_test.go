package live

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"slotrace/engine"
	"slotrace/engine/alloc"
	"slotrace/engine/event"
	"slotrace/engine/visible"
	"slotrace/server/run"
)

// newLive returns a Live on the heap, so that the race detector sees its stores.
func newLive(t testing.TB, o Options) *Live {
	t.Helper()
	l, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func onHeap() Options { return Options{Heap: true} }

// fast is a run at real speed that makes n stores.
func fast(allocator string, n int64) run.Config {
	return run.Config{Allocator: allocator, Writers: 4, Slots: 500, Embedding: 8, Stores: n}
}

func begin(t testing.TB, l *Live, c run.Config) run.Status {
	t.Helper()
	st, err := l.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// finish waits for the run's end and returns its last figures.
func finish(t testing.TB, l *Live, id uint32) run.Status {
	t.Helper()
	r, err := l.find(id)
	if err != nil {
		t.Fatal(err)
	}
	<-r.done
	return r.status()
}

func wantSums(t testing.TB, s run.Side) {
	t.Helper()
	if s.Stored != s.Readable+s.Lost+s.Unread {
		t.Errorf("stored %d, but readable %d + lost %d + unread %d", s.Stored, s.Readable, s.Lost, s.Unread)
	}
}

func TestAHoldingAllocatorLosesNothingLapAfterLap(t *testing.T) {
	for _, k := range alloc.Kinds {
		if !k.Holds {
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			l := newLive(t, onHeap())
			st := finish(t, l, begin(t, l, fast(k.Name, 2345)).ID)
			s := st.Sides[0]
			wantSums(t, s)
			if st.State != "done" || s.Stored != 2345 || s.Readable != 2345 || s.Lost != 0 || s.Collisions != 0 || s.Lap != 5 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// buggy loses memories for sure: a window far wider than a put.
func buggy(allocator string, n int64) run.Config {
	return run.Config{Allocator: allocator, Writers: 4, Slots: 200, Embedding: 64, Stores: n, WindowUS: 50}
}

// In a real mapped file: that is where it happened.
func onFile(t testing.TB) Options { return Options{Dir: t.TempDir()} }

func TestABreakingAllocatorLosesWhatItsCountersSay(t *testing.T) {
	for _, k := range alloc.Kinds {
		if k.Holds {
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			l := newLive(t, onFile(t))
			st := finish(t, l, begin(t, l, buggy(k.Name, 1000)).ID)
			s := st.Sides[0]
			wantSums(t, s)
			if st.State != "done" || s.Stored != 1000 || s.Unread != 0 || s.Lost == 0 || s.Lost > s.Collisions+s.Collided || // all that claimed a slot can be lost: two that write at once tear each other
				s.Collided == 0 || s.Collided > s.Collisions {
				t.Fatalf("%+v", st)
			}
			e, err := l.Evidence(st.ID, 0, 0, 10_000)
			if err != nil || e.Total != s.Lost || uint64(len(e.Items)) != s.Lost || e.First != 1 {
				t.Fatalf("%d lost, evidence of %d (%d items, from %d), %v", s.Lost, e.Total, len(e.Items), e.First, err)
			}
			for i, x := range e.Items {
				if x.Number != uint64(i+1) || x.Got == "" || x.Got == x.Expected || !strings.HasPrefix(x.Expected, "Writer ") {
					t.Errorf("%+v", x)
				}
			}
		})
	}
}

// Every loss that is reported is seen in the file's bytes, and nothing else is lost
// in them.
func TestLossesAreInTheFile(t *testing.T) {
	o := onFile(t)
	l := newLive(t, o)
	c := buggy("check-then-act", 150) // within one lap
	c.WindowUS = 1000                 // so that few stores lose some for sure
	st := finish(t, l, begin(t, l, c).ID)
	e, _ := l.Evidence(st.ID, 0, 0, 1000)
	lost := map[string]bool{}
	for _, x := range e.Items {
		lost[x.ID] = true
	}
	inFile := memoriesIn(t, filepath.Join(o.Dir, "live-0", "00000001.store"), c)
	side, _ := l.side(st.ID, 0)
	n := 0
	for w := range side.cur.logs {
		for i := range side.cur.logs[w].n.Load() {
			n++
			id := string(appendID(nil, w, i))
			if inFile[id] == lost[id] {
				t.Errorf("%s: in the file %v, reported lost %v", id, inFile[id], lost[id])
			}
		}
	}
	if n != 150 || len(lost) == 0 {
		t.Errorf("%d stored, %d lost", n, len(lost))
	}
}

// memoriesIn reads a run's file by its layout alone (engine/layout.go), and returns
// the ids of the memories that are in it whole.
func memoriesIn(t *testing.T, path string, c run.Config) map[string]bool {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	block := c.Embedding*4 + 64 // a multiple of 64 in these tests
	content := b[4096+c.Slots*block:]
	generation := le.Uint64(b[192:]) & (1<<20 - 1)
	whole := map[string]bool{}
	for slot := range c.Slots {
		b := b[4096+slot*block:][:block]
		meta := b[c.Embedding*4:]
		if commit := le.Uint64(meta[56:]); commit == 0 || commit>>32&(1<<20-1) != generation {
			continue // never committed
		}
		at, idBytes, n := le.Uint64(meta[40:]), uint64(le.Uint16(meta[14:])), uint64(le.Uint32(meta[36:]))
		id := string(content[at : at+idBytes])
		var w, i int
		if _, err := fmt.Sscanf(id, "w%d-m%d", &w, &i); err != nil {
			t.Errorf("slot %d: id %q", slot, id)
		}
		whole[id] = string(content[at+idBytes:at+idBytes+n]) == fmt.Sprintf("Writer %d content %d", w, i)
		for k := range c.Embedding {
			want := float32(w)
			if k == 0 || k == c.Embedding-1 {
				want = -float32(i)
			}
			if math.Float32frombits(le.Uint32(b[4*k:])) != want {
				whole[id] = false
			}
		}
	}
	return whole
}

// until waits for ok; the test's own deadline bounds it.
func until(t testing.TB, ok func() bool) {
	t.Helper()
	for !ok() {
		if t.Context().Err() != nil {
			t.Fatal("the test ended before it came true")
		}
		runtime.Gosched()
	}
}

func change(t testing.TB, l *Live, id uint32, c run.Change) run.Status {
	t.Helper()
	st, err := l.Change(t.Context(), id, c)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestSwitchingToAFixStopsTheCollisions(t *testing.T) {
	l := newLive(t, onFile(t))
	id := begin(t, l, buggy("check-then-act", 0)).ID
	collisions := func() uint64 { st, _ := l.Status(id); return st.Sides[0].Collisions }
	until(t, func() bool { return collisions() > 10 })
	st := change(t, l, id, run.Change{Allocator: new("fetch-add")})
	at, stored := st.Sides[0].Collisions, st.Sides[0].Stored
	until(t, func() bool { st, _ = l.Status(id); return st.Sides[0].Stored > stored+500 })
	if now := collisions(); now != at {
		t.Errorf("%d collisions at the switch, %d later", at, now)
	}
	change(t, l, id, run.Change{Allocator: new("check-then-act")})
	until(t, func() bool { return collisions() > at+10 })
	st, err := l.Stop(t.Context(), id)
	if err != nil || st.State != "done" || st.Sides[0].Unread != 0 {
		t.Errorf("%+v, %v", st, err)
	}
	wantSums(t, st.Sides[0])
	if _, err := l.Change(t.Context(), id, run.Change{Pause: new(true)}); !errors.Is(err, run.ErrEnded) {
		t.Errorf("a change of a run that ended: %v", err)
	}
}

func TestAPausedRunStandsStillAndStepsOneAtATime(t *testing.T) {
	l := newLive(t, onHeap())
	c := run.Config{Allocator: "check-then-act", Writers: 2, Slots: 10, Embedding: 4, Paused: true}
	st := begin(t, l, c)
	if st.State != "paused" {
		t.Fatalf("%+v", st)
	}
	side, _ := l.side(st.ID, 0)
	seen := 0
	for range 40 {
		before := side.run.clock.Now()
		change(t, l, st.ID, run.Change{Step: new(1)})
		if side.run.clock.Now() <= before {
			t.Fatal("the clock stood still at a step")
		}
		seen++
	}
	stats := side.store.Stats()
	if stats.Count == 0 || stats.Count > 40/4+2 { // a put has four steps to be held at
		t.Errorf("count %d after %d steps", stats.Count, seen)
	}
	a, b := side.run.clock.Now(), side.store.Stats()
	if a != side.run.clock.Now() || b != stats {
		t.Error("it goes on while it is paused")
	}
}

func TestStoppingReleasesWritersThatArePausedWithTheLock(t *testing.T) {
	for _, name := range []string{"mutex", "lock-each-step"} {
		l := newLive(t, onHeap())
		st := begin(t, l, run.Config{Allocator: name, Writers: 8, Slots: 100, Embedding: 4, Paused: true})
		change(t, l, st.ID, run.Change{Step: new(3)}) // somebody is between lock and unlock, or was
		st, err := l.Stop(t.Context(), st.ID)
		if err != nil || st.State != "done" || st.Sides[0].Unread != 0 {
			t.Errorf("%s: %+v, %v", name, st, err)
		}
	}
}

func TestComparingRunsTheSameWorkloadOnTwoStores(t *testing.T) {
	l := newLive(t, onFile(t))
	c := buggy("check-then-act", 500)
	c.Compare = "mutex"
	st := begin(t, l, c)
	change(t, l, st.ID, run.Change{Compare: new("compare-and-swap")})
	st = finish(t, l, st.ID)
	if len(st.Sides) != 2 || st.Compare != "compare-and-swap" {
		t.Fatalf("%+v", st)
	}
	left, right := st.Sides[0], st.Sides[1]
	if left.Stored != 500 || right.Stored != 500 || left.Lost == 0 || right.Lost != 0 || right.Collisions != 0 || right.Allocator != "compare-and-swap" {
		t.Errorf("%+v", st)
	}
	one := begin(t, l, fast("mutex", 10))
	if _, err := l.Change(t.Context(), one.ID, run.Change{Compare: new("mutex")}); err == nil {
		t.Error("a second side came from nowhere")
	}
}

func TestWritersComeAndGoWhileTheRunGoesOn(t *testing.T) {
	l := newLive(t, onHeap())
	c := fast("fetch-add", 0)
	st := begin(t, l, c)
	for _, n := range []int{64, 1, 7, 3, 64, 2} {
		change(t, l, st.ID, run.Change{Writers: new(n)})
		before, _ := l.Status(st.ID)
		until(t, func() bool { now, _ := l.Status(st.ID); return now.Sides[0].Stored > before.Sides[0].Stored+600 })
	}
	st, _ = l.Stop(t.Context(), st.ID)
	s := st.Sides[0]
	wantSums(t, s)
	if s.Lost != 0 || s.Collisions != 0 || s.Unread != 0 || st.Writers != 2 {
		t.Errorf("%+v", st)
	}
}

func TestEverySettingCanBeChangedInAnyState(t *testing.T) {
	l := newLive(t, onHeap())
	st := begin(t, l, run.Config{Allocator: "mutex", Compare: "fetch-add", Writers: 3, Slots: 7, Embedding: 2, PaceUS: 100})
	for _, pause := range []bool{true, false, true} {
		for _, c := range []run.Change{
			{Pause: &pause}, {PaceUS: new(1)}, {Allocator: new("compare-and-swap")}, {WindowUS: new(10)}, {Writers: new(5)},
			{PaceUS: new(0), WindowUS: new(0), Writers: new(2), Allocator: new("fetch-add"), Compare: new("mutex")}, {Step: new(30)},
		} {
			change(t, l, st.ID, c)
		}
	}
	st, err := l.Stop(t.Context(), st.ID)
	if err != nil || st.Sides[0].Lost+st.Sides[1].Lost != 0 {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestARunThatCannotBeMadeSaysWhyAndLeavesNothing(t *testing.T) {
	o := onFile(t)
	l := newLive(t, o)
	if _, err := l.Start(t.Context(), run.Config{Allocator: "fetch-add", Writers: 0, Slots: 0, PaceUS: -1}); err == nil {
		t.Error("a run without writers and slots began")
	} else {
		for _, field := range []string{"writers", "slots", "pace_us"} {
			if !strings.Contains(err.Error(), field) {
				t.Errorf("%v does not name %s", err, field)
			}
		}
	}
	gone := newLive(t, Options{Dir: filepath.Join(o.Dir, "no", "such", "folder")})
	if _, err := gone.Start(t.Context(), run.Default()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	notes := filepath.Join(o.Dir, "live-0")
	if err := os.WriteFile(notes, []byte("my notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Start(t.Context(), fast("mutex", 1)); !errors.Is(err, engine.ErrForeign) {
		t.Errorf("a foreign file: %v", err)
	}
	if b, _ := os.ReadFile(notes); string(b) != "my notes" {
		t.Error("the foreign file was overwritten")
	}
	if n := len(l.List()); n != 0 {
		t.Errorf("%d runs are there", n)
	}
	if _, err := l.Status(1); !errors.Is(err, run.ErrUnknown) {
		t.Errorf("status: %v", err)
	}
}

func TestASlotTellsWhoClaimedIt(t *testing.T) {
	l := newLive(t, onFile(t))
	c := buggy("check-then-act", 150)
	st := finish(t, l, begin(t, l, c).ID)
	claims, lost, memories := uint64(0), uint64(0), uint64(0)
	for slot := range uint32(c.Slots) {
		d, err := l.Slot(st.ID, 0, slot)
		if err != nil {
			t.Fatal(err)
		}
		if d.Claims > 1 {
			claims += uint64(d.Claims) - 1
		}
		for _, m := range d.Memories {
			memories++
			if m.Outcome == "lost" {
				lost++
			}
			if (m.Got == m.Expected) != (m.Outcome == "readable") {
				t.Errorf("slot %d: %+v", slot, m)
			}
		}
	}
	s := st.Sides[0]
	if claims != s.Collisions || lost != s.Lost || memories != s.Stored {
		t.Errorf("by slot: %d collisions, %d lost, %d stored; the run says %d, %d, %d", claims, lost, memories, s.Collisions, s.Lost, s.Stored)
	}
	if _, err := l.Slot(st.ID, 0, uint32(c.Slots)); err == nil {
		t.Error("there is a slot too many")
	}
}

func TestEveryStepHasItsLineInTheSourceThatIsShown(t *testing.T) {
	h, err := hello("test")
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range h.Allocators {
		var o seen
		s, err := engine.New(engine.Options{Capacity: 1, Embedding: 1, Allocator: a.Name})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Handle(0, &o).Put(&engine.Memory{ID: "a", Embedding: []float32{1}}); err != nil {
			t.Fatal(err)
		}
		for step := range o {
			for _, src := range []event.Source{a.Source, h.Put} {
				line := src.Line(step)
				if line < src.First || line >= src.First+len(src.Lines) {
					t.Errorf("%s: step %s is on line %d of %s, of which %d to %d are shown", a.Name, step, line, src.File, src.First, src.First+len(src.Lines)-1)
				}
			}
		}
		if a.Name != alloc.Names()[i] || len(a.Source.Lines) < 5 {
			t.Errorf("%+v", a)
		}
	}
	if line := h.Allocators[0].Source.Line(visible.Look); !strings.Contains(h.Allocators[0].Source.Lines[line-h.Allocators[0].Source.First], "count.Load") {
		t.Error("the look of check-then-act is not on the line that loads the count")
	}
}

// seen is the set of steps that came.
type seen map[visible.Step]bool

func (o *seen) Point(_ *visible.Thread, op visible.Op) {
	if *o == nil {
		*o = seen{}
	}
	(*o)[op.Step] = true
}
func (*seen) Done(*visible.Thread, visible.Op, uint64) {}
