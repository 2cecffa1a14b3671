//go:build !js

// Package bench measures the store: what a put and a get cost, what watching them
// costs, how long opening takes; and the explorer: how fast it goes through schedules. Each figure is a ratio of two things that are timed
// in turn in one run, or a time that the same run can be told from; a machine's own
// numbers say little about another's. It measures and does not judge: whether a
// figure reaches what is wanted of it is printed, and nothing follows from it.
package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// Goal is what is wanted of a figure.
type Goal struct {
	Reach  float64 `json:"reach"` // the least that will do
	Aim    float64 `json:"aim"`   // what would be good
	Better string  `json:"better"`
}

// What Goal.Better says.
const (
	More = "more"
	Less = "less"
)

// Met is what a value meets: "aim", "reach", or "no".
func (g Goal) Met(value float64) string {
	meets := func(want float64) bool {
		if g.Better == More {
			return value >= want
		}
		return value <= want
	}
	switch {
	case meets(g.Aim):
		return "aim"
	case meets(g.Reach):
		return "reach"
	}
	return "no"
}

// Figure is one thing that was measured.
type Figure struct {
	Name  string  `json:"name"`
	What  string  `json:"what"` // exactly, with what it is compared
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Low   float64 `json:"low"`  // half of the rounds lie from here
	High  float64 `json:"high"` // to there: how noisy the machine is
	*Goal         // nil if nothing in particular is wanted
	Met   string  `json:"met,omitempty"`
}

// Set fills in what came out.
func (f *Figure) Set(s Spread) {
	f.Value, f.Low, f.High = s.Value, s.Low, s.High
	if f.Goal != nil {
		f.Met = f.Goal.Met(f.Value)
	}
}

// Machine is what the figures depend on.
type Machine struct {
	Cores      int     `json:"cores"` // that Go uses
	Go         string  `json:"go"`
	System     string  `json:"system"`
	BlockBytes uint64  `json:"block_bytes"`
	TimerNS    float64 `json:"timer_ns"` // what timing nothing gives; times of single operations are without it
}

// Report is a run of the bench.
type Report struct {
	Machine  Machine  `json:"machine"`
	Quick    bool     `json:"quick"`    // few short rounds, to see that it works
	Complete bool     `json:"complete"` // all figures that were asked for are there
	Figures  []Figure `json:"figures"`
}

// Options of a run.
type Options struct {
	Dir      string              // for the stores' files, "" = the system's temporary folder
	Quick    bool                // few short rounds
	Only     *regexp.Regexp      // figures whose name it finds, nil = all
	Progress func(figure string) // told as each begins; nil = nobody is
}

// measure is a figure without its value, and how to take that.
type measure struct {
	Figure
	take func(*session) (Spread, error)
}

var measures = slices.Concat(puts, tracings, gets, recoveries, explorations)

// Names are the names of all figures.
func Names() []string {
	names := make([]string, len(measures))
	for i, m := range measures {
		names[i] = m.Name
	}
	return names
}

// Run takes the figures, one after the other. When ctx ends it returns those it has,
// in a report that is not complete, and ctx's error.
func Run(ctx context.Context, o Options) (r Report, err error) {
	dir, err := os.MkdirTemp(o.Dir, "slotrace-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	s := &session{ctx: ctx, dir: dir, quick: o.Quick}
	r = Report{Machine: Here(), Quick: o.Quick, Figures: []Figure{}}
	for _, m := range measures {
		if o.Only != nil && !o.Only.MatchString(m.Name) {
			continue
		}
		if o.Progress != nil {
			o.Progress(m.Name)
		}
		value, err := m.take(s)
		err = errors.Join(err, s.clear())
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		if err != nil {
			return r, fmt.Errorf("measure %s: %w", m.Name, err)
		}
		f := m.Figure
		f.Set(value)
		r.Figures = append(r.Figures, f)
	}
	r.Complete = true
	return r, nil
}

// session is what measures share.
type session struct {
	ctx   context.Context
	dir   string
	quick bool
	files int
}

// pick returns n, or in a quick run quick.
func (s *session) pick(n, quick int) int {
	if s.quick {
		return quick
	}
	return n
}

// clear removes the files of the figure before.
func (s *session) clear() error {
	files, err := os.ReadDir(s.dir)
	for _, f := range files {
		err = errors.Join(err, os.RemoveAll(filepath.Join(s.dir, f.Name())))
	}
	return err
}

// path is a fresh one.
func (s *session) path() string {
	s.files++
	return filepath.Join(s.dir, strconv.Itoa(s.files))
}

// Here describes this machine.
func Here() Machine {
	return Machine{
		Cores: runtime.GOMAXPROCS(0), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		BlockBytes: block, TimerNS: timingNothing(),
	}
}

// timingNothing is how many nanoseconds between two looks at the clock there are at
// least, as a rule.
func timingNothing() float64 {
	took := make([]float64, 1001)
	for i := range took {
		began := time.Now()
		took[i] = float64(time.Since(began))
	}
	slices.Sort(took)
	return took[len(took)/2]
}
