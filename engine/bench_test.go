//go:build unix

package engine

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"slotrace/engine/alloc"
	"slotrace/engine/mapping"
	"slotrace/engine/visible"
)

const (
	benchSlots   = 20_000
	benchWriters = 2
	benchBlock   = 3136
)

// rounds times two ways of doing the same in turn, so that a machine which slows
// down slows both, and returns the quotient of the medians, first by second.
func rounds(b *testing.B, first, second func() time.Duration) float64 {
	var a, c []time.Duration
	for range max(b.N, 3) {
		a, c = append(a, first()), append(c, second())
	}
	return float64(median(a)) / float64(median(c))
}

func median(d []time.Duration) time.Duration {
	for i := range d { // few
		for j := i; j > 0 && d[j] < d[j-1]; j-- {
			d[j], d[j-1] = d[j-1], d[j]
		}
	}
	return d[len(d)/2]
}

// inParallel runs do for each writer and returns how long all took.
func inParallel(do func(writer int)) time.Duration {
	var all sync.WaitGroup
	start := make(chan struct{})
	for w := range benchWriters {
		all.Go(func() { <-start; do(w) })
	}
	began := time.Now()
	close(start)
	all.Wait()
	return time.Since(began)
}

// rawCopy copies as many blocks as fill the store into a mapping of the same kind.
func rawCopy(b *testing.B) func() time.Duration {
	m, err := mapping.Create(filepath.Join(b.TempDir(), "raw"), benchSlots*benchBlock)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { m.Close() })
	src := make([]byte, benchBlock)
	return func() time.Duration {
		return inParallel(func(w int) {
			for i := w; i < benchSlots; i += benchWriters {
				copy(m.Bytes()[i*benchBlock:], src)
			}
		})
	}
}

// filling fills the store and empties it.
func filling(b *testing.B, o Options, observer func() visible.Observer) func() time.Duration {
	o.Capacity, o.Embedding = benchSlots, 768
	s, err := Create(filepath.Join(b.TempDir(), "bench.store"), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	var ids [benchWriters][]string
	for w := range ids {
		for i := range benchSlots {
			ids[w] = append(ids[w], fmt.Sprintf("w%d-m%d", w, i))
		}
	}
	return func() time.Duration {
		defer s.Reset()
		return inParallel(func(w int) {
			var o visible.Observer
			if observer != nil {
				o = observer()
			}
			h := s.Handle(w, o)
			m := &Memory{Content: []byte("Writer 5 content 0"), Embedding: make([]float32, 768)}
			for i := range benchSlots / benchWriters {
				m.ID = ids[w][i]
				if err := h.Put(m); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
}

// Throughput of puts by two writers as a share of what copying the same blocks
// into the same kind of mapping reaches.
func BenchmarkPut(b *testing.B) {
	for _, k := range alloc.Kinds {
		for _, c := range []struct {
			name string
			mode Checksum
		}{{"whole", WholeEntry}, {"content", ContentOnly}} {
			b.Run(k.Name+"/checksum="+c.name, func(b *testing.B) {
				put := filling(b, Options{Allocator: k.Name, Checksum: c.mode}, nil)
				raw := rawCopy(b)
				put()
				raw() // the first round faults the pages in
				b.ResetTimer()
				b.ReportMetric(100*rounds(b, raw, put), "%-of-copy")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// What an observer that does nothing costs a put.
func BenchmarkObserved(b *testing.B) {
	with := filling(b, Options{}, func() visible.Observer { return nothing{} })
	without := filling(b, Options{}, nil)
	with()
	without()
	b.ResetTimer()
	b.ReportMetric(rounds(b, with, without), "times-unobserved")
	b.ReportMetric(0, "ns/op")
}

type nothing struct{}

func (nothing) Point(*visible.Thread, visible.Op)        {}
func (nothing) Done(*visible.Thread, visible.Op, uint64) {}
