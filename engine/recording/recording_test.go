package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hack-pad/hackpadfs"
	"github.com/hack-pad/hackpadfs/mem"
	"pgregory.net/rapid"

	"slotrace/engine/event"
	"slotrace/engine/visible"
)

func memory(t testing.TB) hackpadfs.FS {
	fsys, err := mem.NewFS()
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

func testHeader() *Header {
	return &Header{
		Name: "check-then-act, 2 writers", Made: time.Date(2026, 11, 25, 14, 3, 0, 0, time.UTC), Version: "v1", Machine: "linux/amd64, 2 CPUs",
		Run:   Run{Allocator: "check-then-act", Writers: 2, Slots: 1000, Embedding: 768, PaceUS: 300},
		Hello: event.AppendHello(nil, &event.Hello{Server: "v1", Allocators: []event.Allocator{{Name: "check-then-act"}, {Name: "fetch-add", Holds: true}}}),
	}
}

func testState() event.State {
	return event.State{Run: 1, State: event.Running, Writers: 2, Sides: 1, Allocators: [2]uint8{0, event.NoAllocator}, Slots: 1000, Pace: 300}
}

// world is a run that is made up, and what a recording of it must come to.
type world struct {
	random  *rand.Rand
	cells   []byte
	totals  event.Totals
	records []event.Record
	numbers [2]uint32
	laps    []event.Cells // as they ended
	figures []event.Totals
}

func newWorld(seed uint64, slots int) *world {
	return &world{random: rand.New(rand.NewPCG(seed, 0)), cells: make([]byte, slots), totals: event.Totals{Lap: 1}}
}

// puts makes some puts, and returns their records, each writer's in order of time.
func (w *world) puts(n int) (records []event.Record) {
	for range n {
		slot := w.random.IntN(len(w.cells))
		writer := uint8(w.random.IntN(2))
		collided := w.cells[slot] != 0
		cell := writer + 1
		if collided {
			cell |= event.CellCollided
			w.totals.Collisions++
			if w.cells[slot]&event.CellCollided == 0 {
				w.totals.Collided++
			}
		}
		w.cells[slot] = cell
		w.totals.Stored++
		for _, step := range []visible.Step{visible.Look, visible.Block, visible.Index, visible.Tell} {
			w.totals.Clock += 1 + w.random.Int64N(1000)
			records = append(records, event.Record{
				At: w.totals.Clock, Value: uint32(slot), Number: w.numbers[writer], Thread: writer, Step: step, Phase: event.Done,
				Collided: collided && step == visible.Block,
			})
		}
		w.numbers[writer]++
	}
	w.records = append(w.records, records...)
	return records
}

func (w *world) show(r *Recorder, ended bool) {
	r.Totals(w.totals)
	r.Cells(0, w.totals.Lap, ended, 0, len(w.cells), func(i int) byte { return w.cells[i] })
}

// lap ends a lap and begins the next.
func (w *world) lap(r *Recorder) {
	w.show(r, true)
	r.Frame()
	w.laps = append(w.laps, event.Cells{Lap: w.totals.Lap, Cells: slices.Clone(w.cells), Collided: countCollided(w.cells)})
	w.figures = append(w.figures, w.totals)
	w.totals.Lap++
	clear(w.cells)
}

func countCollided(cells []byte) (n uint32) {
	for _, c := range cells {
		n += uint32(c >> 7)
	}
	return n
}

// seen is what a reader makes of a recording.
type seen struct {
	records []event.Record
	laps    []event.Cells
	figures []event.Totals
	gaps    []Gap
	leftOut uint64
	events  uint64
}

func look(t testing.TB, r *Recording) (s seen) {
	t.Helper()
	var cells []byte
	var lap uint32
	var totals event.Totals
	for i := range r.Segments {
		frames, err := r.Frames(i)
		if err != nil {
			t.Fatal(err)
		}
		s.events += r.Segments[i].Events
		if frames[0].State == nil || frames[0].Totals == nil && s.events > 0 && i > 0 {
			t.Errorf("segment %d does not begin with the whole picture", i+1)
		}
		for k, f := range frames {
			for _, c := range f.Totals {
				totals = c
			}
			for _, c := range f.Cells {
				if cells == nil || c.Lap != lap || k == 0 && c.First == 0 {
					cells, lap = make([]byte, c.Slots), c.Lap
				}
				copy(cells[c.First:], c.Cells)
				if c.Ended && c.Collided == countCollided(cells) && (len(s.laps) == 0 || s.laps[len(s.laps)-1].Lap != c.Lap) {
					s.laps = append(s.laps, event.Cells{Lap: lap, Cells: slices.Clone(cells), Collided: c.Collided})
					s.figures = append(s.figures, totals)
				}
			}
			for _, st := range f.Steps {
				s.records = append(s.records, st.Records...)
				s.leftOut += st.LeftOut
			}
			s.gaps = append(s.gaps, f.Gaps...)
		}
	}
	return s
}

func TestWhatIsRecordedIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapid.Uint64().Draw(t, "seed"), 1000)
		fsys, err := mem.NewFS()
		if err != nil {
			t.Fatal(err)
		}
		h := testHeader()
		writer, err := NewWriter(fsys, h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := NewRecorder(writer, h, testState(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 40).Draw(t, "turns") {
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				w.lap(r)
			default:
				records := w.puts(rapid.IntRange(0, 500).Draw(t, "puts"))
				if !r.Steps(0, w.totals.Lap, w.totals.Clock, 0, records) {
					t.Fatal("there is no room")
				}
				w.show(r, false)
				r.Frame()
			}
		}
		w.lap(r)
		if err := r.Close("stopped"); err != nil {
			t.Fatal(err)
		}
		rec, err := Open(fsys)
		if err != nil || len(rec.Damage) > 0 || rec.Ended != "stopped" {
			t.Fatal(err, rec.Damage, rec.Ended)
		}
		s := look(asTB{t: t}, rec)
		if !slices.Equal(s.records, w.records) {
			t.Fatalf("%d records of %d", len(s.records), len(w.records))
		}
		if len(s.laps) != len(w.laps) {
			t.Fatalf("%d laps of %d", len(s.laps), len(w.laps))
		}
		for i := range w.laps {
			if s.laps[i].Lap != w.laps[i].Lap || !bytes.Equal(s.laps[i].Cells, w.laps[i].Cells) || s.figures[i] != w.figures[i] {
				t.Fatalf("lap %d differs: %+v, want %+v", i+1, s.figures[i], w.figures[i])
			}
		}
		if sum := rec.Summary(); !sum.Whole || sum.Events != uint64(len(w.records)) || sum.Recorded != w.totals.Collisions || sum.Sides[0].Stored != w.totals.Stored {
			t.Fatalf("%+v", sum)
		}
	})
}

