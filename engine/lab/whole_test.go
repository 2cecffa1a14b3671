//go:build !race && !js

package lab

import (
	"fmt"
	"slices"
	"testing"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
	"slotrace/engine/visible"
)

// The whole space at the sizes that anybody can count by hand.
func TestCountsOfTheWholeSpace(t *testing.T) {
	for _, x := range []struct {
		variant      string
		threads, ops int
		mode         string
		all, safe    int64
	}{
		{"check-then-act", 1, 1, All, 1, 1}, {"check-then-act", 1, 2, All, 1, 1}, {"check-then-act", 3, 1, All, 1680, 6},
		{"fetch-add", 2, 1, All, 6, 6}, {"fetch-add", 3, 1, All, 90, 90}, {"fetch-add", 3, 2, All, 34650, 34650},
		{"check-then-act", 3, 2, All, 17153136, 90},
		{"check-then-act", 2, 1, Prove, 6, 2}, {"check-then-act", 2, 2, Prove, 70, 6}, {"check-then-act", 3, 1, Prove, 90, 6}, {"check-then-act", 3, 2, Prove, 34650, 90},
		{"fetch-add", 3, 3, Prove, 1680, 1680}, {"fetch-add", 4, 2, Prove, 2520, 2520},
	} {
		r := explored(t, allocation(x.variant, x.threads, x.ops), x.mode, Bounds{})
		if r.Executions.Int64() != x.all || r.Executions.Int64()-r.Violations.Int64() != x.safe || !r.Complete {
			t.Errorf("%+v: %s executions, %s violate", x, r.Executions, r.Violations)
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
