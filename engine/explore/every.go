package explore

import "slotrace/engine/visible"

// Unbounded is the number of preemptions that stands for any.
const Unbounded = int(^uint(0) >> 1)

// Every visits every execution once, without reduction, or those that have up to so many
// preemptions: switches away from a thread that could have gone on. Of the executions
// that begin alike those without a switch come first; if preemptions are bounded, those
// that use them up soonest.
type Every struct {
	m      *Machine
	bound  int
	frames []frame // by depth, up to the choice that is made anew next
	begun  bool
}

// NewEvery returns the search at its beginning.
func NewEvery(m *Machine, preemptions int) *Every { return &Every{m: m, bound: preemptions} }

func (s *Every) next() (prefix int, more bool) {
	if s.begun {
		last := min(s.m.depth, len(s.frames)) - 1
		for last >= 0 && s.frames[last].untried == 0 {
			last--
		}
		if last < 0 || s.m.end == Nondeterministic {
			return 0, false
		}
		s.frames = s.frames[:last+1]
		prefix = last
	}
	s.begun = true
	return prefix, true
}

func (s *Every) ran(End) {}

// Share is about how much of the space has been visited, from 0 to 1, if executions that
// differ early are of the same number.
func (s *Every) Share() float64 {
	share, part := 0.0, 1.0
	for i := range s.frames {
		f := &s.frames[i]
		part /= float64(f.all)
		share += part * float64(f.all-uint8(f.untried.Len())-1)
	}
	return share
}

type frame struct {
	untried     visible.Set
	all         uint8 // how many there were to be tried
	last        int8  // who took the operation before, -1 if none
	preemptions int
}

// Next implements Strategy.
func (s *Every) Next(m *Machine, enabled visible.Set) int {
	depth := m.depth
	if depth < len(s.frames) {
		f := &s.frames[depth]
		to := f.untried.First()
		f.untried &^= visible.One(to)
		return to
	}
	f := frame{untried: enabled, last: -1}
	if depth > 0 {
		before := &s.frames[depth-1]
		e := &m.trace[depth-1]
		f.last = int8(e.Thread)
		f.preemptions = before.preemptions
		if before.last >= 0 && before.last != f.last && e.Enabled.Has(int(before.last)) {
			f.preemptions++
		}
	}
	to := enabled.First()
	if f.last >= 0 && enabled.Has(int(f.last)) {
		switch others := enabled &^ visible.One(int(f.last)); {
		case f.preemptions >= s.bound:
			to = int(f.last)
			f.untried = visible.One(to)
		case s.bound != Unbounded && others != 0:
			to = others.First()
		default:
			to = int(f.last)
		}
	}
	f.all = uint8(f.untried.Len())
	f.untried &^= visible.One(to)
	s.frames = append(s.frames, f)
	return to
}
