package review

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// stock is memories that one thread stores before the others start.
type stock struct {
	ids      []string
	contents [][]byte
}

func newStock(n int, content func(i int) string) *stock {
	k := &stock{}
	for i := range n {
		k.ids = append(k.ids, fmt.Sprintf("memory-%d", i))
		k.contents = append(k.contents, []byte(content(i)))
	}
	return k
}

func (k *stock) all() memories {
	return func(yield func(string, []byte) bool) {
		for i, id := range k.ids {
			if !yield(id, k.contents[i]) {
				return
			}
		}
	}
}

func (s *stage) fill(k *stock) error {
	return s.burst(burst{threads: 1, writers: 1, do: func(w *worker) {
		for id, content := range k.all() {
			if !w.put(id, content) {
				return
			}
		}
	}})
}

// wrong counts gets that went wrong, and keeps what the first few found. Any thread may
// add to it.
type wrong struct {
	total atomic.Int64
	kept  [maxEvidence]atomic.Pointer[loss]
}

func (x *wrong) add(l loss) {
	if n := x.total.Add(1); n <= maxEvidence {
		l.got = bytes.Clone(l.got)
		x.kept[n-1].Store(&l)
	}
}

func (x *wrong) tell(s *stage, what string) {
	total := int(x.total.Load())
	if total == 0 {
		return
	}
	for i := range x.kept {
		if l := x.kept[i].Load(); l != nil {
			s.found.Evidence = append(s.found.Evidence, l.evidence(textShown))
		}
	}
	s.found.EvidenceTotal += total
	s.fail("%d gets found %s.", total, what)
}

// concurrentGet is test 2.
func concurrentGet(s *stage) error {
	const readers, rounds, ids = 20, 10, 100
	k := newStock(ids, func(i int) string { return strings.Repeat(fmt.Sprintf("memory %2d ", i), i) }) // of 10 i bytes
	if err := s.create(ids, ids*(32+10*ids)); err != nil {
		return err
	}
	s.expect(ids + readers*rounds*ids)
	if err := s.fill(k); err != nil {
		return err
	}
	s.wantCount(ids)
	var bad wrong
	err := s.burst(burst{threads: readers, counts: true, do: func(w *worker) {
		w.latencies = make([]time.Duration, 0, rounds*ids)
		for range rounds {
			for i, id := range k.ids {
				got, err, ok := w.get(id)
				if !ok {
					return
				}
				torn := slices.ContainsFunc(w.read, func(v float32) bool { return v != mark(0) })
				if torn || err != nil || !bytes.Equal(got, k.contents[i]) {
					bad.add(loss{id: id, expected: k.contents[i], got: got, err: err})
				}
			}
		}
	}})
	bad.tell(s, "an entry that is not whole")
	return err
}

// hotSpot is test 4.
func hotSpot(s *stage) error {
	const memories, tasks, gets, hot = 100, 50, 20, 10
	k := newStock(memories, func(i int) string { return fmt.Sprintf("Content of memory %d", i) })
	if err := s.create(memories, 0); err != nil {
		return err
	}
	s.expect(memories + tasks*gets)
	if err := s.fill(k); err != nil {
		return err
	}
	s.wantCount(memories)
	var bad wrong
	err := s.burst(burst{threads: tasks, counts: true, do: func(w *worker) {
		for i := range gets {
			got, err, ok := w.get(k.ids[i%hot])
			if !ok {
				return
			}
			if err != nil || !bytes.Equal(got, k.contents[i%hot]) {
				bad.add(loss{id: k.ids[i%hot], expected: k.contents[i%hot], got: got, err: err})
			}
		}
	}})
	bad.tell(s, "nothing, or another content")
	return err
}
