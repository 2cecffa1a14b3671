package lab

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
	"slotrace/engine/visible"
)

// The modes of a search.
const (
	Find  = "find"  // sizes from the smallest on, then preemptions: the first violation is the shortest
	Prove = "prove" // one execution of each class of equivalent ones
	Count = "count" // exact numbers, from the graph of states
	Walk  = "walk"  // threads drawn at random
	PCT   = "pct"   // priorities drawn at random
	All   = "all"   // every execution, without reduction
)

// Modes are all of them.
var Modes = []string{Find, Prove, Count, Walk, PCT, All}

// Bounds end a search.
type Bounds struct {
	Seed          uint64
	MaxExecutions int64         // 0 = no bound
	Timeout       time.Duration // 0 = no bound; then a search of hopeless size is refused
}

// Progress is how far a search is.
type Progress struct {
	Setup              // of what is searched now
	Executions int64   // so far
	Share      float64 // of the space, about; 0 = it cannot be said
	Elapsed    time.Duration
}

// Tick is called by a search every few dozen executions. The search stops when it is
// false.
type Tick func(p func() Progress) bool

// tickEvery is how many executions of some dozen operations lie between two ticks: some ten
// microseconds. Of executions that have thousands it is one.
const (
	tickEvery  = 16
	operations = 32 // that count as another execution
)

// countAll is the largest number of classes, about, of which a proof that has failed
// still counts the rest.
const countAll = 100_000

