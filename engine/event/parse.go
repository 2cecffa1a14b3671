package event

import (
	"errors"
	"strconv"

	"slotrace/engine/visible"
)

// Errors of parsing. ErrVersion is for a message of another version of the form.
var ErrVersion = errors.New("this side speaks " + Protocol)

// ParseHello parses a hello message.
func ParseHello(b []byte) (*Hello, error) {
	r := reader{rest: b, what: "hello"}
	if err := r.header(kindHello); err != nil {
		return nil, err
	}
	h := &Hello{Server: r.text(), Control: r.u8() != 0}
	for n := int(r.u8()); n > 0 && !r.short; n-- {
		h.Allocators = append(h.Allocators, Allocator{Name: r.text(), Holds: r.u8() != 0, Source: r.source()})
	}
	h.Put = r.source()
	return h, r.err()
}

func (r *reader) source() Source {
	s := Source{File: r.text(), First: int(r.u16())}
	for n := int(r.u16()); n > 0 && !r.short; n-- {
		s.Lines = append(s.Lines, r.text())
	}
	for n := int(r.u8()); n > 0 && !r.short; n-- {
		s.Marks = append(s.Marks, Mark{Step: visible.Step(r.u8()), Line: int(r.u16())})
	}
	return s
}

// ParseAck parses an acknowledgement.
func ParseAck(b []byte) (sequence uint32, err error) {
	r := reader{rest: b, what: "acknowledgement"}
	if err := r.header(kindAck); err != nil {
		return 0, err
	}
	if len(r.rest) != 4 {
		return 0, errors.New("acknowledgement: " + strconv.Itoa(len(b)) + " bytes where 6 were due")
	}
	return r.u32(), nil
}

// ParsePresent parses a presenter's first message.
func ParsePresent(b []byte) (session Session, hello *Hello, err error) {
	r := reader{rest: b, what: "present"}
	if err := r.header(kindPresent); err != nil {
		return session, nil, err
	}
	copy(session[:], r.bytes(len(session)))
	if r.short {
		return session, nil, r.err()
	}
	hello, err = ParseHello(r.rest)
	return session, hello, err
}

// ParseFrame parses a frame. Cells refer to b.
func ParseFrame(b []byte) (*Frame, error) {
	r := reader{rest: b, what: "frame"}
	if err := r.header(kindFrame); err != nil {
		return nil, err
	}
	f := &Frame{Sequence: r.u32()}
	for len(r.rest) > 0 && !r.short {
		tag, side := r.u8(), r.u8()
		s := reader{rest: r.bytes(int(r.u32())), what: "section"}
		if r.short {
			break
		}
		if side >= MaxSides {
			return nil, errors.New("frame: there is no side " + strconv.Itoa(int(side)))
		}
		switch tag {
		case tagState:
			s.what = "state"
			f.State = s.state()
			if w, n := f.State.Writers, f.State.Sides; w < 1 || w > MaxWriters || n < 1 || n > MaxSides {
				s.bad = strconv.Itoa(int(w)) + " writers on " + strconv.Itoa(int(n)) + " sides"
			}
		case tagTotals:
			s.what = "totals"
			f.Totals = append(f.Totals, s.totals(side))
		case tagCells:
			s.what = "cells"
			f.Cells = append(f.Cells, Cells{Side: side, Lap: s.u32(), Ended: s.u8() != 0, Slots: s.u32(), Collided: s.u32(), First: s.u32(), Cells: s.rest})
			if c := &f.Cells[len(f.Cells)-1]; uint64(c.First)+uint64(len(c.Cells)) > uint64(c.Slots) {
				s.bad = "the stretch ends behind the last slot"
			}
		case tagSteps:
			s.what = "steps"
			f.Steps = append(f.Steps, s.steps(side))
		case tagEvidence:
			s.what = "evidence"
			f.Evidence = append(f.Evidence, s.evidence(side))
		case tagNotice:
			s.what = "notice"
			f.Notice, f.Noticed = s.text(), true
		}
		if err := s.err(); err != nil {
			return nil, err
		}
	}
	return f, r.err()
}

