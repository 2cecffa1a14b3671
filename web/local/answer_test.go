package local

import (
	"encoding/json"
	"strings"
	"testing"

	"slotrace/server/live"
	"slotrace/server/run"
)

// asked is a Live without a server, as the page asks it.
type asked struct {
	t *testing.T
	l *live.Live
}

func ask(t *testing.T) asked {
	t.Helper()
	l, err := live.New(live.Options{Heap: true, Walk: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return asked{t, l}
}

// get asks, and reads the answer into v.
func (a asked) get(v any, method, path, body string) {
	a.t.Helper()
	status, text := Answer(a.l, method, path, body)
	if status != 200 {
		a.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		a.t.Fatalf("%s %s: %v in %s", method, path, err, text)
	}
}

func TestARunIsStartedChangedSteppedAndStoppedAsOverHTTP(t *testing.T) {
	a := ask(t)
	var st run.Status
	a.get(&st, "POST", "/api/runs", `{"allocator":"check-then-act","compare":"fetch-add","writers":8,"slots":1000,"pace_us":0,"window_us":0,"paused":true}`)
	if st.ID != 1 || st.State != "paused" || st.Embedding != embedding || len(st.Sides) != 2 {
		t.Fatalf("%+v", st)
	}
	for st.Sides[0].Collisions == 0 || st.Sides[1].Stored < 20 {
		a.get(&st, "PATCH", "/api/runs/1", `{"step":20}`)
	}
	var lost run.Evidence
	for lost.Total == 0 {
		a.get(&st, "PATCH", "/api/runs/1", `{"step":20}`)
		a.get(&lost, "GET", "/api/runs/1/evidence?side=0&after=0&limit=5", "")
	}
	if first := lost.Items[0]; first.Number != 1 || !strings.HasPrefix(first.Expected, "Writer ") || first.Expected == first.Got {
		t.Errorf("%+v", lost)
	}
	var slot run.Slot
	a.get(&slot, "GET", "/api/runs/1/slots/0?side=1", "")
	if slot.Claims != 1 || len(slot.Memories) != 1 {
		t.Errorf("%+v", slot)
	}
	a.get(&st, "PATCH", "/api/runs/1", `{"allocator":"mutex","writers":3,"pause":false}`)
	if st.State != "running" || st.Allocator != "mutex" || st.Writers != 3 {
		t.Errorf("%+v", st)
	}
	a.get(&st, "DELETE", "/api/runs/1", "")
	if st.State != "done" || st.Sides[1].Lost != 0 {
		t.Errorf("%+v", st)
	}
	var list struct{ Runs []run.Status }
	if a.get(&list, "GET", "/api/runs", ""); len(list.Runs) != 1 {
		t.Errorf("%+v", list)
	}
}

func TestWhatCannotBeDoneIsSaidInOneSentence(t *testing.T) {
	a := ask(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "/api/runs", `{"slots":1000000}`, 400, "at most 100,000 in a browser"},
		{"POST", "/api/runs", `{"writers":65,"slots":0}`, 400, "writers: must be from 1 to 64, not 65; slots"},
		{"POST", "/api/runs", `{"writers":"all"}`, 400, "body: "},
		{"PATCH", "/api/runs/7", `{"pause":true}`, 404, "no such run"},
		{"GET", "/api/runs/1/evidence?after=x", "", 400, "after: must be a number"},
		{"GET", "/api/runs/one", "", 404, "without a server"},
		{"PUT", "/api/runs/1", "", 404, "without a server"},
		{"GET", "/api/runs/1/else", "", 404, "without a server"},
		{"GET", "/metrics", "", 404, "without a server"},
		{"POST", "/api/reviews", "{}", 501, "which no browser has"},
	} {
		status, text := Answer(a.l, c.method, c.path, c.body)
		var says failure
		if err := json.Unmarshal([]byte(text), &says); err != nil || status != c.status || !strings.Contains(says.Error, c.says) || strings.Contains(says.Error, "\n") {
			t.Errorf("%s %s: %d %s, want %d %q", c.method, c.path, status, text, c.status, c.says)
		}
	}
}
