package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"slotrace/engine/alloc"
	"slotrace/engine/review"
	"slotrace/engine/review/report"
)

const reviewHelp = `usage: slotrace review [flags]

Runs the seven tests that found the bug, on real stores in a temporary folder.

  --allocator NAME   review this one (check-then-act); there are check-then-act,
                     lock-each-step, fetch-add, mutex, compare-and-swap
  --runs N           run them all N times, 1 to 10000 (1); the worst run is shown
  --seed N           repeat the cases of this seed; each run takes the next (any)
  --json             print one JSON object and nothing else

The exit says 0: all passed; 1: a test failed; 3: Ctrl-C came before a verdict; 4: it
could not be done. A test passes on what was stored and read; whether it was as fast
as its target is told beside that, and decides nothing.
`

// reviewWords are what the flags of review say.
type reviewWords struct {
	allocator string
	runs      int
	seed      uint64 // 0 = any
	json      bool
}

const maxReviewRuns = 10_000

func parseReview(args []string) (reviewWords, error) {
	const there = "--allocator, --runs, --seed, --json"
	w := reviewWords{runs: 1}
	flags := flag.NewFlagSet("review", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&w.allocator, "allocator", alloc.Kinds[0].Name, "")
	flags.BoolVar(&w.json, "json", false, "")
	number := func(name string, low, top uint64, to func(n uint64)) {
		flags.Func(name, "", func(s string) error {
			n, err := strconv.ParseUint(s, 10, 64)
			if err != nil || n < low || n > top {
				return fmt.Errorf("it must be a number from %d to %d", low, top)
			}
			to(n)
			return nil
		})
	}
	number("runs", 1, maxReviewRuns, func(n uint64) { w.runs = int(n) })
	number("seed", 1, review.MaxSeed-maxReviewRuns, func(n uint64) { w.seed = n })
	if err := flags.Parse(args); err != nil {
		return w, flagError(err, there)
	}
	if flags.NArg() > 0 {
		return w, fmt.Errorf("%.40q is one word too many; there are the flags %s", flags.Arg(0), there)
	}
	if alloc.Index(w.allocator) < 0 {
		return w, fmt.Errorf("--allocator: there is no %.40q; there are %s", w.allocator, strings.Join(alloc.Names(), ", "))
	}
	return w, nil
}

// reviewed is what the command prints of its runs: in JSON as it stands here.
type reviewed struct {
	Allocator  string        `json:"allocator"`
	Holds      bool          `json:"holds"`
	Runs       int           `json:"runs"`
	RunsPassed int           `json:"runs_passed"` // in which all passed
	Passed     int           `json:"passed"`      // of the worst run, as all below
	Failed     int           `json:"failed"`
	Seed       uint64        `json:"seed"`
	Window     string        `json:"window"`
	Tests      []report.Test `json:"tests"`
}

func runReview(args []string, stdout, stderr io.Writer) int {
	words, err := parseReview(args)
	switch {
	case errors.Is(err, errHelp):
		fmt.Fprint(stdout, reviewHelp)
		return exitOK
	case err != nil:
		return misused(stderr, "slotrace review", err.Error())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)() // from then on a signal ends the process in the system's own way
	found, err := reviewAll(ctx, words, stderr)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "slotrace review: stopped before a verdict")
		return exitBounded
	case err != nil:
		fmt.Fprintf(stderr, "slotrace review: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
		return exitFailed
	}
	write := found.writeText
	if words.json {
		write = found.writeJSON
	}
	if err := write(stdout); err != nil {
		fmt.Fprintf(stderr, "slotrace review: the result could not be written: %v\n", err)
		return exitFailed
	}
	if found.Failed > 0 {
		return exitFound
	}
	return exitOK
}

// reviewAll makes the runs, in a temporary folder that is gone when it returns.
func reviewAll(ctx context.Context, words reviewWords, stderr io.Writer) (found reviewed, err error) {
	dir, err := os.MkdirTemp("", "slotrace-review-")
	if err != nil {
		return found, fmt.Errorf("a temporary folder could not be made: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for run := range words.runs {
		o := review.Options{Allocator: words.allocator, Dir: dir, Seed: words.seed}
		if o.Seed > 0 {
			o.Seed += uint64(run)
		}
		r, err := review.New(o)
		if err != nil {
			return found, err
		}
		end := showProgress(stderr, run, words.runs, r)
		err = r.Run(ctx)
		end()
		if err != nil {
			return found, err
		}
		side := r.Report()
		passed := found.RunsPassed
		if side.Failed == 0 {
			passed++
		}
		if run == 0 || side.Failed > found.Failed {
			found = reviewed{
				Allocator: side.Allocator, Holds: side.Holds, Passed: side.Passed, Failed: side.Failed, Tests: side.Tests,
				Seed: r.Seed(), Window: report.Window,
			}
		}
		found.Runs, found.RunsPassed = run+1, passed
	}
	return found, nil
}

// showProgress tells on a terminal, in one line that it writes again and again, how far
// a run is. The function that it returns ends that and clears the line.
func showProgress(stderr io.Writer, run, runs int, r *review.Review) (end func()) {
	if !isTerminal(stderr) {
		return func() {}
	}
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				fmt.Fprintf(stderr, "\r\x1b[K%s", progressLine(run, runs, r.Report()))
			case <-stop:
				fmt.Fprint(stderr, "\r\x1b[K")
				return
			}
		}
	}()
	return func() { close(stop); <-ended }
}

func progressLine(run, runs int, side report.Side) string {
	line := ""
	if runs > 1 {
		line = fmt.Sprintf("run %d of %d, ", run+1, runs)
	}
	for _, t := range side.Tests {
		if t.State == report.Running {
			return fmt.Sprintf("%stest %d of %d, %s: %.0f %%", line, t.Number, len(side.Tests), t.Name, 100*t.Progress)
		}
	}
	return line + "between tests"
}

// isTerminal says whether w shows what is written to it to a person.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (f *reviewed) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(f)
}
