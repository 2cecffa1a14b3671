package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"slotrace/engine/review"
	"slotrace/engine/review/report"
	"slotrace/server/run"
)

func TestReviewsWordsThatAreOff(t *testing.T) {
	tmp := temporary(t)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--allocator", "hope"}, `--allocator: there is no "hope"; there are check-then-act, lock-each-step, fetch-add, mutex, compare-and-swap`},
		{[]string{"--runs", "0"}, `--runs: it must be a number from 1 to 10000`},
		{[]string{"--runs", "10001"}, `--runs: it must be a number from 1 to 10000`},
		{[]string{"--runs", "two"}, `--runs: it must be a number`},
		{[]string{"--seed", "0"}, `--seed: it must be a number from 1 to `},
		{[]string{"--seed", "-1"}, `--seed: it must be a number`},
		{[]string{"--seed"}, "--seed needs a value behind it"},
		{[]string{"--data", "x"}, "there is no flag --data; there are --allocator, --runs, --seed, --json"},
		{[]string{"fetch-add"}, `"fetch-add" is one word too many; there are the flags --allocator`},
	} {
		code, stdout, stderr := call(append([]string{"review"}, c.args...)...)
		if code != 2 || stdout != "" || !strings.HasPrefix(stderr, "slotrace review: ") || !strings.Contains(stderr, c.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: %d %q %q, want %q", c.args, code, stdout, stderr, c.says)
		}
	}
	wantEmpty(t, tmp)
}

func TestReviewSaysInItsExitWhetherATestFailed(t *testing.T) {
	tmp := temporary(t)
	for _, c := range []struct {
		args                               []string
		code, runs, passed, failed, passes int
	}{
		{[]string{}, 1, 1, 4, 3, 0},
		{[]string{"--allocator=fetch-add", "--runs=2", "--seed=5"}, 0, 2, 7, 0, 2},
	} {
		code, stdout, stderr := call(append([]string{"review", "--json"}, c.args...)...)
		var f reviewed
		d := json.NewDecoder(strings.NewReader(stdout))
		d.DisallowUnknownFields()
		if err := d.Decode(&f); err != nil || d.More() || strings.Count(stdout, "\n") != 1 || stderr != "" {
			t.Fatalf("%q: %q, %v, %q", c.args, stdout, err, stderr)
		}
		if code != c.code || f.Runs != c.runs || f.Passed != c.passed || f.Failed != c.failed || f.RunsPassed != c.passes || f.Holds != (c.code == 0) {
			t.Errorf("%q: %d, %+v", c.args, code, f)
		}
		if len(f.Tests) != review.Tests || f.Window != report.Window || f.Seed == 0 || c.code == 0 && f.Seed != 5 {
			t.Errorf("%q: %+v", c.args, f)
		}
		for _, x := range f.Tests {
			if x.Evidence == nil || !x.Pass && (len(x.Evidence) == 0 || x.EvidenceTotal < len(x.Evidence)) || x.State != report.Done {
				t.Errorf("%q: %+v", c.args, x)
			}
		}
		for _, name := range []string{"allocator", "runs", "passed", "failed", "runs_passed", "tests"} {
			if !strings.Contains(stdout, `"`+name+`":`) {
				t.Errorf("%q: there is no %q", c.args, name)
			}
		}
		for _, name := range []string{"number", "name", "pass", "target_met", "operations", "duration_ms", "p50_us", "p99_us", "p999_us", "target", "evidence"} {
			if strings.Count(stdout, `"`+name+`":`) != review.Tests {
				t.Errorf("%q: not every test has %q", c.args, name)
			}
		}
	}
	wantEmpty(t, tmp)
}

func TestReviewsTextEndsWithTheVerdict(t *testing.T) {
	temporary(t)
	for _, c := range []struct{ allocator, runs, verdict string }{
		{"check-then-act", "2", "check-then-act: 4 passed, 3 failed in the worst of 2 runs; 0 runs passed."},
		{"mutex", "1", "mutex: 7 passed, 0 failed."},
		{"mutex", "2", "mutex: 7 passed, 0 failed, in each of 2 runs."},
	} {
		_, stdout, _ := call("review", "--allocator", c.allocator, "--runs", c.runs)
		lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
		if last := lines[len(lines)-1]; last != c.verdict {
			t.Errorf("it ends with %q, want %q", last, c.verdict)
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > 100 {
				t.Errorf("%d columns: %s", utf8.RuneCountInString(line), line)
			}
		}
		for number := range review.Tests {
			if !regexp.MustCompile(`(?m)^` + string(rune('1'+number)) + `  \w.* (pass|FAIL) +\d`).MatchString(stdout) {
				t.Errorf("test %d is not in\n%s", number+1, stdout)
			}
		}
		if !strings.Contains(strings.Join(strings.Fields(stdout), " "), report.Window) {
			t.Errorf("the window is not told of in\n%s", stdout)
		}
		if c.allocator == "check-then-act" {
			for _, says := range []string{"1, concurrent store: ", "expected  Content from thread ", "expected  Writer ", "expected  x", "the smallest that fails: "} {
				if !strings.Contains(stdout, says) {
					t.Errorf("%q is not in\n%s", says, stdout)
				}
			}
		}
	}
}

