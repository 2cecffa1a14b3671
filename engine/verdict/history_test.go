package verdict

import (
	"testing"

	"slotrace/engine/visible"
)

// register is a model: kind 0 writes In, kind 1 reads Out.
var register = &Model{
	Plain: func(calls []Call) bool {
		now := uint64(0)
		for _, c := range calls {
			if c.Kind == 0 {
				now = c.In
			} else if c.Out != now {
				return false
			}
		}
		return true
	},
	Init: func() any { return uint64(0) },
	Step: func(s any, c Call) (bool, any) {
		if c.Kind == 0 {
			return true, c.In
		}
		return c.Out == s.(uint64), s
	},
	Equal: func(a, b any) bool { return a == b },
}

func TestHistories(t *testing.T) {
	took := func(thread, call int) visible.Event {
		return visible.Event{Thread: uint8(thread), Call: uint16(call)}
	}
	write := Call{Thread: 0, Number: 1, In: 7}
	old, new := Call{Thread: 1, Number: 1, Kind: 1, Out: 0}, Call{Thread: 1, Number: 1, Kind: 1, Out: 7}
	for name, x := range map[string]struct {
		calls  []Call
		events []visible.Event
		want   bool
	}{
		"the old value before":       {[]Call{write, old}, []visible.Event{took(1, 1), took(0, 1)}, true},
		"the old value behind":       {[]Call{write, old}, []visible.Event{took(0, 1), took(1, 1)}, false},
		"the old value while":        {[]Call{write, old}, []visible.Event{took(0, 1), took(1, 1), took(0, 1)}, true},
		"the old value while, later": {[]Call{write, old}, []visible.Event{took(1, 1), took(0, 1), took(1, 1)}, true},
		"the new value before":       {[]Call{write, new}, []visible.Event{took(1, 1), took(0, 1)}, false},
		"the new value while":        {[]Call{write, new}, []visible.Event{took(0, 1), took(1, 1), took(0, 1)}, true},
		"a value that nobody wrote":  {[]Call{write, {Thread: 1, Number: 1, Kind: 1, Out: 9}}, []visible.Event{took(0, 1), took(1, 1), took(0, 1)}, false},
		"new, then old":              {[]Call{write, new, {Thread: 1, Number: 2, Kind: 1, Out: 0}}, []visible.Event{took(0, 1), took(1, 1), took(1, 2), took(0, 1)}, false},
	} {
		h := NewHistories(register)
		for range 2 { // the second time it is known
			if got := h.Linearizable(x.calls, x.events); got != x.want {
				t.Errorf("%s: %v", name, got)
			}
		}
	}
}
