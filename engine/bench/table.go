//go:build !js

package bench

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// Print writes the report for people.
func (r Report) Print(w io.Writer) error {
	m := r.Machine
	fmt.Fprintf(w, "%d cores, %s %s, blocks of %d bytes, timing nothing takes %.0f ns\n", m.Cores, m.Go, m.System, m.BlockBytes, m.TimerNS)
	if r.Quick {
		fmt.Fprintln(w, "a quick run, to see that it works: the figures mean nothing")
	}
	fmt.Fprintln(w)
	if err := Table(w, r.Figures); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, f := range r.Figures {
		fmt.Fprintf(w, "%s: %s.\n", f.Name, f.What)
	}
	_, err := fmt.Fprintln(w, "\nmedians of rounds in which the two sides take turns; half of the rounds lay between low and high.")
	return err
}

// Table writes the figures, a line each.
func Table(w io.Writer, figures []Figure) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "figure\tvalue\tunit\tlow\thigh\treach\taim\tmet")
	for _, f := range figures {
		reach, aim, met := "-", "-", "-"
		if f.Goal != nil {
			reach, aim, met = number(f.Reach), number(f.Aim), f.Met
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Name, number(f.Value), f.Unit, number(f.Low), number(f.High), reach, aim, met)
	}
	return t.Flush()
}

// number is v with three digits that count, if it has so many.
func number(v float64) string {
	digits := 0
	switch {
	case v > -10 && v < 10:
		digits = 2
	case v > -100 && v < 100:
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}
