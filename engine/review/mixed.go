package review

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// mixed is test 3. That it ends at all is what it asks first: see patience.
func mixed(s *stage) error {
	const before, writers, stores, readers, gets = 1_000, 5, 100, 10, 50
	k := newStock(before, func(i int) string { return fmt.Sprintf("Content of memory %d", i) })
	if err := s.create(before+writers*stores, 0); err != nil {
		return err
	}
	s.expect(before + writers*stores + readers*gets + before)
	if err := s.fill(k); err != nil {
		return err
	}
	var bad wrong
	var read atomic.Int64
	seed := s.random.Uint64()
	err := s.burst(burst{threads: writers + readers, writers: writers, counts: true, do: func(w *worker) {
		if w.number < writers {
			for i := range stores {
				if !w.put(fmt.Sprintf("writer-%d-memory-%d", w.number, i), fmt.Appendf(nil, "Writer %d content %d", w.number, i)) {
					return
				}
				time.Sleep(100 * time.Microsecond)
			}
			return
		}
		random := rand.New(rand.NewPCG(seed, uint64(w.number)))
		for range gets {
			i := random.IntN(before)
			got, err, ok := w.get(k.ids[i])
			if !ok {
				return
			}
			if err != nil || !bytes.Equal(got, k.contents[i]) {
				bad.add(loss{id: k.ids[i], expected: k.contents[i], got: got, err: err})
			} else {
				read.Add(1)
			}
			time.Sleep(50 * time.Microsecond)
		}
	}})
	if err != nil {
		return err
	}
	bad.tell(s, "another content than was stored before the threads started")
	if n := read.Load(); n <= 400 {
		s.fail("%d of %d gets succeeded; more than 400 are due.", n, readers*gets)
	}
	s.wantCount(before + writers*stores)
	s.wantRanges()
	return s.wantAll(k.all(), before)
}
