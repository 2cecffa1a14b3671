package reviews

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slotrace/engine/review/report"
	"slotrace/server/run"
)

func TestTheBugBesideAFix(t *testing.T) {
	dir := t.TempDir()
	r := New(Options{Dir: dir})
	defer r.Close()
	if got := r.Reviews(); got == nil || len(got) > 0 {
		t.Errorf("%+v", got)
	}
	st := begin(t, r, run.ReviewConfig{Allocator: "check-then-act", Compare: "fetch-add", Seed: 3})
	if st.ID != 1 || st.State != run.ReviewRunning || st.Seed != 3 || len(st.Sides) != 2 || st.Window != report.Window {
		t.Errorf("%+v", st)
	}
	st = untilEnd(t, r, st.ID)
	if st.State != run.ReviewDone || st.Failure != "" || st.Progress != 1 {
		t.Errorf("%+v", st)
	}
	bug, fix := st.Sides[0], st.Sides[1]
	if bug.Allocator != "check-then-act" || bug.Holds || bug.Passed != 4 || bug.Failed != 3 || fix.Allocator != "fetch-add" || !fix.Holds || fix.Passed != 7 || fix.Failed != 0 {
		t.Errorf("%+v\n%+v", bug, fix)
	}
	wantEmpty(t, dir)
	if got := r.Reviews(); len(got) != 1 || got[0].ID != 1 || got[0].State != run.ReviewDone {
		t.Errorf("%+v", got)
	}
	if got, err := r.CancelReview(t.Context(), 1); err != nil || got.State != run.ReviewDone {
		t.Errorf("cancelled after its end: %+v, %v", got, err)
	}
}

func TestAnotherReviewCancelsTheOneUnderWay(t *testing.T) {
	r := New(Options{Heap: true})
	defer r.Close()
	first := begin(t, r, run.ReviewConfig{Allocator: "mutex"})
	before, err := r.find(first.ID)
	if err != nil {
		t.Fatal(err)
	}
	second := begin(t, r, run.ReviewConfig{Allocator: "fetch-add"})
	select {
	case <-before.ended:
	default:
		t.Error("the first still runs")
	}
	if st := before.status(); st.State != run.ReviewCancelled || st.Progress == 1 {
		t.Errorf("%+v", st)
	}
	if _, err := r.Review(first.ID); !errors.Is(err, run.ErrUnknown) || second.ID != first.ID+1 {
		t.Errorf("%v", err)
	}
	if _, err := r.CancelReview(t.Context(), first.ID); !errors.Is(err, run.ErrUnknown) {
		t.Errorf("%v", err)
	}
	st, err := r.CancelReview(t.Context(), second.ID)
	if err != nil || st.State != run.ReviewCancelled || st.Failure != "" {
		t.Errorf("%+v, %v", st, err)
	}
	for _, x := range st.Sides[0].Tests {
		if x.State == report.Running {
			t.Errorf("%+v", x)
		}
	}
}

func TestTheEndOfTheServerEndsAReview(t *testing.T) {
	dir := t.TempDir()
	r := New(Options{Dir: dir})
	st := begin(t, r, run.ReviewConfig{Allocator: "fetch-add", Compare: "mutex"})
	r.Close()
	wantEmpty(t, dir)
	if st, err := r.Review(st.ID); err != nil || st.State != run.ReviewCancelled {
		t.Errorf("%+v, %v", st, err)
	}
	if _, err := r.StartReview(t.Context(), run.ReviewConfig{}); !errors.Is(err, errClosed) {
		t.Errorf("%v", err)
	}
	r.Close()
}

func TestReviewsThatCannotBeRun(t *testing.T) {
	r := New(Options{Dir: filepath.Join(t.TempDir(), "gone")})
	if _, err := r.StartReview(t.Context(), run.ReviewConfig{Allocator: "hope"}); err == nil || !strings.Contains(err.Error(), "allocator: there is no") {
		t.Errorf("%v", err)
	}
	if _, err := r.StartReview(t.Context(), run.ReviewConfig{}); err == nil || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if len(r.Reviews()) > 0 {
		t.Errorf("%+v", r.Reviews())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	<-r.changing // somebody else is at it
	if _, err := r.StartReview(ctx, run.ReviewConfig{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	r.changing <- struct{}{}

	dir := t.TempDir()
	r = New(Options{Dir: dir})
	defer r.Close()
	st := begin(t, r, run.ReviewConfig{Allocator: "mutex"})
	a, err := r.find(st.ID)
	if err == nil {
		err = os.RemoveAll(a.dir) // a disk that went away
	}
	if err != nil {
		t.Fatal(err)
	}
	if st := untilEnd(t, r, st.ID); st.State != run.ReviewFailed || !strings.Contains(st.Failure, "test ") || strings.Contains(st.Failure, "\n") {
		t.Errorf("%+v", st)
	}
}
