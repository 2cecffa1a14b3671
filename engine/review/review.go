package review

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"slotrace/engine/alloc"
	"slotrace/engine/review/report"
)

// Options is what is reviewed, and where.
type Options struct {
	Allocator string // a name of alloc.Kinds
	Seed      uint64 // of the property's cases and the readers' choices; 0 = any
	Dir       string // where the stores' files lie while a test runs; it must be there
	Heap      bool   // stores on the heap instead
}

// MaxSeed bounds seeds to what JSON's readers keep exact.
const MaxSeed = 1<<53 - 1

// Review runs the seven tests on one allocator.
type Review struct {
	options Options

	mu      sync.Mutex // guards what follows
	side    report.Side
	running *stage // of the test that runs
}

// New returns a review of which no test has run.
func New(o Options) (*Review, error) {
	i := alloc.Index(o.Allocator)
	if i < 0 {
		return nil, fmt.Errorf("there is no allocator %.40q; there are %s", o.Allocator, strings.Join(alloc.Names(), ", "))
	}
	if o.Seed > MaxSeed {
		return nil, fmt.Errorf("a seed is from 0 to %d, not %d", uint64(MaxSeed), o.Seed)
	}
	if o.Seed == 0 {
		o.Seed = 1 + rand.Uint64N(1<<32)
	}
	r := &Review{options: o, side: report.Side{Allocator: o.Allocator, Holds: alloc.Kinds[i].Holds}}
	for i, t := range tests {
		r.side.Tests = append(r.side.Tests, report.Test{
			Number: i + 1, Name: t.name, About: t.about, State: report.Waiting,
			Target: t.target.text, Original: t.original, Evidence: []report.Evidence{},
		})
	}
	return r, nil
}

// Tests is how many tests there are.
const Tests = 7

// test is one of them. run returns an error if it could not be done; what it found
// is told to the stage.
type test struct {
	name, about string
	target      target
	original    string // what was measured then
	run         func(s *stage) error
}

var tests = [Tests]test{
	{"concurrent store", "barrier; 10 writers x 100 stores", target{"< 2 s, p99 < 5 ms", 2 * time.Second, 5 * time.Millisecond, 0}, "", concurrentStore},
	{"concurrent get", "20 readers x 10 rounds x 100 gets", target{"< 3 s, p99 < 1 ms, p99 < 10 x p50", 3 * time.Second, time.Millisecond, 10}, "p50 2.08 us, p99 5.42 us", concurrentGet},
	{"mixed reads and writes", "5 writers x 100 stores, 10 readers x 50 gets", target{"< 5 s, p99 < 10 ms", 5 * time.Second, 10 * time.Millisecond, 0}, "", mixed},
	{"lock contention", "50 tasks x 20 gets of the same 10", target{"< 10 s, p99 < 100 ms", 10 * time.Second, 100 * time.Millisecond, 0}, "p99 22.42 us", hotSpot},
	{"writer against writer", "barrier; 20 writers x 50 stores", target{"< 3 s, p99 < 10 ms", 3 * time.Second, 10 * time.Millisecond, 0}, "", writerAgainstWriter},
	{"panic recovery", "10 tasks x 10 stores, one panics after 3", target{}, "", panicRecovery},
	{"property-based", "50 cases: 2-10 writers x 10-50 stores of 1-1,000 bytes", target{}, "", property},
}

// target is how fast a test should have been. A zero bound is none.
type target struct {
	text       string
	total, p99 time.Duration
	spread     time.Duration // how many times the p50 the p99 may be
}

func (t *target) met(total, p50, p99 time.Duration) bool {
	return (t.total == 0 || total < t.total) && (t.p99 == 0 || p99 < t.p99) && (t.spread == 0 || p99 < t.spread*p50)
}

// Seed is the seed that the review runs with.
func (r *Review) Seed() uint64 { return r.options.Seed }

// Run runs the seven tests, one after the other. It returns an error if they could not
// all be run: ctx's, soon after it is done, or the machine's. What has been found is in
// Report, meanwhile and after.
func (r *Review) Run(ctx context.Context) error {
	for n := range Tests {
		if err := r.RunTest(ctx, n+1); err != nil {
			return err
		}
	}
	return nil
}

// RunTest runs one test by its number. One may run at a time. When it returns, all
// goroutines that it started have ended and its files are gone; but for a deadlock, in
// which they stay.
func (r *Review) RunTest(ctx context.Context, number int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	t := &tests[number-1]
	s := &stage{ctx: ctx, options: &r.options, random: rand.New(rand.NewPCG(r.options.Seed, uint64(number)))}
	s.found.Evidence = []report.Evidence{}
	r.set(number, s, func(t *report.Test) { t.State = report.Running })
	err := t.run(s)
	if err == nil {
		err = ctx.Err()
	}
	if errors.Is(err, errStuck) {
		s.fail("%v", err)
		err = nil
	}
	err = errors.Join(err, s.close())
	if err != nil {
		r.set(number, nil, func(t *report.Test) { t.State = report.Waiting })
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("test %d, %s: %w", number, t.name, err)
	}
	p50, p99, p999 := percentiles(s.latencies)
	r.set(number, nil, func(to *report.Test) {
		to.State, to.Progress = report.Done, 1
		to.Pass, to.TargetMet = s.found.Failure == "", t.target.met(s.took, p50, p99)
		to.Operations = len(s.latencies)
		to.Duration = float64(s.took.Nanoseconds()) / 1e6
		to.P50, to.P99, to.P999 = micros(p50), micros(p99), micros(p999)
		to.Failure, to.Evidence, to.EvidenceTotal, to.Shrunk = s.found.Failure, s.found.Evidence, s.found.EvidenceTotal, s.found.Shrunk
	})
	return nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

func (r *Review) set(number int, running *stage, edit func(t *report.Test)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	edit(&r.side.Tests[number-1])
	r.running = running
	r.side.Passed, r.side.Failed = 0, 0
	for _, t := range r.side.Tests {
		switch {
		case t.State != report.Done:
		case t.Pass:
			r.side.Passed++
		default:
			r.side.Failed++
		}
	}
}

// Report tells what has been found so far. Any goroutine may call it at any time; the
// evidence is shared and not to be changed.
func (r *Review) Report() report.Side {
	r.mu.Lock()
	defer r.mu.Unlock()
	side := r.side
	side.Tests = append([]report.Test(nil), side.Tests...)
	for i := range side.Tests {
		if side.Tests[i].State == report.Running && r.running != nil {
			side.Tests[i].Progress = r.running.progress()
		}
	}
	return side
}
