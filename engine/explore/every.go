package explore

import "slotrace/engine/visible"

// Unbounded is the number of preemptions that stands for any.
const Unbounded = int(^uint(0) >> 1)

// Every visits every execution once, without reduction, or those that have up to so many
// preemptions: switches away from a thread that could have gone on. Executions with few
// switches come first. It ends when visit returns false, and says whether all were
// visited.
func Every(m *Machine, preemptions int, visit func(End) bool) (all bool) {
	s := every{bound: preemptions}
	for prefix := 0; ; {
		end := m.Run(&s, prefix)
		if !visit(end) || end == Nondeterministic {
			return false
		}
		last := min(m.depth, len(s.frames)) - 1
		for last >= 0 && s.frames[last].untried == 0 {
			last--
		}
		if last < 0 {
			return true
		}
		s.frames = s.frames[:last+1]
		prefix = last
	}
}

// every is depth-first search over the choices of threads.
type every struct {
	bound  int
	frames []frame // by depth, up to the choice that is about to be made anew
}

type frame struct {
	untried     visible.Set
	last        int8 // who took the operation before, -1 if none
	preemptions int
}

func (s *every) Next(m *Machine, enabled visible.Set) int {
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
		to = int(f.last)
		if f.preemptions >= s.bound {
			f.untried = visible.One(to)
		}
	}
	f.untried &^= visible.One(to)
	s.frames = append(s.frames, f)
	return to
}