// asTB lets helpers fail a rapid test.
type asTB struct {
	testing.TB
	t *rapid.T
}

func (a asTB) Helper()                   {}
func (a asTB) Fatal(v ...any)            { a.t.Fatal(v...) }
func (a asTB) Errorf(f string, v ...any) { a.t.Errorf(f, v...) }

// record makes a recording of some segments.
func record(t testing.TB, fsys hackpadfs.FS, turns int, o Options) *world {
	t.Helper()
	h := testHeader()
	writer, err := NewWriter(fsys, h)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRecorder(writer, h, testState(), o)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(7, 1000)
	for i := range turns {
		r.Steps(0, w.totals.Lap, w.totals.Clock, 0, w.puts(100))
		w.show(r, false)
		writer.Flush() // so that segments are the same each time
		r.Frame()
		if i%3 == 2 {
			w.lap(r)
		}
	}
	if err := r.Close("stopped"); err != nil {
		t.Fatal(err)
	}
	return w
}

// each of a short recording's segments is of one frame.
var oneFrame = Options{Oldest: 1}

func TestARecordingThatWasCutOffOpensUpToItsLastWholeSegment(t *testing.T) {
	full := memory(t)
	record(t, full, 30, oneFrame)
	whole, err := Open(full)
	if err != nil || len(whole.Segments) < 3 {
		t.Fatal(err, len(whole.Segments))
	}
	names := whole.files()
	for cut := range len(whole.Segments) + 1 {
		for _, manifest := range []string{"as it was then", "one segment behind", "missing", "half written"} {
			fsys := memory(t)
			for _, name := range names {
				if n := segmentNumber(name); name != manifestName && n <= cut {
					copyFile(t, full, fsys, name, name, -1)
				}
			}
			if cut < len(whole.Segments) {
				copyFile(t, full, fsys, segmentName(cut+1), segmentName(cut+1)+temporarySuffix, 100)
			}
			switch listed := whole.Segments[:cut]; {
			case manifest == "as it was then":
				must(t, writeManifest(fsys, &Manifest{Segments: listed}))
			case manifest == "one segment behind" && cut > 0:
				must(t, writeManifest(fsys, &Manifest{Segments: listed[:cut-1]}))
			case manifest == "half written":
				copyFile(t, full, fsys, manifestName, manifestName+temporarySuffix, 30)
			}
			r, err := Open(fsys)
			if err != nil || len(r.Damage) > 0 || r.Ended != "" || len(r.Segments) != cut {
				t.Fatalf("%d segments, manifest %s: %v %v, %d segments", cut, manifest, err, r.Damage, len(r.Segments))
			}
			for i := range r.Segments {
				if _, err := r.Frames(i); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// copyFile copies a file, or its first n bytes.
func copyFile(t testing.TB, from, to hackpadfs.FS, name, as string, n int) {
	t.Helper()
	b, err := hackpadfs.ReadFile(from, name)
	must(t, err)
	if n >= 0 {
		b = b[:min(n, len(b))]
	}
	put(t, to, as, b)
}

func put(t testing.TB, to hackpadfs.FS, name string, b []byte) {
	t.Helper()
	f, err := hackpadfs.Create(to, name)
	must(t, err)
	_, err = hackpadfs.WriteFile(f, b)
	must(t, err)
	must(t, f.Close())
}

// Each bit counts: a file in which one is flipped is not taken for right.
func TestAFlippedBitIsFound(t *testing.T) {
	full := memory(t)
	record(t, full, 4, oneFrame)
	whole, err := Open(full)
	must(t, err)
	for _, name := range whole.files() {
		b, err := hackpadfs.ReadFile(full, name)
		must(t, err)
		for _, at := range spread(len(b), 60) {
			b[at] ^= 1 << (at % 8)
			put(t, full, name, b)
			r, err := Open(full)
			found := err != nil || len(r.Damage) > 0
			for i := 0; !found && i < len(r.Segments); i++ {
				_, err := r.Frames(i)
				found = err != nil
			}
			if !found {
				t.Errorf("%s: byte %d changed, and nobody saw it", name, at)
			}
			b[at] ^= 1 << (at % 8)
		}
		for _, n := range spread(len(b), 20) {
			put(t, full, name, b[:n])
			r, err := Open(full)
			found := err != nil || len(r.Damage) > 0
			if !found {
				t.Errorf("%s: cut to %d bytes, and nobody saw it", name, n)
			}
		}
		put(t, full, name, b)
	}
	if r, err := Open(full); err != nil || len(r.Damage) > 0 {
		t.Fatal(err, r.Damage)
	}
}

// spread is all of the first hundred places, and some of the rest.
func spread(n, most int) (places []int) {
	for i := range min(n, 100) {
		places = append(places, i)
	}
	for i := range most {
		if at := 100 + i*max(1, (n-100)/most); at < n {
			places = append(places, at)
		}
	}
	return places
}

func TestTheNewerFormatIsNamed(t *testing.T) {
	fsys := memory(t)
	record(t, fsys, 1, Options{})
	b, err := hackpadfs.ReadFile(fsys, headerName)
	must(t, err)
	b[9] = version + 1
	put(t, fsys, headerName, b)
	if _, err := Open(fsys); !errors.Is(err, ErrVersion) {
		t.Errorf("%v, want ErrVersion", err)
	}
}

func TestAZipIsTheSameRecording(t *testing.T) {
	fsys := memory(t)
	record(t, fsys, 9, oneFrame)
	r, err := Open(fsys)
	must(t, err)
	var a, b bytes.Buffer
	must(t, r.WriteZip(&a))
	z, err := OpenZip(bytes.NewReader(a.Bytes()), int64(a.Len()))
	must(t, err)
	if got, want := look(t, z), look(t, r); !slices.Equal(got.records, want.records) {
		t.Errorf("%d records of %d", len(got.records), len(want.records))
	}
	copied := memory(t)
	must(t, z.CopyTo(copied, nil))
	c, err := Open(copied)
	must(t, err)
	must(t, c.WriteZip(&b))
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Errorf("a zip that was taken in gives another: %d bytes and %d", a.Len(), b.Len())
	}
}

// slow is a disk that writes no segment until it is let.
type slow struct {
	hackpadfs.FS
	let chan bool
}

func (s slow) OpenFile(name string, flag int, perm hackpadfs.FileMode) (hackpadfs.File, error) {
	if segmentNumber(strings.TrimSuffix(name, temporarySuffix)) > 0 && flag&hackpadfs.FlagCreate != 0 {
		<-s.let
	}
	return hackpadfs.OpenFile(s.FS, name, flag, perm)
}

func (s slow) Rename(a, b string) error { return hackpadfs.Rename(s.FS, a, b) }
func (s slow) Remove(a string) error    { return hackpadfs.Remove(s.FS, a) }

// With a disk that cannot keep up, all laps are there and every record is recorded or
// said to be left out, with the time.
func TestWhatTheDiskHasNoTimeForIsSaid(t *testing.T) {
	let := make(chan bool)
	fsys := slow{memory(t), let}
	h := testHeader()
	writer, err := NewWriter(fsys, h)
	must(t, err)
	r, err := NewRecorder(writer, h, testState(), Options{Segment: 64 << 10})
	must(t, err)
	w := newWorld(7, 1000)
	refused := uint64(0)
	for i := range 40 {
		records := w.puts(1000)
		if !r.Steps(0, w.totals.Lap, w.totals.Clock, 0, records) {
			refused += uint64(len(records))
		}
		if i == 30 {
			close(let)
		}
		w.show(r, false)
		if i > 30 {
			w.lap(r)
		}
	}
	must(t, r.Close("stopped"))
	rec, err := Open(fsys.FS)
	must(t, err)
	s := look(t, rec)
	sum := rec.Summary()
	if refused == 0 || sum.LeftOut != refused || uint64(len(s.records))+refused != uint64(len(w.records)) {
		t.Errorf("%d records are there, %d were refused and %d told, of %d", len(s.records), refused, sum.LeftOut, len(w.records))
	}
	in := func(at int64) bool {
		return slices.ContainsFunc(s.gaps, func(g Gap) bool { return g.From <= at && at <= g.To })
	}
	there := make(map[int64]bool)
	for _, e := range s.records {
		there[e.At] = true
	}
	for _, e := range w.records {
		if !there[e.At] && !in(e.At) {
			t.Fatalf("the record at %d is not there, and in no gap of %v", e.At, s.gaps)
		}
	}
	if len(s.laps) != len(w.laps) || s.figures[len(s.figures)-1] != w.figures[len(w.figures)-1] {
		t.Errorf("%d laps of %d", len(s.laps), len(w.laps))
	}
	if sum.Whole {
		t.Error("it says that every step is there")
	}
}

// full is a disk that fails after some files.
type full struct {
	hackpadfs.FS
	left *int
}

var errFull = errors.New("no space left on device")

func (f full) OpenFile(name string, flag int, perm hackpadfs.FileMode) (hackpadfs.File, error) {
	if flag&hackpadfs.FlagCreate != 0 {
		if *f.left--; *f.left < 0 {
			return nil, &fs.PathError{Op: "open", Path: name, Err: errFull}
		}
	}
	return hackpadfs.OpenFile(f.FS, name, flag, perm)
}

func (f full) Rename(a, b string) error { return hackpadfs.Rename(f.FS, a, b) }
func (f full) Remove(a string) error    { return hackpadfs.Remove(f.FS, a) }

func TestAFullDiskEndsARecordingThatStillOpens(t *testing.T) {
	for left := range 12 {
		fsys := memory(t)
		h := testHeader()
		n := left
		writer, err := NewWriter(full{fsys, &n}, h)
		if left == 0 {
			if !errors.Is(err, errFull) {
				t.Errorf("%v, want %v", err, errFull)
			}
			continue
		}
		must(t, err)
		r, err := NewRecorder(writer, h, testState(), oneFrame)
		must(t, err)
		w := newWorld(7, 1000)
		for more := true; more; { // until it sees that the disk is full
			r.Steps(0, 1, w.totals.Clock, 0, w.puts(1))
			w.show(r, false)
			more = r.Frame()
		}
		err = r.Close("stopped")
		if !errors.Is(err, errFull) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%d files: %v", left, err)
		}
		rec, err := Open(fsys)
		if err != nil || len(rec.Damage) > 0 || len(rec.Segments) != left/2 {
			t.Errorf("%d files: %v %v, %d segments", left, err, rec.Damage, len(rec.Segments))
		}
	}
}

func TestSizeEndsIt(t *testing.T) {
	fsys := memory(t)
	h := testHeader()
	writer, err := NewWriter(fsys, h)
	must(t, err)
	r, err := NewRecorder(writer, h, testState(), Options{Bytes: 1, Oldest: 1})
	must(t, err)
	w := newWorld(7, 10)
	for i := 0; r.Frame(); i++ {
		w.puts(1)
		w.show(r, false)
		if i == 1e6 {
			t.Fatal("it does not end")
		}
	}
	must(t, r.Close("it reached its size"))
}

func TestManyMarksAndGapsAreThinned(t *testing.T) {
	var m thinned[int64]
	for i := range 10_000 {
		m.add(int64(i), maxMarks)
	}
	if len(m.kept) > maxMarks || len(m.kept) < maxMarks/2 || !slices.IsSorted(m.kept) || m.kept[len(m.kept)-1] < 9_900 {
		t.Errorf("%d marks: %v", len(m.kept), m.kept)
	}
	rapid.Check(t, func(t *rapid.T) {
		var gaps, all []Gap
		until := [2]int64{}
		for range rapid.IntRange(0, 300).Draw(t, "gaps") {
			side := rapid.Uint8Range(0, 1).Draw(t, "side")
			g := Gap{Side: side, From: until[side] + rapid.Int64Range(0, 3).Draw(t, "after")}
			g.To = g.From + rapid.Int64Range(1, 3).Draw(t, "long")
			until[side] = g.To
			gaps, all = addGap(gaps, g), append(all, g)
		}
		if len(gaps) > maxGaps {
			t.Fatalf("%d gaps", len(gaps))
		}
		for _, g := range all {
			if !slices.ContainsFunc(gaps, func(h Gap) bool { return h.Side == g.Side && h.From <= g.From && g.To <= h.To }) {
				t.Fatalf("%v is in none of %v", g, gaps)
			}
		}
	})
}

func TestTheShelfKnowsItsOwnOnly(t *testing.T) {
	fsys := memory(t)
	s := NewShelf(fsys)
	id, folder, err := s.Make()
	must(t, err)
	record(t, folder, 3, Options{})
	for _, other := range []string{"", ".", "..", "/", id + "/..", id[:13] + "/", "../" + id, strings.ToUpper(id), id + "\x00", NewID(), "header.slot"} {
		if _, err := s.Open(other); !errors.Is(err, ErrUnknown) {
			t.Errorf("open %q: %v", other, err)
		}
		if err := s.Remove(other); !errors.Is(err, ErrUnknown) {
			t.Errorf("remove %q: %v", other, err)
		}
	}
	must(t, s.Rename(id, "Größe / \"x\" \\ ../ 日本"))
	for _, name := range []string{"", " ", "a\x00b", "a\nb", "\xff", strings.Repeat("x", 101), "a\u202eb"} {
		if s.Rename(id, name) == nil {
			t.Errorf("the name %q was taken", name)
		}
	}
	r, err := s.Open(id)
	if err != nil || r.Name != "Größe / \"x\" \\ ../ 日本" {
		t.Fatal(err, r.Name)
	}
	cut, _, err := s.Make() // and nothing written into it
	must(t, err)
	must(t, s.Sweep(0))
	if ids, err := s.IDs(); err != nil || !slices.Equal(ids, []string{id}) {
		t.Errorf("%v, %v: of %s and %s", ids, err, id, cut)
	}
	must(t, s.Remove(id))
	if _, err := s.Open(id); !errors.Is(err, ErrUnknown) {
		t.Errorf("removed, and then %v", err)
	}
	if other := NewID(); other == NewID() || !IsID(other) {
		t.Error("ids")
	}
}

// What is not a recording is refused, and never more than its limits is taken into memory.
func TestHostileSegments(t *testing.T) {
	fsys := memory(t)
	record(t, fsys, 1, Options{})
	s, packed, err := readSegment(fsys, 1)
	must(t, err)
	rewrite := func(edit func(s *Segment), packed []byte) error {
		h := s
		h.Bytes = 0
		edit(&h)
		summary, err := json.Marshal(&h)
		must(t, err)
		b := le.AppendUint32(begin(), uint32(len(summary)))
		put(t, fsys, segmentName(1), seal(kindSegment, append(append(b, summary...), packed...)))
		must(t, hackpadfs.RemoveAll(fsys, manifestName))
		r, err := Open(fsys)
		must(t, err)
		if len(r.Damage) > 0 {
			return errors.New(r.Damage[0])
		}
		_, err = r.Frames(0)
		return err
	}
	must(t, rewrite(func(*Segment) {}, packed))
	for what, edit := range map[string]func(s *Segment){
		"raw too long":  func(s *Segment) { s.Raw = 1 << 40 },
		"raw too short": func(s *Segment) { s.Raw-- },
		"raw longer":    func(s *Segment) { s.Raw++ },
		"frames":        func(s *Segment) { s.Frames++ },
		"no frames":     func(s *Segment) { s.Frames = 0 },
		"time":          func(s *Segment) { s.To = s.From - 1 },
		"earlier":       func(s *Segment) { s.To-- },
		"number":        func(s *Segment) { s.Number = 2 },
		"sides":         func(s *Segment) { s.Sides = nil },
		"gaps":          func(s *Segment) { s.Gaps = make([]Gap, maxGaps+1) },
	} {
		if rewrite(edit, packed) == nil {
			t.Errorf("%s: nothing was said", what)
		}
	}
	if rewrite(func(*Segment) {}, packed[:len(packed)-1]) == nil || rewrite(func(*Segment) {}, nil) == nil {
		t.Error("cut frames: nothing was said")
	}
}

func FuzzOpenZip(f *testing.F) {
	fsys := memory(f)
	record(f, fsys, 3, oneFrame)
	r, err := Open(fsys)
	must(f, err)
	var b bytes.Buffer
	must(f, r.WriteZip(&b))
	f.Add(b.Bytes())
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := OpenZip(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		r.Summary()
		whole := r.Verify(nil) == nil
		z, err := r.Zip()
		if err != nil {
			if whole {
				t.Error(err)
			}
			return
		}
		again, err := io.ReadAll(z.From(0))
		if err != nil || !whole {
			return
		}
		// What slotrace makes of it, whoever packed it, is whole, and stays so.
		r, err = OpenZip(bytes.NewReader(again), z.Size())
		must(t, err)
		must(t, r.Verify(nil))
		if z, err = r.Zip(); err != nil {
			t.Fatal(err)
		}
		if once, err := io.ReadAll(z.From(0)); err != nil || !bytes.Equal(once, again) {
			t.Errorf("%d bytes and then %d, %v", len(again), len(once), err)
		}
	})
}

func FuzzSegment(f *testing.F) {
	fsys := memory(f)
	record(f, fsys, 1, Options{})
	b, err := hackpadfs.ReadFile(fsys, segmentName(1))
	must(f, err)
	s, packed, err := readSegment(fsys, 1)
	must(f, err)
	frames, err := unpack(&s, packed, true)
	must(f, err)
	f.Add(b[envelopeBytes:], []byte{})
	f.Add([]byte{}, appendSteps(nil, 0, 1, 0, frames[0].Steps[0].Records[:8]))
	f.Fuzz(func(t *testing.T, body, sections []byte) {
		fsys := memory(t)
		record(t, fsys, 1, Options{})
		put(t, fsys, segmentName(1), seal(kindSegment, append(begin(), body...)))
		if r, err := Open(fsys); err == nil {
			for i := range r.Segments {
				r.Frames(i)
			}
		}
		parseFrame(append(event.AppendFrame(nil, 1), sections...), true)
	})
}

func FuzzSteps(f *testing.F) {
	f.Add(appendSteps(nil, 0, 1, 0, newWorld(1, 10).puts(3))[6:])
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseSteps(0, b)
		if err != nil {
			return
		}
		again, err := parseSteps(0, appendSteps(nil, 0, s.Lap, s.LeftOut, s.Records)[6:])
		if err != nil || !slices.Equal(again.Records, s.Records) {
			t.Errorf("%v: %v, want %v", err, again.Records, s.Records)
		}
	})
}

