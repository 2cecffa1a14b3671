package catalogue_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
	"slotrace/engine/visible"
)

// run is a variant's program under the scheduler.
type run struct {
	machine  *explore.Machine
	instance catalogue.Instance
}

func newRun(s *catalogue.Scenario, v *catalogue.Variant, threads, ops int) *run {
	r := &run{}
	r.machine = explore.New(threads, func(o visible.Observer) explore.Program {
		r.instance = s.New(v, threads, ops, o, func(t int) { r.machine.Begin(t) })
		return r.instance
	})
	return r
}

func each(t *testing.T, do func(t *testing.T, s *catalogue.Scenario, v *catalogue.Variant)) {
	for _, s := range catalogue.All {
		for i := range s.Variants {
			v := &s.Variants[i]
			t.Run(s.Name+"/"+v.Name, func(t *testing.T) { do(t, s, v) })
		}
	}
}

// chooser has a function choose who goes on.
type chooser func(enabled visible.Set) int

func (c chooser) Next(_ *explore.Machine, enabled visible.Set) int { return c(enabled) }

// An operation that is not announced is not explored, either.
func TestStepsAreAsDeclared(t *testing.T) {
	each(t, func(t *testing.T, s *catalogue.Scenario, v *catalogue.Variant) {
		r := newRun(s, v, s.MinThreads, 1)
		defer r.machine.Close()
		if end := r.machine.Run(chooser(visible.Set.First), 0); end != explore.Completed {
			t.Fatalf("threads one after the other end as %d: %s", end, r.machine.Err())
		}
		steps := make([]string, s.MinThreads)
		for _, e := range r.machine.Events() {
			steps[e.Thread] = strings.TrimSpace(steps[e.Thread] + " " + e.Op.Step.String())
			if name := r.instance.Object(e.Op); name == "" || strings.HasPrefix(name, "object ") {
				t.Errorf("%s: %+v works on %q", e.Op.Step, e.Op, name)
			}
		}
		want := strings.Split(v.Steps, "|")
		for i, got := range steps {
			if w := want[min(i, len(want)-1)]; got != w {
				t.Errorf("thread %d: %s, declared as %s", i, got, w)
			}
		}
		var marked visible.StepSet
		for _, src := range v.Sources() {
			for _, m := range src.Marks {
				marked |= 1 << m.Step
			}
		}
		for _, e := range r.machine.Events() {
			if marked>>e.Op.Step&1 == 0 {
				t.Errorf("no line of the sources is marked as %s", e.Op.Step)
			}
		}
	})
}

func TestFirstTheBreakingThenTheHolding(t *testing.T) {
	for _, s := range catalogue.All {
		if c := s.Variant(s.Canary); c == nil || c.Holds {
			t.Errorf("%s: the canary is %+v", s.Name, c)
		}
		if s.Invariant == "" || s.Story == "" || s.Call == "" || s.Threads < s.MinThreads || s.Ops < s.MinOps {
			t.Errorf("%+v", s)
		}
	}
}

// What is to be seen at each step is there, and nothing looks broken that is not.
func TestWhatIsToBeSeen(t *testing.T) {
	each(t, func(t *testing.T, s *catalogue.Scenario, v *catalogue.Variant) {
		r := newRun(s, v, s.MinThreads, s.MinOps)
		defer r.machine.Close()
		random := rand.New(rand.NewPCG(1, 2))
		view := func(end bool) {
			see := r.instance.View()
			if len(see.Values)+len(see.Slots)+len(see.Index) == 0 {
				t.Fatal("there is nothing to see")
			}
			marked := false
			for _, s := range see.Slots {
				marked = marked || s.Broken
			}
			for _, e := range see.Index {
				marked = marked || e.Broken && end
			}
			if marked && (v.Holds || end && r.instance.Intact()) {
				t.Errorf("%s: something looks broken: %+v", explore.ScheduleOf(r.machine.Events()), see)
			}
		}
		walk := chooser(func(enabled visible.Set) int {
			for range random.IntN(enabled.Len()) {
				enabled &= enabled - 1
			}
			view(false)
			return enabled.First()
		})
		for range 300 {
			if r.machine.Run(walk, 0) != explore.Completed {
				continue
			}
			view(true)
			if b := r.instance.Breach(r.machine.Events()); !r.instance.Intact() && (b.Why == "" || b.Kind == "") {
				t.Errorf("%s: nobody says why: %+v", explore.ScheduleOf(r.machine.Events()), b)
			}
		}
	})
}
