package tape

import (
	"bytes"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hack-pad/hackpadfs/mem"

	"slotrace/engine/event"
	"slotrace/engine/recording"
	"slotrace/engine/replay"
	"slotrace/engine/replay/sample"
)

// stage is a desk, and a page and a browser that do what it says.
type stage struct {
	t       testing.TB
	d       *Desk
	now     time.Time
	shelf   *recording.Shelf
	hash    string
	opened  bool
	moving  bool
	hello   bool
	state   event.State
	totals  [2]event.Totals
	records int // of the steps that lanes have
	acks    []uint32
	places  int
	copied  []string
	saved   []Zip
	chosen  int
	answers []string
}

func memory(t testing.TB) *recording.Shelf {
	t.Helper()
	fsys, err := mem.NewFS()
	if err != nil {
		t.Fatal(err)
	}
	return recording.NewShelf(fsys)
}

func open(t testing.TB, change ...func(*Options)) *stage {
	t.Helper()
	s := &stage{t: t, now: time.Date(2025, 11, 6, 9, 0, 0, 0, time.UTC), shelf: memory(t)}
	o := Options{
		Now:     func() time.Time { return s.now },
		Browser: func() (*recording.Shelf, error) { return s.shelf, nil },
		Session: func() (*recording.Shelf, error) { return memory(t), nil },
	}
	for _, c := range change {
		c(&o)
	}
	s.d = New(o)
	s.run()
	return s
}

// do says lines, and lets everything come to rest.
func (s *stage) do(lines ...string) {
	s.t.Helper()
	for _, l := range lines {
		s.d.Do(l)
		s.run()
	}
}

func (s *stage) run() {
	s.t.Helper()
	for range 10_000 {
		works := s.d.Works()
		for _, w := range works {
			s.d.Then(w())
		}
		outs := s.d.Take()
		if len(works) == 0 && len(outs) == 0 && len(s.acks) == 0 {
			return
		}
		for _, o := range outs {
			s.take(o)
		}
		acks := s.acks
		s.acks = nil
		for _, n := range acks {
			s.d.Do("ack " + strconv.Itoa(int(n)))
		}
	}
	s.t.Fatal("it does not come to rest")
}

func (s *stage) take(o Out) {
	s.t.Helper()
	switch o.Kind {
	case OutShelf, OutBar:
	case OutMessage:
		if !s.opened {
			s.t.Fatal("a message where no replay is open")
		}
		s.message(o.Bytes)
	case OutOpened:
		s.opened, s.hello = true, false
		s.d.Do("watch")
	case OutClosed:
		s.opened = false
	case OutMoving:
		s.moving = o.Text == "yes"
	case OutGo, OutPlace:
		if o.Kind == OutPlace {
			s.places++
		}
		was := s.hash
		s.hash = o.Text
		if o.Kind == OutGo || !strings.HasPrefix(o.Text, "replay") && was != s.hash {
			s.d.Do("address #" + s.hash)
		}
	case OutCopy:
		s.copied = append(s.copied, o.Text)
	case OutSave:
		s.saved = append(s.saved, *o.Zip)
	case OutAnswer:
		s.answers = append(s.answers, o.Text)
	case OutChoose:
		s.chosen++
	default:
		s.t.Fatalf("what is %q?", o.Kind)
	}
}

func (s *stage) message(b []byte) {
	s.t.Helper()
	if !s.hello {
		if _, err := event.ParseHello(b); err != nil {
			s.t.Fatal(err)
		}
		s.hello, s.records = true, 0
		return
	}
	f, err := event.ParseFrame(b)
	if err != nil || len(b) > event.MaxMessage {
		s.t.Fatalf("%v, %d bytes", err, len(b))
	}
	if f.State != nil {
		s.state = *f.State
	}
	for _, t := range f.Totals {
		s.totals[t.Side] = t
	}
	for _, v := range f.Steps {
		if v.Anew {
			s.records = 0
		}
		s.records += len(v.Records)
	}
	s.acks = append(s.acks, f.Sequence)
}

// later lets time go by, in frames of the screen.
func (s *stage) later(d time.Duration) {
	s.t.Helper()
	for end := s.now.Add(d); s.now.Before(end); {
		s.now = s.now.Add(16 * time.Millisecond)
		if s.moving {
			s.do("tick")
		}
		if owes := s.d.Owes(); owes > 0 && owes <= 16*time.Millisecond {
			s.d.Due()
			s.run()
		}
	}
}

