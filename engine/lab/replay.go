package lab

import (
	"fmt"
	"time"

	"slotrace/engine/explore"
)

// Replay runs one schedule, and judges its execution. The schedule has to lead to the
// execution's end.
func Replay(s Setup, schedule string) (Result, error) {
	t, err := newTrial(s)
	if err != nil {
		return Result{}, err
	}
	defer t.close()
	begin := time.Now()
	turns, err := explore.ParseSchedule(schedule)
	if err != nil {
		return Result{}, err
	}
	end, err := t.machine.Follow(turns, nil)
	if err != nil {
		return Result{}, err
	}
	if end == explore.Abandoned {
		return Result{}, fmt.Errorf("schedule: it ends behind operation %d while threads have more to do: add %s", turns.Len(), t.rest(turns))
	}
	r := Result{Setup: s, Mode: "replay", Verdict: Holds, Executions: NumberOf(1), Violations: NumberOf(0)}
	f := t.judge(end)
	if f != sound {
		r.Verdict = Violated
	}
	if f.violates() {
		r.Violations = NumberOf(1)
	}
	r.Counterexample = t.counterexample(end, f)
	r.Elapsed = float64(time.Since(begin).Microseconds()) / 1000
	return r, nil
}

// rest is how a schedule that ends early could go on.
func (t *trial) rest(s explore.Schedule) explore.Schedule {
	n := s.Len()
	t.machine.Lenient(s.Threads())
	return explore.ScheduleOf(t.machine.Events()[n:])
}
