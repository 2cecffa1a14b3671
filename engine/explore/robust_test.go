package explore

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/quick"

	"slotrace/engine/visible"
)

func program(threads int, run func(t *visible.Thread)) *Machine {
	return New(threads, func(visible.Observer) Program { return funcs{func() {}, run} })
}

// first lets whoever has the lowest number go on.
type first struct{}

func (first) Next(_ *Machine, enabled visible.Set) int { return enabled.First() }

func TestAThreadThatPanicsIsToldAndTheNextExecutionIsWhole(t *testing.T) {
	c, _ := words(1)
	die := true
	lock := visible.NewMutex(2, 0)
	m := program(2, func(t *visible.Thread) {
		lock.Lock(t, 0)
		c[0].Add(t, 0, 1)
		if die && t.ID == 0 {
			panic("no more")
		}
		lock.Unlock(t, 0)
	})
	defer m.Close()
	if end := m.Run(first{}, 0); end != Panicked || m.Err() != "thread A panicked: no more" {
		t.Errorf("ended as %d: %s", end, m.Err())
	}
	die = false
	if end := m.Run(first{}, 0); end != Completed || len(m.Events()) != 6 {
		t.Errorf("then as %d with %d operations: %s", end, len(m.Events()), m.Err())
	}
}

func TestALockThatNobodyReleasesIsHeldForOneExecution(t *testing.T) {
	lock := visible.NewMutex(2, 0)
	m := program(2, func(t *visible.Thread) {
		if t.ID == 0 || lock.TryLock(t, 0) {
			lock.Lock(t, 0)
		}
	})
	defer m.Close()
	n := 0
	if !each(NewEvery(m, Unbounded), func(e End) bool {
		n++
		return e == Completed || e == Deadlock
	}) || n != 2 {
		t.Errorf("%d executions, the last ended as %d: %s", n, m.end, m.Err())
	}
}

func TestAPanicBeforeTheFirstOperationIsToldEveryTime(t *testing.T) {
	c, _ := words(1)
	m := program(2, func(t *visible.Thread) {
		if t.ID == 1 {
			panic("no more")
		}
		c[0].Add(t, 0, 1)
	})
	defer m.Close()
	for range 3 {
		if end := m.Run(first{}, 0); end != Panicked || m.Err() != "thread B panicked: no more" {
			t.Errorf("ended as %d: %s", end, m.Err())
		}
		if end := m.Sequence(); end != Panicked {
			t.Errorf("one after the other ended as %d: %s", end, m.Err())
		}
	}
}

func TestThreadsThatGoRoundForEverAreEndedAtTheBudget(t *testing.T) {
	c, _ := words(1)
	lock := visible.NewMutex(2, 0)
	m := program(2, func(t *visible.Thread) {
		lock.Lock(t, 0)
		defer lock.Unlock(t, 0)
		for c[0].Load(t, 0) == 0 {
		}
	})
	defer m.Close()
	m.SetBudget(50)
	for range 3 {
		if end := m.Run(first{}, 0); end != Endless || len(m.Events()) != 50 {
			t.Errorf("ended as %d after %d operations", end, len(m.Events()))
		}
	}
}

func TestAnAbandonedExecutionEndsWhateverItWaitsFor(t *testing.T) {
	locks := []*visible.Mutex{visible.NewMutex(1, 0), visible.NewMutex(1, 1)}
	m := program(2, func(t *visible.Thread) {
		locks[t.ID].Lock(t, 0)
		locks[1-t.ID].Lock(t, 0)
		locks[1-t.ID].Unlock(t, 0)
		locks[t.ID].Unlock(t, 0)
	})
	defer m.Close()
	for range 3 {
		s, _ := ParseSchedule("AB") // a deadlock, by then
		if end, err := m.Follow(s, nil); err != nil || end != Deadlock {
			t.Errorf("%d, %v", end, err)
		}
		if end, err := m.Follow(s[:1], nil); err != nil || end != Abandoned || len(m.Events()) != 1 {
			t.Errorf("%d, %v", end, err)
		}
	}
}

