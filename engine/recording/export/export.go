// Package export writes a recording's steps in forms that other tools read, a segment at a
// time.
package export

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"slotrace/engine/event"
	"slotrace/engine/recording"
)

// Options choose what is written.
type Options struct {
	Format   string // one of Formats
	From, To int64  // only this stretch of the run's clock, nanoseconds; To 0 = to the end

	// Segment, if there is one, is told of each segment that has been written, and of how many
	// there are.
	Segment func(done, of int)
}

// Formats lists the formats.
var Formats = []string{"perfetto", "json", "csv"}

// writer is a format. What it is shown comes in order of time, but steps only within each
// writer.
type writer interface {
	begin(s *recording.Summary)
	steps(side uint8, lap uint32, records []event.Record)
	gap(g recording.Gap)
	totals(at int64, t *event.Totals)
	lap(at int64, c *event.Cells)
	loss(at int64, side uint8, l *event.Loss)
	end(ended string)
}

// Write writes a recording. What is damaged is left out, and named in the error, a
// recording.ErrDamaged, when all else has been written.
func Write(ctx context.Context, w io.Writer, r *recording.Recording, o Options) error {
	out := &output{Writer: bufio.NewWriterSize(w, 256<<10)}
	var f writer
	switch o.Format {
	case "perfetto":
		f = newPerfetto(out)
	case "json":
		f = &lines{out: out}
	case "csv":
		f = &table{out: out}
	default:
		return fmt.Errorf("there is no format %.40q", o.Format)
	}
	if o.To == 0 {
		_, o.To = r.Span()
	}
	s := r.Summary()
	f.begin(&s)
	damaged := slices.Clone(s.Damage)
	var told told
	for i := range r.Segments {
		if segment := &r.Segments[i]; segment.To < o.From || segment.From > o.To && i > 0 {
			continue
		}
		frames, err := r.Frames(i)
		switch {
		case errors.Is(err, fs.ErrNotExist): // it is in Damage
			continue
		case errors.Is(err, recording.ErrDamaged):
			damaged = Named(damaged, err)
			continue
		case err != nil:
			return err
		}
		for k := range frames {
			if err := ctx.Err(); err != nil {
				return err
			}
			o.frame(f, &frames[k], &told)
		}
		if out.err != nil {
			return out.err
		}
		if o.Segment != nil {
			o.Segment(i+1, len(r.Segments))
		}
	}
	f.end(r.Ended)
	if err := out.Flush(); err != nil {
		return err
	}
	if len(damaged) > 0 {
		return &DamageError{damaged}
	}
	return nil
}

// Named adds err, which reading a segment failed with, to what is known of damage, unless that
// names the segment already.
func Named(damage []string, err error) []string {
	file, _, _ := strings.Cut(err.Error(), ":")
	if slices.ContainsFunc(damage, func(d string) bool { return strings.HasPrefix(d, file+":") }) {
		return damage
	}
	return append(damage, err.Error())
}

// DamageError names what could not be written. It is a recording.ErrDamaged.
type DamageError struct{ What []string }

func (e *DamageError) Error() string {
	return fmt.Sprintf("%d parts are damaged: %s", len(e.What), e.What[0])
}
func (e *DamageError) Unwrap() error { return recording.ErrDamaged }

// told is what has been told of each side: a segment begins with what the one before told.
type told struct {
	laps   [event.MaxSides]uint32 // the latest that ended
	losses [event.MaxSides]uint64 // the number of the newest
}

func (o *Options) frame(f writer, frame *recording.Frame, told *told) {
	inside := func(at int64) bool { return at >= o.From && at <= o.To }
	for _, g := range frame.Gaps {
		if g.To >= o.From && g.From <= o.To {
			f.gap(g)
		}
	}
	for i := range frame.Steps {
		s := &frame.Steps[i]
		records := slices.DeleteFunc(s.Records, func(r event.Record) bool { return !inside(r.At) })
		// In order of time; those of one writer stay as they are.
		slices.SortStableFunc(records, func(a, b event.Record) int { return cmp.Compare(a.At, b.At) })
		if len(records) > 0 {
			f.steps(s.Side, s.Lap, records)
		}
	}
	if inside(frame.At) {
		for i := range frame.Totals {
			f.totals(frame.At, &frame.Totals[i])
		}
		for i := range frame.Cells {
			if c := &frame.Cells[i]; c.Ended && c.Lap != told.laps[c.Side] {
				told.laps[c.Side] = c.Lap
				f.lap(frame.At, c)
			}
		}
	}
	for i := range frame.Evidence {
		e := &frame.Evidence[i]
		for k := range e.Items {
			l := &e.Items[k]
			if l.Number <= told.losses[e.Side] {
				continue
			}
			told.losses[e.Side] = l.Number
			if inside(frame.At) {
				f.loss(frame.At, e.Side, l)
			}
		}
	}
}

// output is what is written to: it remembers that it failed.
type output struct {
	*bufio.Writer
	err error
	b   []byte // of the line under way
}

// line writes what was put in b.
func (o *output) line() {
	if _, err := o.Write(o.b); err != nil && o.err == nil {
		o.err = err
	}
	o.b = o.b[:0]
}

func (o *output) text(s string)   { o.b = append(o.b, s...) }
func (o *output) number(n uint64) { o.b = strconv.AppendUint(o.b, n, 10) }
func (o *output) integer(n int64) { o.b = strconv.AppendInt(o.b, n, 10) }
func (o *output) quoted(s string) { o.b = append(o.b, asJSON(s)...) }

// field writes a number in an object, behind another field.
func (o *output) field(name string, n uint64) {
	o.text(`,"`)
	o.text(name)
	o.text(`":`)
	o.number(n)
}

func (o *output) flag(is bool) { o.b = strconv.AppendBool(o.b, is) }
func (o *output) value(v uint32) {
	if v == event.NoValue {
		o.text("null")
		return
	}
	o.number(uint64(v))
}

func asJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("null") // no value that is written can fail
	}
	return b
}

func phase(p event.Phase) string {
	if p == event.Arrive {
		return "arrive"
	}
	return "done"
}
