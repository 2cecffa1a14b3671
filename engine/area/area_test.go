package area

import (
	"strings"
	"sync"
	"testing"

	"slotrace/engine/visible"
)

func shared(word *uint64, size uint64) Shared {
	c := visible.NewCounter(1, 0, word)
	return Shared{&c, visible.NewMutex(2, 0), size}
}

func TestEveryKindHasItsSource(t *testing.T) {
	for i := range Kinds {
		k := &Kinds[i]
		if src := k.Source(); !strings.Contains(src, ") Take(t *Thread, n uint64)") || !strings.Contains(src, "// reserve:") {
			t.Errorf("%s: %s is not an area's source", k.Name, k.File)
		}
		if Find(k.Name) != k {
			t.Errorf("%s is not found", k.Name)
		}
	}
	if Find("heap") != nil {
		t.Error("there is a heap")
	}
}

// second takes a range when the first has just seen where the area's taken part ends.
type second struct {
	area Area
	at   uint64
}

func (s *second) Point(_ *visible.Thread, op visible.Op) {
	if op.Kind == visible.OpLock || op.Kind == visible.OpCompareAndSwap { // the first holds no lock yet
		if s.at == visible.Missing {
			s.at = 0
			s.at, _ = s.area.Take(&visible.Thread{}, 4)
		}
	}
}
func (s *second) Done(*visible.Thread, visible.Op, uint64) {}

func TestWhoLooksOutsideTheLockSharesARange(t *testing.T) {
	for _, k := range Kinds {
		var word uint64
		a := k.New(shared(&word, 100))
		s := &second{a, visible.Missing}
		first, ok := a.Take(visible.NewThread(0, s), 4)
		if !ok || (first != s.at) != k.Holds || word != 8 {
			t.Errorf("%s: ranges at %d and %d, the end is %d", k.Name, first, s.at, word)
		}
	}
}

func TestAFullAreaStaysAsItIs(t *testing.T) {
	for _, k := range Kinds {
		var word uint64
		a, th := k.New(shared(&word, 10)), &visible.Thread{}
		for i, x := range []struct {
			n, at, end uint64
			ok         bool
		}{{6, 0, 6, true}, {5, 6, 6, false}, {visible.Missing, 6, 6, false}, {4, 6, 10, true}, {1, 10, 10, false}, {0, 10, 10, true}} {
			if at, ok := a.Take(th, x.n); ok != x.ok || ok && at != x.at || word != x.end {
				t.Errorf("%s, %d: %d bytes at %d, %v; the end is %d", k.Name, i, x.n, at, ok, word)
			}
		}
	}
}

func TestHoldingAreasGiveEachByteOnce(t *testing.T) {
	const threads, each, n = 8, 500, 3
	for _, k := range Kinds {
		if !k.Holds {
			continue
		}
		var word uint64
		a := k.New(shared(&word, threads*each*n))
		var taken [threads * each]bool
		var mu sync.Mutex
		var all sync.WaitGroup
		for id := range threads {
			all.Go(func() {
				for range each {
					at, ok := a.Take(&visible.Thread{ID: id}, n)
					mu.Lock()
					if !ok || at%n != 0 || taken[at/n] {
						t.Errorf("%s: %d, %v", k.Name, at, ok)
					}
					taken[at/n] = true
					mu.Unlock()
				}
			})
		}
		all.Wait()
	}
}
