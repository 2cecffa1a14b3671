package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"slotrace/server/api/apitest"
	"slotrace/server/run"
)

// fake is a Runs with one run, 7, and a Reviews with one review, 7, that remembers what it was told.
type fake struct {
	err      error // what everything but List answers
	started  *run.Config
	changed  *run.Change
	stopped  uint32
	evidence string
	slot     string

	review    *run.ReviewConfig
	cancelled uint32
}

func (f *fake) find(id uint32) (run.Status, error) {
	if id != 7 {
		return run.Status{}, run.ErrUnknown
	}
	return run.Status{ID: 7, State: "running", Config: run.Default(), Sides: []run.Side{{Allocator: "mutex", Stored: 3, Readable: 2, Lost: 1}}}, f.err
}

func (f *fake) Start(_ context.Context, c run.Config) (run.Status, error) {
	f.started = &c
	return f.find(7)
}

func (f *fake) Change(_ context.Context, id uint32, c run.Change) (run.Status, error) {
	f.changed = &c
	return f.find(id)
}

func (f *fake) Stop(_ context.Context, id uint32) (run.Status, error) {
	f.stopped = id
	return f.find(id)
}

func (f *fake) Status(id uint32) (run.Status, error) { return f.find(id) }
func (f *fake) List() []run.Status                   { return nil }

func (f *fake) Evidence(id uint32, side int, after uint64, limit int) (run.Evidence, error) {
	f.evidence = fmt.Sprintf("side %d after %d limit %d", side, after, limit)
	_, err := f.find(id)
	return run.Evidence{Run: id, Side: side, Total: 4}, err
}

func (f *fake) Slot(id uint32, side int, slot uint32) (run.Slot, error) {
	f.slot = fmt.Sprintf("side %d slot %d", side, slot)
	_, err := f.find(id)
	return run.Slot{Run: id, Slot: slot}, err
}

func ask(t testing.TB, f *fake, method, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	New(whole(f)).ServeHTTP(w, r)
	return w
}

// wantError is an error in one line of JSON that says something.
func wantError(t testing.TB, w *httptest.ResponseRecorder, code int, says string) {
	t.Helper()
	var e map[string]string
	err := json.Unmarshal(w.Body.Bytes(), &e)
	if w.Code != code || err != nil || len(e) != 1 || !strings.Contains(e["error"], says) || strings.Contains(e["error"], "\n") ||
		w.Header().Get("Content-Type") != "application/json" || strings.Contains(e["error"], "goroutine") {
		t.Errorf("%d %q, want %d and %q", w.Code, w.Body, code, says)
	}
}

