package review

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"slotrace/engine/alloc"
	"slotrace/engine/review/report"
)

func run(t *testing.T, o Options) report.Side {
	t.Helper()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if o.Dir != "" {
		wantEmpty(t, o.Dir)
	}
	return r.Report()
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left in %s: %v, %v", dir, left, err)
	}
}

// each runs do for the allocators that hold, or for those that do not, wherever their
// stores can lie; and for the first of them on one core, too.
func each(t *testing.T, holds bool, do func(t *testing.T, o Options)) {
	first := true
	for _, k := range alloc.Kinds {
		if k.Holds != holds {
			continue
		}
		for place, o := range where(t, holds) {
			o.Allocator = k.Name
			t.Run(k.Name+" "+place, func(t *testing.T) { do(t, o) })
			if !first {
				continue
			}
			t.Run(k.Name+" "+place+" on one core", func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
				do(t, o)
			})
		}
		first = false
	}
}

// What a test's evidence looks like, as the review had it.
var forms = map[int]struct{ expected, got *regexp.Regexp }{
	1: {regexp.MustCompile(`^Content from thread \d episode \d+ - `), regexp.MustCompile(`^Content from thread \d episode \d+ - `)},
	5: {regexp.MustCompile(`^Writer \d+ content \d+ - x*(… \(\d+ bytes\))?$`), regexp.MustCompile(`^Writer \d+ content \d+ - x*(… \(\d+ bytes\))?$`)},
	7: {regexp.MustCompile(`^(x \(1 byte\)|xx \(2 bytes\)|xxx…? \(\d+ bytes\))$`), regexp.MustCompile(`^(x \(1 byte\)|xx \(2 bytes\)|xxx…? \(\d+ bytes\))$`)},
}

func TestTheBugFailsThreeTestsEveryTimeAndPassesFour(t *testing.T) {
	each(t, false, func(t *testing.T, o Options) {
		side := run(t, o)
		if side.Passed != 4 || side.Failed != 3 || side.Holds {
			t.Errorf("%d passed, %d failed", side.Passed, side.Failed)
		}
		for _, x := range side.Tests {
			form, breaks := forms[x.Number]
			if x.Pass == breaks || x.State != report.Done || x.Progress != 1 || breaks == (x.Failure == "") || breaks == (x.EvidenceTotal == 0) {
				t.Errorf("test %d: %+v", x.Number, x)
			}
			if !breaks {
				continue
			}
			if n := len(x.Evidence); n == 0 || n > maxEvidence || n > x.EvidenceTotal || n < min(maxEvidence, x.EvidenceTotal) {
				t.Errorf("test %d: %d pieces of evidence of %d", x.Number, n, x.EvidenceTotal)
			}
			seen := false
			for _, e := range x.Evidence {
				if e.ID == "" || !form.expected.MatchString(e.Expected) || e.Expected == e.Got {
					t.Errorf("test %d: %+v", x.Number, e)
				}
				seen = seen || form.got.MatchString(e.Got) // others can be a mixture
			}
			if !seen {
				t.Errorf("test %d: no evidence in the review's form: %+v", x.Number, x.Evidence)
			}
			if want := regexp.MustCompile(`^2 writers x 10 memories of \d+ to \d+ bytes: thread-[01]-memory-\d is to be x+…? \(\d+ bytes?\) and is x+…? \(\d+ bytes?\)$`); (x.Number == 7) != want.MatchString(x.Shrunk) {
				t.Errorf("test %d shrank to %q", x.Number, x.Shrunk)
			}
		}
	})
}

func TestAllocatorsThatHoldPassAllSeven(t *testing.T) {
	each(t, true, func(t *testing.T, o Options) {
		side := run(t, o)
		if side.Passed != Tests || side.Failed != 0 || !side.Holds {
			t.Errorf("%d passed, %d failed", side.Passed, side.Failed)
		}
		for i, operations := range []int{1_000, 20_000, 1_000, 1_000, 1_000, 93} {
			if x := side.Tests[i]; x.Operations != operations || x.P50 <= 0 || x.P50 > x.P99 || x.P99 > x.P999 || x.Duration <= 0 {
				t.Errorf("test %d: %+v", i+1, x)
			}
		}
		for _, x := range side.Tests {
			if !x.Pass || x.Failure != "" || x.Evidence == nil || len(x.Evidence) > 0 || x.EvidenceTotal != 0 || x.Shrunk != "" {
				t.Errorf("test %d: %+v", x.Number, x)
			}
		}
		if n := side.Tests[6].Operations; n < 50*2*10 || n > 50*10*50 {
			t.Errorf("the 50 cases made %d stores", n)
		}
	})
}

