package lab

import (
	"fmt"

	"slotrace/engine/explore"
)

// GoTest is the source of a Go test that fails as long as the variant breaks in this
// schedule. It belongs into a folder of its own in this module.
func GoTest(s Setup, schedule string) (string, error) {
	if err := s.Check(); err != nil {
		return "", err
	}
	turns, err := explore.ParseSchedule(schedule)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`package schedule

import (
	"testing"

	"slotrace/engine/lab"
)

// %[1]s runs in the order %[5]s: the letter is a thread, the number how many visible
// operations it takes. slotrace replay shows it step by step.
func TestSchedule(t *testing.T) {
	setup := lab.Setup{Scenario: %[1]q, Variant: %[2]q, Threads: %[3]d, Ops: %[4]d}
	r, err := lab.Replay(setup, %[5]q)
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != lab.Holds {
		t.Error(r.Counterexample.Why)
	}
}
`, s.Scenario, s.Variant, s.Threads, s.Ops, turns), nil
}
