package explore

import (
	"time"

	"slotrace/engine/lab"
)

// search is a search under way. It has a goroutine of its own, which runs only while
// advance waits for it.
type search struct {
	mode     string
	progress lab.Progress
	resume   chan bool // whether it goes on; closed when nobody wants to know any more
	paused   chan bool // whether it has ended
	result   lab.Result
	err      error
	until    time.Time // when it is to pause
}

// outcome is what a search came to.
type outcome struct {
	lab.Result
	mode      string
	cancelled bool
}

// start starts a search of the setup.
func (d *Desk) start(mode string) error {
	d.stop()
	s := &search{mode: mode, resume: make(chan bool), paused: make(chan bool)}
	s.progress.Setup = d.state.Setup
	setup := d.state.Setup
	go func() {
		if <-s.resume {
			s.result, s.err = lab.Explore(setup, mode, lab.Bounds{}, func(p func() lab.Progress) bool {
				if d.now().Before(s.until) {
					return true
				}
				s.progress = p()
				s.paused <- false
				return <-s.resume
			})
		}
		s.paused <- true
	}()
	d.search, d.last = s, nil
	d.said = words[mode].doing + " …"
	return nil
}

// stop ends the search, if there is one, without an outcome but how far it came.
func (d *Desk) stop() {
	s := d.search
	if s == nil {
		return
	}
	s.resume <- false
	<-s.paused
	d.search = nil
	d.last = &outcome{Result: lab.Result{Setup: d.state.Setup, Verdict: lab.Unknown, Executions: lab.NumberOf(s.progress.Executions)}, mode: s.mode, cancelled: true}
	d.said = "Cancelled."
}

// Advance lets the search go on until then, and reports whether there is more to do.
func (d *Desk) Advance(until time.Time) (more bool) {
	s := d.search
	if s == nil {
		return false
	}
	s.until = until
	s.resume <- true
	if !<-s.paused {
		return true
	}
	d.search = nil
	if s.err != nil {
		d.wrong, d.said = sentence(s.err), ""
		return false
	}
	d.ended(&outcome{Result: s.result, mode: s.mode})
	return false
}

// ended takes over what a search came to: what it found is what lies on the desk. The
// shortest may be of a smaller size; the others leave the size as it is.
func (d *Desk) ended(o *outcome) {
	d.last = o
	d.filled = d.filled || o.mode != lab.Find && o.Setup == d.state.Setup
	d.said = d.tellOutcome()
	c := o.Counterexample
	if c == nil || o.mode != lab.Find && d.state.Complete && d.state.Fault { // what lies there shows it as well
		return
	}
	threads, ops, schedule := c.Threads, c.Ops, c.Schedule
	if c.Found != nil && o.mode != lab.Find {
		threads, ops, schedule = c.Found.Threads, c.Found.Ops, c.Found.Schedule
	}
	if s := (lab.Setup{Scenario: d.state.Scenario, Variant: d.state.Variant, Threads: threads, Ops: ops}); s != d.state.Setup {
		if err := d.begin(s); err != nil {
			d.wrong = sentence(err)
			return
		}
		d.last, d.filled = o, false
	}
	if err := d.session.Load(schedule); err != nil {
		d.wrong = sentence(err)
	}
	d.state = d.session.State()
	d.said = d.tellOutcome()
}

// Searching reports whether a search is under way.
func (d *Desk) Searching() bool { return d.search != nil }
