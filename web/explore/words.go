package explore

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"slotrace/engine/catalogue"
	"slotrace/engine/lab"
)

// words are what the modes of a search are called.
var words = map[string]struct{ name, doing, key, help string }{
	lab.Find:  {"Shortest", "Looking for the shortest", "⇧F", "find the shortest schedule that breaks it"},
	lab.Prove: {"Prove", "Proving", "⇧P", "go through every class of equivalent schedules"},
	lab.Count: {"Count", "Counting", "", "count every schedule, and those that break it"},
}

// modes are in the order of their buttons.
var modes = []string{lab.Find, lab.Prove, lab.Count}

// sentence is an error as a person is told it.
func sentence(err error) string {
	s, _, _ := strings.Cut(err.Error(), ", or a bound by --") // here a search can be cancelled instead
	first, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[n:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// plural is a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if strings.HasSuffix(thing, "s") {
		return count(int64(n)) + " " + thing + "es"
	}
	return count(int64(n)) + " " + thing + "s"
}

// count writes a number.
func count(n int64) string { return grouped(strconv.FormatInt(n, 10)) }

// grouped writes digits with the thousands apart.
func grouped(digits string) string {
	if len(digits) <= 3 {
		return digits
	}
	return grouped(digits[:len(digits)-3]) + "," + digits[len(digits)-3:]
}

// number writes an exact number; one that is too long to be read at a glance, about.
func number(n lab.Number) string {
	if n.Int == nil {
		return "0"
	}
	s := n.String()
	if len(s) > 16 {
		f, _ := new(big.Float).SetInt(n.Int).Float64()
		if math.IsInf(f, 0) {
			return fmt.Sprintf("10^%d", len(s)-1)
		}
		return strings.Replace(strconv.FormatFloat(f, 'e', 2, 64), "e+", " × 10^", 1)
	}
	return grouped(s)
}

// duration writes milliseconds.
func duration(ms float64) string {
	switch {
	case ms < 1:
		return strconv.FormatFloat(ms, 'f', 2, 64) + " ms"
	case ms < 1000:
		return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
	}
	return strconv.FormatFloat(ms/1000, 'f', 1, 64) + " s"
}

// sizes is how large a setup is: "2 threads × 1 store".
func sizes(s lab.Setup) string {
	return plural(s.Threads, "thread") + " × " + plural(s.Ops, scenarioOf(s.Scenario).Call)
}

// letters are the threads' names, for a sentence.
func (d *Desk) letters() string {
	if d.state.Threads == 1 {
		return "A"
	}
	return "A to " + catalogue.Letter(d.state.Threads-1)
}

// tellStep says the step that was taken last, as it is read out.
func (d *Desk) tellStep() string {
	x := &d.state
	at := fmt.Sprintf("Step %d of %d. ", x.Step, len(x.Rows))
	if x.Step == 0 {
		return at + "Nobody has done anything."
	}
	r := &x.Rows[x.Step-1]
	at += catalogue.Letter(r.Thread) + ": " + r.Text + "."
	if x.Complete && x.Step == len(x.Rows) {
		if x.Fault {
			return at + " " + x.Why
		}
		return at + " All have ended, and nothing is broken."
	}
	return at
}

// tellOutcome says what a search came to.
func (d *Desk) tellOutcome() string {
	o := d.last
	switch {
	case o.cancelled:
		return "Cancelled after " + plural(int(o.Executions.Int64()), "execution") + "."
	case o.Verdict == lab.Violated && o.Counterexample != nil:
		return "Violated: " + d.state.Schedule + ". " + d.state.Why
	case o.Verdict == lab.Holds:
		return "Holds. " + d.bound() + "."
	}
	return "Unknown: " + o.Stopped + "."
}

// bound says what was covered, and that it is a bound.
func (d *Desk) bound() string {
	return sizes(d.state.Setup) + ", sequentially consistent"
}
