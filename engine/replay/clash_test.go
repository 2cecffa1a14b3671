package replay

import (
	"testing"

	"pgregory.net/rapid"

	"slotrace/engine/lab"
	"slotrace/engine/replay/sample"
	"slotrace/engine/visible"
)

// explains runs a schedule in the lab, and says which of two puts the lab has lose its block.
func explains(t testing.TB, c *Clash, allocator string) {
	t.Helper()
	schedule, ok := c.Schedule(allocator)
	if !ok {
		t.Fatalf("%+v has no schedule", c)
	}
	result, err := lab.Replay(lab.Setup{Scenario: "slot-allocation", Variant: allocator, Threads: 2, Ops: 1}, schedule)
	if err != nil {
		t.Fatalf("%s: %v", schedule, err)
	}
	if result.Verdict != lab.Violated || result.Counterexample == nil || result.Counterexample.Schedule != schedule {
		t.Fatalf("%s: %+v", schedule, result)
	}
}

func TestEveryCollisionIsExplainedByAScheduleThatViolates(t *testing.T) {
	for _, allocator := range []string{"check-then-act", "lock-each-step"} {
		r := recorded(t, sample.Options{Allocator: allocator, Puts: 600, Seed: 11})
		p := player(t, r)
		for n := 0; n < 60 && p.Next(); n++ {
			c, ok := p.Clash()
			last := p.Last()
			if !ok || c.Second.Writer != last.Thread || c.Slot != last.Value || c.First.Writer == c.Second.Writer {
				t.Fatalf("behind %+v there is %+v, %v", last, c, ok)
			}
			explains(t, &c, allocator)
		}
	}
}

func TestASchedulesLooksComeBeforeTheOthersTell(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		put := func(writer uint8, label string) Put {
			p := Put{Writer: writer}
			at := rapid.Int64Range(0, 6).Draw(rt, label)
			for _, s := range parts {
				if s == visible.Block || rapid.Float64().Draw(rt, label) < 0.9 { // it may be missing at the border of what is recorded
					p.steps = append(p.steps, Step{At: at, Step: s, bits: bitDone, Thread: writer})
				}
				at += rapid.Int64Range(0, 3).Draw(rt, label)
			}
			return p
		}
		c := Clash{First: put(0, "first"), Second: put(1, "second")}
		for allocator := range operations {
			explains(t, &c, allocator)
		}
	})
}

func TestWhatHoldsHasNoScheduleThatBreaksIt(t *testing.T) {
	c := Clash{First: Put{}, Second: Put{Writer: 1}}
	for _, allocator := range []string{"fetch-add", "mutex", "compare-and-swap", ""} {
		if s, ok := c.Schedule(allocator); ok {
			t.Errorf("%q: %s", allocator, s)
		}
	}
	if s, ok := c.Schedule("check-then-act"); ok {
		t.Errorf("without a block it is %s", s)
	}
}
