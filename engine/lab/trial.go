package lab

import (
	"fmt"

	"slotrace/engine/catalogue"
	"slotrace/engine/event"
	"slotrace/engine/explore"
	"slotrace/engine/verdict"
	"slotrace/engine/visible"
)

// trial runs a setup's program, and judges its executions.
type trial struct {
	Setup
	machine   *explore.Machine
	instance  catalogue.Instance
	variant   *catalogue.Variant
	own       [][]event.Source // by thread: see sources
	races     verdict.Races
	histories *verdict.Histories // nil if the scenario has no model
}

func newTrial(s Setup) (*trial, error) {
	return newTrialSeen(s, func(o visible.Observer) visible.Observer { return o })
}

// newTrialSeen is newTrial with something between the program and who watches it.
func newTrialSeen(s Setup, watch func(visible.Observer) visible.Observer) (*trial, error) {
	m, instance, v, err := s.build(watch)
	if err != nil {
		return nil, err
	}
	t := &trial{Setup: s, machine: m, instance: instance, variant: v}
	if model := instance.Model(); model != nil {
		t.histories = verdict.NewHistories(model)
	}
	return t, nil
}

func (t *trial) close() { t.machine.Close() }

// fault is what is wrong with an execution, the first that was found.
type fault uint8

const (
	sound fault = iota
	broken
	stuck
	endless
	died
	raced
	notLinearizable
)

// violates says whether the fault breaks what the variant is to hold. A data race alone
// does not, but nothing is proved with one.
func (f fault) violates() bool { return f != sound && f != raced }

// judge judges the execution that the machine has just run.
func (t *trial) judge(end explore.End) fault {
	switch end {
	case explore.Deadlock:
		return stuck
	case explore.Endless:
		return endless
	case explore.Panicked:
		return died
	case explore.Abandoned, explore.Nondeterministic:
		return sound
	}
	if !t.instance.Intact() {
		return broken
	}
	if !t.linearizable() {
		return notLinearizable
	}
	if _, found := t.race(); found {
		return raced
	}
	return sound
}

func (t *trial) linearizable() bool {
	return t.histories == nil || t.histories.Linearizable(t.instance.Calls(), t.machine.Events())
}

func (t *trial) race() (verdict.Race, bool) {
	events := t.machine.Events()
	return t.races.Find(t.Threads, events, t.machine.Kept())
}

// outcome is what the execution came to. Bytes that two threads wrote in a race may be a
// mixture of both.
func (t *trial) outcome(end explore.End) string {
	if end == explore.Deadlock {
		return "deadlock"
	}
	t.race()
	events := t.machine.Events()
	var torn []visible.Op
	for _, r := range t.races.All(events) {
		if a, b := events[r.First].Op, events[r.Second].Op; a.Kind == visible.OpWrite && b.Kind == visible.OpWrite {
			torn = append(torn, a, b)
		}
	}
	return t.instance.Outcome(func(o visible.Object, low, high uint64) bool {
		for _, op := range torn {
			if op.Object == o && op.Low < high && low < op.High {
				return true
			}
		}
		return false
	})
}

// awaits is who waits for which lock of whom, in a deadlock.
func (t *trial) awaits() (waits []Wait) {
	for i := range t.Threads {
		if owner, ok := t.machine.Awaits(i); ok {
			waits = append(waits, Wait{catalogue.Letter(i), t.instance.Object(t.machine.Pending(i)), catalogue.Letter(owner)})
		}
	}
	return waits
}

// Wait is a thread that waits for a lock that another holds.
type Wait struct {
	Thread string `json:"thread"`
	Lock   string `json:"lock"`
	Owner  string `json:"owner"`
}

// why says in a sentence what is wrong with the execution that was judged.
func (t *trial) why(f fault) string {
	switch f {
	case broken:
		return t.instance.Breach(t.machine.Events()).Why
	case stuck:
		text := ""
		for _, w := range t.awaits() {
			text += fmt.Sprintf("%s waits for the %s, which %s holds. ", w.Thread, w.Lock, w.Owner)
		}
		return text + "None of them can go on."
	case endless:
		return fmt.Sprintf("The threads had not ended after %d operations: one of them may go round for ever.", len(t.machine.Events()))
	case died:
		return t.machine.Err() + "."
	case raced:
		r, _ := t.race()
		return t.raceText(r)
	case notLinearizable:
		return "No order of the calls, made one after the other, comes to what they came to here."
	}
	return ""
}

func (t *trial) raceText(r verdict.Race) string {
	a, b := t.machine.Events()[r.First], t.machine.Events()[r.Second]
	return fmt.Sprintf("%s's %s (operation %d) and %s's %s (operation %d) touch %s, and nothing orders them.",
		catalogue.Letter(int(a.Thread)), a.Op.Kind, r.First+1, catalogue.Letter(int(b.Thread)), b.Op.Kind, r.Second+1, t.instance.Object(b.Op))
}
