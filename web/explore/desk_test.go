package explore

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slotrace/engine/lab"
)

// open is a desk on which an address was opened.
func open(t testing.TB, fragment string) *Desk {
	d := New(time.Now)
	t.Cleanup(d.Close)
	d.Do("open " + fragment)
	return d
}

// run has the search go on to its end.
func (d *Desk) run() {
	for d.Advance(d.now().Add(5 * time.Millisecond)) {
	}
}

// find is the first element of a class, nil if there is none.
func find(n *node, class string) *node {
	for _, c := range strings.Fields(n.Attr("class")) {
		if c == class {
			return n
		}
	}
	for _, k := range n.Kids {
		if found := find(k, class); found != nil {
			return found
		}
	}
	return nil
}

// read is all text in an element.
func read(n *node) string {
	if n == nil {
		return ""
	}
	s := n.Text
	for _, k := range n.Kids {
		s += " " + read(k)
	}
	return strings.Join(strings.Fields(s), " ")
}

func TestTwoThreadsAreLedToOneSlotByTheirLetters(t *testing.T) {
	d := open(t, "#explore")
	for _, letter := range "ABBBAA" {
		d.Do("take " + string(letter))
	}
	v := d.view()
	if v.Attr("data-schedule") != "A1B3A2" || v.Attr("data-step") != "6" || v.Attr("data-verdict") != "violated" {
		t.Errorf("%+v", v.Attrs)
	}
	if got := read(find(v, "why")); !strings.Contains(got, "B looked between A's look and A's tell") {
		t.Errorf("why: %q", got)
	}
	if got := read(find(v, "broken")); !strings.Contains(got, "a-0") || !strings.Contains(got, "b-0") {
		t.Errorf("the slot shows %q", got)
	}
	if got := read(find(v, "switches")); got != "switch to B — a preemption: A could have gone on" {
		t.Errorf("the switch is told as %q", got)
	}
	if !strings.Contains(d.said, "Step 6 of 6. A: add count → 2.") {
		t.Errorf("it is read out as %q", d.said)
	}
}

func TestOneStepsBackAndOnAlongTheSchedule(t *testing.T) {
	d := open(t, "#explore?schedule=A1B3A2&step=5")
	for _, c := range []struct {
		line string
		step int
	}{{"back", 4}, {"back", 3}, {"on", 4}, {"first", 0}, {"back", 0}, {"last", 6}, {"on", 6}, {"go 2", 2}, {"take B", 3}} {
		if d.Do(c.line); d.state.Step != c.step || d.state.Schedule != "A1B3A2" {
			t.Errorf("%s: step %d of %s, want %d", c.line, d.state.Step, d.state.Schedule, c.step)
		}
	}
	if d.Do("take A"); d.state.Schedule != "A1B2A1" || d.wrong != "" {
		t.Errorf("another way on: %s, %q", d.state.Schedule, d.wrong)
	}
	if d.Do("on"); !strings.Contains(d.wrong, "goes no further") {
		t.Errorf("behind the end: %q", d.wrong)
	}
}

func TestRunGoesAlongTheScheduleAndOnToTheEnd(t *testing.T) {
	d := open(t, "#explore?schedule=A1B2&step=1")
	if d.Do("run"); d.state.Schedule != "A1B3A2" || d.state.Step != 6 {
		t.Errorf("step %d of %s", d.state.Step, d.state.Schedule)
	}
	d.Do("go 2")
	if d.Do("run"); d.state.Schedule != "A1B3A2" || d.state.Step != 6 {
		t.Errorf("from within it: step %d of %s", d.state.Step, d.state.Schedule)
	}
}

func TestOfALongScheduleTheRowsAroundTheStepAreShown(t *testing.T) {
	d := open(t, "#explore?variant=fetch-add&threads=10&ops=20")
	d.Do("run")
	d.Do("arrows")
	for _, step := range []string{"first", "go 200", "last"} {
		d.Do(step)
		rows := 0
		for _, tr := range find(d.view(), "rows").Kids[0].Kids[1].Kids {
			if strings.HasPrefix(tr.Key, "step") {
				rows++
			}
		}
		if rows != shownRows {
			t.Errorf("%s: %d rows", step, rows)
		}
		if text := read(find(d.view(), "rows")); d.state.Step > 0 && !strings.Contains(text, "◀") {
			t.Errorf("%s: the step is not among them", step)
		}
	}
}

