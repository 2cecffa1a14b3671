package event

import (
	"encoding/binary"
	"errors"
	"strconv"

	"slotrace/engine/visible"
)

// Protocol is the websocket subprotocol of the form in WIRE.md, which names every
// field that is written and read here.
const Protocol = "slotrace.v1"

// Limits of the wire form.
const (
	Version       = 1
	MaxMessage    = 128 << 10 // bytes in a message to a viewer
	MaxReply      = 64        // bytes in a message from a viewer
	MaxSides      = 2
	MaxWriters    = 64
	NoAllocator   = 255
	recordBytes   = 16
	sectionHeader = 6
)

// Close codes beyond those of RFC 6455.
const CloseVersion = 4001

type messageKind = byte

const (
	kindHello messageKind = 1
	kindFrame messageKind = 2
	kindAck   messageKind = 3
)

const (
	tagState byte = iota + 1
	tagTotals
	tagCells
	tagSteps
	tagEvidence
	tagNotice
)

// RunState is what a run is doing.
type RunState uint8

// The states of a run.
const (
	Idle RunState = iota
	Running
	Paused
	Finished
	Failed
)

var stateNames = [...]string{"idle", "running", "paused", "done", "failed"}

func (s RunState) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Hello is the first message.
type Hello struct {
	Server     string
	Control    bool
	Allocators []Allocator
	Put        Source
}

// Allocator names an allocator and shows its code.
type Allocator struct {
	Name   string
	Holds  bool
	Source Source
}

// Source is an excerpt of code.
type Source struct {
	File  string
	First int // number of Lines[0]
	Lines []string
	Marks []Mark
}

// Mark says that a step stands on a line.
type Mark struct {
	Step visible.Step
	Line int
}

// Line returns the number of the line on which step stands, or 0.
func (s *Source) Line(step visible.Step) int {
	for _, m := range s.Marks {
		if m.Step == step {
			return m.Line
		}
	}
	return 0
}

// State is tag 1.
type State struct {
	Run        uint32
	State      RunState
	Writers    uint8
	Sides      uint8
	Allocators [MaxSides]uint8
	Slots      uint32
	Pace       uint32 // microseconds
	Window     uint32 // microseconds
	Stores     uint64
	Watching   uint16
	Failure    string
}

// Totals is tag 2.
type Totals struct {
	Side             uint8
	Clock            int64
	Lap              uint32
	Stored           uint64
	Readable         uint64
	Lost             uint64
	Unread           uint64
	Collisions       uint64
	Collided         uint64
	RecentStored     uint64
	RecentCollisions uint64
	Rate             uint32
	P50, P99, P999   uint32
	Dropped          uint64
}

// Cells is tag 3.
type Cells struct {
	Side     uint8
	Lap      uint32
	Ended    bool
	Slots    uint32
	Collided uint32
	First    uint32
	Cells    []byte
}

// A cell is a byte: Claimed(writer), with Collided set from the second claim on.
const CellCollided = 0x80

// Steps is tag 4.
type Steps struct {
	Side    uint8
	Lap     uint32
	Burst   bool
	Base    int64
	Length  uint32
	OneIn   uint32
	LeftOut uint32
	Records []Record // At is on the run's clock, not from Base
}

// Evidence is tag 5.
type Evidence struct {
	Side  uint8
	Total uint64
	Items []Loss
}

// Loss is a memory that was stored without an error and does not read back.
type Loss struct {
	Number   uint64
	Slot     uint32
	Lap      uint32
	Writer   uint8
	Store    uint32
	ID       string
	Expected string
	Got      string
}

// Frame is a parsed frame.
type Frame struct {
	Sequence uint32
	State    *State
	Totals   []Totals
	Cells    []Cells
	Steps    []Steps
	Evidence []Evidence
	Notice   string
}

// AppendHello appends the message h to b.
func AppendHello(b []byte, h *Hello) []byte {
	b = append(b, Version, kindHello)
	b = appendString(b, h.Server)
	b = append(b, flag(h.Control), byte(len(h.Allocators)))
	for i := range h.Allocators {
		a := &h.Allocators[i]
		b = appendString(b, a.Name)
		b = append(b, flag(a.Holds))
		b = appendSource(b, &a.Source)
	}
	return appendSource(b, &h.Put)
}

func appendSource(b []byte, s *Source) []byte {
	b = appendString(b, s.File)
	b = le.AppendUint16(b, uint16(s.First))
	b = le.AppendUint16(b, uint16(len(s.Lines)))
	for _, l := range s.Lines {
		b = appendString(b, l)
	}
	b = append(b, byte(len(s.Marks)))
	for _, m := range s.Marks {
		b = append(b, byte(m.Step))
		b = le.AppendUint16(b, uint16(m.Line))
	}
	return b
}

// AppendFrame appends the start of a frame to b; append sections to it.
func AppendFrame(b []byte, sequence uint32) []byte {
	b = append(b, Version, kindFrame)
	return le.AppendUint32(b, sequence)
}

// FrameBytes is the size of a frame without sections.
const FrameBytes = 6

// AppendAck appends an acknowledgement to b.
func AppendAck(b []byte, sequence uint32) []byte {
	b = append(b, Version, kindAck)
	return le.AppendUint32(b, sequence)
}

