// Command bench compares slotrace's store with others (bbolt, pebble, badger), and
// shows how its cost grows with entries and with writers. It is a module of its own,
// so that the product does not depend on the peers.
//
//	cd bench && go run . [--full] [--only REGEXP] [--memories N] [--json]
//
// Every figure is a ratio of two things that were timed in turn, both warm, with data
// that fits in memory. They are not stores for the same purpose: what each promises is
// printed beside the figures.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"syscall"

	"slotrace/engine/bench"
)

// options of a run.
type options struct {
	full     bool // 10 million entries, too
	json     bool
	quick    bool
	memories int // that are put, unless 0
	list     bool
	only     *regexp.Regexp
	rounds   int
	largest  int   // store that the growth is measured to, in entries
	few      *data // of gets: caches hold it
	many     *data // of puts, and of gets again: memory holds it
	progress func(figure string)
}

// measure is a figure without its value, and how to take that. dir is empty.
type measure struct {
	bench.Figure
	take func(ctx context.Context, dir string) (bench.Spread, error)
}

func main() {
	var o options
	flag.BoolVar(&o.full, "full", false, "measure growth to 10 million entries: 4 GB of memory and 1.6 GB of disk")
	flag.BoolVar(&o.quick, "quick", false, "few short rounds, to see that it works")
	flag.BoolVar(&o.json, "json", false, "print one JSON object")
	flag.BoolVar(&o.list, "list", false, "print the names of the figures")
	flag.IntVar(&o.memories, "memories", 0, "put `N` memories of 3 KB, and not 32,000: fewer may lie in caches")
	only := flag.String("only", "", "take figures whose name has this `regexp` in it")
	flag.Parse()
	few, many := 2_000, cmp.Or(o.memories, 32_000)
	o.rounds, o.largest = 7, 1_000_000
	switch {
	case o.quick:
		few, many, o.rounds, o.largest = 100, 200, 1, 10_000
	case o.full:
		o.largest = 10_000_000
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "bench: --only takes a regular expression, and there are no other words; see --help")
		os.Exit(2)
	}
	if o.memories < 0 || o.memories > 1_000_000 {
		fmt.Fprintln(os.Stderr, "bench: --memories takes a number from 1 to 1,000,000")
		os.Exit(2)
	}
	o.few, o.many = newData(few), newData(many)
	if len(chosen(o)) == 0 {
		fmt.Fprintln(os.Stderr, "bench: --only: no figure is called so; see --list")
		os.Exit(2)
	}
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		o.progress = func(name string) { fmt.Fprintf(os.Stderr, "\r\x1b[Kmeasuring %s\r", name) }
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = run(ctx, o, os.Stdout)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "bench: it was stopped")
		os.Exit(3)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(4)
	}
}

// chosen lists the figures that are to be taken.
func chosen(o options) []measure {
	return slices.DeleteFunc(append(compare(o), grow(o)...), func(m measure) bool { return !o.only.MatchString(m.Name) })
}

// told is what is printed of a run.
type told struct {
	bench.Report
	Promises string      `json:"promises"` // of slotrace
	Peers    []peerWords `json:"peers"`
}

// run takes the figures and prints them.
func run(ctx context.Context, o options, stdout io.Writer) error {
	r := told{Report: bench.Report{Machine: bench.Here(), Quick: o.quick, Figures: []bench.Figure{}}, Promises: promises}
	for _, p := range peers {
		r.Peers = append(r.Peers, p.peerWords)
	}
	for _, m := range chosen(o) {
		if o.list {
			fmt.Fprintln(stdout, m.Name)
			continue
		}
		if o.progress != nil {
			o.progress(m.Name)
		}
		f, err := m.measure(ctx)
		if err != nil {
			return fmt.Errorf("measure %s: %w", m.Name, err)
		}
		r.Figures = append(r.Figures, f)
	}
	if o.list {
		return nil
	}
	r.Complete = true
	if o.json {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return report(stdout, o, r)
}

func (m measure) measure(ctx context.Context) (bench.Figure, error) {
	dir, err := os.MkdirTemp("", "slotrace-bench-")
	if err != nil {
		return m.Figure, err
	}
	defer os.RemoveAll(dir)
	s, err := m.take(ctx, dir)
	if err == nil {
		m.Set(s)
	}
	return m.Figure, err
}

func report(w io.Writer, o options, r told) error {
	m := r.Machine
	if o.quick {
		fmt.Fprint(w, "a quick run, to see that it works: the figures mean nothing\n\n")
	}
	fmt.Fprintf(w, "%d cores, %s %s, values of %d bytes and their metadata\n\n", m.Cores, m.Go, m.System, 4*values)
	if err := bench.Table(w, r.Figures); err != nil {
		return err
	}
	fmt.Fprintf(w, `
store/PEER/N   as many puts a second as PEER times this: N writers, %d memories, ids, embeddings and contents alike; ours is
               emptied before, in nobody's time: its ids are new, where PEER has had them before
replace/PEER/N the same, where ours has had them, too, and replaces their entries
store-content-only/PEER/N   the same, where our checksums leave the embeddings out, which is an option. None of the peers
               sums up a value while it is put (in the background some do); in the rows above we sum up all of it
store/first-fill   a put takes so much longer while pages are touched for the first time; above they are there
get/PEER/N     as many gets a second, copied into the caller's memory: N readers, any of %d memories, which caches hold
get-far/PEER/N the same of %d memories, which memory holds
entries/X/N    cost of a put, or a get of any id, at N entries of %d bytes by that at %d; time to open so many, by the million
writers/N      puts a second by N writers, by those of one
medians of rounds in which the two sides take turns; half of the rounds lay between low and high

%s
`, len(o.many.ids), len(o.few.ids), len(o.many.ids), smallBlock, least, promises)
	for _, p := range r.Peers {
		fmt.Fprintf(w, "\n%s\n  set here:  %s\n  promises more: %s\n  promises less: %s\n", p.Name, p.Settings, p.More, p.Less)
	}
	return nil
}
