package explore

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"slotrace/engine/visible"
)

// textbook is a program with a known answer. Its outcome is a string; "deadlock" is one.
type textbook struct {
	name    string
	threads int
	make    func() (reset func(), run func(t *visible.Thread), outcome func() string)
	want    []string // all outcomes, sorted
}

// words are counters numbered from 0.
func words(n int) ([]visible.Counter, func()) {
	mem := make([]uint64, n)
	c := make([]visible.Counter, n)
	for i := range c {
		c[i] = visible.NewCounter(1, uint64(i), &mem[i])
	}
	return c, func() { clear(mem) }
}

// patience is how often a thread looks again where the book has it wait for ever.
const patience = 3

var textbooks = []textbook{
	{"two threads that load, add and store lose an update", 2, func() (func(), func(*visible.Thread), func() string) {
		c, reset := words(1)
		return reset, func(t *visible.Thread) { c[0].Store(t, 0, c[0].Load(t, 0)+1) }, func() string { return fmt.Sprint(c[0].Peek()) }
	}, []string{"1", "2"}},
	{"store buffering shows no two zeros under sequential consistency", 2, func() (func(), func(*visible.Thread), func() string) {
		c, reset := words(2)
		var saw [2]uint64
		return reset, func(t *visible.Thread) {
			c[t.ID].Store(t, 0, 1)
			saw[t.ID] = c[1-t.ID].Load(t, 0)
		}, func() string { return fmt.Sprint(saw) }
	}, []string{"[0 1]", "[1 0]", "[1 1]"}},
	{"Peterson's lock lets in one at a time", 2, peterson(true), []string{"alone"}},
	{"Peterson's lock with the turn given before the flag is up lets in two", 2, peterson(false), []string{"alone", "together"}},
	{"two locks taken in opposite orders deadlock", 2, func() (func(), func(*visible.Thread), func() string) {
		locks := []*visible.Mutex{visible.NewMutex(1, 0), visible.NewMutex(1, 1)}
		return func() {}, func(t *visible.Thread) {
			locks[t.ID].Lock(t, 0)
			defer locks[t.ID].Unlock(t, 0)
			locks[1-t.ID].Lock(t, 0)
			locks[1-t.ID].Unlock(t, 0)
		}, func() string { return "done" }
	}, []string{"deadlock", "done"}},
	{"a stack whose head is swapped by value hands out a node that is taken", 2, stack(0), []string{"once", "twice"}},
	{"a stack whose head carries a tag hands out each node once", 2, stack(1), []string{"once"}},
	{"a ticket lock lets in one at a time", 2, func() (func(), func(*visible.Thread), func() string) {
		c, reset := words(3)
		return reset, func(t *visible.Thread) {
			ticket := c[0].Add(t, 0, 1) - 1
			for range patience {
				if c[1].Load(t, 0) == ticket {
					critical(t, &c[2])
					c[1].Add(t, 0, 1)
					return
				}
			}
		}, outcomeOf(&c[2])
	}, []string{"alone"}},
	{"two locks taken in opposite orders deadlock before a third thread has begun", 3, func() (func(), func(*visible.Thread), func() string) {
		locks := []*visible.Mutex{visible.NewMutex(1, 0), visible.NewMutex(1, 1)}
		return func() {}, func(t *visible.Thread) {
			first, second := locks[t.ID%2], locks[1-t.ID%2]
			first.Lock(t, 0)
			defer first.Unlock(t, 0)
			second.Lock(t, 0)
			second.Unlock(t, 0)
		}, func() string { return "done" }
	}, []string{"deadlock", "done"}},
	{"three philosophers who all take the left fork first deadlock", 3, philosophers(false), []string{"deadlock", "done"}},
	{"three philosophers of whom one takes the right fork first do not", 3, philosophers(true), []string{"done"}},
	{"a lock that is tried and not waited for deadlocks nobody", 2, func() (func(), func(*visible.Thread), func() string) {
		locks := []*visible.Mutex{visible.NewMutex(1, 0), visible.NewMutex(1, 1)}
		var got [2]bool
		return func() {}, func(t *visible.Thread) {
			locks[t.ID].Lock(t, 0)
			if got[t.ID] = locks[1-t.ID].TryLock(t, 0); got[t.ID] {
				locks[1-t.ID].Unlock(t, 0)
			}
			locks[t.ID].Unlock(t, 0)
		}, func() string { return fmt.Sprint(got) }
	}, []string{"[false false]", "[false true]", "[true false]", "[true true]"}},
}

