package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// shownEvidence is how many pieces of each test's evidence a person is shown.
const shownEvidence = 3

// textWidth is how wide the text for people is, in columns.
const textWidth = 96

// writeText writes the runs for people: a table, what was found, and the verdict in the
// last line.
func (f *reviewed) writeText(to io.Writer) error {
	w := bufio.NewWriter(to) // keeps the first error
	if f.Runs == 1 {
		fmt.Fprintf(w, "Review of %s, seed %d\n", f.Allocator, f.Seed)
	} else {
		fmt.Fprintf(w, "Review of %s, %d runs; here the worst, seed %d\n", f.Allocator, f.Runs, f.Seed)
	}
	fmt.Fprintf(w, "%s\n\n", wrap(f.Window, "", textWidth))
	const row = "%-2s %-22s %-6s %10s %9s %9s %9s %9s  %s\n"
	fmt.Fprintf(w, row, "", "test", "", "operations", "ms", "p50 us", "p99 us", "p99.9 us", "target")
	for _, t := range f.Tests {
		result, target := "pass", "met"
		if !t.Pass {
			result = "FAIL"
		}
		switch {
		case t.Target == "":
			target = "-"
		case !t.TargetMet:
			target = "missed"
		}
		fmt.Fprintf(w, row, fmt.Sprint(t.Number), t.Name, result, fmt.Sprint(t.Operations), fmt.Sprintf("%.1f", t.Duration),
			fmt.Sprintf("%.2f", t.P50), fmt.Sprintf("%.2f", t.P99), fmt.Sprintf("%.2f", t.P999), target)
	}
	var targets []string
	for _, t := range f.Tests {
		if t.Target != "" {
			targets = append(targets, fmt.Sprintf("%d: %s", t.Number, t.Target))
		}
	}
	fmt.Fprintf(w, "\n%s\n", wrap("Targets, "+strings.Join(targets, "; "), "", textWidth))
	for _, t := range f.Tests {
		if t.Original != "" {
			fmt.Fprintf(w, "\n%d, %s, in the original: %s", t.Number, t.Name, t.Original)
		}
	}
	fmt.Fprintln(w)
	for _, t := range f.Tests {
		if t.Pass {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", wrap(fmt.Sprintf("%d, %s: %s", t.Number, t.Name, t.Failure), "   ", textWidth))
		for i, e := range t.Evidence {
			if i == shownEvidence {
				break
			}
			fmt.Fprintf(w, "   %-20s expected  %s\n   %-20s got       %s\n", e.ID, e.Expected, "", e.Got)
		}
		if n := t.EvidenceTotal - min(shownEvidence, len(t.Evidence)); n > 0 {
			fmt.Fprintf(w, "   and %d more\n", n)
		}
		if t.Shrunk != "" {
			fmt.Fprintf(w, "%s\n", wrap("   the smallest that fails: "+t.Shrunk, "   ", textWidth))
		}
	}
	fmt.Fprintf(w, "\n%s\n", f.verdict())
	return w.Flush()
}

func (f *reviewed) verdict() string {
	v := fmt.Sprintf("%s: %d passed, %d failed", f.Allocator, f.Passed, f.Failed)
	switch {
	case f.Runs == 1:
	case f.Failed == 0:
		v += fmt.Sprintf(", in each of %d runs", f.Runs)
	default:
		v += fmt.Sprintf(" in the worst of %d runs; %d runs passed", f.Runs, f.RunsPassed)
	}
	return v + "."
}

// wrap breaks text into lines of up to width columns, the second and later ones behind
// indent.
func wrap(text, indent string, width int) string {
	lead := text[:len(text)-len(strings.TrimLeft(text, " "))]
	lines := []string{lead}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch blank := strings.TrimSpace(*last) == ""; {
		case blank:
			*last += word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, indent+word)
		default:
			*last += " " + word
		}
	}
	return strings.Join(lines, "\n")
}