func BenchmarkSteps(b *testing.B) {
	records := newWorld(1, 100_000).puts(25_000)
	packed := appendSteps(nil, 0, 1, 0, records)
	b.Run("pack", func(b *testing.B) {
		var out []byte
		for b.Loop() {
			out = appendSteps(out[:0], 0, 1, 0, records)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(records)), "ns/record")
	})
	b.Run("unpack", func(b *testing.B) {
		for b.Loop() {
			if _, err := parseSteps(0, packed[6:]); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(records)), "ns/record")
	})
}

func ExampleOpen() {
	fsys, _ := mem.NewFS()
	if _, err := Open(fsys); err != nil {
		fmt.Println(err)
	}
	// Output: it is not a recording of slotrace: there is no header.slot in it
}

// placed counts the bytes of files that are put in place.
type placed struct {
	hackpadfs.FS
	bytes map[string]int64
}

func (p placed) OpenFile(name string, flag int, perm hackpadfs.FileMode) (hackpadfs.File, error) {
	return hackpadfs.OpenFile(p.FS, name, flag, perm)
}

func (p placed) Rename(a, b string) error {
	if info, err := hackpadfs.Stat(p.FS, a); err == nil {
		p.bytes[b] += info.Size()
	}
	return hackpadfs.Rename(p.FS, a, b)
}

