package explore

import (
	"fmt"
	"slices"
	"testing"

	"slotrace/engine/visible"
)

// stores is slot allocation by itself: each store looks at the count, writes its block
// and adds to the count, or the other way round.
type stores struct {
	m     *Machine
	word  uint64
	count visible.Counter
	bytes visible.Bytes
	mem   [64]byte
	slots [8][4]uint64
	ops   int
	add   bool // first
}

func newStores(threads, ops int, add bool) (*Machine, *stores) {
	s := &stores{ops: ops, add: add}
	s.count = visible.NewCounter(1, 0, &s.word)
	s.bytes = visible.NewBytes(2, s.mem[:])
	m := New(threads, func(visible.Observer) Program { return s })
	s.m = m
	return m, s
}

func (s *stores) Reset() { s.word = 0; s.mem = [64]byte{} }

func (s *stores) Run(t *visible.Thread) {
	for i := range s.ops {
		s.m.Begin(t.ID)
		var slot uint64
		if s.add {
			slot = s.count.Add(t, visible.Claim, 1) - 1
		} else {
			slot = s.count.Load(t, visible.Look)
		}
		s.slots[t.ID][i] = slot
		tag := [1]byte{byte(t.ID*s.ops + i + 1)}
		s.bytes.Write(t, visible.Block, slot, tag[:], nil)
		if !s.add {
			s.count.Add(t, visible.Tell, 1)
		}
	}
}

func (s *stores) lost() bool {
	for t := range s.m.Threads() {
		for i := range s.ops {
			if s.mem[s.slots[t][i]] != byte(t*s.ops+i+1) {
				return true
			}
		}
	}
	return false
}

func TestEveryInterleavingIsVisitedOnce(t *testing.T) {
	for _, x := range []struct {
		threads, ops int
		add          bool
		all, lost    int
	}{{2, 1, false, 20, 18}, {2, 2, false, 924, 918}, {3, 1, false, 1680, 1674}, {2, 2, true, 70, 0}, {3, 1, true, 90, 0}} {
		m, s := newStores(x.threads, x.ops, x.add)
		all, lost := 0, 0
		seen := map[string]bool{}
		if !each(NewEvery(m, Unbounded), func(e End) bool {
			if e != Completed {
				t.Fatalf("%+v: an execution ended as %d: %s", x, e, m.Err())
			}
			all++
			seen[ScheduleOf(m.Events()).String()] = true
			if s.lost() {
				lost++
			}
			return true
		}) || all != x.all || lost != x.lost || len(seen) != all {
			t.Errorf("%+v: %d executions, %d different, %d lose", x, all, len(seen), lost)
		}
		m.Close()
	}
}

func BenchmarkEvery3x2(b *testing.B) {
	m, s := newStores(3, 2, false)
	defer m.Close()
	n, lost := 0, 0
	for n < b.N {
		m.Each(NewEvery(m, Unbounded), func(End) bool {
			n++
			if s.lost() {
				lost++
			}
			return n < b.N
		})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "executions/s")
}

// each visits executions until visit is false, and says whether it has seen all.
func each(s interface{ Visit() (End, bool) }, visit func(End) bool) bool {
	for {
		end, ok := s.Visit()
		if !ok {
			return true
		}
		if !visit(end) {
			return false
		}
	}
}

// Executions that begin where the one before has ended are the same as those that are run
// one by one.
func TestEachRunsWhatVisitRuns(t *testing.T) {
	for _, x := range textbooks {
		reset, run, outcome := x.make()
		for _, search := range []func(m *Machine) Search{
			func(m *Machine) Search { return NewEvery(m, Unbounded) }, func(m *Machine) Search { return NewReduced(m) },
			func(m *Machine) Search { return NewWalk(m, 3) }, func(m *Machine) Search { return NewPCT(m, 3, 3, 20) },
		} {
			var seen [2][]string
			for i := range seen {
				m := New(x.threads, func(visible.Observer) Program { return funcs{reset, run} })
				note := func(end End) bool {
					came := ""
					if end == Completed {
						came = outcome()
					}
					seen[i] = append(seen[i], fmt.Sprint(end, ScheduleOf(m.Events()), came))
					return len(seen[i]) < 500
				}
				if i == 0 {
					m.Each(search(m), note)
				} else {
					s := search(m).(interface{ Visit() (End, bool) })
					for {
						if end, ok := s.Visit(); !ok || !note(end) {
							break
						}
					}
				}
				if end := m.Run(first{}, 0); end != Completed && end != Deadlock { // it is as usable as before
					t.Error(end, m.Err())
				}
				m.Close()
			}
			if !slices.Equal(seen[0], seen[1]) {
				t.Errorf("%s: %d executions, and %d one by one", x.name, len(seen[0]), len(seen[1]))
			}
		}
	}
}