func TestHealth(t *testing.T) {
	w := ask(t, &fake{}, "GET", "/healthz", "")
	if w.Code != 200 || w.Body.String() != "ok\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

// recorded is a run that is being recorded.
type recorded struct{ fake }

func (f *recorded) Status(id uint32) (run.Status, error) {
	st, err := f.find(id)
	st.Recording = &run.Recording{ID: "abcdefghjkmnpq", State: "recording", Events: 5}
	return st, err
}

func (f *recorded) List() []run.Status {
	st, _ := f.Status(7)
	return []run.Status{st}
}

func TestWhoWatchesIsNotToldTheIDOfARecording(t *testing.T) {
	for _, target := range []string{"/api/runs", "/api/runs/7"} {
		for from, told := range map[string]bool{"127.0.0.1:5": true, "[::1]:5": true, "192.0.2.7:5": false} {
			r := httptest.NewRequest("GET", target, nil)
			r.RemoteAddr = from
			w := httptest.NewRecorder()
			New(Host{Runs: &recorded{}}).ServeHTTP(w, r)
			if w.Code != 200 || strings.Contains(w.Body.String(), "abcdefghjkmnpq") != told || !strings.Contains(w.Body.String(), `"events":5`) {
				t.Errorf("%s from %s: %d %s", target, from, w.Code, w.Body)
			}
		}
	}
}

func TestARunThatThereIsNoRoomToRecordIsToldSo(t *testing.T) {
	f := &fake{err: fmt.Errorf("record: %w", &run.LimitError{Why: "3 recordings are kept, and more are not; removing one would do"})}
	wantError(t, ask(t, f, "PATCH", "/api/runs/7", `{"record":true}`), 507, "removing one would do")
}

func TestStartTakesDefaultsForWhatIsAbsent(t *testing.T) {
	with := func(edit func(c *run.Config)) run.Config {
		c := run.Default()
		edit(&c)
		return c
	}
	for body, want := range map[string]run.Config{
		"":              run.Default(),
		" \n":           run.Default(),
		"{}":            run.Default(),
		`{"pace_us":0}`: with(func(c *run.Config) { c.PaceUS = 0 }),
		`{"allocator":"mutex","compare":"fetch-add","writers":64,"slots":1000000,"embedding":16,"pace_us":5,"window_us":6,"stores":7,"paused":true}`: {
			Allocator: "mutex", Compare: "fetch-add", Writers: 64, Slots: 1_000_000, Embedding: 16, PaceUS: 5, WindowUS: 6, Stores: 7, Paused: true,
		},
	} {
		f := &fake{}
		w := ask(t, f, "POST", "/api/runs", body)
		if w.Code != 201 || w.Header().Get("Location") != "/api/runs/7" || f.started == nil || *f.started != want {
			t.Errorf("%s: %d %s, started %+v", body, w.Code, w.Body, f.started)
			continue
		}
		var st run.Status
		if err := json.Unmarshal(w.Body.Bytes(), &st); err != nil || st.ID != 7 || st.Sides[0].Lost != 1 {
			t.Errorf("%s: %+v, %v", w.Body, st, err)
		}
	}
}

func TestChange(t *testing.T) {
	name, four, zero, yes := "mutex", 4, 0, true
	for body, want := range map[string]run.Change{
		`{"allocator":"mutex"}`:                    {Allocator: &name},
		`{"compare":"mutex","writers":4}`:          {Compare: &name, Writers: &four},
		`{"pace_us":0,"window_us":0,"pause":true}`: {PaceUS: &zero, WindowUS: &zero, Pause: &yes},
		`{"step":4,"pause":null,"allocator":null}`: {Step: &four},
		`{}`: {},
	} {
		f := &fake{}
		if w := ask(t, f, "PATCH", "/api/runs/7", body); w.Code != 200 || f.changed == nil || !reflect.DeepEqual(*f.changed, want) {
			t.Errorf("%s: %d %s, %+v", body, w.Code, w.Body, f.changed)
		}
	}
}

func TestReadingAndStopping(t *testing.T) {
	f := &fake{}
	for _, c := range []struct{ method, target, want string }{
		{"GET", "/api/runs", `{"runs":[]}`},
		{"GET", "/api/runs/7", `{"id":7,"state":"running","allocator":"check-then-act",`},
		{"DELETE", "/api/runs/7", `{"id":7,`},
		{"GET", "/api/runs/7/evidence", `{"run":7,"side":0,"total":4,"first":0,"items":[]}`},
		{"GET", "/api/runs/7/slots/3", `{"run":7,"side":0,"lap":0,"slot":3,"claims":0,"memories":[]}`},
	} {
		w := ask(t, f, c.method, c.target, "")
		if w.Code != 200 || !strings.HasPrefix(w.Body.String(), c.want) || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: %d %s", c.method, c.target, w.Code, w.Body)
		}
	}
	if f.stopped != 7 || f.evidence != "side 0 after 0 limit 100" || f.slot != "side 0 slot 3" {
		t.Errorf("%+v", f)
	}
	ask(t, f, "GET", "/api/runs/7/evidence?after=18446744073709551615&side=1&limit=1000", "")
	ask(t, f, "GET", "/api/runs/7/slots/999999?side=1", "")
	if f.evidence != "side 1 after 18446744073709551615 limit 1000" || f.slot != "side 1 slot 999999" {
		t.Errorf("%+v", f)
	}
}

func TestEveryRequestIsAnsweredAsByEveryHost(t *testing.T) {
	server := httptest.NewServer(New(whole(&fake{})))
	defer server.Close()
	apitest.Table(t, &apitest.Server{URL: server.URL, Machine: true})
}

func TestWithoutAMachineItIsSaidThatOneIsNeeded(t *testing.T) {
	server := httptest.NewServer(New(Host{}))
	defer server.Close()
	apitest.Table(t, &apitest.Server{URL: server.URL})
}

