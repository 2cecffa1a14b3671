package explore

import (
	"math"
	"strconv"

	"slotrace/engine/lab"
)

// strip is the verdict, at the bottom: this schedule, what is known, how much was looked
// at, and how many preemptions it takes.
func (d *Desk) strip() *node {
	x := &d.state
	schedule := "—"
	if x.Schedule != "" {
		schedule = x.Schedule
	}
	where := "this schedule, in the address"
	if d.copied {
		where = "the link to it is copied"
	}
	f := el("div", "figures", figure("schedule", "", schedule, where).Named("schedule"))
	strip := el("footer", "strip").Set("aria-label", "Verdict").Named("strip")
	if s := d.search; s != nil {
		p := &s.progress
		share := "share unknown"
		bar := el("progress", "").Set("aria-label", "Progress of the search").Named("progress")
		if p.Share > 0 {
			share = "about " + percent(p.Share) + " done"
			bar.Set("value", strconv.FormatFloat(p.Share, 'f', 4, 64))
		}
		rate := ""
		if ms := float64(p.Elapsed.Milliseconds()); ms > 0 {
			rate = count(int64(float64(p.Executions)/ms*1000)) + " a second, "
		}
		f.Add(figure("", "searching", words[s.mode].doing+" …", sizes(p.Setup)).Named("verdict"),
			figure("", "", count(p.Executions), "executions, "+rate+share).Named("counts"))
		return strip.Add(bar, f)
	}
	word, classes, detail := d.outcome()
	f.Add(figure("", classes, word, detail).Named("verdict"))
	if o := d.last; o != nil && !o.cancelled {
		f.Add(d.counts(o))
	}
	switch o := d.last; {
	case len(x.Rows) == 0:
	case o != nil && o.mode == lab.Find && o.Counterexample != nil && o.Counterexample.Schedule == x.Schedule:
		n := o.Counterexample.Preemptions
		detail := "preemptions are enough, fewer never are"
		if n == 1 {
			detail = "preemption is enough, none never is"
		} else if n == 0 {
			detail = "preemptions: it needs none"
		}
		f.Add(figure("", "", strconv.Itoa(n), detail).Named("preemptions"))
	default:
		detail := "preemptions in this schedule"
		if preempted(x.Rows) == 1 {
			detail = "preemption in this schedule"
		}
		f.Add(figure("", "", strconv.Itoa(preempted(x.Rows)), detail).Named("preemptions"))
	}
	return strip.Add(f)
}

func figure(id, classes, value, detail string) *node {
	if id != "" {
		classes += " " + id
	}
	return el("div", "figure "+classes, txt("b", "", value), txt("small", "", detail))
}

// outcome is the verdict in a word, and what it stands on.
func (d *Desk) outcome() (word, classes, detail string) {
	x, o := &d.state, d.last
	switch {
	case o != nil && o.Verdict == lab.Holds:
		return "holds", "well", "no schedule breaks it: " + d.bound()
	case x.Complete && x.Fault && o != nil && o.found(x.Schedule):
		return "violated", "bad", "found in " + duration(o.Elapsed)
	case x.Complete && x.Fault:
		return "violated", "bad", "by this schedule"
	case o != nil && o.Verdict == lab.Violated:
		return "violated", "bad", "by other schedules than this"
	case o != nil && o.cancelled:
		return "unknown", "", "cancelled after " + number(o.Executions) + " executions"
	case o != nil:
		return "unknown", "", o.Stopped
	case x.Complete:
		return "intact", "well", "by this schedule; others may break it"
	}
	return "open", "", "until all have ended"
}

// counts are how many executions a search looked at, and how many of them broke. What it
// found may be of a smaller size than what it looked through.
func (d *Desk) counts(o *outcome) *node {
	classes, where := "", ""
	if o.Violations.Int != nil && o.Violations.Sign() > 0 {
		classes = "bad"
	}
	if o.Setup != d.state.Setup {
		where = ": " + sizes(o.Setup)
	}
	value, detail := number(o.Violations)+" of "+number(o.Executions), "schedules break it"+where
	switch o.mode {
	case lab.Find:
		value, detail = number(o.Executions), "executions looked at"
		if o.Executions.Int64() == 1 {
			detail = "execution looked at"
		}
		classes = ""
	case lab.Prove:
		detail = "classes of schedules break it" + where
	}
	f := figure("", classes, value, detail).Named("counts")
	if o.Abstraction != "" {
		f.Set("title", o.Abstraction)
	}
	return f
}

// found says whether the search came upon this schedule.
func (o *outcome) found(schedule string) bool {
	c := o.Counterexample
	return c != nil && (c.Schedule == schedule || c.Found != nil && c.Found.Schedule == schedule)
}

func percent(share float64) string {
	return strconv.FormatFloat(math.Floor(share*1000)/10, 'f', 1, 64) + " %"
}