func TestEqualSeedsTryEqualCases(t *testing.T) {
	stores := func(seed uint64) int {
		r, err := New(Options{Allocator: "fetch-add", Heap: true, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.RunTest(t.Context(), 7); err != nil {
			t.Fatal(err)
		}
		return r.Report().Tests[6].Operations
	}
	if a, b, c := stores(1), stores(1), stores(2); a != b || a == c {
		t.Errorf("%d and %d stores with one seed, %d with another", a, b, c)
	}
}

func TestReviewsDoNotDisturbEachOther(t *testing.T) {
	var all sync.WaitGroup
	for _, k := range []alloc.Kind{alloc.Kinds[0], alloc.Kinds[2], alloc.Kinds[2]} {
		for _, o := range where(t, false) {
			o.Allocator = k.Name
			all.Go(func() {
				r, err := New(o)
				if err == nil {
					err = r.Run(t.Context())
				}
				if err != nil {
					t.Error(err)
				} else if side := r.Report(); (side.Passed == Tests) != k.Holds || side.Passed+side.Failed != Tests {
					t.Errorf("%s: %+v", k.Name, side)
				}
			})
		}
	}
	all.Wait()
}

// Cancelled in the middle of each of its tests, and before the first, a review ends at
// once and leaves neither goroutines nor files.
func TestACancelledReviewLeavesNothing(t *testing.T) {
	for _, o := range where(t, false) {
		o.Allocator = "fetch-add"
		for number := range Tests + 1 {
			cancelIn(t, o, number)
		}
	}
}

func cancelIn(t *testing.T, o Options, number int) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{})
	if number == 0 {
		cancel()
		close(begun)
	} else {
		was := tests[number-1].run
		defer func() { tests[number-1].run = was }()
		tests[number-1].run = func(s *stage) error { close(begun); return was(s) }
	}
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	<-begun
	for range 50 * number { // some way into it
		runtime.Gosched()
	}
	cancel()
	began := time.Now()
	err = <-ended
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("test %d took %v to end", number, took)
	}
	side := r.Report()
	for _, x := range side.Tests {
		if x.State == report.Running {
			t.Errorf("test %d still runs", x.Number)
		}
	}
	if side.Failed > 0 || err != nil && !errors.Is(err, context.Canceled) || err == nil && side.Passed != Tests {
		t.Errorf("cancelled in test %d: %v, %+v", number, err, side)
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines where there were %d", runtime.NumGoroutine(), before)
		}
	}
	if o.Dir != "" {
		wantEmpty(t, o.Dir)
	}
}

func TestWhatCannotBeReviewed(t *testing.T) {
	for o, says := range map[Options]string{
		{}:                                      `there is no allocator ""; there are check-then-act, lock-each-step, fetch-add, mutex, compare-and-swap`,
		{Allocator: "hope"}:                     `there is no allocator "hope"`,
		{Allocator: "mutex", Seed: MaxSeed + 1}: "a seed is from 0 to 9007199254740991",
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	dir := filepath.Join(t.TempDir(), "gone")
	r, err := New(Options{Allocator: "mutex", Dir: dir})
	if err != nil || r.Seed() == 0 {
		t.Fatal(r.Seed(), err)
	}
	if err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "test 1, concurrent store: ") || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v", err)
	}
	if side := r.Report(); side.Passed+side.Failed > 0 || side.Tests[0].State != report.Waiting {
		t.Errorf("%+v", side)
	}
}

func TestTargetsAreAboutTime(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		target          target
		total, p50, p99 time.Duration
		met             bool
	}{
		{target{}, time.Hour, ms, ms, true},
		{target{total: 5 * ms}, 4 * ms, 0, time.Hour, true},
		{target{total: 5 * ms}, 5 * ms, 0, 0, false},
		{target{p99: 5 * ms}, time.Hour, 0, 4 * ms, true},
		{target{p99: 5 * ms}, 0, 0, 5 * ms, false},
		{target{spread: 10}, 0, ms, 9 * ms, true},
		{target{spread: 10}, 0, ms, 10 * ms, false},
	} {
		if c.target.met(c.total, c.p50, c.p99) != c.met {
			t.Errorf("%+v", c)
		}
	}
}

func TestPercentilesAreOfWhatWasMeasured(t *testing.T) {
	var d []time.Duration
	for i := range 1000 {
		d = append(d, time.Duration(i+1)*time.Microsecond)
	}
	p50, p99, p999 := percentiles(append(d, -5, time.Hour))
	for _, c := range [][2]time.Duration{{p50, 500}, {p99, 991}, {p999, 1000}} {
		if off := c[0] - c[1]*time.Microsecond; off.Abs() > 2*time.Microsecond {
			t.Errorf("%v, want about %d us", c[0], c[1])
		}
	}
}
