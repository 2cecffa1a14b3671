package lab

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
)

// maxNodes is how many states are too many to count by: some gigabyte of them.
const maxNodes = 4_000_000

// count fills in the exact numbers of executions, and of those that break the invariant.
func (x *search) count() error {
	t, err := newTrial(x.Setup)
	if err != nil {
		return err
	}
	defer t.close()
	x.at, x.share = t.Setup, func() float64 { return 0 }
	g, abstraction := t.graph(true)
	x.Abstraction = abstraction
	most := maxNodes
	if x.bounds.MaxStates > 0 {
		most = min(most, x.bounds.MaxStates)
	}
	violated := false
	for x.goOn() {
		end, ok := g.Visit(func(end explore.End) bool {
			f := t.judge(end)
			if f != sound && (x.Counterexample == nil || f.violates() && !violated) {
				violated = f.violates()
				x.Counterexample = t.counterexample(end, f)
			}
			return f.violates()
		})
		if !ok {
			x.Complete = true
			break
		}
		if end == explore.Nondeterministic {
			return fmt.Errorf("%s: the code under test is not deterministic: %w: %s", t.Variant, ErrUnsound, t.machine.Err())
		}
		x.executions++
		x.ran(len(t.machine.Events()))
		if len(g.Nodes) > most {
			x.Stopped = fmt.Sprintf("more than %d states are too many to count by: fewer threads or ops would do", most)
			break
		}
	}
	x.States = len(g.Nodes)
	if x.Complete {
		x.counted, x.losing = Number{g.Nodes[0].All}, Number{g.Nodes[0].Broken}
	}
	switch {
	case x.Counterexample != nil:
		x.Verdict = Violated
		if !violated {
			return nil
		}
		x.violations = 1
		return x.shorten()
	case x.Complete:
		x.Verdict = Holds
	}
	return nil
}

// graph is the graph of the trial's states, and what it relies on.
func (t *trial) graph(interchangeable bool) (g *explore.Graph, abstraction string) {
	c, ok := t.instance.(catalogue.Countable)
	if !ok {
		return explore.NewGraph(t.machine, nil), "Executions that differ only in the order of operations that do not depend on each other end alike."
	}
	records := make([][]byte, t.Threads)
	return explore.NewGraph(t.machine, func(b []byte) []byte {
		b, doomed := c.Shared(b)
		if doomed {
			b = append(b[:0], 'x')
		}
		for i := range records {
			records[i] = t.stands(i, records[i][:0], doomed)
		}
		if interchangeable {
			slices.SortFunc(records, bytes.Compare)
		}
		for _, r := range records {
			b = append(append(b, byte(len(r))), r...)
		}
		return b
	}), c.Abstraction()
}

// stands appends where a thread stands: in which of its calls, and what it does next; and
// if that matters, what it saw last.
func (t *trial) stands(thread int, b []byte, doomed bool) []byte {
	m := t.machine
	if !m.Live().Has(thread) {
		return b
	}
	op := m.Pending(thread)
	calls := max(m.Calls(thread), 1)
	b = append(binary.AppendUvarint(b, uint64(calls)), byte(op.Step), byte(op.Kind))
	if doomed {
		return b
	}
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(op.Object)), op.Low)
	events := m.Events()
	for i := len(events) - 1; i >= 0; i-- {
		if e := &events[i]; int(e.Thread) == thread {
			if int(e.Call) == calls {
				b = binary.AppendUvarint(append(b, byte(e.Op.Step)), e.Value)
			}
			break
		}
	}
	return b
}
