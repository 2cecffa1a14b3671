//go:build !js

package bench

import (
	"fmt"
	"time"

	"slotrace/engine/lab"
)

// perExecution is how many visible operations an execution of 3 x 2 check-then-act has.
const perExecution = 3 * 2 * 3

var explorations = []measure{
	rate("explore/executions", "million a second", "executions of slot-allocation, check-then-act, 3 threads x 2 stores, one after the other without reduction, each judged", 1e-6,
		&Goal{0.8, 1, More}, lab.Setup{Scenario: "slot-allocation", Variant: "check-then-act", Threads: 3, Ops: 2}, 400_000),
	rate("explore/operations", "million a second", "visible operations of these executions", perExecution*1e-6,
		&Goal{12, 16, More}, lab.Setup{Scenario: "slot-allocation", Variant: "check-then-act", Threads: 3, Ops: 2}, 400_000),
	rate("explore/store", "million a second", "executions of store, fetch-add, 2 threads x 1: the whole of Put on the real engine, and what is read back, judged", 1e-6,
		nil, lab.Setup{Scenario: "store", Variant: "fetch-add", Threads: 2, Ops: 1}, 50_000),
	search("explore/first-failure", "until the first and shortest failure of check-then-act is found, up to 3 x 3, with all that is built for it", &Goal{1, 0.2, Less},
		lab.Setup{Scenario: "slot-allocation", Variant: "check-then-act", Threads: 3, Ops: 3}, lab.Find, 1),
	{Figure{
		Name: "explore/shrink", Unit: "ms", What: "to shrink a failing schedule of 8 threads x 8 stores, drawn at random, to 2 x 1 with one preemption", Goal: &Goal{5, 2, Less},
	}, func(s *session) (Spread, error) {
		setup := lab.Setup{Scenario: "slot-allocation", Variant: "check-then-act", Threads: 8, Ops: 8}
		r, err := lab.Explore(setup, lab.Walk, lab.Bounds{Seed: 1, MaxExecutions: 1000}, nil)
		if err != nil || r.Counterexample == nil || r.Counterexample.Found == nil {
			return Spread{}, fmt.Errorf("no schedule to shrink was found: %v", err)
		}
		return Median(s.ctx, s.pick(15, 2), func() (float64, error) {
			began := time.Now()
			_, err := lab.Shrink(setup, r.Counterexample.Found.Schedule)
			return milliseconds(began), err
		})
	}},
	prove("3x3", 3, 3, &Goal{10, 5, Less}),
	prove("4x2", 4, 2, &Goal{15, 7, Less}),
	prove("5x2", 5, 2, &Goal{500, 300, Less}),
	prove("4x3", 4, 3, &Goal{1100, 900, Less}),
}

func milliseconds(since time.Time) float64 { return float64(time.Since(since).Nanoseconds()) / 1e6 }

// rate is how many executions a second are enumerated, times factor.
func rate(name, unit, what string, factor float64, goal *Goal, setup lab.Setup, executions int64) measure {
	return measure{Figure{Name: name, Unit: unit, What: what, Goal: goal}, func(s *session) (Spread, error) {
		n := int64(s.pick(int(executions), 1000))
		return Median(s.ctx, s.pick(7, 2), func() (float64, error) {
			began := time.Now()
			r, err := lab.Explore(setup, lab.All, lab.Bounds{MaxExecutions: n}, nil)
			if err != nil {
				return 0, err
			}
			return float64(r.Executions.Int64()) / time.Since(began).Seconds() * factor, nil
		})
	}}
}

// search is how long one takes, in milliseconds, with its canary.
func search(name, what string, goal *Goal, setup lab.Setup, mode string, violations int64) measure {
	return measure{Figure{Name: name, Unit: "ms", What: what, Goal: goal}, func(s *session) (Spread, error) {
		setup := setup
		setup.Threads, setup.Ops = s.pick(setup.Threads, 2), s.pick(setup.Ops, 1)
		return Median(s.ctx, s.pick(7, 2), func() (float64, error) {
			began := time.Now()
			r, err := lab.Explore(setup, mode, lab.Bounds{}, nil)
			took := milliseconds(began)
			if err == nil && r.Violations.Int64() != violations {
				err = fmt.Errorf("%d violations, and not %d", r.Violations.Int64(), violations)
			}
			return took, err
		})
	}}
}

func prove(size string, threads, ops int, goal *Goal) measure {
	return search("explore/prove-"+size, fmt.Sprintf("to prove fetch-add for %d threads x %d stores: one execution of each class, each judged intact, linearizable and free of data races", threads, ops), goal,
		lab.Setup{Scenario: "slot-allocation", Variant: "fetch-add", Threads: threads, Ops: ops}, lab.Prove, 0)
}
