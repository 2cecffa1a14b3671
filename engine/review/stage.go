package review

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"slotrace/engine"
	"slotrace/engine/review/report"
)

// stage is what one test has: a store, and what is found out about it. It belongs to
// the test's goroutine, but for progress.
type stage struct {
	ctx     context.Context
	options *Options
	random  *rand.Rand
	found   report.Test // Failure, Evidence, EvidenceTotal and Shrunk of it

	store  *engine.Store
	path   string // of its file; "" = it is on the heap
	stuck  bool   // threads are still in the store
	stored int    // puts that returned without an error
	bytes  uint64 // ids and contents that they stored
	ranges []contentRange

	took      time.Duration // of the bursts that count
	latencies []time.Duration

	done, total atomic.Int64 // steps
}

// bounds of what is kept of the evidence.
const maxEvidence = 10

// create makes the test's store. close removes it.
func (s *stage) create(capacity, contentBytes uint64) error {
	o := engine.Options{Capacity: capacity, Content: contentBytes, Allocator: s.options.Allocator}
	var err error
	if s.options.Heap {
		s.store, err = engine.New(o)
		return err
	}
	if s.path, err = os.MkdirTemp(s.options.Dir, "review-"); err != nil { // a name that no other review has
		return err
	}
	s.store, err = engine.Create(s.path, o)
	return err
}

// close ends the store and removes its folder. A store that threads are stuck in stays
// mapped: they would die of its absence, and the process with them.
func (s *stage) close() (err error) {
	if s.store != nil && !s.stuck {
		err = s.store.Close()
	}
	if s.path != "" {
		err = errors.Join(err, os.RemoveAll(s.path))
	}
	return err
}

// reset empties the store.
func (s *stage) reset() {
	if err := s.store.Reset(); err != nil {
		s.fail("the store could not be emptied: %v.", err)
	}
	s.stored, s.bytes, s.ranges = 0, 0, nil
}

// expect says how many steps the test has in all.
func (s *stage) expect(steps int) { s.total.Store(int64(steps)) }

func (s *stage) progress() float64 {
	total := s.total.Load()
	if total == 0 {
		return 0
	}
	return min(float64(s.done.Load())/float64(total), 0.99)
}

// fail fails the test. The first reason is the one that is told.
func (s *stage) fail(format string, args ...any) {
	if s.found.Failure == "" {
		s.found.Failure = fmt.Sprintf(format, args...)
	}
}

// memories are ids and contents. The contents may be the same bytes, changed.
type memories = iter.Seq2[string, []byte]

// loss is what a memory was, and what was found under its id.
type loss struct {
	id            string
	expected, got []byte
	err           error // if there was nothing to compare
}

// readBack reads every memory with one goroutine, and returns those that are not what
// was stored: the first few, and how many.
func (s *stage) readBack(all memories) (lost []loss, total int, err error) {
	err = s.burst(burst{threads: 1, do: func(w *worker) {
		for id, content := range all {
			got, err, ok := w.get(id)
			if !ok {
				return
			}
			if err == nil && bytes.Equal(got, content) {
				continue
			}
			total++
			if len(lost) < maxEvidence {
				lost = append(lost, loss{id: id, expected: bytes.Clone(content), got: bytes.Clone(got), err: err})
			}
		}
	}})
	return lost, total, err
}

// wantAll fails the test unless every memory reads back as it was stored.
func (s *stage) wantAll(all memories, of int) error {
	lost, total, err := s.readBack(all)
	if err != nil {
		return err
	}
	s.found.EvidenceTotal += total
	for _, l := range lost {
		if len(s.found.Evidence) < maxEvidence {
			s.found.Evidence = append(s.found.Evidence, l.evidence(textShown))
		}
	}
	if total > 0 {
		s.fail("%d of %d memories were stored without an error and do not read back as what was stored.", total, of)
	}
	return nil
}

// How much of a content is shown: enough of a text to know whose it is, and of a row of
// x that there are more.
const (
	textShown = 48
	rowShown  = 3
)

func (l *loss) evidence(shown int) report.Evidence {
	e := report.Evidence{ID: l.id, Expected: show(l.expected, shown), Got: show(l.got, shown)}
	if l.err != nil {
		e.Got = l.err.Error()
	}
	return e
}

// show is a content as people read it. Its length is told when it says something that
// the text does not.
func show(content []byte, shown int) string {
	size := fmt.Sprintf(" (%d bytes)", len(content))
	if len(content) == 1 {
		size = " (1 byte)"
	}
	switch {
	case len(content) > shown:
		return printable(content[:shown]) + "…" + size
	case shown == rowShown || len(content) == 0:
		return printable(content) + size
	}
	return printable(content)
}

// printable is text with a dot for each byte that is none: a mixture of two entries can
// begin anywhere.
func printable(text []byte) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '·'
		}
		return c
	}, string(text))
}

// wantCount fails the test unless the store counts what was stored: no put that was
// refused, no id twice and none missing.
func (s *stage) wantCount(want int) {
	if s.stored != want {
		s.fail("%d stores of %d succeeded.", s.stored, want)
	}
	if n := s.store.Stats().Entries; n != want {
		s.fail("the index holds %d memories where %d were stored under different ids.", n, want)
	}
}

// wantRanges fails the test unless the contents lie behind each other: no two overlap,
// and together they are as long as what was stored. That each thread's offsets grow is
// looked at when its burst ends.
func (s *stage) wantRanges() {
	slices.SortFunc(s.ranges, func(a, b contentRange) int {
		if a.low < b.low {
			return -1
		}
		return 1
	})
	var end uint64
	for _, r := range s.ranges {
		if r.low < end {
			s.fail("two contents overlap: one begins at %d, before another ends at %d.", r.low, end)
			return
		}
		end = r.high
	}
	if end != s.bytes {
		s.fail("the contents take %d bytes where %d were stored.", end, s.bytes)
	}
}

// percentiles returns the 50th, 99th and 99.9th of d.
func percentiles(d []time.Duration) (p50, p99, p999 time.Duration) {
	h := hdrhistogram.New(1, time.Minute.Nanoseconds(), 3)
	for _, x := range d {
		h.RecordValue(min(max(x.Nanoseconds(), 1), time.Minute.Nanoseconds())) // cannot fail within its bounds
	}
	return time.Duration(h.ValueAtQuantile(50)), time.Duration(h.ValueAtQuantile(99)), time.Duration(h.ValueAtQuantile(99.9))
}
