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
	"regexp"
	"slices"
	"strings"
	"syscall"

	"slotrace/engine/bench"
)

const benchHelp = `usage: slotrace bench [flags]

Measures the store and prints ratios, each of two things that were timed in turn; and
the explorer, in executions and times. It takes some twenty seconds, on a machine that had better do nothing else.
Ctrl-C ends it with the figures that it has.

  --json          print one JSON object and nothing else
  --quick         few short rounds, to see that it works; the figures mean nothing
  --only REGEXP   only figures whose name has that in it
  --list          print the names of the figures and measure nothing; with --json as {"figures":[…]}

Files go to the system's temporary folder (TMPDIR), 400 MB at most, and are removed.
A figure that misses what is wanted of it is told, and is no failure.
`

// benchWords are what the flags of bench say.
type benchWords struct {
	json, quick, list bool
	only              *regexp.Regexp
}

const benchFlags = "--json, --quick, --only, --list"

func parseBench(args []string) (w benchWords, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&w.json, "json", false, "")
	flags.BoolVar(&w.quick, "quick", false, "")
	flags.BoolVar(&w.list, "list", false, "")
	flags.Func("only", "", func(s string) (err error) {
		if w.only, err = regexp.Compile(s); err != nil {
			return errors.New("not a regular expression")
		}
		for _, name := range bench.Names() {
			if w.only.MatchString(name) {
				return nil
			}
		}
		return fmt.Errorf("no figure is called so; there are %s", strings.Join(bench.Names(), ", "))
	})
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return w, err
	case err != nil:
		return w, flagError(err, benchFlags)
	case flags.NArg() > 0:
		return w, fmt.Errorf("%.40q is one word too many; there are the flags %s", flags.Arg(0), benchFlags)
	}
	return w, nil
}

func runBench(args []string, stdout, stderr io.Writer) int {
	words, err := parseBench(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, benchHelp)
		return exitOK
	case err != nil:
		return misused(stderr, "slotrace bench", err.Error())
	case words.list:
		return printed("bench", words.names(stdout), stderr, exitOK)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return measure(ctx, words, stdout, stderr)
}

// names prints the names of the figures.
func (w *benchWords) names(to io.Writer) error {
	names := slices.DeleteFunc(bench.Names(), func(name string) bool { return w.only != nil && !w.only.MatchString(name) })
	if w.json {
		return json.NewEncoder(to).Encode(map[string][]string{"figures": names})
	}
	_, err := fmt.Fprintln(to, strings.Join(names, "\n"))
	return err
}

// measure takes the figures and prints those it has when ctx ends.
func measure(ctx context.Context, words benchWords, stdout, stderr io.Writer) int {
	o := bench.Options{Quick: words.quick, Only: words.only}
	terminal := isTerminal(stderr)
	if terminal {
		o.Progress = func(name string) { fmt.Fprintf(stderr, "\r\x1b[Kmeasuring %s", name) }
	}
	report, err := bench.Run(ctx, o)
	if terminal {
		fmt.Fprint(stderr, "\r\x1b[K")
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(stderr, "slotrace bench: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
		return exitFailed
	}
	print := report.Print
	if words.json {
		print = func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			e.SetEscapeHTML(false)
			return e.Encode(report)
		}
	}
	if e := print(stdout); e != nil {
		fmt.Fprintf(stderr, "slotrace bench: %s\n", e)
		return exitFailed
	}
	if err != nil {
		fmt.Fprintln(stderr, "slotrace bench: it was stopped; the other figures were not taken")
		return exitBounded
	}
	return exitOK
}
