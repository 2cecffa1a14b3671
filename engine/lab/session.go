package lab

import (
	"fmt"
	"slices"

	"slotrace/engine/catalogue"
	"slotrace/engine/event"
	"slotrace/engine/explore"
	"slotrace/engine/verdict"
	"slotrace/engine/visible"
)

// Session steps through schedules of a setup by hand, forward and back.
type Session struct {
	trial *trial
	taken []uint8 // who takes each operation of the schedule
	at    int     // how many of them have been taken
	state State
}

// State is a schedule, and all that can be seen at one of its steps.
type State struct {
	Setup
	Schedule string
	Step     int  // how many operations have been taken; those behind are still to come
	Complete bool // the schedule leads to the end: all have ended, or wait for ever
	Rows     []Row
	Next     []Next // a thread each
	View     catalogue.View
	Lamps    [4]Lamp // content intact, linearizable, free of data races, what go test -race says
	Fault    bool    // the execution breaks the invariant, or has a data race
	Why      string  // in a sentence, if so
	Evidence []verdict.Evidence
	Deadlock []Wait
	Arrows   []Arrow
}

// Row is an operation of the schedule.
type Row struct {
	Step
	Thread int
	Text   string // "load count → 0"
	Switch bool   // another thread took the operation before
	Races  bool   // it races with another operation
}

// Next is what a thread does next, at the state's step.
type Next struct {
	Can  bool
	Text string // a sentence without its subject: "adds to count: it will say 2."
	Step string // which of its call's steps that is
	Line string // file:line; "" if it has ended
}

// Lamp is one judgement.
type Lamp struct {
	Name string
	Good bool
	Open bool // it cannot be said before the execution has ended
	Text string
}

// Arrow leads from an operation to one that is synchronized behind it, or with which it
// races.
type Arrow struct {
	From, To int // rows
	Race     bool
}

// NewSession begins with no operation taken.
func NewSession(s Setup) (*Session, error) {
	t, err := newTrial(s)
	if err != nil {
		return nil, err
	}
	x := &Session{trial: t}
	return x, x.refresh()
}

// Close ends the session.
func (s *Session) Close() { s.trial.close() }

// Load replaces the schedule, and goes to its end. With an error all is as it was.
func (s *Session) Load(schedule string) error {
	turns, err := explore.ParseSchedule(schedule)
	if err != nil {
		return err
	}
	if _, err := s.trial.machine.Follow(turns, nil); err != nil {
		return err
	}
	s.taken = turns.Threads()
	s.at = len(s.taken)
	return s.refresh()
}

// Take has a thread take one operation. If that is what the schedule says next it goes
// on along it, otherwise what was to come is dropped.
func (s *Session) Take(thread int) error {
	switch {
	case thread < 0 || thread >= s.trial.Threads:
		return fmt.Errorf("there is no thread %d here", thread)
	case !s.state.Next[thread].Can:
		return fmt.Errorf("%s cannot go on: it %s", catalogue.Letter(thread), s.state.Next[thread].Text)
	}
	if s.at == len(s.taken) || int(s.taken[s.at]) != thread {
		s.taken = append(s.taken[:s.at:s.at], uint8(thread))
	}
	s.at++
	return s.refresh()
}

// Go goes to a step: 0 is before all operations, and there is none behind the last.
func (s *Session) Go(step int) error {
	s.at = min(max(step, 0), len(s.taken))
	return s.refresh()
}

// Finish lets the threads run to the end behind the present step: whoever runs runs on.
func (s *Session) Finish() error {
	s.trial.machine.Lenient(s.taken[:s.at])
	s.taken = s.taken[:s.at:s.at]
	for _, e := range s.trial.machine.Events()[s.at:] {
		s.taken = append(s.taken, e.Thread)
	}
	return s.refresh()
}

// State is the session as it is now. It stays as it is when the session goes on.
func (s *Session) State() State { return s.state }

// schedule is the first n operations.
func (s *Session) schedule(n int) (turns explore.Schedule) {
	for _, t := range s.taken[:n] {
		turns = append(turns, explore.Turn{Thread: int(t), Operations: 1})
	}
	return turns
}