func TestSearchesComeToWhatIsTrueAndShowIt(t *testing.T) {
	d := open(t, "#explore")
	d.Do("find")
	d.run()
	if d.state.Schedule != "A1B3A2" || d.verdict() != lab.Violated || !strings.Contains(read(find(d.view(), "strip")), "preemption is enough, none never is") {
		t.Errorf("%s %s: %s", d.state.Schedule, d.verdict(), read(find(d.view(), "strip")))
	}
	d.Do("other")
	if d.state.Variant != "fetch-add" || d.state.Schedule != "" || d.verdict() != lab.Unknown {
		t.Errorf("the fix: %s %s %s", d.state.Variant, d.state.Schedule, d.verdict())
	}
	d.Do("ops 2")
	d.Do("prove")
	d.run()
	if got := read(find(d.view(), "strip")); d.verdict() != lab.Holds || !strings.Contains(got, "0 of 6") || !strings.Contains(got, "2 threads × 2 stores") {
		t.Errorf("%s: %s", d.verdict(), got)
	}
	d.Do("open #explore?threads=3&ops=2") // the lesson is of this size: only the shortest may be smaller
	d.Do("count")
	d.run()
	if got := read(find(d.view(), "strip")); d.state.Threads != 3 || d.state.Ops != 2 || !d.state.Complete || !d.state.Fault || !strings.Contains(got, "17,153,046 of 17,153,136") {
		t.Errorf("counted: %+v %s %s", d.state.Setup, got, d.wrong)
	}
	d.Do("find")
	d.run()
	if d.state.Threads != 2 || d.state.Ops != 1 || d.state.Schedule != "A1B3A2" {
		t.Errorf("the shortest: %+v %s", d.state.Setup, d.state.Schedule)
	}
	d.Do("open #explore?variant=check-then-act")
	d.Do("count")
	d.run()
	if got := read(find(d.view(), "strip")); !strings.Contains(got, "18 of 20") {
		t.Errorf("counted: %s %s", got, d.wrong)
	}
	if got := read(find(d.view(), "relies")); !strings.Contains(got, d.last.Abstraction) || d.last.Abstraction == "" {
		t.Errorf("what the count relies on is told as %q", got)
	}
}

func TestStepsGetThroughWhileASearchRunsAndItCanBeCancelled(t *testing.T) {
	d := open(t, "#explore?variant=fetch-add&threads=4&ops=4")
	d.Do("prove")
	for range 3 {
		if !d.Advance(d.now().Add(time.Millisecond)) {
			t.Fatal("it is over already")
		}
	}
	d.Do("take B")
	if d.state.Step != 1 || !d.Searching() {
		t.Errorf("step %d, searching %v", d.state.Step, d.Searching())
	}
	if got := read(find(d.view(), "strip")); !strings.Contains(got, "Proving") || !strings.Contains(got, "executions") {
		t.Errorf("progress: %s", got)
	}
	d.Do("cancel")
	if got := read(find(d.view(), "strip")); d.Searching() || d.verdict() != lab.Unknown || !strings.Contains(got, "cancelled after") {
		t.Errorf("%s", got)
	}
	d.Do("prove")
	d.Do("variant mutex") // another setup ends it, too
	if d.Searching() {
		t.Error("it searches what is no longer shown")
	}
}

func TestAnAddressOpensAtItsStepAndIsWrittenAsItWasRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := New(time.Now)
		defer d.Close()
		d.Do("open #explore?threads=3&ops=2&variant=" + rapid.SampledFrom([]string{"check-then-act", "mutex", "fetch-add"}).Draw(t, "variant"))
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			d.Do("take " + rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "thread"))
		}
		d.Do(rapid.SampledFrom([]string{"back", "first", "last", "on"}).Draw(t, "then"))
		d.wrong = ""
		again := New(time.Now)
		defer again.Close()
		again.Do("open #" + d.place().address())
		if again.wrong != "" || again.place() != d.place() {
			t.Fatalf("%q opens as %+v, want %+v", again.wrong, again.place(), d.place())
		}
	})
}

