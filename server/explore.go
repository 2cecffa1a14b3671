package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"slotrace/engine/catalogue"
	"slotrace/engine/lab"
)

const exploreHelp = `usage: slotrace explore [flags]

Searches the schedules of a scenario's variant for one that breaks its invariant. What
runs is the engine's own code, one visible operation at a time.

  --list               list the scenarios and their variants, and do nothing else
  --scenario NAME      this one (slot-allocation)
  --variant NAME       this way to write it (the one that breaks it)
  --threads W          1 to 26 (as shows it best)
  --ops S              calls that each thread makes, 1 to 99 (as shows it best)
  --mode NAME          find   from small sizes up; the first failure is the shortest (this)
                       prove  one execution of each class of equivalent ones
                       count  exact numbers of executions, from the graph of states
                       all    every execution
                       walk   threads drawn at random
                       pct    priorities drawn at random
  --seed N             draw as with this seed (any)
  --max-executions N   end the search then
  --timeout D          end the search then, such as 10s or 2m
  --json               print one JSON object and nothing else

A search of a size that would hardly end is refused unless one of the two bounds is
given. The exit says 0: it holds, for so many threads and calls; 1: a violation was found;
3: a bound, or Ctrl-C, ended it before a verdict; 4: it could not be done.
`

const replayHelp = `usage: slotrace replay [flags]

Runs one schedule of a scenario's variant, step by step, and judges it.

  --scenario NAME      this one (slot-allocation); slotrace explore --list lists them
  --variant NAME       this way to write it (the one that breaks it)
  --threads W          1 to 26 (as shows it best)
  --ops S              calls that each thread makes, 1 to 99 (as shows it best)
  --schedule A1B3A2    A takes 1 operation, B takes 3, A takes 2; it has to lead to the end
  --json               print one JSON object and nothing else

The exit says 0: nothing is wrong with it; 1: it breaks the invariant, or has a data race.
`

// exploreWords are what the flags of explore and replay say.
type exploreWords struct {
	setup    lab.Setup
	mode     string
	schedule string
	bounds   lab.Bounds
	list     bool
	json     bool
}

func parseExplore(command string, args []string) (exploreWords, error) {
	w := exploreWords{mode: lab.Find}
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	number := func(name string, low, top uint64, to func(n uint64)) {
		flags.Func(name, "", func(s string) error {
			n, err := strconv.ParseUint(s, 10, 64)
			if err != nil || n < low || n > top {
				return fmt.Errorf("%.40q must be a number from %d to %d", s, low, top)
			}
			to(n)
			return nil
		})
	}
	flags.StringVar(&w.setup.Scenario, "scenario", catalogue.All[0].Name, "")
	flags.StringVar(&w.setup.Variant, "variant", "", "")
	number("threads", 1, lab.MaxThreads, func(n uint64) { w.setup.Threads = int(n) })
	number("ops", 1, lab.MaxOps, func(n uint64) { w.setup.Ops = int(n) })
	flags.BoolVar(&w.json, "json", false, "")
	there := "--scenario, --variant, --threads, --ops, --json"
	if command == "replay" {
		there += ", --schedule"
		flags.StringVar(&w.schedule, "schedule", "", "")
	} else {
		there += ", --list, --mode, --seed, --max-executions, --timeout"
		flags.BoolVar(&w.list, "list", false, "")
		flags.StringVar(&w.mode, "mode", lab.Find, "")
		w.bounds.Seed = rand.Uint64N(1 << 32)
		number("seed", 0, 1<<63, func(n uint64) { w.bounds.Seed = n })
		number("max-executions", 1, 1<<62, func(n uint64) { w.bounds.MaxExecutions = int64(n) })
		flags.Func("timeout", "", func(s string) error {
			d, err := time.ParseDuration(s)
			if err != nil || d <= 0 {
				return fmt.Errorf("%.40q must be a duration above 0, such as 10s or 2m", s)
			}
			w.bounds.Timeout = d
			return nil
		})
	}
	if err := flags.Parse(args); err != nil {
		return w, flagError(err, there)
	}
	if flags.NArg() > 0 {
		return w, fmt.Errorf("%.40q is one word too many; there are the flags %s", flags.Arg(0), there)
	}
	if w.list {
		return w, nil
	}
	w.setup = w.setup.Filled()
	if err := w.setup.Check(); err != nil {
		return w, err
	}
	if command == "replay" && w.schedule == "" {
		return w, errors.New("--schedule is due, such as --schedule A1B3A2")
	}
	return w, nil
}