func (s *Session) refresh() error {
	t := s.trial
	x := State{Setup: t.Setup, Step: s.at, Next: make([]Next, t.Threads)}
	var can visible.Set
	var pending [MaxThreads]visible.Op
	var live visible.Set
	end, err := t.machine.Follow(s.schedule(len(s.taken)), func(depth int) {
		if depth == s.at {
			x.View = t.instance.View()
			can, live = t.machine.Enabled(), t.machine.Live()
			for i := range t.Threads {
				pending[i] = t.machine.Pending(i)
				x.Next[i].Text = "is done."
				if owner, waits := t.machine.Awaits(i); live.Has(i) && waits {
					x.Next[i].Text = fmt.Sprintf("waits for the %s, which %s holds.", bare(t.instance.Object(pending[i])), catalogue.Letter(owner))
				}
			}
		}
	})
	if err != nil {
		return err
	}
	x.Schedule = explore.ScheduleOf(t.machine.Events()).String()
	x.Complete = end != explore.Abandoned
	s.rows(&x)
	s.judge(&x, end)
	for i := range t.Threads {
		lines := t.lines(i)
		if live.Has(i) {
			x.Next[i].Step, x.Next[i].Line = pending[i].Step.String(), lines[pending[i].Step]
		}
		if can.Has(i) {
			x.Next[i].Can = true
			x.Next[i].Text, err = s.ahead(i)
			if err != nil {
				return err
			}
		}
	}
	s.state = x
	return nil
}

// ahead tries what a thread does next.
func (s *Session) ahead(thread int) (string, error) {
	t := s.trial
	if _, err := t.machine.Follow(append(s.schedule(s.at), explore.Turn{Thread: thread, Operations: 1}), nil); err != nil {
		return "", err
	}
	e := t.machine.Events()[s.at]
	return will(t.instance.Object(e.Op), &e), nil
}

func (s *Session) rows(x *State) {
	t := s.trial
	events := t.machine.Events()
	for i, step := range t.steps() {
		e := &events[i]
		x.Rows = append(x.Rows, Row{Step: step, Thread: int(e.Thread), Text: told(step.Operation, step.Object, e), Switch: i > 0 && events[i-1].Thread != e.Thread})
	}
}

// judge judges the whole schedule; what can be said only of executions that have ended
// stays open before that.
func (s *Session) judge(x *State, end explore.End) {
	t := s.trial
	intact, linear, free, race := &x.Lamps[0], &x.Lamps[1], &x.Lamps[2], &x.Lamps[3]
	*intact, *linear, *free, *race = Lamp{Name: "content intact"}, Lamp{Name: "linearizable"}, Lamp{Name: "free of data races"}, Lamp{Name: "go test -race", Good: true}
	r, raced := t.race()
	free.Good, free.Text = !raced, "every two accesses that conflict are ordered"
	race.Text = "silent"
	if raced {
		free.Text = t.raceText(r)
		race.Text = "silent: it does not see a mapped file; on the heap it would report"
		for _, r := range t.races.All(t.machine.Events()) {
			x.Rows[r.First].Races, x.Rows[r.Second].Races = true, true
			x.Arrows = append(x.Arrows, Arrow{r.First, r.Second, true})
		}
	}
	for _, edge := range t.races.Edges() {
		x.Arrows = append(x.Arrows, Arrow{From: edge[0], To: edge[1]})
	}
	slices.SortStableFunc(x.Arrows, func(a, b Arrow) int { return a.To - b.To })
	if !x.Complete {
		const later = "once all have ended"
		*intact, *linear = Lamp{intact.Name, false, true, later}, Lamp{linear.Name, false, true, later}
		return
	}
	f := t.judge(end)
	x.Fault = f != sound
	x.Why = t.why(f)
	if f == stuck {
		x.Deadlock = t.awaits()
	}
	whole := end == explore.Completed
	switch {
	case whole && t.instance.Intact():
		intact.Good, intact.Text = true, "what was stored reads back"
	case whole:
		b := t.instance.Breach(t.machine.Events())
		x.Evidence = b.Evidence
		intact.Text = b.Kind
		if len(b.Evidence) > 0 {
			intact.Text = fmt.Sprintf("%s: expected %s, got %s", b.Evidence[0].ID, b.Evidence[0].Expected, b.Evidence[0].Got)
		}
	default:
		intact.Text = x.Why
	}
	switch {
	case t.histories == nil:
		linear.Open, linear.Text = true, "no calls to put in order"
	case !whole:
		linear.Text = "calls did not return"
	case t.linearizable():
		linear.Good, linear.Text = true, "an order of the calls explains it"
	default:
		linear.Text = "no order of the calls explains it"
	}
}

// Source is the code in question, for the session's variant.
func (s *Session) Source() []event.Source { return s.trial.variant.Sources() }