func TestABadAddressIsAnsweredInOneSentenceAndThePageGoesOn(t *testing.T) {
	for fragment, want := range map[string]string{
		"#explore?scenario=nonsense":                         `there is no scenario "nonsense"`,
		"#explore?variant=hope":                              `slot-allocation has no variant "hope"`,
		"#explore?threads=99":                                `threads is "99", 1 to 26 would do`,
		"#explore?ops=two":                                   `ops is "two", 1 to 99 would do`,
		"#explore?threads=0&ops=two":                         `threads is "0"`,
		"#explore?schedule=A1X3":                             "there is no thread X",
		"#explore?schedule=A1B9":                             "B has ended",
		"#explore?schedule=;":                                "",
		"#explore?schedule=A1B3A2&step=7":                    "step is 7, 0 to 6 would do",
		"#explore?schedule=A1&step=-1":                       `step is "-1"`,
		"#explore?schedule=%":                                "cannot be read",
		"#explore?schedule=" + strings.Repeat("A1", 100_000): "too long",
		"#explore?threads=" + strings.Repeat("9", 500):       "threads is",
	} {
		d := open(t, fragment)
		if !strings.Contains(d.wrong, want) || want != "" && (strings.Count(d.wrong, "\n") > 0 || !strings.HasSuffix(d.wrong, ".")) || len(d.wrong) > 400 {
			t.Errorf("%.60s: %q, want %q", fragment, d.wrong, want)
		}
		d.Do("take A")
		if d.state.Step == 0 && d.wrong != "" {
			t.Errorf("%.60s: afterwards %q", fragment, d.wrong)
		}
		d.Answer()
	}
}

func TestTheViewAloneInTheAddressChangesNothing(t *testing.T) {
	d := open(t, "#explore?schedule=A1B3A2&step=5")
	d.Answer()
	d.Do("open #explore")
	if d.state.Step != 5 || d.state.Schedule != "A1B3A2" {
		t.Errorf("step %d of %s", d.state.Step, d.state.Schedule)
	}
}

// Whatever somebody asks for, there is an answer, and its elements are of the two lists.
func FuzzNoLineBreaksTheDesk(f *testing.F) {
	for _, line := range []string{"take A", "take z", "go 99999999999999999999", "go x", "threads -1", "ops 0", "variant", "scenario x", "load A1B3A2", "load ☃", "open #explore?step=1", "source 7", "save svg", "save", "arrows", "run", "find\ncancel", "cancel", "copy", ""} {
		f.Add("open #explore\n" + line)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		d := New(time.Now)
		defer d.Close()
		for _, line := range strings.Split(lines, "\n") {
			if strings.HasPrefix(line, "threads") || strings.HasPrefix(line, "ops") || strings.Contains(line, "ops=") || strings.Contains(line, "threads=") {
				if len(line) > 11 {
					continue // large ones are right, but slow
				}
			}
			d.Do(line)
			d.Advance(time.Time{})
			d.Answer()
		}
	})
}

func TestTheAddressIsSaidAtMostSomeTimesASecond(t *testing.T) {
	now := time.Unix(1, 0)
	d := New(func() time.Time { return now })
	defer d.Close()
	d.Do("open #explore")
	said := func() bool { return strings.Contains(string(d.Answer()), "explore?scenario=") }
	if !said() || d.Owes() != 0 {
		t.Error("the first is not said")
	}
	d.Do("take A")
	now = now.Add(time.Millisecond)
	if said() || d.Owes() == 0 {
		t.Error("the second is said at once, or never")
	}
	now = now.Add(d.Owes())
	if !said() || d.Owes() != 0 || said() {
		t.Error("the second is not said once when it is due")
	}
}

func TestAScheduleIsSavedAsAPictureAndAsATrace(t *testing.T) {
	d := open(t, "#explore?schedule=A1B3A2")
	x := xml.NewDecoder(strings.NewReader(d.still()))
	for {
		if _, err := x.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, d.still())
		}
	}
	if s := d.still(); !strings.Contains(s, "write slot 0") || !strings.Contains(s, "B looked between") {
		t.Error("the picture lacks the steps, or why")
	}
	var trace struct {
		Schedule, Verdict string
		Steps             []struct{ Thread, Operation string }
	}
	if err := json.Unmarshal([]byte(d.trace()), &trace); err != nil || trace.Schedule != "A1B3A2" || trace.Verdict != "violated" || len(trace.Steps) != 6 || trace.Steps[2].Thread != "B" {
		t.Errorf("%v %+v", err, trace)
	}
	d = open(t, "#explore")
	if d.Do("save svg"); d.wrong == "" {
		t.Error("nothing is saved, without a word")
	}
}

func TestArrowsLeadFromWhatHappensBefore(t *testing.T) {
	d := open(t, "#explore?schedule=A1B3A2")
	if find(d.view(), "ties") != nil {
		t.Error("there are arrows that nobody asked for")
	}
	d.Do("arrows")
	if got := find(d.view(), "ties").Attr("aria-label"); !strings.Contains(got, "step 3 races with step 5") || !strings.Contains(got, "step 4 happens before step 6") {
		t.Errorf("the arrows say %q", got)
	}
}