// critical is a critical section: within is who is in it, and the top bit stays set once
// two were.
func critical(t *visible.Thread, within *visible.Counter) {
	if within.Add(t, 0, 1)&(1<<62-1) > 1 {
		within.Add(t, 0, 1<<62)
	}
	within.Add(t, 0, ^uint64(0))
}

func outcomeOf(within *visible.Counter) func() string {
	return func() string {
		if within.Peek() != 0 {
			return "together"
		}
		return "alone"
	}
}

func peterson(right bool) func() (func(), func(*visible.Thread), func() string) {
	return func() (func(), func(*visible.Thread), func() string) {
		c, reset := words(4) // two flags, the turn, and who is within
		return reset, func(t *visible.Thread) {
			me, other := t.ID, 1-t.ID
			if right {
				c[me].Store(t, 0, 1)
				c[2].Store(t, 0, uint64(other))
			} else {
				c[2].Store(t, 0, uint64(other))
				c[me].Store(t, 0, 1)
			}
			for range patience {
				if c[other].Load(t, 0) == 0 || c[2].Load(t, 0) == uint64(me) {
					critical(t, &c[3])
					break
				}
			}
			c[me].Store(t, 0, 0)
		}, outcomeOf(&c[3])
	}
}

// stack is a stack of the nodes 1 and 2, 1 on top. A pops; B pops twice, and pushes what
// it popped first. tag is added to the head's upper half with each swap.
func stack(tag uint64) func() (func(), func(*visible.Thread), func() string) {
	return func() (func(), func(*visible.Thread), func() string) {
		c, reset := words(3) // the head, and what is below 1 and 2
		var has [2]map[uint64]bool
		pop := func(t *visible.Thread) uint64 {
			for {
				head := c[0].Load(t, 0)
				node := head & 0xff
				if node == 0 {
					return 0
				}
				below := c[node].Load(t, 0)
				if c[0].CompareAndSwap(t, 0, head, (head>>8+tag)<<8|below) {
					return node
				}
			}
		}
		push := func(t *visible.Thread, node uint64) {
			for {
				head := c[0].Load(t, 0)
				c[node].Store(t, 0, head&0xff)
				if c[0].CompareAndSwap(t, 0, head, (head>>8+tag)<<8|node) {
					return
				}
			}
		}
		return func() {
				reset()
				c[0].Poke(1)
				c[1].Poke(2)
				has = [2]map[uint64]bool{{}, {}}
			}, func(t *visible.Thread) {
				mine := has[t.ID]
				first := pop(t)
				mine[first] = true
				if t.ID == 1 {
					mine[pop(t)] = true
					if first != 0 {
						delete(mine, first)
						push(t, first)
					}
				}
			}, func() string {
				held := map[uint64]int{}
				for head := c[0].Peek() & 0xff; head != 0 && held[head] == 0; head = c[head].Peek() {
					held[head]++
				}
				for _, h := range has {
					for node := range h {
						if held[node]++; node != 0 && held[node] > 1 {
							return "twice"
						}
					}
				}
				return "once"
			}
	}
}

func philosophers(one bool) func() (func(), func(*visible.Thread), func() string) {
	return func() (func(), func(*visible.Thread), func() string) {
		forks := []*visible.Mutex{visible.NewMutex(1, 0), visible.NewMutex(1, 1), visible.NewMutex(1, 2)}
		return func() {}, func(t *visible.Thread) {
			first, second := forks[t.ID], forks[(t.ID+1)%3]
			if one && t.ID == 0 {
				first, second = second, first
			}
			first.Lock(t, 0)
			defer first.Unlock(t, 0)
			second.Lock(t, 0)
			second.Unlock(t, 0)
		}, func() string { return "done" }
	}
}

type funcs struct {
	reset func()
	run   func(*visible.Thread)
}

func (f funcs) Reset()                { f.reset() }
func (f funcs) Run(t *visible.Thread) { f.run(t) }

