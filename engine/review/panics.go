package review

import "fmt"

// panicRecovery is test 6.
func panicRecovery(s *stage) error {
	const before, tasks, stores, fatal, survives = 100, 10, 10, 5, 3
	k := newStock(before, func(i int) string { return fmt.Sprintf("Content of memory %d", i) })
	after := newStock(1, func(int) string { return "Content after the panic" })
	after.ids[0] = "after-the-panic"
	if err := s.create(before+tasks*stores+1, 0); err != nil {
		return err
	}
	s.expect(before + (tasks-1)*stores + survives + 1 + before + 1)
	if err := s.fill(k); err != nil {
		return err
	}
	panics := 0
	err := s.burst(burst{threads: tasks, writers: tasks, counts: true, panics: &panics, do: func(w *worker) {
		for i := range stores {
			if w.number == fatal && i == survives {
				panic("a task dies, as the test wants it to")
			}
			if !w.put(fmt.Sprintf("task-%d-memory-%d", w.number, i), fmt.Appendf(nil, "Task %d content %d", w.number, i)) {
				return
			}
		}
	}})
	if err != nil {
		return err
	}
	if panics != 1 {
		s.fail("%d tasks panicked; exactly one is to.", panics)
	}
	if err := s.fill(after); err != nil {
		return err
	}
	s.wantCount(before + (tasks-1)*stores + survives + 1)
	s.wantRanges()
	if err := s.wantAll(k.all(), before); err != nil {
		return err
	}
	return s.wantAll(after.all(), 1)
}
