package review

import (
	"fmt"
	"strings"
)

// concurrentStore is test 1.
func concurrentStore(s *stage) error {
	const writers, stores = 10, 100
	return s.storeAndReadBack(writers, stores, 10_000, func(writer, i int) (string, []byte) {
		return fmt.Sprintf("thread-%d-ep-%d", writer, i),
			fmt.Appendf(nil, "Content from thread %d episode %d - %s", writer, i, strings.Repeat("padding", writer))
	})
}

// writerAgainstWriter is test 5.
func writerAgainstWriter(s *stage) error {
	const writers, stores = 20, 50
	return s.storeAndReadBack(writers, stores, 10_000, func(writer, i int) (string, []byte) {
		return fmt.Sprintf("writer-%d-content-%d", writer, i),
			fmt.Appendf(nil, "Writer %d content %d - %s", writer, i, strings.Repeat("x", 3*(writer+i)))
	})
}

// storeAndReadBack has writers store from a barrier on, and reads everything back.
func (s *stage) storeAndReadBack(writers, stores, capacity int, memory func(writer, i int) (string, []byte)) error {
	if err := s.create(uint64(capacity), 0); err != nil {
		return err
	}
	s.expect(2 * writers * stores)
	err := s.burst(burst{threads: writers, writers: writers, barrier: true, counts: true, do: func(w *worker) {
		for i := range stores {
			if !w.put(memory(w.number, i)) {
				return
			}
		}
	}})
	if err != nil {
		return err
	}
	err = s.wantAll(func(yield func(string, []byte) bool) {
		for w := range writers {
			for i := range stores {
				if !yield(memory(w, i)) {
					return
				}
			}
		}
	}, writers*stores)
	s.wantCount(writers * stores)
	s.wantRanges()
	return err
}