// zip makes a recording as a file.
func zip(t testing.TB, o sample.Options) []byte {
	t.Helper()
	r, err := sample.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteZip(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// drop drops a file on the page.
func (s *stage) drop(name string, content []byte) {
	s.t.Helper()
	r, err := recording.OpenZip(Blocks(bytes.NewReader(content), int64(len(content))), int64(len(content)))
	s.d.Opened(name, r, err)
	s.run()
}

// put puts a recording on the browser's shelf.
func (s *stage) put(o sample.Options) (id string) {
	s.t.Helper()
	id, folder, err := s.shelf.Make()
	if err == nil {
		err = sample.Record(folder, o)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.do("list")
	return id
}

// shown is what a view shows, as text.
func text(n *node) string {
	var b strings.Builder
	var walk func(n *node)
	walk = func(n *node) {
		if n.Text != "" {
			b.WriteString(n.Text + "\n")
		}
		for _, k := range n.Kids {
			walk(k)
		}
	}
	walk(n)
	return b.String()
}

func (s *stage) shelfSays(words ...string) {
	s.t.Helper()
	says(s.t, text(s.d.viewShelf()), words)
}

func (s *stage) barSays(words ...string) {
	s.t.Helper()
	says(s.t, text(s.d.viewBar()), words)
}

func says(t testing.TB, all string, words []string) {
	t.Helper()
	for _, w := range words {
		if not, ok := strings.CutPrefix(w, "!"); ok == strings.Contains(all, not) {
			t.Errorf("%q in\n%s", w, all)
		}
	}
}

// find finds elements by an attribute.
func find(n *node, name, value string) (found []*node) {
	if n.Attr(name) == value {
		found = append(found, n)
	}
	for _, k := range n.Kids {
		found = append(found, find(k, name, value)...)
	}
	return found
}

func TestAnEmptyShelfSaysHowToFillIt(t *testing.T) {
	s := open(t)
	s.do("address #recordings")
	s.shelfSays("There is no recording yet.", "press Record", "Open a file")
	s.do("choose")
	if s.chosen != 1 {
		t.Error("no file is asked for")
	}
}

func TestAFileIsReplayedAtItsFirstCollisionAndThenKept(t *testing.T) {
	s := open(t)
	s.do("address #recordings")
	s.drop("run.zip", zip(t, sample.Options{Name: "Tuesday", Seed: 3}))
	if !s.opened || s.records == 0 {
		t.Fatalf("opened %v, %d records", s.opened, s.records)
	}
	s.barSays("Tuesday", "took slot", "every step", "Explain", "!Keep")
	ids, err := s.shelf.IDs()
	if err != nil || len(ids) != 1 {
		t.Fatalf("kept: %v, %v", ids, err)
	}
	s.later(time.Second)
	if !strings.HasPrefix(s.hash, "replay?id="+ids[0]+"&t=0.") {
		t.Errorf("the address is %q", s.hash)
	}
	s.do("leave")
	if s.opened || s.hash != "recordings" {
		t.Errorf("opened %v at %q", s.opened, s.hash)
	}
	s.shelfSays("Tuesday", "kept in this browser", "4 writers, 100 slots", "every step", "lost", "Rename", "!Share")
}

func TestARecordingIsListedRenamedSavedAndDeleted(t *testing.T) {
	s := open(t)
	id := s.put(sample.Options{Name: "Before", Seed: 2})
	s.do("address #recordings")
	s.do("rename " + id)
	if fields := find(s.d.viewShelf(), "data-focus", ""); len(find(s.d.viewShelf(), "data-tape", "name "+id)) != 1 || len(fields) == 0 {
		t.Error("there is no field for the name")
	}
	s.do("name " + id + " ")
	s.shelfSays("it is empty")
	s.do("name " + id + " After \u202e")
	s.shelfSays("control characters")
	s.do("name " + id + " After it")
	s.shelfSays("After it", "!Before")
	s.do("download " + id)
	var b bytes.Buffer
	if len(s.saved) != 1 || s.saved[0].Name != "After it.slotrace.zip" || s.saved[0].WriteTo(&b) != nil {
		t.Fatalf("saved: %+v", s.saved)
	}
	if r, err := recording.OpenZip(bytes.NewReader(b.Bytes()), int64(b.Len())); err != nil || r.Name != "After it" {
		t.Errorf("what is saved: %v", err)
	}
	s.do("delete " + id)
	s.shelfSays("Really delete", "Keep it")
	s.do("spare")
	s.shelfSays("After it", "!Really delete")
	s.do("delete "+id, "delete "+id)
	s.shelfSays("There is no recording yet.")
	if ids, err := s.shelf.IDs(); err != nil || len(ids) != 0 {
		t.Errorf("left: %v, %v", ids, err)
	}
	s.do("delete "+id, "rename zzz", "share "+id)
	s.shelfSays("no such recording")
}

func TestWhatIsBeingRecordedIsNotDeleted(t *testing.T) {
	s := open(t)
	s.now = time.Now()
	id := s.put(sample.Options{Name: "Under way", Puts: 3000, Short: true, Unended: true})
	s.do("address #recordings")
	s.shelfSays("Under way", "slots · being recorded", "!cut off")
	s.do("delete "+id, "delete "+id)
	s.shelfSays("Under way", "It is still being recorded")
	s.now = s.now.Add(time.Minute) // its tab was closed
	s.do("list")
	s.shelfSays("Under way", "cut off", "!· being recorded")
	s.do("delete "+id, "delete "+id)
	s.shelfSays("There is no recording yet.")
}

// served is a server.
type served struct {
	shelf   *recording.Shelf
	refuses error
	limit   int64
	steps   int
}

func (s *served) List() ([]Kept, error) {
	if s.refuses != nil {
		return nil, s.refuses
	}
	items, err := kept(s.shelf, time.Time{})
	var all []Kept
	for _, it := range items {
		all = append(all, it.Kept)
	}
	return all, err
}
func (s *served) Open(id string) (*recording.Recording, error) { return s.shelf.Open(id) }
func (s *served) Rename(id, name string) error                 { return s.shelf.Rename(id, name) }
func (s *served) Remove(id string) error                       { return s.shelf.Remove(id) }
func (s *served) Upload(z Zip, step func(int64) error) (string, error) {
	var b bytes.Buffer
	if err := z.WriteTo(&b); err != nil {
		return "", err
	}
	if int64(b.Len()) > s.limit {
		return "", errors.New("a recording may have 5 bytes")
	}
	s.steps++
	if err := step(int64(b.Len())); err != nil {
		return "", err
	}
	r, err := recording.OpenZip(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		return "", err
	}
	return keep(s.shelf, r, step)
}

func TestSharingSendsItToTheServerAndCopiesItsLink(t *testing.T) {
	server := &served{shelf: memory(t), limit: 1 << 30}
	s := open(t, func(o *Options) { o.Server = server })
	id := s.put(sample.Options{Name: "Mine", Seed: 2})
	s.do("address #recordings", "share "+id)
	ids, err := server.shelf.IDs()
	if err != nil || len(ids) != 1 || len(s.copied) != 1 || s.copied[0] != "r/"+ids[0] {
		t.Fatalf("the server has %v, copied is %v, %v", ids, s.copied, err)
	}
	s.shelfSays("in this browser", "on the server")
	s.do("share " + ids[0])
	if len(s.copied) != 2 || server.steps != 1 {
		t.Error("one that is there is sent once more")
	}
	s.do("address #replay?id=" + ids[0] + "&t=0.00001")
	if !s.opened || s.d.film.place != onServer || s.d.film.want-s.d.film.from != 10_000 {
		t.Errorf("opened %v, %+v", s.opened, s.d.film)
	}
	s.do("address #recordings")
	server.limit = 5
	s.do("share " + id)
	s.shelfSays("could not be shared: a recording may have 5 bytes.")
	server.refuses = ErrRefused
	s.do("list")
	s.shelfSays("listed on its own machine alone")
}

func TestABrowserThatKeepsNothingSaysSoAndAllElseWorks(t *testing.T) {
	s := open(t, func(o *Options) {
		o.Browser = func() (*recording.Shelf, error) { return nil, errors.New("it is a private window") }
	})
	s.do("address #recordings")
	s.shelfSays("keeps nothing for the page", "private window")
	s.drop("a.zip", zip(t, sample.Options{Name: "For now"}))
	s.barSays("For now", "Keep") // not by itself
	s.do("keep", "leave")
	s.shelfSays("For now")
}

func TestKeepingThatIsCancelledLeavesNothing(t *testing.T) {
	s := open(t, func(o *Options) {
		o.Browser = func() (*recording.Shelf, error) { return nil, errors.New("it is a private window") }
	})
	s.drop("a.zip", zip(t, sample.Options{Name: "For now"}))
	s.d.Do("keep")
	s.d.Do("cancel 1")
	s.run()
	if ids, err := s.d.browser.IDs(); err != nil || len(ids) != 0 || s.d.said != "Not kept." {
		t.Errorf("%v, %v: %q", ids, err, s.d.said)
	}
	s.barSays("For now", "Keep")
}

func TestWhatIsDeletedIsReplayedNoMore(t *testing.T) {
	s := open(t)
	id := s.put(sample.Options{Name: "Gone", Seed: 2})
	s.do("address #replay?id="+id, "delete "+id, "delete "+id)
	if s.opened || s.d.film != nil {
		t.Error("it plays on")
	}
}

func TestAFullBrowserSaysSoAndTheReplayGoesOn(t *testing.T) {
	s := open(t, func(o *Options) {
		o.Browser = func() (*recording.Shelf, error) { return recording.NewShelf(readOnly{}), nil }
	})
	s.drop("a.zip", zip(t, sample.Options{Name: "Too large"}))
	s.barSays("could not be kept in this browser", "It plays on")
	s.do("step")
	if !s.opened {
		t.Error("it does not play on")
	}
}

// readOnly is a place that takes nothing.
type readOnly struct{}

func (readOnly) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func TestAddressesOpenSeekAndLeave(t *testing.T) {
	s := open(t)
	id := s.put(sample.Options{Seed: 2, Puts: 5000})
	s.do("address #replay?id=" + id + "&t=0.0001")
	if s.d.film == nil || s.d.film.want-s.d.film.from != 100_000 {
		t.Fatalf("%+v", s.d.film)
	}
	s.do("address #explore?scenario=store")
	s.do("address #replay?id=" + id + "&t=0.00005")
	if s.d.film.want-s.d.film.from != 50_000 {
		t.Errorf("it is at %d", s.d.film.want)
	}
	s.do("address #live")
	if s.opened || s.d.film != nil {
		t.Error("it is still open in Live")
	}
	for _, a := range []string{"#replay", "#replay?id=", "#replay?id=../../etc/passwd", "#replay?id=" + id + "&t=x", "#replay?file", "#replay?id=aaaaaaaaaaaaaa", "#replay?id=" + id + "%00"} {
		s.do("address " + a)
		if s.opened || s.hash != "recordings" || s.d.wrong == "" {
			t.Errorf("%s: opened %v at %q: %q", a, s.opened, s.hash, s.d.wrong)
		}
	}
	for _, ns := range []int64{0, 1, 999_999_999, 1_000_000_000, 61_000_000_001} {
		if got, ok := parseSeconds(seconds(ns)); !ok || got != ns {
			t.Errorf("%d as %s is %d", ns, seconds(ns), got)
		}
	}
}

func TestPlayingGoesOnAtItsPaceAndEndsAtTheEnd(t *testing.T) {
	s := open(t)
	id := s.put(sample.Options{Seed: 2, Step: 300_000_000, Frame: 33_000_000, Puts: 40, Writers: 3})
	s.do("address #replay?id=" + id + "&t=1")
	f := s.d.film
	s.do("speed 1", "play")
	if !s.moving || s.state.State != event.Replay {
		t.Fatalf("moving %v, state %v", s.moving, s.state.State)
	}
	at := f.want
	s.later(2 * time.Second)
	if by := f.want - at; by < 1_900_000_000 || by > 2_100_000_000 {
		t.Errorf("in two seconds it went on by %d ns", by)
	}
	if s.totals[0].Clock != f.want {
		t.Errorf("the page is at %d, it at %d", s.totals[0].Clock, f.want)
	}
	s.do("play")
	if s.moving || s.state.State != event.Paused {
		t.Errorf("moving %v, state %v", s.moving, s.state.State)
	}
	s.do("speed 100", "play")
	s.later(time.Second)
	if s.moving || f.want != f.to {
		t.Errorf("moving %v at %d of %d", s.moving, f.want, f.to)
	}
	s.do("play") // from the beginning
	if !s.moving || f.want > f.from+(f.to-f.from)/2 {
		t.Errorf("it does not begin anew: %d", f.want)
	}
}

func TestNobodyIsToldEveryStepWhileItPlays(t *testing.T) {
	s := open(t)
	id := s.put(sample.Options{Seed: 2, Step: 300_000_000, Frame: 33_000_000, Puts: 40, Writers: 3})
	s.do("address #replay?id="+id+"&t=1", "play")
	said := map[string]bool{}
	for range 120 {
		s.now = s.now.Add(16 * time.Millisecond)
		s.do("tick")
		bar := s.d.viewBar()
		said[find(bar, "role", "status")[0].Text] = true
		said[find(bar, "role", "slider")[0].Attr("aria-valuetext")] = true
	}
	if len(said) > 3 {
		t.Errorf("said in two seconds: %v", said)
	}
}

func TestDraggingFollowsThePointerAndZoomStaysAboutIt(t *testing.T) {
	s := open(t)
	id := s.put(sample.Options{Seed: 2, Puts: 5000})
	s.do("address #replay?id="+id, "scrub map 0.5")
	f := s.d.film
	if mid := (f.from + f.to) / 2; f.want < mid-1 || f.want > mid+1 || s.state.State != event.Replay {
		t.Errorf("at %d of %d to %d, %v", f.want, f.from, f.to, s.state.State)
	}
	s.do("release")
	if s.state.State != event.Paused {
		t.Errorf("%v", s.state.State)
	}
	about := f.low + (f.up-f.low)/4
	span := f.up - f.low
	s.do("wheel 0.25 2")
	if got := f.low + (f.up-f.low)/4; got < about-2 || got > about+2 || f.up-f.low < span*2-2 {
		t.Errorf("what is under the pointer went from %d to %d, the span from %d to %d", about, got, span, f.up-f.low)
	}
	s.do("zoom all")
	if f.low != f.from || f.up != f.to {
		t.Errorf("all of it is %d to %d", f.low, f.up)
	}
	for range 40 {
		s.do("zoom in")
	}
	if f.up-f.low != closest {
		t.Errorf("the closest is %d", f.up-f.low)
	}
	s.do("scrub map NaN", "scrub line x", "wheel 1", "pinch 0.5 0", "size map -1 x", "size map 1e9 1", "speed x", "nonsense", "scrub")
	s.barSays("A run", "!NaN")
}

func TestExplainOpensTheExplorerOnTheTwoStoresSteps(t *testing.T) {
	s := open(t)
	id := s.put(sample.Options{Seed: 2, Puts: 500})
	s.do("address #replay?id="+id, "explain")
	if !strings.HasPrefix(s.hash, "explore?scenario=slot-allocation&variant=check-then-act&threads=2&ops=1&schedule=A") {
		t.Errorf("it leads to %q", s.hash)
	}
	held := s.put(sample.Options{Allocator: "fetch-add", Puts: 100})
	s.do("address #replay?id="+held, "explain")
	s.barSays("no collision here")
	s.do("next")
	if s.d.film.said != "No collision was recorded." {
		t.Errorf("said: %q", s.d.film.said)
	}
}

func TestWhatWasCutOffOrIsDamagedIsSaidAndTheRestPlays(t *testing.T) {
	s := open(t)
	s.drop("cut.zip", zip(t, sample.Options{Name: "Cut off", Puts: 3000, Short: true, Unended: true}))
	s.barSays("Cut off", "cut off")
	s.drop("\x00\u202e.zip", []byte("nothing"))
	s.barSays("not a recording of slotrace", "Cut off")
	if !s.opened {
		t.Error("what was open is not any more")
	}
}

func TestGapsAreHatchedAndSaid(t *testing.T) {
	s := open(t)
	id := s.put(sample.Options{Puts: 4000, Pause: 500, Seed: 6})
	s.do("address #replay?id=" + id)
	f := s.d.film
	g := f.recording.Segments[0].Gaps[0]
	s.do("address #replay?id=" + id + "&t=" + seconds((g.From+g.To)/2-f.from))
	s.barSays("Not every step was recorded from", "the figures are exact", "sampled in places")
	if find(s.d.viewMap(f), "class", "gaps") == nil {
		t.Error("the map does not hatch it")
	}
}

func TestASlotTellsWhoTookIt(t *testing.T) {
	s := open(t)
	id := s.put(sample.Options{Seed: 2, Puts: 500})
	s.do("address #replay?id="+id, "next", "next")
	c, ok := s.d.film.player.Clash()
	if !ok {
		t.Fatal("there is no collision")
	}
	s.do("slot 7 0 "+strconv.Itoa(int(c.Slot)), "slot 8 0 99", "slot 9 1 0", "slot x")
	if len(s.answers) != 3 {
		t.Fatalf("%q", s.answers)
	}
	w := func(p replay.Put) string {
		return "w" + strconv.Itoa(int(p.Writer)+1) + "-m" + strconv.Itoa(int(p.Number))
	}
	says(t, s.answers[0], []string{"7 {", w(c.First), w(c.Second), "written at"})
	says(t, s.answers[1], []string{`8 {"claims":0,"memories":[]}`})
	says(t, s.answers[2], []string{`9 {"claims":0`})
}
