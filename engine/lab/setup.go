package lab

import (
	"fmt"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
	"slotrace/engine/visible"
)

// Setup names what is explored: a variant of a scenario, and how many threads make how
// many calls each.
type Setup struct {
	Scenario string `json:"scenario"`
	Variant  string `json:"variant"`
	Threads  int    `json:"threads"`
	Ops      int    `json:"ops"`
}

// Limits of a setup.
const (
	MaxThreads = explore.MaxThreads
	MaxOps     = 99
)

// Check says what is off about a setup, and what would do.
func (s Setup) Check() error {
	if _, _, err := catalogue.Find(s.Scenario, s.Variant); err != nil {
		return err
	}
	switch {
	case s.Threads < 1 || s.Threads > MaxThreads:
		return fmt.Errorf("threads: 1 to %d, not %d", MaxThreads, s.Threads)
	case s.Ops < 1 || s.Ops > MaxOps:
		return fmt.Errorf("ops: 1 to %d, not %d", MaxOps, s.Ops)
	}
	return nil
}

// Default is the setup with which a scenario is shown first: its canary, in the sizes
// that show it best.
func Default(s *catalogue.Scenario) Setup { return Setup{s.Name, s.Canary, s.Threads, s.Ops} }

// Filled is the setup with what it leaves open as in Default. A scenario that is not there
// is left alone.
func (s Setup) Filled() Setup {
	for _, c := range catalogue.All {
		if c.Name != s.Scenario {
			continue
		}
		d := Default(c)
		if s.Variant == "" {
			s.Variant = d.Variant
		}
		if s.Threads == 0 {
			s.Threads = d.Threads
		}
		if s.Ops == 0 {
			s.Ops = d.Ops
		}
	}
	return s
}

// build makes the machine that runs the setup's program, and the program. What the program
// is watched by is the machine, as seen through watch.
func (s Setup) build(watch func(visible.Observer) visible.Observer) (*explore.Machine, catalogue.Instance, *catalogue.Variant, error) {
	if err := s.Check(); err != nil {
		return nil, nil, nil, err
	}
	scenario, v, _ := catalogue.Find(s.Scenario, s.Variant)
	var instance catalogue.Instance
	m := explore.New(s.Threads, func(o visible.Observer) explore.Program {
		instance = scenario.New(v, s.Threads, s.Ops, watch(o), o.(*explore.Machine).Begin)
		return instance
	})
	for i := range s.Threads {
		m.Thread(i).Watch(watch(m))
	}
	m.SetBudget(1000 + 100*s.Threads*s.Ops)
	return m, instance, v, nil
}
