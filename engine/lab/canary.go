package lab

import (
	"fmt"
	"strings"
	"time"

	"slotrace/engine/catalogue"
)

// CheckCanary is what comes before a search that may find nothing: hooks have to announce
// operations as the variants say, the setup's and the one that is known to break, and the
// search has to find that one broken.
func CheckCanary(s Setup) (*Canary, error) {
	scenario, v, err := catalogue.Find(s.Scenario, s.Variant)
	if err != nil {
		return nil, err
	}
	canary := Setup{s.Scenario, scenario.Canary, scenario.MinThreads, scenario.MinOps}
	if err := announced(canary, scenario.Variant(scenario.Canary)); err != nil {
		return nil, err
	}
	if err := announced(Setup{s.Scenario, s.Variant, scenario.MinThreads, scenario.MinOps}, v); err != nil {
		return nil, err
	}
	x := &search{begin: time.Now()}
	if err := x.find(canary); err != nil {
		return nil, err
	}
	if x.Verdict != Violated {
		return nil, fmt.Errorf("the canary does not sing: %w: no violation of %s was found in %d executions", ErrUnsound, scenario.Canary, x.executions)
	}
	return &Canary{scenario.Canary, int(x.executions)}, nil
}

// announced is an error if the threads of a variant, one after the other, come to other
// steps than those it declares.
func announced(s Setup, v *catalogue.Variant) error {
	s.Ops = 1
	t, err := newTrial(s)
	if err != nil {
		return err
	}
	defer t.close()
	return t.announces(v)
}

func (t *trial) announces(v *catalogue.Variant) error {
	t.machine.Sequence()
	var steps []string
	for i := range t.Threads {
		var own []string
		for _, e := range t.machine.Events() {
			if int(e.Thread) == i {
				own = append(own, e.Op.Step.String())
			}
		}
		steps = append(steps, strings.Join(own, " "))
	}
	want := strings.Split(v.Steps, "|")
	for i, got := range steps {
		if w := strings.TrimSpace(want[min(i, len(want)-1)]); got != w {
			return fmt.Errorf("the canary does not sing: %w: a call of thread %s of %s announces the operations %q, and not %q", ErrUnsound, catalogue.Letter(i), v.Name, got, w)
		}
	}
	return nil
}