// outcomes are those of all executions of a search, and how many there were.
func outcomes(t *testing.T, m *Machine, outcome func() string, s interface{ Visit() (End, bool) }, most int) (all []string, n int) {
	t.Helper()
	seen := map[string]bool{}
	for n < most {
		end, ok := s.Visit()
		if !ok {
			break
		}
		switch end {
		case Completed:
			seen[outcome()] = true
			n++
		case Deadlock:
			seen["deadlock"] = true
			n++
		case Abandoned:
		default:
			t.Fatalf("an execution ended as %d: %s", end, m.Err())
		}
	}
	return slices.Sorted(maps.Keys(seen)), n
}

func TestTextbook(t *testing.T) {
	for _, x := range textbooks {
		t.Run(x.name, func(t *testing.T) {
			reset, run, outcome := x.make()
			m := New(x.threads, func(visible.Observer) Program { return funcs{reset, run} })
			defer m.Close()
			got, classes := outcomes(t, m, outcome, NewReduced(m), 1e9)
			if !slices.Equal(got, x.want) {
				t.Errorf("one execution of each class: %q, want %q", got, x.want)
			}
			every, n := outcomes(t, m, outcome, NewEvery(m, Unbounded), 2e6)
			if !slices.Equal(every, x.want) {
				t.Errorf("every execution: %q, want %q", every, x.want)
			}
			if raceOn {
				return
			}
			if walked, _ := outcomes(t, m, outcome, NewWalk(m, 1), 20_000); !slices.Equal(walked, x.want) {
				t.Errorf("20,000 at random: %q, want %q", walked, x.want)
			}
			t.Logf("%d classes of %d executions", classes, n)
			if classes > n {
				t.Error("there are more classes than executions")
			}
		})
	}
}

// The number of classes is the number of executions that differ in more than the order of
// operations that do not depend on each other, counted by another way.
func TestReducedVisitsEachClassOnce(t *testing.T) {
	if raceOn {
		t.Skip("there is nothing for the race detector in it")
	}
	for _, x := range textbooks {
		reset, run, _ := x.make()
		m := New(x.threads, func(visible.Observer) Program { return funcs{reset, run} })
		every := map[string]bool{}
		s := NewEvery(m, Unbounded)
		n := 0
		for ; n < 200_000; n++ {
			if _, ok := s.Visit(); !ok {
				break
			}
			every[class(m)] = true
		}
		reduced := map[string]bool{}
		r := NewReduced(m)
		visits := 0
		for {
			end, ok := r.Visit()
			if !ok {
				break
			}
			if end != Abandoned {
				visits++
				reduced[class(m)] = true
			}
		}
		if visits != len(reduced) {
			t.Errorf("%s: %d classes in %d visits", x.name, len(reduced), visits)
		}
		if n < 200_000 && !maps.Equal(every, reduced) {
			t.Errorf("%s: every execution has %d classes, of which one execution each are %d", x.name, len(every), len(reduced))
		}
		m.Close()
	}
}

// class is the same for equivalent executions: for each pair of operations that depend on
// each other, which comes first, told by thread and number.
func class(m *Machine) string {
	events := m.Events()
	number := make([]int, len(events))
	var counts [MaxThreads]int
	for i := range events {
		number[i] = counts[events[i].Thread]
		counts[events[i].Thread]++
	}
	var pairs []string
	for j := range events {
		pairs = append(pairs, fmt.Sprint(events[j].Thread, number[j]))
		for i := range j {
			if a, b := &events[i], &events[j]; a.Thread != b.Thread && dependent(a, b) {
				pairs = append(pairs, fmt.Sprint(a.Thread, number[i], b.Thread, number[j]))
			}
		}
	}
	slices.Sort(pairs)
	return fmt.Sprint(pairs)
}

// Who waits for a lock could not have had it where another's try failed: the lock was
// held then.
func TestATryThatFailsIsNoPlaceToWaitForTheLock(t *testing.T) {
	lock := visible.NewMutex(1, 0)
	p := funcs{func() {}, func(t *visible.Thread) {
		switch {
		case t.ID == 0:
			lock.Lock(t, 0)
			lock.Lock(t, 0) // for ever
		case lock.TryLock(t, 0):
			lock.Unlock(t, 0)
		}
	}}
	m := New(2, func(visible.Observer) Program { return p })
	defer m.Close()
	got, n := outcomes(t, m, func() string { return "done" }, NewReduced(m), 1e3)
	if !slices.Equal(got, []string{"deadlock"}) || n != 2 {
		t.Errorf("%q in %d classes", got, n)
	}
}
