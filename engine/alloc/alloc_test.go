package alloc

import (
	"strings"
	"sync"
	"testing"

	"slotrace/engine/visible"
)

func shared(word *uint64) Shared {
	c := visible.NewCounter(1, 0, word)
	return Shared{&c, visible.NewMutex(2, 0), 2}
}

func TestEveryKindHasItsSource(t *testing.T) {
	for i, k := range Kinds {
		if src := k.Source(); !strings.Contains(src, "Claim(t *Thread) uint64") {
			t.Errorf("%s: %s is not an allocator's source", k.Name, k.File)
		}
		if Index(k.Name) != i {
			t.Errorf("%s is found at %d, not %d", k.Name, Index(k.Name), i)
		}
	}
	if Index("malloc") != -1 {
		t.Error("there is a malloc")
	}
}

// The bug and its fixes, without a store and without luck.
func TestTwoClaimsBeforeATellShareASlotIfTheAllocatorBreaks(t *testing.T) {
	for _, k := range Kinds {
		var word uint64
		a, th := k.New(shared(&word)), &visible.Thread{}
		first := a.Claim(th)
		second := a.Claim(th)
		a.Tell(th)
		a.Tell(th)
		if (first != second) != k.Holds {
			t.Errorf("%s: slots %d and %d", k.Name, first, second)
		}
		if word != 2 {
			t.Errorf("%s: the count is %d after two stores", k.Name, word)
		}
	}
}

func TestHoldingAllocatorsGiveEachSlotOnce(t *testing.T) {
	const threads, each = 8, 500
	for _, k := range Kinds {
		if !k.Holds {
			continue
		}
		var word uint64
		a := k.New(shared(&word))
		var mu sync.Mutex
		seen := map[uint64]bool{}
		var all sync.WaitGroup
		for id := range threads {
			all.Go(func() {
				th := &visible.Thread{ID: id}
				var mine []uint64
				for range each {
					mine = append(mine, a.Claim(th))
					a.Tell(th)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, s := range mine {
					seen[s] = true
				}
			})
		}
		all.Wait()
		if len(seen) != threads*each || word != threads*each {
			t.Errorf("%s: %d slots of %d claims, count %d", k.Name, len(seen), threads*each, word)
		}
		a.Claim(&visible.Thread{})
		a.Refuse(&visible.Thread{})
		if word != threads*each {
			t.Errorf("%s: the count is %d after a refusal", k.Name, word)
		}
	}
}

func TestARefusedClaimLeavesTheCountIfTheAllocatorIsBounded(t *testing.T) {
	for i := range Bounded {
		k := &Bounded[i]
		if src := k.Source(); !strings.Contains(src, "Claim(t *Thread) uint64") || Find(k.Name) != k || Index(k.Name) != -1 {
			t.Errorf("%s is not found, or has no source", k.Name)
		}
		var word uint64
		a, th := k.New(shared(&word)), &visible.Thread{} // of two slots
		for want := range uint64(2) {
			if slot := a.Claim(th); slot != want {
				t.Errorf("%s: slot %d, want %d", k.Name, slot, want)
			}
			a.Tell(th)
		}
		if slot := a.Claim(th); slot < 2 {
			t.Errorf("%s: a full store has a slot %d", k.Name, slot)
		}
		a.Refuse(th)
		if (word == 2) != (k.Name != "unbounded-add") {
			t.Errorf("%s: the count is %d of 2", k.Name, word)
		}
	}
}
