package api

import (
	"context"
	"fmt"
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

func TestAScheduleThatCannotBeRunOnAFile(t *testing.T) {
	if w := ask(t, &fake{err: errDisk}, "POST", "/api/schedules", `{"schedule":"A1B3A2"}`); w.Code != 500 || !strings.Contains(w.Body.String(), "the disk is gone") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

var errDisk = fmt.Errorf("the disk is gone")
