package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"slotrace/engine/recording"
	"slotrace/engine/recording/export"
)

const exportHelp = `usage: slotrace export RECORDING --format NAME [flags]

Writes a recording for other tools. RECORDING is a folder, or the file that is downloaded
of one. It is read a segment at a time, whatever its size.

  --format perfetto  a trace for https://ui.perfetto.dev or chrome://tracing: a side is a
                     process, a writer a thread, a put a slice with its phases (look, write,
                     index, tell) inside. A collision is an instant, with an arrow from the
                     store that held the slot; stored, lost and collisions are counters
  --format json      one JSON object a line; "type" says what it is:
                     recording  what slotrace play --json tells; the first line
                     step       "at_ns","side","lap","writer","store","step","phase","value",
                                "collided"
                     totals     "at_ns","side","lap","stored","readable","lost","unread",
                                "collisions","collided"; exact
                     lap        "at_ns","side","lap","slots","collided": it has ended and has
                                been read back
                     loss       "at_ns","side","number","lap","slot","writer","store","id",
                                "expected","got"
                     gap        "at_ns","side","to_ns": between these not every step is there
                     end        "ended": why; the last line
  --format csv       a row a step, below a row of names:
                     at_ns,side,lap,writer,store,step,phase,value,collided
  -o FILE            write there, and only if all could be written; otherwise to standard
                     output
  --from D, --to D   only that stretch of the run's clock, such as 1.5s

Times are nanoseconds on the run's clock. Sides are 0 and 1, writers count from 1, a writer's
stores from 0. Steps come in order of time within each writer. "value" is the slot at look,
claim and block; where there is none it is null, and empty in CSV. "phase" is "arrive", held
back before a step, or "done".

Exit: 0 it was written, 1 what is damaged was left out, 2 the call is off, 3 it was stopped,
and FILE is as it was, 4 it could not be done.
`

type exportWords struct {
	path, out string
	options   export.Options
}

func parseExport(args []string) (w exportWords, err error) {
	const there = "--format, -o, --from, --to"
	flags := flag.NewFlagSet("export", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&w.options.Format, "format", "", "")
	flags.Func("o", "", func(s string) error {
		if s == "" {
			return errors.New("a file is due")
		}
		w.out = s
		return nil
	})
	var from, to time.Duration
	for name, d := range map[string]*time.Duration{"from": &from, "to": &to} {
		flags.Func(name, "", func(s string) (err error) {
			if *d, err = time.ParseDuration(s); err != nil {
				return fmt.Errorf("%.40q must be a duration, such as 1.5s or 300ms", s)
			}
			return nil
		})
	}
	if w.path, err = onePath(flags, args); err != nil {
		return w, flagError(err, there)
	}
	w.options.From, w.options.To = int64(from), int64(to)
	switch {
	case w.options.Format == "":
		return w, errors.New("--format is due: " + strings.Join(export.Formats, ", "))
	case !slices.Contains(export.Formats, w.options.Format):
		return w, fmt.Errorf("--format: there is no format %.40q; there are %s", w.options.Format, strings.Join(export.Formats, ", "))
	case from < 0 || to < 0 || to > 0 && to < from:
		return w, fmt.Errorf("--from %v and --to %v: nothing is between them", from, to)
	}
	return w, nil
}

func runExport(args []string, stdout, stderr io.Writer) int {
	words, err := parseExport(args)
	switch {
	case errors.Is(err, errHelp):
		fmt.Fprint(stdout, exportHelp)
		return exitOK
	case err != nil:
		return misused(stderr, "slotrace export", err.Error())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second one ends it, whatever it waits for
	return words.export(ctx, stdout, stderr)
}

func (words exportWords) export(ctx context.Context, stdout, stderr io.Writer) int {
	r, closed, err := openRecording(words.path)
	if err != nil {
		return unreadable(stderr, words.path, err)
	}
	defer closed()
	progress := exportLine{to: stderr, on: isTerminal(stderr)}
	words.options.Segment = progress.show
	if words.out == "" {
		err = export.Write(ctx, stdout, r, words.options)
	} else {
		err = writeFile(words.out, func(w io.Writer) error { return export.Write(ctx, w, r, words.options) })
	}
	progress.end()
	var damage *export.DamageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &damage):
		for _, d := range damage.What {
			fmt.Fprintf(stderr, "slotrace export: damaged, and left out: %s\n", d)
		}
		return exitFound
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "slotrace export: it was stopped")
		return exitBounded
	case errors.Is(err, syscall.EPIPE): // whoever read it has seen enough
		return exitFailed
	}
	fmt.Fprintf(stderr, "slotrace export: %s\n", inOneLine(reason(err)))
	return exitFailed
}

// writeFile has a file written, and put in its place when it is whole. What is damaged does not
// keep it from being whole.
func writeFile(name string, write func(w io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*.part")
	if err != nil {
		return fmt.Errorf("%q could not be made: %w", name, reason(err))
	}
	err = write(f)
	var damage *export.DamageError
	if err != nil && !errors.As(err, &damage) {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	whole := f.Chmod(0o644)
	if whole = errors.Join(whole, f.Close()); whole == nil {
		whole = os.Rename(f.Name(), name)
	}
	if whole != nil {
		return errors.Join(fmt.Errorf("%q could not be written: %w", name, reason(whole)), os.Remove(f.Name()))
	}
	return err
}

// exportLine shows a person how far it has come, in one line.
type exportLine struct {
	to    io.Writer
	on    bool
	shown time.Time
}

func (l *exportLine) show(done, of int) {
	if l.on && time.Since(l.shown) > 100*time.Millisecond {
		l.shown = time.Now()
		fmt.Fprintf(l.to, "\r%s of %s", recording.Number(uint64(done)), recording.Plural(uint64(of), "segment"))
	}
}

func (l *exportLine) end() {
	if !l.shown.IsZero() {
		fmt.Fprint(l.to, "\r\x1b[K")
	}
}