func TestADeadlockIsDrawnAsWhoWaitsForWhom(t *testing.T) {
	d := open(t, "#explore")
	if d.deadlock() != nil {
		t.Error("there is one before anybody waits")
	}
	d.state.Deadlock = []lab.Wait{{Thread: "A", Lock: "index lock", Owner: "B"}, {Thread: "B", Lock: "content lock", Owner: "C"}, {Thread: "C", Lock: "lock", Owner: "A"}}
	n := d.deadlock()
	if got, want := n.Attr("aria-label"), "Deadlock. A waits for the index lock, which B holds. B waits for the content lock, which C holds. C waits for the lock, which A holds."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := read(n); got != "index lock content lock lock A B C" {
		t.Errorf("it shows %q", got)
	}
}

func TestTheLatticeShowsHowMuchIsLostAndWhereOneIs(t *testing.T) {
	for _, c := range []struct{ address, said, label string }{
		{"#explore?schedule=A1B3A2&step=5", "18 of 20 schedules break it.", "From here all do."},
		{"#explore?schedule=A1B3A2&step=1", "18 of 20", "From here some do."},
		{"#explore?schedule=A3B3&step=4", "18 of 20", "From here none does."},
		{"#explore?variant=fetch-add&threads=2&ops=3", "0 of 924", "From here none does."},
		{"#explore?threads=2&ops=2", "918 of 924", "From here some do."}, // so many states that some are drawn as one
		{"#explore?threads=5&ops=5", "too many states to draw", ""},
	} {
		d := open(t, c.address)
		d.filled = true
		v := find(d.view(), "lattice")
		if got := read(v); !strings.Contains(got, c.said) {
			t.Errorf("%s: %q", c.address, got)
		}
		if g := find(v, "graph"); c.label == "" != (g == nil) || g != nil && !strings.Contains(g.Attr("aria-label"), c.label) {
			t.Errorf("%s: the picture says %+v", c.address, g)
		}
	}
}

// Whoever is to think about it first is not told.
func TestTheLatticeIsFilledByAProofOrACount(t *testing.T) {
	for _, mode := range []string{"prove", "count"} {
		d := open(t, "#explore?schedule=A1B3A2&step=2")
		v := find(d.view(), "lattice")
		if got := read(v); !strings.Contains(got, "20 schedules") || strings.Contains(got, "18") || find(v, "bad") != nil || find(v, "good") != nil {
			t.Errorf("at first it says %q", got)
		}
		if d.Do("last"); find(find(d.view(), "graph"), "bad") == nil {
			t.Error("what came of this schedule is not shown")
		}
		d.Do("find")
		d.run()
		if d.filled {
			t.Error("one schedule that was found fills it all")
		}
		d.Do(mode)
		d.run()
		if got := read(find(d.view(), "lattice")); !strings.Contains(got, "18 of 20 schedules break it.") {
			t.Errorf("after %s it says %q", mode, got)
		}
		if d.state.Schedule != "A1B3A2" {
			t.Errorf("%s puts %s in the place of a schedule that breaks it", mode, d.state.Schedule)
		}
		d.Do("go 3")
		if d.Do("take A"); !d.filled {
			t.Error("a step empties it")
		}
		if d.Do("other"); d.filled {
			t.Error("another variant's is filled already")
		}
	}
}

// Every step of every schedule has its place in the drawing.
func TestASchedulesPathEndsWhereItDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := New(time.Now)
		defer d.Close()
		d.Do("open #explore?threads=2&ops=2&variant=" + rapid.SampledFrom([]string{"check-then-act", "mutex", "fetch-add", "compare-and-swap"}).Draw(t, "variant"))
		for range rapid.IntRange(0, 14).Draw(t, "steps") {
			d.Do("take " + rapid.SampledFrom([]string{"A", "B"}).Draw(t, "thread"))
		}
		if d.lattice == nil {
			return
		}
		x := &d.state
		path := d.lattice.path(x.Rows)
		if len(path) != len(x.Rows)+1 {
			t.Fatalf("%s: %d states for %d steps", x.Schedule, len(path), len(x.Rows))
		}
		if last := d.lattice.places[path[len(path)-1]]; x.Complete && (last.taken != nil || last.bad != x.Fault) {
			t.Fatalf("%s ends at %+v, and is broken: %v", x.Schedule, last, x.Fault)
		}
	})
}
