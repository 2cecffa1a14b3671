package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"slotrace/engine/recording"
	"slotrace/engine/recording/export"
)

const playHelp = `usage: slotrace play RECORDING [--json]

Tells what a recording came to: what ran, the exact outcome, which times do not have every
step, and what is damaged. All of it is read. RECORDING is a folder, or the file that is
downloaded of one.

  --json   print one JSON object:
           {"name","made","version","machine","run":{…},"seconds","bytes","segments","events",
           "left_out","every_step","gaps":[{"side","from","to"}],"collisions_recorded",
           "sides":[{"lap","stored","readable","lost","unread","collisions","collided"}],
           "ended","damage":[…],"ok"}
           "from" and "to" are nanoseconds on the run's clock; "collided" is of the last lap

Exit: 0 it is whole, 1 it is damaged, 2 the call is off, 4 there is none, or it could not
be read.
`

// played is what play --json prints.
type played struct {
	recording.Summary
	OK bool `json:"ok"`
}

func runPlay(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("play", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	inJSON := flags.Bool("json", false, "")
	path, err := onePath(flags, args)
	switch {
	case errors.Is(err, errHelp):
		fmt.Fprint(stdout, playHelp)
		return exitOK
	case err != nil:
		return misused(stderr, "slotrace play", flagError(err, "--json").Error())
	}
	r, closed, err := openRecording(path)
	if err != nil {
		return unreadable(stderr, path, err)
	}
	defer closed()
	p := played{Summary: r.Summary()}
	for i := range r.Segments {
		if _, err := r.Frames(i); errors.Is(err, recording.ErrDamaged) {
			p.Damage = export.Named(p.Damage, err)
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unreadable(stderr, path, err)
		}
	}
	p.OK = len(p.Damage) == 0
	if *inJSON {
		b, _ := json.Marshal(p) // strings and numbers: nothing in it can fail
		_, err = fmt.Fprintf(stdout, "%s\n", b)
	} else {
		err = p.tell(stdout)
	}
	if !p.OK {
		return printed("play", err, stderr, exitFound)
	}
	return printed("play", err, stderr, exitOK)
}

// onePath parses flags, which may stand before and behind the one path that they are about.
func onePath(flags *flag.FlagSet, args []string) (path string, err error) {
	var paths []string
	for rest := args; ; {
		if err := flags.Parse(rest); err != nil {
			return "", err
		}
		if flags.NArg() == 0 {
			break
		}
		paths, rest = append(paths, flags.Arg(0)), flags.Args()[1:]
	}
	if len(paths) != 1 || paths[0] == "" {
		return "", fmt.Errorf("it takes one recording, not %d", len(paths))
	}
	return paths[0], nil
}

// openRecording opens a folder or a file.
func openRecording(path string) (r *recording.Recording, closed func() error, err error) {
	closed = func() error { return nil }
	info, err := os.Stat(path)
	if err != nil {
		return nil, closed, err
	}
	if info.IsDir() {
		fsys, err := folder(path)
		if err == nil {
			r, err = recording.Open(fsys)
		}
		return r, closed, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, closed, err
	}
	r, err = recording.OpenZip(f, info.Size())
	if err != nil {
		return nil, closed, errors.Join(err, f.Close())
	}
	return r, f.Close, nil
}

// unreadable tells why a recording could not be opened.
func unreadable(stderr io.Writer, path string, err error) int {
	text := inOneLine(reason(err))
	if errors.Is(err, recording.ErrForeign) {
		for _, below := range []string{"*", filepath.Join("recordings", "*")} {
			if inside, _ := filepath.Glob(filepath.Join(path, below, "header.slot")); len(inside) > 0 {
				text += fmt.Sprintf("; %q would do", filepath.Dir(inside[0]))
				break
			}
		}
	}
	fmt.Fprintf(stderr, "slotrace: %q: %s\n", path, text)
	if errors.Is(err, recording.ErrDamaged) {
		return exitFound
	}
	return exitFailed
}

func (p *played) tell(w io.Writer) error {
	var b []byte
	line := func(format string, args ...any) { b = fmt.Appendf(b, format+"\n", args...) }
	line("%s", p.Name)
	line("recorded on %s, %s, by %s", p.Date(), p.Machine, p.Version)
	line("%s", p.Setup())
	line("%s", p.Outcome())
	line("")
	var names []string
	wide := 16
	for i := range p.Sides {
		names = append(names, strings.Join(p.Allocators(i), ", "))
		wide = max(wide, len(names[i]))
	}
	line("%-*s %13s %13s %13s %13s %13s", wide, "", "stored", "read back", "lost", "not read", "collisions")
	for i, f := range p.Sides {
		line("%-*s %13s %13s %13s %13s %13s", wide, names[i], recording.Number(f.Stored), recording.Number(f.Readable), recording.Number(f.Lost), recording.Number(f.Unread), recording.Number(f.Collisions))
	}
	line("")
	line("%s %s, %s.", p.Steps(), recording.Plural(uint64(p.Segments), "segment"), recording.Bytes(p.Bytes))
	if p.LeftOut > 0 {
		line("%s found no room.", recording.Plural(p.LeftOut, "step"))
	}
	for _, g := range p.Gaps {
		side := ""
		if len(p.Sides) > 1 {
			side = ", side " + recording.Number(uint64(g.Side)+1)
		}
		line("  not every step from %.6f s to %.6f s%s", float64(g.From)/1e9, float64(g.To)/1e9, side)
	}
	if p.Ended == "" {
		line("It was cut off, and has all up to its last whole segment.")
	} else {
		line("It ended: %s.", p.Ended)
	}
	for _, d := range p.Damage {
		line("damaged: %s", d)
	}
	_, err := w.Write(b)
	return err
}
