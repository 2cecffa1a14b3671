package review

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// shape is one case of the property.
type shape struct {
	writers, memories int   // memories of each writer
	sizes             []int // of contents, all different
}

// memory is all x, as the original's: its length alone tells it from another. So the
// sizes are different, and each writer begins with another one: two memories that are
// the same would hide that one is in the other's place.
func (c *shape) memory(writer, i int) (string, []byte) {
	size := c.sizes[(writer+i)%len(c.sizes)]
	return fmt.Sprintf("thread-%d-memory-%d", writer, i), []byte(strings.Repeat("x", size))
}

func (c *shape) String() string {
	return fmt.Sprintf("%d writers x %d memories of %d to %d bytes", c.writers, c.memories, slices.Min(c.sizes), slices.Max(c.sizes))
}

func drawShape(t *rapid.T) *shape {
	return &shape{
		writers:  rapid.IntRange(2, 10).Draw(t, "writers"),
		memories: rapid.IntRange(10, 50).Draw(t, "memories"),
		sizes:    rapid.SliceOfNDistinct(rapid.IntRange(1, 1000), 10, 50, rapid.ID[int]).Draw(t, "sizes"),
	}
}

// verdict is what a case came to.
type verdict struct {
	shape *shape
	lost  []loss
	total int
	why   string // "" = it holds
}

const (
	cases = 50
	// shrinking is how long the search for a smaller case may take.
	shrinking = 4 * time.Second
	// shrinkSteps is about how many cases it takes, for the progress alone.
	shrinkSteps = 1500
)

// property is test 7.
func property(s *stage) error {
	const memories, longest = 10 * 50, 1000 + 32
	if err := s.create(memories, memories*longest); err != nil {
		return err
	}
	s.expect(cases)
	var found, smallest *verdict
	var failed error
	tried := 0
	problem, err := check(s.ctx, cases, s.options.Seed, func(t *rapid.T) {
		if failed != nil || s.ctx.Err() != nil {
			return // to the end, as fast as it goes
		}
		v, err := s.try(drawShape(t), found == nil)
		if err != nil {
			failed = err
			return
		}
		if tried++; found == nil {
			s.done.Store(int64(tried))
		} else {
			s.done.Store(min(int64(tried), shrinkSteps))
		}
		if v.why == "" {
			return
		}
		if found == nil {
			found = v
			s.expect(cases + shrinkSteps)
		}
		smallest = v
		t.Fatal("a case fails") // in the same words each time: rapid takes other words for another failure
	})
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	switch {
	case found != nil:
		s.fail("%s: %s", found.shape, found.why)
		s.found.EvidenceTotal = found.total
		for _, l := range found.lost {
			s.found.Evidence = append(s.found.Evidence, l.evidence(rowShown))
		}
		s.found.Shrunk = smallest.shape.String()
		if len(smallest.lost) > 0 {
			e := smallest.lost[0].evidence(rowShown)
			s.found.Shrunk += fmt.Sprintf(": %s is to be %s and is %s", e.ID, e.Expected, e.Got)
		}
	case problem != "": // no case of ours failed, yet rapid is not content
		s.fail("%s", problem)
	}
	return nil
}

// try runs one case on the store, emptied.
func (s *stage) try(c *shape, counts bool) (*verdict, error) {
	s.reset()
	before := s.found.Failure // what is found from here on is the case's, not the test's
	s.found.Failure = ""
	defer func() { s.found.Failure = before }()
	err := s.burst(burst{threads: c.writers, writers: c.writers, counts: counts, do: func(w *worker) {
		for i := range c.memories {
			if !w.put(c.memory(w.number, i)) {
				return
			}
		}
	}})
	if err != nil {
		return nil, err
	}
	v := &verdict{shape: c}
	v.lost, v.total, err = s.readBack(func(yield func(string, []byte) bool) {
		for w := range c.writers {
			for i := range c.memories {
				if !yield(c.memory(w, i)) {
					return
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	s.wantCount(c.writers * c.memories)
	s.wantRanges()
	v.why = s.found.Failure
	if v.total > 0 {
		v.why = fmt.Sprintf("%d of %d memories were stored without an error and do not read back as what was stored.", v.total, c.writers*c.memories)
	}
	return v, nil
}

// rapidTurn holds a token while nobody has rapid check: its settings are flags, and
// belong to the whole process.
var rapidTurn = make(chan struct{}, 1)

func init() { rapidTurn <- struct{}{} }

// check has rapid look for a case that fails prop, and shrink it. It returns rapid's
// own words for what it found, "" if nothing.
//
// Rapid is made for go test, but asks no more of it than a TB and, in checkTB, whether
// tests are to be short; so the flags of package testing must exist and count as
// parsed. The command has flag sets of its own, and no word of its call reaches these.
// Failure files are off, as a command has no business to leave any.
func check(ctx context.Context, cases int, seed uint64, prop func(*rapid.T)) (problem string, err error) {
	select {
	case <-rapidTurn:
		defer func() { rapidTurn <- struct{}{} }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	testing.Init()
	if !flag.Parsed() {
		if err := flag.CommandLine.Parse(nil); err != nil {
			return "", err
		}
	}
	if testing.Short() {
		cases *= 5 // of which rapid takes a fifth
	}
	for name, value := range map[string]string{
		"checks": strconv.Itoa(cases), "seed": strconv.FormatUint(seed, 10), "shrinktime": shrinking.String(),
		"nofailfile": "true", "failfile": "", "log": "false", "v": "false", "debug": "false", "debugvis": "false",
	} {
		f := flag.Lookup("rapid." + name)
		old := f.Value.String()
		defer f.Value.Set(old)
		if err := f.Value.Set(value); err != nil {
			return "", fmt.Errorf("rapid's flag %s: %w", name, err)
		}
	}
	var p probe
	rapid.Check(&p, prop)
	return p.problem, nil
}

// probe is the test that rapid believes to be in.
type probe struct{ problem string }

func (p *probe) fail(text string) {
	if p.problem == "" {
		p.problem, _, _ = strings.Cut(text, "\n")
	}
}

// The methods of rapid.TB. After FailNow rapid does nothing more, so it may return.
func (p *probe) Helper()                           {}
func (p *probe) Name() string                      { return "slotrace review" }
func (p *probe) Logf(string, ...any)               {}
func (p *probe) Log(...any)                        {}
func (p *probe) Skipf(string, ...any)              {}
func (p *probe) Skip(...any)                       {}
func (p *probe) SkipNow()                          {}
func (p *probe) Errorf(format string, args ...any) { p.fail(fmt.Sprintf(format, args...)) }
func (p *probe) Error(args ...any)                 { p.fail(fmt.Sprint(args...)) }
func (p *probe) Fatalf(format string, args ...any) { p.fail(fmt.Sprintf(format, args...)) }
func (p *probe) Fatal(args ...any)                 { p.fail(fmt.Sprint(args...)) }
func (p *probe) FailNow()                          { p.fail("it failed") }
func (p *probe) Fail()                             { p.fail("it failed") }
func (p *probe) Failed() bool                      { return p.problem != "" }