// open starts a section; its length is filled in by closeSection.
func open(b []byte, tag, side byte) ([]byte, int) {
	b = append(b, tag, side, 0, 0, 0, 0)
	return b, len(b)
}

func closeSection(b []byte, start int) []byte {
	le.PutUint32(b[start-4:], uint32(len(b)-start))
	return b
}

// Append appends the section to b.
func (s *State) Append(b []byte) []byte {
	b, at := open(b, tagState, 0)
	b = le.AppendUint32(b, s.Run)
	b = append(b, byte(s.State), s.Writers, s.Sides, s.Allocators[0], s.Allocators[1])
	b = le.AppendUint32(b, s.Slots)
	b = le.AppendUint32(b, s.Pace)
	b = le.AppendUint32(b, s.Window)
	b = le.AppendUint64(b, s.Stores)
	b = le.AppendUint16(b, s.Watching)
	b = appendString(b, s.Failure)
	return closeSection(b, at)
}

// Append appends the section to b.
func (t *Totals) Append(b []byte) []byte {
	b, at := open(b, tagTotals, t.Side)
	b = le.AppendUint64(b, uint64(t.Clock))
	b = le.AppendUint32(b, t.Lap)
	for _, v := range [...]uint64{t.Stored, t.Readable, t.Lost, t.Unread, t.Collisions, t.Collided, t.RecentStored, t.RecentCollisions} {
		b = le.AppendUint64(b, v)
	}
	for _, v := range [...]uint32{t.Rate, t.P50, t.P99, t.P999} {
		b = le.AppendUint32(b, v)
	}
	b = le.AppendUint64(b, t.Dropped)
	return closeSection(b, at)
}

// CellsBytes is the size of a cells section without its cells.
const CellsBytes = sectionHeader + 17

// Append appends the section to b.
func (c *Cells) Append(b []byte) []byte {
	b, at := open(b, tagCells, c.Side)
	b = le.AppendUint32(b, c.Lap)
	b = append(b, flag(c.Ended))
	b = le.AppendUint32(b, c.Slots)
	b = le.AppendUint32(b, c.Collided)
	b = le.AppendUint32(b, c.First)
	b = append(b, c.Cells...)
	return closeSection(b, at)
}

// StepsBytes is the size of a steps section of n records.
func StepsBytes(n int) int { return sectionHeader + 25 + n*recordBytes }

// Append appends the section to b. Records must lie within about 4 s of Base.
func (s *Steps) Append(b []byte) []byte {
	b, at := open(b, tagSteps, s.Side)
	b = le.AppendUint32(b, s.Lap)
	b = append(b, flag(s.Burst))
	b = le.AppendUint64(b, uint64(s.Base))
	b = le.AppendUint32(b, s.Length)
	b = le.AppendUint32(b, s.OneIn)
	b = le.AppendUint32(b, s.LeftOut)
	for i := range s.Records {
		r := &s.Records[i]
		b = le.AppendUint32(b, uint32(r.At-s.Base))
		b = le.AppendUint32(b, r.Value)
		b = le.AppendUint32(b, r.Number)
		b = append(b, r.Thread, byte(r.Step), byte(r.Phase), 0)
	}
	return closeSection(b, at)
}

// Append appends the section to b.
func (e *Evidence) Append(b []byte) []byte {
	b, at := open(b, tagEvidence, e.Side)
	b = le.AppendUint64(b, e.Total)
	b = le.AppendUint16(b, uint16(len(e.Items)))
	for i := range e.Items {
		l := &e.Items[i]
		b = le.AppendUint64(b, l.Number)
		b = le.AppendUint32(b, l.Slot)
		b = le.AppendUint32(b, l.Lap)
		b = append(b, l.Writer)
		b = le.AppendUint32(b, l.Store)
		b = appendString(b, l.ID)
		b = appendString(b, l.Expected)
		b = appendString(b, l.Got)
	}
	return closeSection(b, at)
}

// Bytes is how much the loss adds to an evidence section.
func (l *Loss) Bytes() int { return 27 + len(l.ID) + len(l.Expected) + len(l.Got) }

// AppendNotice appends a notice section to b.
func AppendNotice(b []byte, text string) []byte {
	b, at := open(b, tagNotice, 0)
	b = appendString(b, text)
	return closeSection(b, at)
}

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
			f.Notice = s.text()
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
	s := Steps{Side: side, Lap: r.u32(), Burst: r.u8() != 0, Base: int64(r.u64()), Length: r.u32(), OneIn: r.u32(), LeftOut: r.u32()}
	s.Records = make([]Record, 0, len(r.rest)/recordBytes)
	for len(r.rest) >= recordBytes {
		b := r.bytes(recordBytes)
		s.Records = append(s.Records, Record{
			At:     s.Base + int64(le.Uint32(b)),
			Value:  le.Uint32(b[4:]),
			Number: le.Uint32(b[8:]),
			Thread: b[12],
			Step:   visible.Step(b[13]),
			Phase:  Phase(b[14]),
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

var le = binary.LittleEndian

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

func appendString(b []byte, s string) []byte {
	if len(s) > 0xffff {
		s = s[:0xffff]
	}
	return append(le.AppendUint16(b, uint16(len(s))), s...)
}

func flag(v bool) byte {
	if v {
		return 1
	}
	return 0
}