func TestWhatIsRefusedReachesNobody(t *testing.T) {
	f := &fake{}
	server := httptest.NewServer(New(whole(f)))
	defer server.Close()
	for _, c := range apitest.Refused() {
		c.Ask(t, &apitest.Server{URL: server.URL, Machine: true}, "7")
		if c.Status != http.StatusNotFound && (f.started != nil || f.changed != nil || f.stopped != 0 || f.review != nil || f.cancelled != 0) {
			t.Fatalf("%s %s %s has reached somebody: %+v", c.Method, c.Target, c.Body, f)
		}
		*f = fake{}
	}
}

func TestBodiesAreJSON(t *testing.T) {
	for kind, code := range map[string]int{
		"application/json": 201, "application/json; charset=utf-8": 201, "Application/JSON;charset=UTF-8": 201,
		"": 415, "text/plain": 415, "application/x-www-form-urlencoded": 415, "application/json; charset=latin1": 415, "application/jsonx": 415, "application/": 415,
	} {
		f := &fake{}
		w := ask(t, f, "POST", "/api/runs", `{"writers":2}`, "Content-Type", kind)
		if w.Code != code || (f.started != nil) != (code == 201) {
			t.Errorf("%q: %d %s", kind, w.Code, w.Body)
		}
		if code == 415 {
			wantError(t, w, 415, "application/json would do")
		}
	}
}

func TestFailuresOfTheMachine(t *testing.T) {
	full := &os.PathError{Op: "fallocate", Path: "store", Err: syscall.ENOSPC}
	for _, c := range []struct {
		err  error
		code int
		says string
	}{
		{full, http.StatusInsufficientStorage, "fallocate store: "},
		{fmt.Errorf("start: %w", errors.Join(errors.New("close"), full)), http.StatusInsufficientStorage, "start: close; fallocate store: "},
		{&os.PathError{Op: "open", Path: "store", Err: syscall.EACCES}, 500, "open store: permission denied"},
		{run.ErrEnded, 409, "run 7 has ended and cannot be changed"},
		{fmt.Errorf("side: %w", run.ErrEnded), 409, "run 7 has ended"},
		{&run.FieldError{Field: "compare", Want: "this run has one side"}, 400, "compare: this run has one side"},
		{context.DeadlineExceeded, 503, "it took too long"},
	} {
		for _, r := range [][3]string{{"PATCH", "/api/runs/7", `{"pause":true}`}, {"GET", "/api/runs/7", ""}, {"DELETE", "/api/runs/7", ""}, {"GET", "/api/runs/7/evidence", ""}, {"GET", "/api/runs/7/slots/0", ""}} {
			wantError(t, ask(t, &fake{err: c.err}, r[0], r[1], r[2]), c.code, c.says)
		}
	}
	wantError(t, ask(t, &fake{err: full}, "POST", "/api/runs", ""), http.StatusInsufficientStorage, "fewer slots")
}

// What is decoded without an error means what encoding/json makes of it.
func FuzzDecodeObject(f *testing.F) {
	for _, s := range []string{`{}`, `{"writers":8}`, `{"allocator":"mutex","pace_us":0,"paused":true}`, `{"writers":null}`, `{"writers":8}x`, `[1]`, `{"a":{"b":[]}}`, `{"stores":9e99}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, want := run.Default(), run.Default()
		if err := decodeObject(body, &got); err != nil {
			if text := line(err); text == "" || strings.Contains(text, "\n") || len(text) > 500 {
				t.Errorf("%q", text)
			}
			return
		}
		if err := json.Unmarshal(body, &want); err != nil || got != want {
			t.Errorf("%s: %+v, want %+v, %v", body, got, want, err)
		}
	})
}

func FuzzQuery(f *testing.F) {
	f.Add("after=1&side=0&limit=5")
	f.Add("after=%31;")
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := parseQuery(raw, []string{"after", "side"})
		after := q.number(&err, "after", 3, 2, 9)
		if err == nil && (after < 2 || after > 9) {
			t.Errorf("%q: after is %d", raw, after)
		}
		if err != nil && (strings.Contains(err.Error(), "\n") || len(err.Error()) > 500) {
			t.Errorf("%q: %q", raw, err)
		}
	})
}

// whole is a host that has all there is.
func whole(f *fake) Host {
	return Host{Runs: f, Reviews: f, Schedules: f}
}
