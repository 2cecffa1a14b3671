package lab

import (
	"fmt"
	"math"

	"slotrace/engine/explore"
	"slotrace/engine/visible"
)

// hopeless is how many executions are too many to begin with when no bound ends them: an
// hour of them, or so.
const hopeless = 1e9

// refuse is an error if the search would hardly end.
func (x *search) refuse() error {
	if x.bounds.MaxExecutions > 0 || x.bounds.MaxOperations > 0 || x.bounds.Timeout > 0 {
		return nil
	}
	if x.Mode == Walk || x.Mode == PCT {
		return fmt.Errorf("%s: a search at random has no end: bound it by --max-executions or --timeout", x.Mode)
	}
	t, err := newTrial(x.Setup)
	if err != nil {
		return err
	}
	defer t.close()
	classes, every := t.estimate()
	n, what := classes, "classes of executions"
	switch x.Mode {
	case All:
		n, what = every, "executions"
	case Find, Count: // what breaks, breaks early; and what does not is as with prove
	}
	if x.Mode == Find && !t.variant.Holds || x.Mode == Count || n <= hopeless {
		return nil
	}
	if x.Mode != All && t.length() < tried/100 && t.ends(tried) {
		return nil
	}
	return fmt.Errorf("%s of %s with %d threads x %d ops: %s %s are too many: fewer threads or ops, or a bound by --max-executions or --timeout", x.Mode, x.Variant, x.Threads, x.Ops, about(n), what)
}

// tried is how many operations are taken to see whether a search is as large as it was
// estimated: a tenth of a second of them, or so.
const tried = 300_000

// ends says whether a search of one execution of each class ends within so many
// operations, all executions together.
func (t *trial) ends(operations int) bool {
	s := explore.NewReduced(t.machine)
	for operations > 0 {
		if _, ok := s.Visit(); !ok {
			return true
		}
		operations -= len(t.machine.Events())
	}
	return false
}

func about(n float64) string {
	if n < 1e15 {
		return fmt.Sprintf("about %.0f", n)
	}
	if math.IsInf(n, 1) {
		return "more than 10^308"
	}
	return fmt.Sprintf("about 10^%.0f", math.Floor(math.Log10(n)))
}

// estimate is about how many classes of executions there are, and how many executions,
// going by one in which the threads run one after the other: as if all interleavings of
// the operations that some other thread's depend on were classes of their own. What is
// done while a lock is held counts as one.
func (t *trial) estimate() (classes, every float64) {
	t.machine.Sequence()
	events := t.machine.Events()
	all := make([]int, t.Threads)
	some := make([]int, t.Threads)
	held := 0
	for i := range events {
		all[events[i].Thread]++
		switch events[i].Op.Kind {
		case visible.OpLock:
			held++
		case visible.OpUnlock:
			held--
			continue
		}
		if held > 1 || held == 1 && events[i].Op.Kind != visible.OpLock {
			continue
		}
		for j := range events {
			if events[i].Thread != events[j].Thread && explore.Dependent(&events[i].Op, &events[j].Op) {
				some[events[i].Thread]++
				break
			}
		}
	}
	return interleavings(some), interleavings(all)
}

// length is about how many operations an execution has.
func (t *trial) length() int {
	t.machine.Sequence()
	return len(t.machine.Events())
}

// interleavings is the number of orders of threads with so many operations each.
func interleavings(operations []int) float64 {
	log, total := 0.0, 0
	for _, n := range operations {
		total += n
		f, _ := math.Lgamma(float64(n + 1))
		log -= f
	}
	f, _ := math.Lgamma(float64(total + 1))
	return math.Round(math.Exp(log + f))
}
