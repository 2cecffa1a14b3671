package tape

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hack-pad/hackpadfs/mem"

	"slotrace/engine/event"
	"slotrace/engine/recording"
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
	folder, err := mem.NewFS()
	if err != nil {
		t.Fatal(err)
	}
	if err := sample.Record(folder, o); err != nil {
		t.Fatal(err)
	}
	r, err := recording.Open(folder)
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

var _ = slices.Contains[[]string]
var _ = errors.New
var _ io.Reader