// Hours of slow motion are thousands of segments.
func TestOfALongRecordingTheManifestIsNotMostOfWhatIsWritten(t *testing.T) {
	fsys := placed{memory(t), make(map[string]int64)}
	record(t, fsys, 500, oneFrame)
	info, err := hackpadfs.Stat(fsys, manifestName)
	must(t, err)
	if written := fsys.bytes[manifestName]; written > 64*info.Size() {
		t.Errorf("a manifest of %d KiB was written as %d MiB", info.Size()>>10, written>>20)
	}
	r, err := Open(fsys.FS)
	must(t, err)
	if len(r.Damage) > 0 || len(r.Segments) < 500 {
		t.Errorf("%d segments, %q", len(r.Segments), r.Damage)
	}
}

func TestARecordingEndsBeforeItsManifestIsTooLongToBeRead(t *testing.T) {
	fsys := memory(t)
	w, err := NewWriter(fsys, testHeader())
	must(t, err)
	r, err := NewRecorder(w, testHeader(), testState(), Options{})
	must(t, err)
	w.mu.Lock()
	w.listing = maxManifest / 2
	w.mu.Unlock()
	if !r.Full() || r.Frame() {
		t.Error("it goes on")
	}
	must(t, r.Close("it has the size that it may have"))
}

// grows is a folder in which a recording goes on as soon as it was listed.
type grows struct {
	fs.FS
	listed func()
}