func runExplore(args []string, stdout, stderr io.Writer) int {
	words, err := parseExplore("explore", args)
	switch {
	case errors.Is(err, errHelp):
		fmt.Fprint(stdout, exploreHelp)
		return exitOK
	case err != nil:
		return misused(stderr, "slotrace explore", err.Error())
	case words.list:
		return printed("explore", listScenarios(stdout, words.json), stderr, exitOK)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)() // from then on a signal ends the process in the system's own way
	line := searchLine{to: stderr, on: isTerminal(stderr)}
	found, err := lab.Explore(words.setup, words.mode, words.bounds, func(p func() lab.Progress) bool {
		line.show(p)
		return ctx.Err() == nil
	})
	line.clear()
	switch {
	case errors.Is(err, lab.ErrUnsound):
		fmt.Fprintf(stderr, "slotrace explore: %v\n", err)
		return exitFailed
	case err != nil:
		return misused(stderr, "slotrace explore", err.Error())
	}
	exit := exitBounded
	switch found.Verdict {
	case lab.Violated:
		exit = exitFound
	case lab.Holds:
		exit = exitOK
	}
	return printed("explore", writeExplored(stdout, &found, words.json), stderr, exit)
}

func runReplay(args []string, stdout, stderr io.Writer) int {
	words, err := parseExplore("replay", args)
	if errors.Is(err, errHelp) {
		fmt.Fprint(stdout, replayHelp)
		return exitOK
	}
	var found lab.Result
	if err == nil {
		found, err = lab.Replay(words.setup, words.schedule)
	}
	switch {
	case errors.Is(err, lab.ErrUnsound):
		fmt.Fprintf(stderr, "slotrace replay: %v\n", err)
		return exitFailed
	case err != nil:
		return misused(stderr, "slotrace replay", err.Error())
	}
	exit := exitOK
	if found.Verdict == lab.Violated {
		exit = exitFound
	}
	return printed("replay", writeExplored(stdout, &found, words.json), stderr, exit)
}

// printed is exit, unless what was found could not be written.
func printed(command string, err error, stderr io.Writer, exit int) int {
	if err != nil {
		fmt.Fprintf(stderr, "slotrace %s: the result could not be written: %v\n", command, err)
		return exitFailed
	}
	return exit
}

func writeExplored(to io.Writer, r *lab.Result, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(to).Encode(r)
	}
	return exploredText(to, r)
}

// searchLine is a line about a search that goes on, on a terminal.
type searchLine struct {
	to    io.Writer
	on    bool
	shown time.Duration
}

func (l *searchLine) show(progress func() lab.Progress) {
	if !l.on {
		return
	}
	p := progress()
	if p.Elapsed-l.shown < 200*time.Millisecond {
		return
	}
	l.shown = p.Elapsed
	fmt.Fprintf(l.to, "\r\x1b[K%d threads x %d: %d executions, %.0f a second", p.Threads, p.Ops, p.Executions, float64(p.Executions)/p.Elapsed.Seconds())
	if p.Share > 0 {
		fmt.Fprintf(l.to, ", %.1f %% of the space", 100*p.Share)
	}
}

func (l *searchLine) clear() {
	if l.shown > 0 {
		fmt.Fprint(l.to, "\r\x1b[K")
	}
}
