package event

import "encoding/binary"

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

// AppendPresent appends a presenter's first message, which has the hello of its viewers
// in it.
func AppendPresent(b []byte, session Session, hello []byte) []byte {
	b = append(b, Version, kindPresent)
	b = append(b, session[:]...)
	return append(b, hello...)
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
	b = append(b, byte(s.Recording))
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
	kind := flag(s.Burst)
	if s.Anew {
		kind = stepsAnew
	}
	b = append(b, kind)
	b = le.AppendUint64(b, uint64(s.Base))
	b = le.AppendUint32(b, s.Length)
	b = le.AppendUint32(b, s.OneIn)
	b = le.AppendUint32(b, s.LeftOut)
	for i := range s.Records {
		r := &s.Records[i]
		b = le.AppendUint32(b, uint32(r.At-s.Base))
		b = le.AppendUint32(b, r.Value)
		b = le.AppendUint32(b, r.Number)
		b = append(b, r.Thread, byte(r.Step), byte(r.Phase), flag(r.Collided))
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

var le = binary.LittleEndian