func (g grows) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(g.FS, name)
	g.listed()
	return entries, err
}

func TestARecordingThatIsOpenedWhileItGoesOnIsNotDamaged(t *testing.T) {
	fsys := memory(t)
	w, err := NewWriter(fsys, testHeader())
	must(t, err)
	r, err := NewRecorder(w, testHeader(), testState(), oneFrame)
	must(t, err)
	made := newWorld(7, 1000)
	rec, err := Open(grows{fsys, func() {
		for range 3 {
			r.Steps(0, 1, made.totals.Clock, 0, made.puts(10))
			made.show(r, false)
			r.Frame()
			w.Flush()
		}
	}})
	must(t, err)
	if len(rec.Damage) > 0 || len(rec.Segments) == 0 {
		t.Errorf("%d segments, %q", len(rec.Segments), rec.Damage)
	}
	must(t, r.Close("stopped"))
}

// moves is a folder that loses a file, now and then, while it is listed.
type moves struct {
	hackpadfs.FS
	times *int
}

func (m moves) Mount(name string) (hackpadfs.FS, string) { return m.FS, name }

func (m moves) ReadDir(name string) ([]fs.DirEntry, error) {
	if *m.times--; *m.times >= 0 {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	return hackpadfs.ReadDir(m.FS, name)
}

func TestAFileThatGoesWhileAFolderIsListedDoesNotHideTheOthers(t *testing.T) {
	fsys := memory(t)
	shelf := NewShelf(fsys)
	id, in, err := shelf.Make()
	must(t, err)
	record(t, in, 3, oneFrame)
	times := 2
	if r, err := Open(moves{in, &times}); err != nil || len(r.Damage) > 0 {
		t.Error(r, err)
	}
	times = 2
	if ids, err := NewShelf(moves{fsys, &times}).IDs(); err != nil || !slices.Equal(ids, []string{id}) {
		t.Error(ids, err)
	}
}

// held is a folder whose files are being read, now and then, when they are to be replaced.
type held struct {
	hackpadfs.FS
	times *int
}

func (h held) Mount(name string) (hackpadfs.FS, string) { return h.FS, name }

func (h held) Rename(a, b string) error {
	if *h.times++; *h.times%3 != 0 {
		return &hackpadfs.LinkError{Op: "rename", Old: a, New: b, Err: fs.ErrPermission}
	}
	return hackpadfs.Rename(h.FS, a, b)
}

func TestWhereAFileThatIsReadCannotBeReplacedItIsTriedAgain(t *testing.T) {
	defer func(slowly bool) { replacesSlowly = slowly }(replacesSlowly)
	replacesSlowly = true
	times := 0
	fsys := memory(t)
	record(t, held{fsys, &times}, 3, oneFrame)
	r, err := Open(fsys)
	must(t, err)
	must(t, r.Verify(nil))
}

// A recording's folder is its id, which is not for everybody who is told that it failed.
func TestWhatFailedIsToldWithoutThePlace(t *testing.T) {
	times := 0
	err := writeHeader(held{memory(t), &times}, testHeader())
	if !errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), headerName) {
		t.Error(err)
	}
}

func TestAManifestThatContradictsWhatThereIsIsNotBelieved(t *testing.T) {
	fsys := memory(t)
	record(t, fsys, 6, oneFrame)
	for what, edit := range map[string]func(s []Segment){
		"order": func(s []Segment) { s[1].From = s[0].To - 1 },
		"sides": func(s []Segment) {
			s[1].Sides, s[1].Curve = append(s[1].Sides, s[1].Sides[0]), append(s[1].Curve, nil)
		},
		"another file": func(s []Segment) { s[1].CRC32++ },
	} {
		m, err := readManifest(fsys)
		must(t, err)
		edit(m.Segments)
		edited := memory(t)
		for i := range m.Segments {
			copyFile(t, fsys, edited, segmentName(i+1), segmentName(i+1), -1)
		}
		copyFile(t, fsys, edited, headerName, headerName, -1)
		must(t, writeManifest(edited, &m))
		r, err := Open(edited)
		if err == nil && what == "another file" { // which nobody has looked into yet
			_, err = r.Frames(1)
		}
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
