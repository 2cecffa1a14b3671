package picture

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestATestStandsWhereItsReviewLeftIt(t *testing.T) {
	for _, c := range []struct {
		test   ReviewTest
		review string
		want   Outcome
	}{
		{ReviewTest{State: "waiting"}, ReviewRunning, Waiting},
		{ReviewTest{State: "running"}, ReviewRunning, Underway},
		{ReviewTest{State: "done", Pass: true}, ReviewRunning, Passed},
		{ReviewTest{State: "done"}, ReviewDone, Broke},
		{ReviewTest{State: "done", Pass: true}, ReviewCancelled, Passed},
		{ReviewTest{State: "waiting"}, ReviewCancelled, NotRun},
		{ReviewTest{State: "running"}, ReviewFailed, NotRun},
		{ReviewTest{}, "", NotRun},
	} {
		if got := c.test.Outcome(c.review); got != c.want {
			t.Errorf("%+v in a review that is %q: %v, want %v", c.test, c.review, got, c.want)
		}
	}
}

func TestEveryOutcomeHasAShapeOfItsOwn(t *testing.T) {
	marks, words := map[string]bool{}, map[string]bool{}
	for o := Waiting; o <= NotRun; o++ {
		marks[o.Mark()], words[o.String()] = true, true
	}
	if len(marks) != 5 || len(words) != 5 {
		t.Errorf("%v, %v", marks, words)
	}
}

func TestFiguresHaveUnits(t *testing.T) {
	x := ReviewTest{State: "done", About: "5 writers x 10 stores", Operations: 1000, Duration: 12_300_000, P50: 1100, P99: 9800, P999: 12_000, Target: "< 3 s, p99 < 10 x p50", Original: "p50 2.08 us", TargetMet: true}
	for what, got := range map[string][2]string{
		"work":      {x.Work(), "1,000 operations in 12 ms"},
		"latencies": {x.Latencies(), "p50 1.1 µs · p99 9.8 µs · p99.9 12 µs"},
		"shape":     {x.Shape(), "5 writers × 10 stores"},
		"target":    {x.TargetWords(), "in time"},
		"bounds":    {x.Bounds(), "target < 3 s, p99 < 10 × p50 · original p50 2.08 µs"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %q, want %q", what, got[0], got[1])
		}
	}
	x.State = "running"
	if s := x.Work() + x.Latencies() + x.TargetWords(); s != "" {
		t.Errorf("%q: it is not done", s)
	}
	if got := (&ReviewTest{State: "done", TargetMet: true}).TargetWords(); got != "" {
		t.Errorf("%q: there is no target", got)
	}
}

func TestLongContentsLoseTheirMiddleOnly(t *testing.T) {
	for _, s := range []string{"", "Writer 5 content 0", strings.Repeat("x", shownWhole)} {
		if got := Shorten(s); got != s {
			t.Errorf("%q: %q", s, got)
		}
	}
	s := "Writer 18 content 7 - " + strings.Repeat("x", 1000) + "END"
	got := Shorten(s)
	if !strings.HasPrefix(got, "Writer 18 content 7 - xxx") || !strings.HasSuffix(got, "xxxEND (1,025 bytes)") || !strings.Contains(got, "x…x") {
		t.Errorf("%q", got)
	}
	if got := Shorten(strings.Repeat("x", 100) + "… (365 bytes)"); !strings.HasSuffix(got, "x… (365 bytes)") {
		t.Errorf("%q: its length is said already", got)
	}
	for pad := range 4 {
		if got := Shorten(strings.Repeat("x", pad) + strings.Repeat("µ…𝄞", 50)); !utf8.ValidString(got) {
			t.Errorf("%q: cut within a character", got)
		}
	}
}

// review is one of the bug and a fix, of which n tests are done.
func review(state string, n int) *Review {
	r := &Review{ID: 1, State: state, Sides: []ReviewSide{{Allocator: "check-then-act"}, {Allocator: "fetch-add", Holds: true}}}
	for i := range r.Sides {
		s := &r.Sides[i]
		s.Tests = append(s.Tests, SevenTests[:]...)
		for j := range s.Tests {
			x := &s.Tests[j]
			x.State = "waiting"
			switch {
			case n > 0:
				x.State, x.Pass = "done", i == 1 || j != 0 && j != 4 && j != 6
				if x.Pass {
					s.Passed++
				} else {
					s.Failed++
					x.Failure = "It lost some."
				}
			case n == 0 && state == ReviewRunning:
				x.State = "running"
			}
			n--
		}
	}
	return r
}

func TestTheReviewSaysWhereItStands(t *testing.T) {
	for want, r := range map[string]*Review{
		"Test 3 of 7 on Buggy …":                   review(ReviewRunning, 2),
		"Test 1 of 7 on Fix A …":                   review(ReviewRunning, 7),
		"Cancelled.":                               review(ReviewCancelled, 2),
		"The review could not go on: no room":      {State: ReviewFailed, Failure: "no room"},
		"Done: the allocator is all that differs.": review(ReviewDone, 14),
	} {
		if got := r.Line(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := review(ReviewDone, 14).Sides[0].FirstBroken(); got != 0 {
		t.Errorf("the first that failed is %d", got)
	}
	if got := review(ReviewDone, 14).Sides[1].FirstBroken(); got != -1 {
		t.Errorf("of a fix %d failed", got)
	}
}

func TestNewsAreToldOnce(t *testing.T) {
	for _, c := range []struct {
		now, before *Review
		want        string
	}{
		{review(ReviewRunning, 0), nil, "The review has begun. "},
		{review(ReviewRunning, 2), review(ReviewRunning, 1), "Buggy, test 2, concurrent get: passed. "},
		{review(ReviewRunning, 1), review(ReviewRunning, 0), "Buggy, test 1, concurrent store: failed. It lost some. "},
		{review(ReviewRunning, 2), review(ReviewRunning, 2), ""},
		{review(ReviewDone, 14), review(ReviewDone, 14), ""},
		{review(ReviewCancelled, 2), review(ReviewRunning, 2), "Cancelled. Buggy: 1 passed, 1 failed. Fix A: 0 passed."},
		{review(ReviewCancelled, 2), nil, "Cancelled. Buggy: 1 passed, 1 failed. Fix A: 0 passed."},
	} {
		if got := c.now.News(c.before); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	another := review(ReviewRunning, 0)
	another.ID = 2
	if got := another.News(review(ReviewDone, 14)); got != "The review has begun. " {
		t.Errorf("of another review: %q", got)
	}
}