func TestTheVerdictIsOfAllRuns(t *testing.T) {
	for want, f := range map[string]reviewed{
		"mutex: 4 passed, 3 failed.":                                       {Allocator: "mutex", Runs: 1, Passed: 4, Failed: 3},
		"mutex: 6 passed, 1 failed in the worst of 9 runs; 8 runs passed.": {Allocator: "mutex", Runs: 9, Passed: 6, Failed: 1, RunsPassed: 8},
	} {
		if got := f.verdict(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAReviewThatCannotBeDone(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	t.Setenv("TMPDIR", gone)
	t.Setenv("TMP", gone)
	code, stdout, stderr := call("review")
	if code != 4 || stdout != "" || !strings.Contains(stderr, "a temporary folder could not be made: ") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
	temporary(t)
	if code := runReview(nil, brokenPipe{}, os.Stdout); code != 4 {
		t.Errorf("%d although nobody could read it", code)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestProgressIsOneLine(t *testing.T) {
	side := report.Side{Tests: []report.Test{{Number: 1, State: report.Done}, {Number: 2, Name: "concurrent get", State: report.Running, Progress: 0.5}}}
	if got := progressLine(2, 5, side); got != "run 3 of 5, test 2 of 2, concurrent get: 50 %" {
		t.Error(got)
	}
	if got := progressLine(0, 1, side); got != "test 2 of 2, concurrent get: 50 %" {
		t.Error(got)
	}
	if isTerminal(&strings.Builder{}) {
		t.Error("a string is no terminal")
	}
}

func TestTextIsWrapped(t *testing.T) {
	for _, c := range [][2]string{
		{"", ""}, {"one", "one"}, {"   one two", "   one\n  two"}, {"one two three", "one two\n  three"}, {"averylongword x", "averylongword\n  x"},
	} {
		if got := wrap(c[0], "  ", 8); got != c[1] {
			t.Errorf("%q became %q, want %q", c[0], got, c[1])
		}
	}
}

// From the request to the result, and to the end of the server in the middle of one.
func TestAReviewOverHTTP(t *testing.T) {
	tmp := temporary(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout, ended := make(lines, 1), make(chan error, 1)
	go func() {
		ended <- serve(ctx, serveWords{host: "127.0.0.1", port: "0"}, stdout, slog.New(slog.DiscardHandler))
	}()
	url := strings.TrimPrefix(strings.TrimSpace(<-stdout), "slotrace serves ") + "/api/reviews"
	ask := func(method, url, body, origin string, code int) (st run.ReviewStatus) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		if err := json.NewDecoder(a.Body).Decode(&st); err != nil || a.StatusCode != code {
			t.Fatalf("%s %s: %s, %v", method, url, a.Status, err)
		}
		return st
	}
	ask("POST", url, `{}`, "http://evil.example", 403)
	ask("DELETE", url+"/1", ``, "http://evil.example", 403)
	ask("GET", url+"/1", ``, "", 404)
	st := ask("POST", url, `{"allocator":"check-then-act","compare":"fetch-add","seed":0}`, "", 201)
	one := fmt.Sprintf("%s/%d", url, st.ID)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for st.State == run.ReviewRunning {
		<-tick.C // as the page asks
		st = ask("GET", one, "", "", 200)
	}
	if st.State != run.ReviewDone || st.Sides[0].Passed != 4 || st.Sides[0].Failed != 3 || st.Sides[1].Passed != 7 || st.Progress != 1 {
		t.Errorf("%+v", st)
	}
	if st = ask("POST", url, `{"allocator":"mutex"}`, "", 201); st.State != run.ReviewRunning {
		t.Errorf("%+v", st)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	wantEmpty(t, tmp)
}