func TestAProgramThatDoesNotRepeatItselfIsNoticed(t *testing.T) {
	c, _ := words(2)
	runs := 0
	for name, run := range map[string]func(t *visible.Thread){
		"the first operation": func(t *visible.Thread) { runs++; c[runs/4%2].Add(t, 0, 1) },
		"a later operation":   func(t *visible.Thread) { runs++; c[0].Load(t, 0); c[runs/4%2].Add(t, 0, 1); c[0].Load(t, 0) },
		"a value":             func(t *visible.Thread) { c[1].Load(t, 0); c[1].Add(t, 0, 1) }, // nobody resets it
		"how many operations": func(t *visible.Thread) {
			for range runs / 4 % 2 {
				c[0].Load(t, 0)
			}
			runs++
			c[0].Load(t, 0)
			c[0].Add(t, 0, 1)
		},
	} {
		m := program(2, run)
		s := NewEvery(m, Unbounded)
		noticed := false
		for range 100 {
			end, ok := s.Visit()
			if !ok {
				break
			}
			if end == Nondeterministic {
				noticed = m.Err() != ""
				break
			}
		}
		if !noticed {
			t.Errorf("%s changed, and nobody noticed", name)
		}
		m.Close()
	}
}

func TestAThreadWithoutOperationsIsOver(t *testing.T) {
	c, _ := words(1)
	m := program(3, func(t *visible.Thread) {
		if t.ID != 1 {
			c[0].Add(t, 0, 1)
		}
	})
	defer m.Close()
	n := 0
	for s := NewEvery(m, Unbounded); ; n++ {
		if end, ok := s.Visit(); !ok {
			break
		} else if end != Completed {
			t.Fatal(end)
		}
	}
	if n != 2 {
		t.Errorf("%d executions of two operations", n)
	}
}

func TestAClosedMachineLeavesNoThread(t *testing.T) {
	m := program(3, func(t *visible.Thread) {})
	m.Close() // one that never ran
	m = program(3, func(t *visible.Thread) {})
	m.Run(first{}, 0)
	m.Close()
	m.Close()
}

func TestSchedulesReadBackAsTheyAreWritten(t *testing.T) {
	if err := quick.Check(func(seed uint64, n uint8) bool {
		r := rand.New(rand.NewPCG(seed, 0))
		var s Schedule
		for range n {
			s = s.add(r.IntN(MaxThreads), 1+r.IntN(200))
		}
		got, err := ParseSchedule(s.String())
		return err == nil && got.String() == s.String() && got.Len() == s.Len() && len(got.Threads()) == s.Len()
	}, nil); err != nil {
		t.Error(err)
	}
	for text, why := range map[string]string{
		"a1": "character 1", "A1B": "", "": "", "A1,B2": "character 3", "A0": "takes no operation", "A70000": "more than 65536", "A65536B1": "more than 65536",
		"1A": "character 1", "Ä1": "character 1", strings.Repeat("A", MaxSchedule+1): "too long",
	} {
		if _, err := ParseSchedule(text); (err == nil) != (why == "") || err != nil && !strings.Contains(err.Error(), why) {
			t.Errorf("%.20s: %v", text, err)
		}
	}
}

func FuzzParseSchedule(f *testing.F) {
	for _, s := range []string{"A1B3A2", "", "AB", "Z65536", "A1 B2", "A\x00", "A18446744073709551617"} {
		f.Add(s)
	}
	m, _ := newStores(2, 1, false)
	f.Cleanup(m.Close)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSchedule(text)
		if err != nil {
			return
		}
		again, err := ParseSchedule(s.String())
		if err != nil || again.String() != s.String() {
			t.Errorf("%q reads as %s, and that as %s, %v", text, s, again, err)
		}
		if end, err := m.Follow(s, nil); err == nil && end == Completed && s.Len() != 6 {
			t.Errorf("%q runs %d operations of 6", text, s.Len())
		}
	})
}