func (r *reader) state() *State {
	s := &State{Run: r.u32(), State: RunState(r.u8()), Writers: r.u8(), Sides: r.u8()}
	s.Allocators[0], s.Allocators[1] = r.u8(), r.u8()
	s.Slots, s.Pace, s.Window, s.Stores, s.Watching, s.Failure = r.u32(), r.u32(), r.u32(), r.u64(), r.u16(), r.text()
	if len(r.rest) > 0 { // it came later than the rest
		s.Recording = Recording(r.u8())
	}
	return s
}

func (r *reader) totals(side byte) Totals {
	t := Totals{Side: side, Clock: int64(r.u64()), Lap: r.u32()}
	for _, v := range [...]*uint64{&t.Stored, &t.Readable, &t.Lost, &t.Unread, &t.Collisions, &t.Collided, &t.RecentStored, &t.RecentCollisions} {
		*v = r.u64()
	}
	for _, v := range [...]*uint32{&t.Rate, &t.P50, &t.P99, &t.P999} {
		*v = r.u32()
	}
	t.Dropped = r.u64()
	return t
}

func (r *reader) steps(side byte) Steps {
	s := Steps{Side: side, Lap: r.u32()}
	kind := r.u8()
	s.Burst, s.Anew = kind == 1, kind == stepsAnew
	s.Base, s.Length, s.OneIn, s.LeftOut = int64(r.u64()), r.u32(), r.u32(), r.u32()
	s.Records = make([]Record, 0, len(r.rest)/recordBytes)
	for len(r.rest) >= recordBytes {
		b := r.bytes(recordBytes)
		s.Records = append(s.Records, Record{
			At:       s.Base + int64(le.Uint32(b)),
			Value:    le.Uint32(b[4:]),
			Number:   le.Uint32(b[8:]),
			Thread:   b[12],
			Step:     visible.Step(b[13]),
			Phase:    Phase(b[14]),
			Collided: b[15]&1 != 0,
		})
		r.writer(b[12])
	}
	if len(r.rest) > 0 {
		r.short = true
	}
	return s
}

func (r *reader) evidence(side byte) Evidence {
	e := Evidence{Side: side, Total: r.u64()}
	for n := int(r.u16()); n > 0 && !r.short; n-- {
		e.Items = append(e.Items, Loss{Number: r.u64(), Slot: r.u32(), Lap: r.u32(), Writer: r.u8(), Store: r.u32(), ID: r.text(), Expected: r.text(), Got: r.text()})
		r.writer(e.Items[len(e.Items)-1].Writer)
	}
	return e
}

// writer takes exception to a writer that no run has.
func (r *reader) writer(w byte) {
	if w >= MaxWriters {
		r.bad = "there is no writer " + strconv.Itoa(int(w))
	}
}

// reader takes fields from the front of a message. Past the end it gives zeros
// and remembers that the message was short, so that a parser checks once.
type reader struct {
	rest  []byte
	what  string
	short bool
	bad   string // what is wrong with a field, if anything is
}

func (r *reader) header(kind messageKind) error {
	if version := r.u8(); !r.short && version != Version { // of such a message not even the length means anything
		return ErrVersion
	}
	switch got := r.u8(); {
	case r.short:
		return r.err()
	case got != kind:
		return errors.New("kind " + strconv.Itoa(int(got)) + " where " + r.what + ", kind " + strconv.Itoa(int(kind)) + ", was due")
	}
	return nil
}

func (r *reader) err() error {
	if r.short {
		return errors.New(r.what + ": it ends in the middle of a field")
	}
	if r.bad != "" {
		return errors.New(r.what + ": " + r.bad)
	}
	return nil
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.short, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) u8() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if b := r.bytes(2); b != nil {
		return le.Uint16(b)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.bytes(4); b != nil {
		return le.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.bytes(8); b != nil {
		return le.Uint64(b)
	}
	return 0
}

func (r *reader) text() string { return string(r.bytes(int(r.u16()))) }
