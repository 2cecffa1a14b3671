package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"slotrace/engine/catalogue"
	"slotrace/engine/lab"
)

// exploredText writes what a search came to for people: the verdict, the schedule as a
// table with a column for each thread, and why.
func exploredText(to io.Writer, r *lab.Result) error {
	w := bufio.NewWriter(to) // keeps the first error
	s, _, _ := catalogue.Find(r.Scenario, r.Variant)
	calls := s.Call
	if r.Ops != 1 {
		calls += "s"
	}
	fmt.Fprintf(w, "%s, %s, %d threads x %d %s: %s\n", r.Scenario, r.Variant, r.Threads, r.Ops, calls, headline(r))
	if r.Abstraction != "" {
		fmt.Fprintln(w, wrap(fmt.Sprintf("Counted by %d states. %s", r.States, r.Abstraction), "", textWidth))
	}
	if c := r.Counterexample; c != nil {
		fmt.Fprintln(w)
		if c.Threads != r.Threads || c.Ops != r.Ops {
			fmt.Fprintf(w, "With %d threads x %d it is enough:\n", c.Threads, c.Ops)
		}
		writeSchedule(w, c)
		if c.Why != "" {
			fmt.Fprintf(w, "\n%s\n", wrap(c.Why, "", textWidth))
		}
		fmt.Fprintf(w, "\n%s\n", lampsText(c.Lamps))
		fmt.Fprintf(w, "\nslotrace replay --scenario %s --variant %s --threads %d --ops %d --schedule %s\n", r.Scenario, r.Variant, c.Threads, c.Ops, c.Schedule)
	} else if r.Verdict == lab.Holds {
		fmt.Fprintf(w, "%s\nThis is so for %d threads x %d, sequentially consistent; larger sizes were not looked at.\n", s.Invariant, r.Threads, r.Ops)
	}
	return w.Flush()
}

// headline is the verdict with its numbers.
func headline(r *lab.Result) string {
	what := "executions"
	if r.Mode == lab.Prove {
		what = "classes of executions"
	}
	text := fmt.Sprintf("%s; %s %s", r.Verdict, r.Executions.Int, what)
	if r.Mode == "replay" {
		text = r.Verdict
	}
	if r.Violations.Int != nil && r.Violations.Sign() > 0 && r.Mode != "replay" {
		text += fmt.Sprintf(", %s violate the invariant", r.Violations.Int)
	}
	if r.Races > 0 {
		text += fmt.Sprintf(", %d more have a data race", r.Races)
	}
	if r.Mode != "replay" {
		if r.Complete {
			text += ", which are all"
		}
		text += fmt.Sprintf(", in %.1f ms", r.Elapsed)
	}
	if r.Seed != nil {
		text += fmt.Sprintf(", seed %d", *r.Seed)
	}
	if r.Stopped != "" {
		text += "; " + r.Stopped
	}
	return text
}

// writeSchedule writes an execution, a row an operation, and a row for each switch.
func writeSchedule(w io.Writer, c *lab.Counterexample) {
	width := make([]int, c.Threads)
	cell := func(s lab.Step) string {
		text := s.Operation + " " + s.Object
		if s.Value != nil {
			text += fmt.Sprintf(" → %d", *s.Value)
		}
		return text
	}
	for _, s := range c.Steps {
		i := int(s.Thread[0] - 'A')
		width[i] = max(width[i], utf8.RuneCountInString(cell(s)), 4)
	}
	line := func(number string, of int, text string) {
		row := fmt.Sprintf("%4s", number)
		for i, n := range width {
			if n == 0 {
				continue // it takes no operation
			}
			t := ""
			if of < 0 {
				t = catalogue.Letter(i)
			} else if i == of {
				t = text
			}
			row += "  " + t + strings.Repeat(" ", n-utf8.RuneCountInString(t))
		}
		fmt.Fprintln(w, strings.TrimRight(row, " "))
	}
	fmt.Fprintf(w, "%s, %d operations, %s\n\n", c.Schedule, c.Operations, plural(c.Preemptions, "preemption"))
	line("", -1, "")
	for n, s := range c.Steps {
		if n > 0 && c.Steps[n-1].Thread != s.Thread {
			if s.Preempts {
				fmt.Fprintf(w, "      -- switch to %s: a preemption, %s could have gone on\n", s.Thread, c.Steps[n-1].Thread)
			} else {
				fmt.Fprintf(w, "      -- switch to %s\n", s.Thread)
			}
		}
		line(fmt.Sprint(n+1), int(s.Thread[0]-'A'), cell(s))
	}
}

func lampsText(l lab.Lamps) string {
	say := func(good bool) string {
		if good {
			return "yes"
		}
		return "NO"
	}
	return fmt.Sprintf("content intact: %s   linearizable: %s   free of data races: %s   go test -race: %s on the mapped file, %s on the heap",
		say(l.Intact), say(l.Linearizable), say(l.RaceFree), l.GoRace, l.GoRaceHeap)
}

// listed is a scenario in explore --list --json.
type listed struct {
	Name      string          `json:"name"`
	Variants  []listedVariant `json:"variants"`
	Invariant string          `json:"invariant"`
	Story     string          `json:"story"`
}

type listedVariant struct {
	Name  string `json:"name"`
	Holds bool   `json:"holds"`
}

func listScenarios(to io.Writer, asJSON bool) error {
	var all []listed
	for _, s := range catalogue.All {
		l := listed{Name: s.Name, Invariant: s.Invariant, Story: s.Story}
		for _, v := range s.Variants {
			l.Variants = append(l.Variants, listedVariant{v.Name, v.Holds})
		}
		all = append(all, l)
	}
	if asJSON {
		return json.NewEncoder(to).Encode(map[string]any{"scenarios": all})
	}
	w := bufio.NewWriter(to)
	for i, s := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\n%s\n%s\n", s.Name, wrap(s.Invariant, "  ", textWidth), wrap(s.Story, "  ", textWidth))
		for _, v := range s.Variants {
			does := "breaks"
			if v.Holds {
				does = "holds"
			}
			fmt.Fprintf(w, "    %-6s  %s\n", does, v.Name)
		}
	}
	return w.Flush()
}

func plural(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
