package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"slotrace/engine"
)

const checkHelp = `usage: slotrace check DIR [--json]

Verifies every checksum, range and invariant of the store in the folder DIR, which
nothing may have open, and changes nothing. Damage is told by entry.

  --json   print one JSON object:
           {"dir","ok","capacity","entries","damaged_total","damaged":[{"slot","id","what"}],"notes":[…],"failure"}
           "damaged" lists the first 1,000; "failure" says why nothing could be listed

Exit: 0 the store is sound, 1 it is damaged, 2 the call is off, 4 it could not be read.
`

// checked is what check --json prints.
type checked struct {
	Dir      string   `json:"dir"`
	OK       bool     `json:"ok"`
	Capacity uint64   `json:"capacity"`
	Entries  uint64   `json:"entries"`
	Total    uint64   `json:"damaged_total"`
	Damaged  []damage `json:"damaged"`
	Notes    []string `json:"notes"`
	Failure  string   `json:"failure,omitempty"`
}

type damage struct {
	Slot uint64 `json:"slot"`
	ID   string `json:"id"`
	What string `json:"what"`
}

func runCheck(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	inJSON := flags.Bool("json", false, "")
	var dirs []string
	for rest := args; ; { // flags may stand before and behind the folder
		if err := flags.Parse(rest); err != nil {
			if errors.Is(err, errHelp) {
				fmt.Fprint(stdout, checkHelp)
				return exitOK
			}
			return misused(stderr, "slotrace check", flagError(err, "--json").Error())
		}
		if flags.NArg() == 0 {
			break
		}
		dirs, rest = append(dirs, flags.Arg(0)), flags.Args()[1:]
	}
	if len(dirs) != 1 || dirs[0] == "" {
		return misused(stderr, "slotrace check", fmt.Sprintf("it takes one folder, not %d", len(dirs)))
	}
	r, err := engine.Check(dirs[0])
	damagedWhole := errors.Is(err, engine.ErrDamaged)
	if err != nil && !damagedWhole {
		text := inOneLine(err)
		if inside, _ := filepath.Glob(filepath.Join(dirs[0], "*", "*.store")); errors.Is(err, engine.ErrNoStore) && len(inside) > 0 {
			text += fmt.Sprintf("; %q would do", filepath.Dir(inside[0]))
		}
		fmt.Fprintf(stderr, "slotrace: %s\n", text)
		return exitFailed
	}
	c := checked{Dir: dirs[0], OK: err == nil && r.DamagedAll == 0, Capacity: r.Capacity, Entries: r.Entries, Total: r.DamagedAll, Damaged: []damage{}, Notes: append([]string{}, r.Notes...)}
	if damagedWhole {
		c.Failure = inOneLine(err)
	}
	for _, d := range r.Damaged {
		c.Damaged = append(c.Damaged, damage{d.Slot, printable(d.ID), d.What})
	}
	if *inJSON {
		err = json.NewEncoder(stdout).Encode(c)
	} else {
		err = c.tell(stdout)
	}
	if !c.OK {
		return printed("check", err, stderr, exitFound)
	}
	return printed("check", err, stderr, exitOK)
}

// printable leaves nothing in an id, which may be damaged, that a terminal obeys.
func printable(id string) string { return strings.ToValidUTF8(id, "\ufffd") }

func (c *checked) tell(to io.Writer) error {
	w := bufio.NewWriter(to) // keeps the first error
	if c.Failure != "" {
		fmt.Fprintln(w, c.Failure)
		return w.Flush()
	}
	for _, d := range c.Damaged {
		fmt.Fprintf(w, "slot %d, %.60q: %s\n", d.Slot, d.ID, d.What)
	}
	if more := c.Total - uint64(len(c.Damaged)); more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
	for _, n := range c.Notes {
		fmt.Fprintf(w, "note: %s\n", n)
	}
	verdict := "every entry is whole"
	if c.Total > 0 {
		verdict = fmt.Sprintf("%d damaged", c.Total)
	}
	fmt.Fprintf(w, "%s: %d entries in %d slots: %s\n", c.Dir, c.Entries, c.Capacity, verdict)
	return w.Flush()
}

func inOneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
