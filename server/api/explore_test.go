package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"slotrace/engine/lab"
)

func (f *fake) RunOnFile(_ context.Context, s lab.Setup, schedule string) (lab.FileRun, error) {
	if f.err != nil {
		return lab.FileRun{}, fmt.Errorf("%w: %w", lab.ErrFile, f.err)
	}
	_, err := lab.Replay(s, schedule)
	return lab.FileRun{Setup: s, Schedule: schedule, Agrees: true, Steps: []lab.FileStep{}}, err
}

func TestASearchOnTheServer(t *testing.T) {
	for body, want := range map[string]struct {
		code int
		says string
	}{
		"":   {200, `"verdict":"violated"`},
		"{}": {200, `"schedule":"A1B3A2"`},
		`{"variant":"fetch-add","threads":3,"ops":2,"mode":"prove"}`:                     {200, `"verdict":"holds","complete":true,"executions":90`},
		`{"variant":"fetch-add","threads":8,"ops":8,"mode":"prove","max_executions":50}`: {200, `"verdict":"unknown"`},
		`{"mode":"count","threads":4,"ops":2}`:                                           {200, `"violations":2308743490536`},
		`{"mode":"count","threads":5,"ops":2}`:                                           {200, `"executions":"`},
		`{"mode":"walk","seed":9,"threads":8,"ops":8}`:                                   {200, `"seed":9`},
		`{"scenario":"slots"}`:                                                           {400, "there is no scenario"},
		`{"variant":"slots"}`:                                                            {400, "has no variant"},
		`{"threads":99}`:                                                                 {400, "threads: 1 to 26"},
		`{"threads":-1}`:                                                                 {400, "threads: 1 to 26"},
		`{"ops":1e9}`:                                                                    {400, "ops"},
		`{"mode":"guess"}`:                                                               {400, "mode"},
		`{"max_executions":0}`:                                                           {400, "max_executions: 1 to"},
		`{"max_executions":1000000000}`:                                                  {400, "max_executions: 1 to"},
		`{"seed":-1}`:                                                                    {400, "seed"},
		`{"timeout":"1h"}`:                                                               {400, "timeout"},
		`[]`:                                                                             {400, "object"},
	} {
		w := ask(t, &fake{}, "POST", "/api/explore", body)
		if w.Code != want.code || !strings.Contains(w.Body.String(), want.says) || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	if w := ask(t, &fake{}, "GET", "/api/explore", ""); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
}

func TestOneSearchAtATime(t *testing.T) {
	h := New(whole(&fake{}))
	search := func() int {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/api/explore", strings.NewReader(`{"variant":"fetch-add","threads":8,"ops":8,"mode":"prove"}`))
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(w, r)
		return w.Code
	}
	var mu sync.Mutex
	codes := map[int]int{}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			code := search()
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	all.Wait()
	if codes[200] < 1 || codes[200]+codes[429] != 4 {
		t.Errorf("%v", codes)
	}
}

func TestAScheduleIsRunOnAFile(t *testing.T) {
	for body, want := range map[string]struct {
		code int
		says string
	}{
		`{"schedule":"A1B3A2"}`:               {200, `"agrees":true`},
		`{"schedule":"A1B3"}`:                 {400, "add A2"},
		`{"schedule":"A1;B3"}`:                {400, "character 3"},
		`{"scenario":"x","schedule":"A1"}`:    {400, "there is no scenario"},
		`{"schedule":7}`:                      {400, "schedule"},
		`{"schedule":"A1B3A2","mode":"find"}`: {400, "mode"},
	} {
		w := ask(t, &fake{}, "POST", "/api/schedules", body)
		if w.Code != want.code || !strings.Contains(w.Body.String(), want.says) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	if w := ask(t, &fake{err: errDisk}, "POST", "/api/schedules", `{"schedule":"A1B3A2"}`); w.Code != 500 || !strings.Contains(w.Body.String(), "the disk is gone") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

var errDisk = fmt.Errorf("the disk is gone")
