package explore

// Search runs one execution after the other.
type Search interface {
	Strategy
	// next says how the next execution begins: as the one before, for so many operations. It is
	// false when there is none.
	next() (prefix int, more bool)
	// ran is told that it has run.
	ran(End)
}

// Visit runs the next execution. It is false when there is none, and when the one before
// was not deterministic.
func (s *Every) Visit() (End, bool) { return s.m.visit(s) }

// Visit is as that of Every.
func (s *Reduced) Visit() (End, bool) { return s.m.visit(s) }

// Visit is as that of Every. There is always another execution.
func (w *Walk) Visit() (End, bool) { return w.m.visit(w) }

// Visit is as that of Walk.
func (p *PCT) Visit() (End, bool) { return p.m.visit(p) }

func (m *Machine) visit(s Search) (End, bool) {
	prefix, more := s.next()
	if !more {
		return 0, false
	}
	end := m.Run(s, prefix)
	s.ran(end)
	return end, true
}

// Each runs the executions of a search until visit returns false, and says whether all
// were run. An execution begins where the one before has ended, in whichever thread that
// was: it saves the way back.
func (m *Machine) Each(s Search, visit func(End) bool) (all bool) {
	prefix, more := s.next()
	all = true
	m.again = func(end End) (int, bool) {
		s.ran(end)
		if all = visit(end); !all {
			more = false
			return 0, false
		}
		prefix, more = s.next()
		return prefix, more && m.started && len(m.trace) > 0
	}
	defer func() { m.again = nil }()
	for more {
		m.Run(s, prefix)
	}
	return all
}
