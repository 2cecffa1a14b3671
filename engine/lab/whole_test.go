//go:build !race && !js

package lab

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
	"slotrace/engine/visible"
)

// orders is (n*threads)! / (n!)^threads: the orders of threads with n operations each.
func orders(threads, n int) *big.Int {
	all := new(big.Int).MulRange(1, int64(threads*n))
	for range threads {
		all.Div(all, new(big.Int).MulRange(1, int64(n)))
	}
	return all
}

// The numbers that anybody can work out by hand, of the whole space: of every execution, and
// of one of each class.
func TestCountsOfTheWholeSpace(t *testing.T) {
	for _, x := range []struct {
		variant      string
		all, classes int // operations of a store that count: all of them, and those that depend on others'
		safe         bool
	}{{"check-then-act", 3, 2, false}, {"fetch-add", 2, 1, true}} {
		for threads := 1; threads <= 4; threads++ {
			for ops := 1; ops <= 3; ops++ {
				check := func(mode string, operations int) {
					r := explored(t, allocation(x.variant, threads, ops), mode, Bounds{})
					want, safe := orders(threads, operations*ops), orders(threads, ops)
					if x.safe {
						safe = want
					}
					if got := new(big.Int).Sub(r.Executions.Int, r.Violations.Int); r.Executions.Cmp(want) != 0 || got.Cmp(safe) != 0 || !r.Complete {
						t.Errorf("%s of %s, %d x %d: %s executions, want %s; %s are safe, want %s", mode, x.variant, threads, ops, r.Executions, want, got, safe)
					}
				}
				check(Count, x.all)
				if threads <= 3 && ops <= 2 {
					check(All, x.all)
				}
				if threads <= 3 && ops <= 2 || x.safe && (ops <= 2 || threads <= 3) {
					check(Prove, x.classes)
				}
			}
		}
	}
}

// Equivalent executions are judged alike, so that one of each class says all; and prove,
// count and all count alike. The first does not follow from how prove works: which call
// returned before which other began is no matter of classes, and histories are judged by
// it. A scenario that fails here cannot be proved by one execution of each class.
func TestEquivalentExecutionsAreJudgedAlike(t *testing.T) {
	const most = 6000
	small := 0
	for _, scenario := range catalogue.All {
		for _, v := range scenario.Variants {
			for _, size := range [][2]int{{1, 1}, {1, 3}, {2, 1}, {3, 1}, {2, 2}} {
				s := Setup{scenario.Name, v.Name, size[0], size[1]}
				x, err := newTrial(s)
				if err != nil {
					t.Fatal(err)
				}
				all, violated, judged, whole := int64(0), int64(0), map[string]string{}, false
				for e := explore.NewEvery(x.machine, explore.Unbounded); all < most; all++ {
					end, ok := e.Visit()
					if whole = !ok; whole {
						break
					}
					f := x.judge(end)
					if f.violates() {
						violated++
					}
					l := x.lamps(end)
					is, of := fmt.Sprint(f.violates(), end, l), classOf(x.machine.Events())
					if was, known := judged[of]; known && was != is {
						t.Fatalf("%+v: %s is judged %s, and one that is equivalent %s", s, explore.ScheduleOf(x.machine.Events()), is, was)
					}
					judged[of] = is
				}
				x.close()
				if !whole {
					continue
				}
				small++
				count, prove := explored(t, s, Count, Bounds{}), explored(t, s, Prove, Bounds{})
				if count.Executions.Int64() != all || count.Violations.Int64() != violated || count.Verdict != prove.Verdict || prove.Executions.Int64() != int64(len(judged)) {
					t.Errorf("%+v: %d executions of %d classes, %d violate: counted %v and %v, %s; proved %v, %s", s, all, len(judged), violated,
						count.Executions, count.Violations, count.Verdict, prove.Executions, prove.Verdict)
				}
			}
		}
	}
	if small < 50 {
		t.Errorf("only %d setups were small enough", small)
	}
}

// classOf is the same for equivalent executions: each operation by thread and number, and of
// each two that depend on each other which comes first.
func classOf(events []visible.Event) string {
	reads := func(e *visible.Event) bool {
		switch e.Op.Kind {
		case visible.OpCompareAndSwap, visible.OpTryLock, visible.OpMapDelete:
			return e.Value == visible.Missing
		case visible.OpMapInsert:
			return e.Value != visible.Missing
		}
		return e.Op.Kind.Reads()
	}
	var taken [MaxThreads]int
	names := make([]string, len(events))
	var all []string
	for j := range events {
		b := &events[j]
		names[j] = fmt.Sprint(b.Thread, ".", taken[b.Thread])
		taken[b.Thread]++
		all = append(all, names[j])
		for i := range j {
			if a := &events[i]; a.Thread != b.Thread && a.Op.Overlaps(&b.Op) && !(reads(a) && reads(b)) {
				all = append(all, names[i]+"<"+names[j])
			}
		}
	}
	slices.Sort(all)
	return fmt.Sprint(all)
}
