package export

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/hack-pad/hackpadfs"

	"slotrace/engine/event"
	"slotrace/engine/recording"
	"slotrace/engine/recording/recordingtest"
	"slotrace/engine/visible"
)

var run = recordingtest.Run{Compare: true, Slots: 500, Laps: 8, Options: recording.Options{Oldest: 1}}

func made(t testing.TB, r recordingtest.Run) (*recording.Recording, hackpadfs.FS) {
	t.Helper()
	fsys, err := r.Folder()
	if err != nil {
		t.Fatal(err)
	}
	rec, err := recording.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return rec, fsys
}

func written(t testing.TB, rec *recording.Recording, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(t.Context(), &b, rec, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// traceEvent is an event of the Trace Event Format.
type traceEvent struct {
	Phase    string         `json:"ph"`
	Name     string         `json:"name"`
	Category string         `json:"cat"`
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	Time     float64        `json:"ts"`
	Duration float64        `json:"dur"`
	ID       string         `json:"id"`
	Bind     string         `json:"bp"`
	Scope    string         `json:"s"`
	Args     map[string]any `json:"args"`
	from, to int64          // nanoseconds
	order    int
}

func parseTrace(t testing.TB, b []byte) []traceEvent {
	t.Helper()
	var trace struct {
		Unit   string         `json:"displayTimeUnit"`
		Other  map[string]any `json:"otherData"`
		Events []traceEvent   `json:"traceEvents"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&trace); err != nil {
		t.Fatal(err)
	}
	if trace.Unit != "ns" || trace.Other["name"] == "" {
		t.Errorf("%q, %v", trace.Unit, trace.Other)
	}
	for i := range trace.Events {
		e := &trace.Events[i]
		e.from = int64(math.Round(e.Time * 1000))
		e.to, e.order = e.from+int64(math.Round(e.Duration*1000)), i
	}
	return trace.Events
}

// What Perfetto asks of a trace: slices of a thread nest, and both ends of a flow are in a slice that comes
// before it in the file.
func TestATraceIsAsPerfettoReadsIt(t *testing.T) {
	rec, _ := made(t, run)
	sum := rec.Summary()
	events := parseTrace(t, written(t, rec, Options{Format: "perfetto"}))
	names := make(map[int]string)
	slicesOf := make(map[int][]*traceEvent)
	counts := make(map[string]int)
	flows := make(map[string][]*traceEvent)
	counters := make(map[int]map[string]any)
	for i := range events {
		e := &events[i]
		if e.Process < 1 || e.Process > 2 {
			t.Fatalf("%+v", e)
		}
		counts[fmt.Sprint(e.Phase, " ", e.Name, " ", e.Process)]++
		switch e.Phase {
		case "M":
			names[e.Thread] = e.Args["name"].(string)
			if e.Name == "process_name" && e.Args["name"] != []string{"check-then-act", "fetch-add"}[e.Process-1] {
				t.Errorf("process %d is %v", e.Process, e.Args["name"])
			}
		case "X":
			if e.Thread/100 != e.Process || e.to <= e.from {
				t.Fatalf("%+v", e)
			}
			slicesOf[e.Thread] = append(slicesOf[e.Thread], e)
		case "s", "f":
			flows[e.ID] = append(flows[e.ID], e)
			if e.Phase == "f" && e.Bind != "e" {
				t.Errorf("%+v is bound to the next slice", e)
			}
		case "C":
			if last := counters[e.Process]; last != nil && e.Args["stored"].(float64) < last["stored"].(float64) {
				t.Errorf("stored falls from %v to %v", last, e.Args)
			}
			counters[e.Process] = e.Args
		case "i":
		default:
			t.Fatalf("%+v", e)
		}
	}
	open := func(thread int, at int64, before int) (innermost *traceEvent) {
		for _, e := range slicesOf[thread] {
			if e.order < before && e.from <= at && at < e.to && (innermost == nil || e.from >= innermost.from) {
				innermost = e
			}
		}
		return innermost
	}
	for thread, list := range slicesOf {
		slices.SortStableFunc(list, func(a, b *traceEvent) int { return cmp.Compare(a.from, b.from) })
		var stack []*traceEvent
		for _, e := range list {
			for len(stack) > 0 && stack[len(stack)-1].to <= e.from {
				stack = stack[:len(stack)-1]
			}
			if n := len(stack); n > 0 && e.to > stack[n-1].to || n > 1 || n == 1 && e.Name == "put" || n == 0 && e.Name != "put" {
				t.Fatalf("%s: %+v in %+v", names[thread], e, stack)
			}
			stack = append(stack, e)
		}
	}
	for id, ends := range flows {
		if len(ends) != 2 || ends[0].Phase != "s" || ends[1].Phase != "f" {
			t.Fatalf("flow %s: %+v", id, ends)
		}
		var puts [2]*traceEvent
		for k, end := range ends {
			in := open(end.Thread, end.from, end.order)
			if in == nil || in.Name != "write" {
				t.Fatalf("flow %s: %+v is in %+v", id, end, in)
			}
			for _, e := range slicesOf[end.Thread] {
				if e.Name == "put" && e.from <= in.from && in.to <= e.to {
					puts[k] = e
				}
			}
		}
		if puts[0].Args["slot"] != puts[1].Args["slot"] || puts[0].Args["lap"] != puts[1].Args["lap"] || puts[0] == puts[1] {
			t.Errorf("flow %s joins %v and %v", id, puts[0].Args, puts[1].Args)
		}
	}
	for what, want := range map[string]int{
		"X put 1": int(sum.Sides[0].Stored), "X put 2": int(sum.Sides[1].Stored), "X write 1": int(sum.Sides[0].Stored),
		"i collision 1": int(sum.Sides[0].Collisions), "i collision 2": 0, "s same slot 1": int(sum.Sides[0].Collisions), "f same slot 2": 0,
		"i lap read back 1": 8, "M thread_name 2": 8,
	} {
		if counts[what] != want {
			t.Errorf("%d times %s, want %d", counts[what], what, want)
		}
	}
	if c := counters[1]; c["stored"] != float64(sum.Sides[0].Stored) || c["lost"] != float64(sum.Sides[0].Lost) || c["collisions"] != float64(sum.Sides[0].Collisions) {
		t.Errorf("in the end %v, want %+v", c, sum.Sides[0])
	}
	if names[101] != "W1" || names[208] != "W8" || sum.Sides[0].Collisions == 0 {
		t.Errorf("%v", names)
	}
}

// A store that is missing is not taken for the one that had the slot in another lap; of two
// that come in the wrong order the arrow points the right way.
func TestArrowsJoinWhatShareASlotInALap(t *testing.T) {
	var b bytes.Buffer
	out := &output{Writer: bufio.NewWriter(&b)}
	p := newPerfetto(out)
	p.begin(&recording.Summary{Name: "x", Run: recording.Run{Allocator: "check-then-act", Writers: 3, Slots: 10}})
	store := func(w uint8, number uint32, at int64, slot uint32, collided bool) []event.Record {
		r := event.Record{At: at, Value: slot, Number: number, Thread: w, Phase: event.Done}
		look, block, tell := r, r, r
		look.Step, block.Step, tell.Step = visible.Look, visible.Block, visible.Tell
		block.At, block.Collided, tell.At = at+10, collided, at+20
		return []event.Record{look, block, tell}
	}
	p.steps(0, 1, store(0, 0, 100, 5, false))
	p.steps(0, 2, store(1, 0, 200, 5, true))
	p.steps(0, 3, store(2, 0, 305, 7, true))
	p.steps(0, 3, store(0, 1, 300, 7, false))
	p.end("")
	out.Flush()
	var arrows []traceEvent
	for _, e := range parseTrace(t, b.Bytes()) {
		if e.Phase == "s" || e.Phase == "f" {
			arrows = append(arrows, e)
		}
	}
	if len(arrows) != 2 || arrows[0].Thread != 101 || arrows[0].from != 300 || arrows[1].Thread != 103 || arrows[1].from != 305 {
		t.Errorf("%+v", arrows)
	}
}

func TestEveryLineIsAnObject(t *testing.T) {
	rec, _ := made(t, run)
	sum := rec.Summary()
	counts := make(map[string]uint64)
	var last map[string]any
	in := bufio.NewScanner(bytes.NewReader(written(t, rec, Options{Format: "json"})))
	for in.Scan() {
		last = nil
		if err := json.Unmarshal(in.Bytes(), &last); err != nil {
			t.Fatalf("%v in %s", err, in.Bytes())
		}
		kind := last["type"].(string)
		if counts["recording"] == 0 && kind != "recording" {
			t.Fatalf("the first line is %s", in.Bytes())
		}
		counts[kind]++
		if last["collided"] == true {
			counts["collided"]++
		}
	}
	if last["type"] != "end" || last["ended"] != "stopped" || counts["recording"] != 1 || counts["step"] != sum.Events || counts["collided"] != sum.Recorded ||
		counts["lap"] != 16 || counts["loss"] == 0 || counts["loss"] > sum.Sides[0].Lost || counts["totals"] == 0 {
		t.Errorf("%v, want %+v; the last line is %v", counts, sum, last)
	}
}

func TestAStretchIsReadAloneAndHasItsOwnGaps(t *testing.T) {
	rec, _ := made(t, run)
	_, to := rec.Span()
	read := 0
	written(t, rec, Options{Format: "csv", To: to / 2, Segment: func(int, int) { read++ }})
	if read == 0 || read > len(rec.Segments)*2/3 {
		t.Errorf("of half of it %d of %d segments were read", read, len(rec.Segments))
	}
	for i := range 2 {
		frame := recording.Frame{Gaps: []recording.Gap{{From: 10, To: 20}, {From: 90, To: 110}}}
		var b bytes.Buffer
		out := &output{Writer: bufio.NewWriter(&b)}
		o := Options{From: 15, To: 50 + 100*int64(i)}
		o.frame(&lines{out: out}, &frame, new(told))
		out.Flush()
		if n := strings.Count(b.String(), `"type":"gap"`); n != i+1 {
			t.Errorf("up to %d there are %d gaps: %s", o.To, n, &b)
		}
	}
}

func TestEveryStepIsARow(t *testing.T) {
	rec, _ := made(t, run)
	rows, err := csv.NewReader(bytes.NewReader(written(t, rec, Options{Format: "csv"}))).ReadAll()
	if err != nil || uint64(len(rows)) != rec.Summary().Events+1 || strings.Join(rows[0], " ") != "at_ns side lap writer store step phase value collided" {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	part := written(t, rec, Options{Format: "csv", From: 400_000, To: 500_000})
	some, err := csv.NewReader(bytes.NewReader(part)).ReadAll()
	if err != nil || len(some) < 10 || len(some) >= len(rows) {
		t.Fatalf("%d rows of %d, %v", len(some), len(rows), err)
	}
	for _, r := range some[1:] {
		if len(r[0]) != 6 || r[0] < "400000" || r[0] > "500000" {
			t.Errorf("%q is outside", r)
		}
	}
}

func TestWhatIsDamagedIsLeftOutAndNamed(t *testing.T) {
	_, fsys := made(t, run)
	b, err := hackpadfs.ReadFile(fsys, "000003.slot")
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-30] ^= 1
	if err := hackpadfs.WriteFullFile(fsys, "000003.slot", b, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := hackpadfs.Remove(fsys, "000005.slot"); err != nil {
		t.Fatal(err)
	}
	if b, err = hackpadfs.ReadFile(fsys, "000007.slot"); err == nil {
		err = hackpadfs.WriteFullFile(fsys, "000007.slot", b[:500], 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	rec, err := recording.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range Formats {
		var out bytes.Buffer
		err := Write(t.Context(), &out, rec, Options{Format: format})
		var damage *DamageError
		if !errors.As(err, &damage) || len(damage.What) != 3 || !errors.Is(err, recording.ErrDamaged) {
			t.Errorf("%s: %v", format, err)
		}
		if format == "perfetto" {
			parseTrace(t, out.Bytes())
		}
		if out.Len() < 10_000 {
			t.Errorf("%s: %d bytes", format, out.Len())
		}
	}
}

type broken struct{ left int }

var errBroken = errors.New("broken")

func (b *broken) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestAWriterThatFailsEndsIt(t *testing.T) {
	rec, _ := made(t, recordingtest.Run{Slots: 2000, Laps: 8})
	for _, format := range Formats {
		for _, left := range []int{0, 300 << 10} {
			if err := Write(t.Context(), &broken{left}, rec, Options{Format: format}); !errors.Is(err, errBroken) {
				t.Errorf("%s: %v", format, err)
			}
		}
	}
	if err := Write(t.Context(), io.Discard, rec, Options{Format: "xml"}); err == nil {
		t.Error("a format that there is not")
	}
}

// Whatever a recording holds, it is written or named.
func FuzzWrite(f *testing.F) {
	b, err := recordingtest.Run{Slots: 20, Laps: 2, Options: recording.Options{Oldest: 1}}.Zip()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, err := recording.OpenZip(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for _, format := range Formats {
			var out bytes.Buffer
			if err := Write(t.Context(), &out, rec, Options{Format: format}); err != nil && !errors.Is(err, recording.ErrDamaged) {
				t.Log(err)
				continue
			}
			if format == "perfetto" && !json.Valid(out.Bytes()) {
				t.Error("the trace is no JSON")
			}
		}
	})
}

func BenchmarkPerfetto(b *testing.B) {
	rec, _ := made(b, recordingtest.Run{Slots: 100_000, Laps: 1})
	for b.Loop() {
		if err := Write(b.Context(), io.Discard, rec, Options{Format: "perfetto"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rec.Summary().Events)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}
