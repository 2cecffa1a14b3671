package verdict

import (
	"testing"

	"slotrace/engine/visible"
)

// cell is a model of one value: In of a call of kind 1 is written, Out of another read.
var cell = &Model{
	Plain: func(calls []Call) bool {
		v := uint64(0)
		for _, c := range calls {
			if c.Kind == 1 {
				v = c.In
			} else if c.Out != v {
				return false
			}
		}
		return true
	},
	Init: func() any { return uint64(0) },
	Step: func(state any, c Call) (bool, any) {
		if c.Kind == 1 {
			return true, c.In
		}
		return c.Out == state, state
	},
	Equal: func(a, b any) bool { return a == b },
}

// What is read when all threads have ended comes after every call, even one that left no
// event.
func TestFinalCallsComeLast(t *testing.T) {
	write := Call{Thread: 0, Number: 1, Kind: 1, In: 7}
	events := []visible.Event{{Thread: 0, Call: 1}, {Thread: 1, Call: 1}}
	for _, x := range []struct {
		name   string
		read   Call
		events []visible.Event
		out    uint64
		want   bool
	}{
		{"final", Call{Thread: 1, Number: Final}, events, 7, true},
		{"final", Call{Thread: 1, Number: Final}, events, 0, false},
		{"final, and no event of the write", Call{Thread: 1, Number: Final}, nil, 0, false},
		{"afterwards", Call{Thread: 1, Number: 1}, events, 0, false},
		{"without an event", Call{Thread: 1, Number: 2}, events, 0, true},
	} {
		x.read.Out = x.out
		for _, calls := range [][]Call{{write, x.read}, {x.read, write}} {
			if got := NewHistories(cell).Linearizable(calls, x.events); got != x.want {
				t.Errorf("%s: a read of %d is linearizable: %v", x.name, x.out, got)
			}
		}
	}
}