// Explore searches. The error says what is off about what was asked for, or that a search
// without bounds would hardly end. tick may be nil.
func Explore(s Setup, mode string, b Bounds, tick Tick) (Result, error) {
	if err := s.Check(); err != nil {
		return Result{}, err
	}
	if !slices.Contains(Modes, mode) {
		return Result{}, fmt.Errorf("mode: there is no %q, %s or %s would do", clip(mode), strings.Join(Modes[:len(Modes)-1], ", "), Modes[len(Modes)-1])
	}
	if b.MaxExecutions < 0 || b.Timeout < 0 {
		return Result{}, fmt.Errorf("bounds: %d executions and %v are to be 0, for none, or more", b.MaxExecutions, b.Timeout)
	}
	x := &search{bounds: b, tick: tick, begin: time.Now()}
	x.Setup, x.Mode, x.Verdict = s, mode, Unknown
	if mode == Walk || mode == PCT {
		x.Seed = &b.Seed
	}
	if err := x.refuse(); err != nil {
		return Result{}, err
	}
	canary, err := CheckCanary(s)
	if err != nil {
		return Result{}, err
	}
	x.Canary = canary
	if err := x.run(); err != nil {
		return Result{}, err
	}
	x.Executions, x.Violations = NumberOf(x.executions), NumberOf(x.violations)
	if x.counted.Int != nil {
		x.Executions, x.Violations = x.counted, x.losing
	}
	x.Elapsed = float64(time.Since(x.begin).Microseconds()) / 1000
	return x.Result, nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// search is a search under way.
type search struct {
	Result
	bounds      Bounds
	tick        Tick
	begin       time.Time
	at          Setup // what is searched now
	share       func() float64
	executions  int64
	violations  int64
	counted     Number
	losing      Number
	sinceTick   int
	stopAtFirst bool
}

// ErrUnsound says that nothing can be said of a program: not every operation is announced,
// or it does not do twice what it did once.
var ErrUnsound = errors.New("nothing can be said of it")

func (x *search) run() error {
	switch x.Mode {
	case Find:
		return x.find(x.Setup)
	case Count:
		return x.count()
	}
	t, err := newTrial(x.Setup)
	if err != nil {
		return err
	}
	defer t.close()
	var e explore.Search
	switch x.Mode {
	case Prove:
		classes, _ := t.estimate()
		x.stopAtFirst = classes > countAll
		e = explore.NewReduced(t.machine)
	case All:
		e = explore.NewEvery(t.machine, explore.Unbounded)
	case Walk:
		e, x.stopAtFirst = explore.NewWalk(t.machine, x.bounds.Seed), true
	case PCT:
		e, x.stopAtFirst = explore.NewPCT(t.machine, x.bounds.Seed, 3, t.length()), true
	}
	if x.Complete, err = x.visit(t, e); err != nil {
		return err
	}
	switch {
	case x.Counterexample != nil:
		x.Verdict = Violated
		return x.shorten()
	case x.Complete:
		x.Verdict = Holds
	}
	return nil
}

// visit judges executions until there are no more of them, or a bound or a violation ends
// that. It says whether all were visited. The first violation, or the first race if
// there is none, becomes the counterexample.
func (x *search) visit(t *trial, e explore.Search) (all bool, err error) {
	x.at = t.Setup
	x.share = func() float64 { return 0 }
	if s, ok := e.(interface{ Share() float64 }); ok {
		x.share = s.Share
	}
	if !x.goOn() {
		return false, nil
	}
	violated, cut := false, false
	all = t.machine.Each(e, func(end explore.End) bool {
		x.sinceTick += len(t.machine.Events()) / operations
		switch end {
		case explore.Nondeterministic:
			err = fmt.Errorf("%s: the code under test is not deterministic: %w: %s", t.Variant, ErrUnsound, t.machine.Err())
			return false
		case explore.Abandoned:
			x.CutShort++
			return x.goOn()
		case explore.Panicked, explore.Endless:
			cut = true // what came behind was not seen, nor what it depends on
		}
		x.executions++
		f := t.judge(end)
		if f == sound {
			return x.goOn()
		}
		if f.violates() {
			x.violations++
		} else {
			x.Races++
		}
		if x.Counterexample == nil || f.violates() && !violated {
			violated = f.violates()
			x.Counterexample = t.counterexample(end, f)
		}
		return !(x.stopAtFirst && violated) && x.goOn()
	})
	return all && !cut, err
}

// goOn says whether bounds and tick let the search go on.
func (x *search) goOn() bool {
	if x.bounds.MaxExecutions > 0 && x.executions >= x.bounds.MaxExecutions {
		x.Stopped = fmt.Sprintf("%d executions were the bound", x.bounds.MaxExecutions)
		return false
	}
	if x.sinceTick++; x.sinceTick < tickEvery {
		return true
	}
	x.sinceTick = 0
	if x.bounds.Timeout > 0 && time.Since(x.begin) >= x.bounds.Timeout {
		x.Stopped = fmt.Sprintf("%v were the bound", x.bounds.Timeout)
		return false
	}
	if x.tick != nil && !x.tick(x.progress) {
		x.Stopped = "it was stopped"
		return false
	}
	return true
}

func (x *search) progress() Progress {
	return Progress{x.at, x.executions, x.share(), time.Since(x.begin)}
}

// find looks at sizes up to the setup's, those with the fewest calls first. In each a
// search over classes says whether anything is to be found; if so, executions with no
// preemption are tried, then those with one, and so on.
func (x *search) find(bound Setup) error {
	x.stopAtFirst = true
	for _, s := range sizes(bound) {
		t, err := newTrial(s)
		if err != nil {
			return err
		}
		all, err := x.findIn(t)
		t.close()
		if err != nil || x.Verdict == Violated {
			return err
		}
		if x.Complete = all; !all {
			break
		}
	}
	switch {
	case x.Counterexample != nil: // a race, that breaks nothing
		x.Verdict = Violated
	case x.Complete:
		x.Verdict = Holds
	}
	return nil
}

func (x *search) findIn(t *trial) (all bool, err error) {
	before, raced := x.violations, x.Counterexample
	all, err = x.visit(t, explore.NewReduced(t.machine))
	if err != nil || x.violations == before {
		return all, err
	}
	x.Verdict = Violated
	some := x.Counterexample
	for preemptions := 0; x.goOn(); preemptions++ {
		found := x.violations
		x.Counterexample = raced
		if _, err := x.visit(t, explore.NewEvery(t.machine, preemptions)); err != nil || x.violations > found {
			x.violations = before + 1
			return false, err
		}
		x.Counterexample = some // if a bound ends it here, it is not of the fewest preemptions
	}
	return false, nil
}

// sizes are the setups of up to the bound's sizes, those with the fewest calls first, and
// of these those with the fewest threads.
func sizes(bound Setup) (all []Setup) {
	for threads := 1; threads <= bound.Threads; threads++ {
		for ops := 1; ops <= bound.Ops; ops++ {
			all = append(all, Setup{bound.Scenario, bound.Variant, threads, ops})
		}
	}
	slices.SortStableFunc(all, func(a, b Setup) int { return a.Threads*a.Ops - b.Threads*b.Ops })
	return all
}

// hopeless is how many executions are too many to begin with when no bound ends them: an
// hour of them, or so.
const hopeless = 1e9

// refuse is an error if the search would hardly end.
func (x *search) refuse() error {
	if x.bounds.MaxExecutions > 0 || x.bounds.Timeout > 0 {
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

// shorten replaces the counterexample of a search that does not find the shortest one.
func (x *search) shorten() error {
	c := x.Counterexample
	if x.violations == 0 { // a race alone
		return nil
	}
	s := Setup{x.Scenario, x.Variant, c.Threads, c.Ops}
	short, err := Shrink(s, c.Schedule)
	if err != nil {
		return err
	}
	if short.Schedule != c.Schedule || short.Threads != c.Threads || short.Ops != c.Ops {
		short.Found = &Found{c.Threads, c.Ops, c.Schedule}
	}
	x.Counterexample = short
	return nil
}

// Replay runs one schedule, and judges its execution. The schedule has to lead to the
// execution's end.
func Replay(s Setup, schedule string) (Result, error) {
	t, err := newTrial(s)
	if err != nil {
		return Result{}, err
	}
	defer t.close()
	begin := time.Now()
	turns, err := explore.ParseSchedule(schedule)
	if err != nil {
		return Result{}, err
	}
	end, err := t.machine.Follow(turns, nil)
	if err != nil {
		return Result{}, err
	}
	if end == explore.Abandoned {
		return Result{}, fmt.Errorf("schedule: it ends behind operation %d while threads have more to do: add %s", turns.Len(), t.rest(turns))
	}
	r := Result{Setup: s, Mode: "replay", Verdict: Holds, Executions: NumberOf(1), Violations: NumberOf(0)}
	f := t.judge(end)
	if f != sound {
		r.Verdict = Violated
	}
	if f.violates() {
		r.Violations = NumberOf(1)
	}
	r.Counterexample = t.counterexample(end, f)
	r.Elapsed = float64(time.Since(begin).Microseconds()) / 1000
	return r, nil
}

// rest is how a schedule that ends early could go on.
func (t *trial) rest(s explore.Schedule) explore.Schedule {
	n := s.Len()
	t.machine.Lenient(s.Threads())
	return explore.ScheduleOf(t.machine.Events()[n:])
}

// CheckCanary is what comes before a search that may find nothing: hooks have to announce
// operations as the variants say, the setup's and the one that is known to break, and the
// search has to find that one broken.
func CheckCanary(s Setup) (*Canary, error) {
	scenario, v, err := catalogue.Find(s.Scenario, s.Variant)
	if err != nil {
		return nil, err
	}
	canary := Setup{s.Scenario, scenario.Canary, scenario.MinThreads, scenario.MinOps}
	if err := announced(canary, scenario.Variant(scenario.Canary)); err != nil {
		return nil, err
	}
	if err := announced(Setup{s.Scenario, s.Variant, scenario.MinThreads, scenario.MinOps}, v); err != nil {
		return nil, err
	}
	x := &search{begin: time.Now()}
	if err := x.find(canary); err != nil {
		return nil, err
	}
	if x.Verdict != Violated {
		return nil, fmt.Errorf("the canary does not sing: %w: no violation of %s was found in %d executions", ErrUnsound, scenario.Canary, x.executions)
	}
	return &Canary{scenario.Canary, int(x.executions)}, nil
}

// announced is an error if the threads of a variant, one after the other, come to other
// steps than those it declares.
func announced(s Setup, v *catalogue.Variant) error {
	s.Ops = 1
	t, err := newTrial(s)
	if err != nil {
		return err
	}
	defer t.close()
	return t.announces(v)
}

func (t *trial) announces(v *catalogue.Variant) error {
	t.machine.Sequence()
	var steps []string
	for i := range t.Threads {
		var own []string
		for _, e := range t.machine.Events() {
			if int(e.Thread) == i {
				own = append(own, e.Op.Step.String())
			}
		}
		steps = append(steps, strings.Join(own, " "))
	}
	want := strings.Split(v.Steps, "|")
	for i, got := range steps {
		if w := strings.TrimSpace(want[min(i, len(want)-1)]); got != w {
			return fmt.Errorf("the canary does not sing: %w: a call of thread %s of %s announces the operations %q, and not %q", ErrUnsound, catalogue.Letter(i), v.Name, got, w)
		}
	}
	return nil
}
