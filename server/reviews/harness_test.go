package reviews

import (
	"os"
	"testing"
	"time"

	"slotrace/engine/review"
	"slotrace/engine/review/report"
	"slotrace/server/run"
)

func begin(t *testing.T, r *Reviews, c run.ReviewConfig) run.ReviewStatus {
	t.Helper()
	st, err := r.StartReview(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// untilEnd waits for the end of a review, looking at it all the while.
func untilEnd(t *testing.T, r *Reviews, id uint32) run.ReviewStatus {
	t.Helper()
	a, err := r.find(id)
	if err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	var before float64
	for {
		select {
		case <-tick.C:
		case <-a.ended:
			return a.status()
		}
		st := a.status()
		running := 0
		for _, side := range st.Sides {
			if len(side.Tests) != review.Tests {
				t.Fatalf("%+v", side)
			}
			for _, x := range side.Tests {
				if x.State == report.Running {
					running++
				}
			}
		}
		if running > 1 {
			t.Errorf("%d tests run at once", running)
		}
		if st.Progress > 1 || st.Progress < before-0.1 { // the property's goes back when it finds a case to shrink
			t.Errorf("progress %v after %v", st.Progress, before)
		}
		before = st.Progress
	}
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in %s: %v, %v", dir, left, err)
	}
}
