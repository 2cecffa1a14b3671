package api

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"slotrace/engine/review/report"
	"slotrace/server/run"
)

func (f *fake) findReview(id uint32) (run.ReviewStatus, error) {
	if id != 7 {
		return run.ReviewStatus{}, run.ErrUnknown
	}
	return run.ReviewStatus{ID: 7, State: run.ReviewRunning, Window: report.Window, Seed: 5, Progress: 0.5, Sides: []report.Side{{Allocator: "mutex", Holds: true, Passed: 1, Tests: []report.Test{
		{Number: 1, Name: "concurrent store", About: "barrier", State: report.Done, Progress: 1, Pass: true, TargetMet: true, Target: "< 2 s", Evidence: []report.Evidence{}},
	}}}}, f.err
}

func (f *fake) StartReview(_ context.Context, c run.ReviewConfig) (run.ReviewStatus, error) {
	f.review = &c
	return f.findReview(7)
}

func (f *fake) CancelReview(_ context.Context, id uint32) (run.ReviewStatus, error) {
	f.cancelled = id
	return f.findReview(id)
}

func (f *fake) Review(id uint32) (run.ReviewStatus, error) { return f.findReview(id) }
func (f *fake) Reviews() []run.ReviewStatus                { return nil }

func TestAReviewStartsWithTheBugUnlessToldOtherwise(t *testing.T) {
	for body, want := range map[string]run.ReviewConfig{
		"":                                       {Allocator: "check-then-act"},
		"{}":                                     {Allocator: "check-then-act"},
		`{"allocator":""}`:                       {Allocator: "check-then-act"},
		`{"allocator":"mutex","seed":9}`:         {Allocator: "mutex", Seed: 9},
		`{"compare":"fetch-add"}`:                {Allocator: "check-then-act", Compare: "fetch-add"},
		`{"compare":"","seed":9007199254740991}`: {Allocator: "check-then-act", Seed: run.MaxSeed},
	} {
		f := &fake{}
		w := ask(t, f, "POST", "/api/reviews", body)
		if w.Code != 201 || w.Header().Get("Location") != "/api/reviews/7" || f.review == nil || *f.review != want {
			t.Errorf("%s: %d %s, started %+v", body, w.Code, w.Body, f.review)
		}
	}
}

func TestAReviewIsToldWhole(t *testing.T) {
	const status = `{"id":7,"state":"running","failure":"","window":"The window is widened alike for every allocator: `
	f := &fake{}
	for _, c := range []struct{ method, target, want string }{
		{"GET", "/api/reviews", `{"reviews":[]}`},
		{"GET", "/api/reviews/7", status},
		{"DELETE", "/api/reviews/7", status},
	} {
		w := ask(t, f, c.method, c.target, "")
		if w.Code != 200 || !strings.HasPrefix(w.Body.String(), c.want) || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: %d %s", c.method, c.target, w.Code, w.Body)
		}
	}
	if f.cancelled != 7 {
		t.Error("it was not cancelled")
	}
	var got map[string]any
	if err := json.Unmarshal(ask(t, f, "GET", "/api/reviews/7", "").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	keys(t, got, "id state failure window seed progress sides")
	side := got["sides"].([]any)[0].(map[string]any)
	keys(t, side, "allocator holds passed failed tests")
	keys(t, side["tests"].([]any)[0].(map[string]any),
		"number name about state progress pass target_met target original operations duration_ms p50_us p99_us p999_us evidence evidence_total shrunk failure")
}

// keys fails the test unless object has just the fields that the page reads.
func keys(t *testing.T, object map[string]any, want string) {
	t.Helper()
	for _, name := range strings.Fields(want) {
		if _, ok := object[name]; !ok {
			t.Errorf("there is no %s in %v", name, object)
		}
	}
	if len(object) != len(strings.Fields(want)) {
		t.Errorf("%v has not just %s", object, want)
	}
}

func TestFailuresOfTheMachineInReviews(t *testing.T) {
	full := &os.PathError{Op: "mkdir", Path: "review", Err: syscall.ENOSPC}
	for _, r := range [][3]string{{"POST", "/api/reviews", "{}"}, {"GET", "/api/reviews/7", ""}, {"DELETE", "/api/reviews/7", ""}} {
		w := ask(t, &fake{err: full}, r[0], r[1], r[2])
		wantError(t, w, http.StatusInsufficientStorage, "mkdir review: ")
		if strings.Contains(w.Body.String(), "slots") {
			t.Errorf("%s: %s", r, w.Body)
		}
		wantError(t, ask(t, &fake{err: context.DeadlineExceeded}, r[0], r[1], r[2]), 503, "it took too long")
	}
}
