package recording

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"

	fastgzip "github.com/klauspost/compress/gzip"

	"slotrace/engine/event"
)

// Segment is what is told of a segment without reading it: the manifest lists them, and
// each stands at the head of its own file.
type Segment struct {
	Number   int       `json:"number"` // from 1
	From     int64     `json:"from"`   // the run's clock at its first frame, nanoseconds
	To       int64     `json:"to"`     // and at its last
	Bytes    int64     `json:"bytes"`  // of its file; 0 inside of that file
	CRC32    uint32    `json:"crc32"`  // of its file, IEEE's, as a zip has it; 0 inside of that file
	Raw      int       `json:"raw"`    // of its frames, uncompressed
	Frames   int       `json:"frames"`
	Events   uint64    `json:"events"`   // records of steps
	LeftOut  uint64    `json:"left_out"` // records that found no room; the gaps say when
	Collided uint64    `json:"collided"` // of the events, claims of a slot that had been claimed before in its lap
	Marks    []int64   `json:"marks"`    // when: each of them, or if they are many, some
	Gaps     []Gap     `json:"gaps"`     // when not every step was recorded; neighbours are joined if they are many
	Sides    []Figures `json:"sides"`    // as of its end
	Worst    []Lap     `json:"worst"`    // a row a side: of the laps that it shows the one in which the most slots collided
	Curve    [][]Point `json:"curve"`    // how the figures came about, a row a side: at most 64 points
}

// Figures are a side's exact totals.
type Figures struct {
	Lap        uint32 `json:"lap"`
	Stored     uint64 `json:"stored"`
	Readable   uint64 `json:"readable"`
	Lost       uint64 `json:"lost"`
	Unread     uint64 `json:"unread"`
	Collisions uint64 `json:"collisions"`
	Collided   uint64 `json:"collided"`

	// Allocators that these stores were made with, in the order of their first turn.
	Allocators []string `json:"allocators,omitempty"`
}

// Point is a side's totals at a time.
type Point struct {
	At         int64  `json:"at"`
	Stored     uint64 `json:"stored"`
	Lost       uint64 `json:"lost"`
	Collisions uint64 `json:"collisions"`
}

// parseSegment reads a summary. It may come from anywhere, and a value of two bytes can take fifty
// in memory: so there is an end to its length, and to what it holds for its length.
func parseSegment(b []byte, number int) (s Segment, err error) {
	if len(b) > maxSummary {
		return s, fmt.Errorf("its summary has %d bytes", len(b))
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, err
	}
	if err := s.check(number); err != nil {
		return s, err
	}
	holds := 8*len(s.Marks) + 24*len(s.Gaps) + 56*len(s.Sides)
	for _, c := range s.Curve {
		holds += 32 * len(c)
	}
	if holds > 4*len(b) {
		return s, errors.New("its summary is off")
	}
	return s, nil
}

func (s *Segment) check(number int) error {
	switch {
	case s.Number != number:
		return fmt.Errorf("it says that it is number %d", s.Number)
	case s.From < 0 || s.From > s.To:
		return errors.New("it ends before it begins")
	case s.Raw < 0 || s.Raw > maxRaw || s.Bytes < 0 || s.Bytes > maxFile || s.Frames < 1 || s.Frames > maxFrames:
		return errors.New("its size is off")
	case s.Events > uint64(s.Raw):
		return errors.New("it has more events than bytes")
	case len(s.Marks) > maxMarks || len(s.Gaps) > maxGaps || len(s.Sides) < 1 || len(s.Sides) > event.MaxSides || len(s.Curve) != len(s.Sides) || len(s.Worst) > event.MaxSides:
		return errors.New("its summary is off")
	}
	for _, c := range s.Curve {
		if len(c) > maxCurve {
			return errors.New("its summary is off")
		}
	}
	for i := range s.Sides {
		if a := s.Sides[i].Allocators; len(a) > maxAllocators || slices.ContainsFunc(a, func(name string) bool { return !plain(name) }) {
			return errors.New("its allocators are off")
		}
	}
	for _, g := range s.Gaps {
		if g.Side >= event.MaxSides || g.From > g.To {
			return errors.New("its gaps are off")
		}
	}
	return nil
}

// Frame is what was new at a time: the stream's sections, and steps. The first of a
// segment has the whole picture.
type Frame struct {
	At int64 // on the run's clock
	event.Frame
	Steps []Steps
	Gaps  []Gap
}

// draft is a segment that is being filled: its frames one behind the other, each with its
// length and time before it.
type draft struct {
	Segment
	raw     []byte
	summary int // bytes, once there is a file
}

const frameHead = 12

// weight is its size in bytes, or what would be the size of as many frames of some size: they
// are limited, too.
func (d *draft) weight() int {
	return max(len(d.raw), d.Frames*(utmostSegments*SegmentBytes/maxFrames+64))
}

func (d *draft) append(at int64, frame []byte) {
	if d.Frames == 0 {
		d.From, d.To = at, at
	}
	d.To = max(d.To, at)
	d.Frames++
	d.raw = le.AppendUint32(d.raw, uint32(len(frame)))
	d.raw = le.AppendUint64(d.raw, uint64(d.To))
	d.raw = append(d.raw, frame...)
	d.note(frame)
}

// file is the segment's file.
func (d *draft) file() ([]byte, error) {
	d.Raw = len(d.raw)
	summary, err := json.Marshal(&d.Segment)
	if err != nil {
		return nil, err
	}
	d.summary = len(summary)
	b := bytes.NewBuffer(begin())
	b.Write(le.AppendUint32(nil, uint32(len(summary))))
	b.Write(summary)
	// FORMAT.md says why gzip.
	z, err := fastgzip.NewWriterLevel(b, fastgzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(d.raw); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return seal(kindSegment, b.Bytes()), nil
}

// readSegment reads a segment's file, and takes its frames apart if they are asked for.
func readSegment(fsys fs.FS, number int) (s Segment, frames []byte, err error) {
	name := segmentName(number)
	file, b, err := readWhole(fsys, name, kindSegment, maxFile)
	if err != nil {
		return s, nil, err
	}
	bad := func(err error) (Segment, []byte, error) {
		return s, nil, fmt.Errorf("%s: %w: %w", name, ErrDamaged, err)
	}
	if len(b) < 4 || uint64(le.Uint32(b)) > uint64(len(b)-4) {
		return bad(errSection)
	}
	n := 4 + int(le.Uint32(b))
	if s, err = parseSegment(b[4:n], number); err != nil {
		return bad(err)
	}
	s.Bytes, s.CRC32 = int64(len(file)), crc32.ChecksumIEEE(file)
	return s, b[n:], nil
}

// unpack returns the frames of a segment, with their steps if those are asked for.
func unpack(s *Segment, packed []byte, steps bool) ([]Frame, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	raw := make([]byte, s.Raw)
	if _, err := io.ReadFull(z, raw); err != nil {
		return nil, err
	}
	if n, err := z.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return nil, errors.New("its frames are longer than it says")
	}
	frames := make([]Frame, 0, s.Frames)
	for at := s.From; len(raw) > 0; {
		if len(raw) < frameHead {
			return nil, errSection
		}
		n, when := int64(le.Uint32(raw)), int64(le.Uint64(raw[4:]))
		raw = raw[frameHead:]
		if n > int64(len(raw)) || len(frames) == s.Frames {
			return nil, errSection
		}
		if when < at || when > s.To {
			return nil, errors.New("its frames are not in order of time")
		}
		f, err := parseFrame(raw[:n], steps)
		if err != nil {
			return nil, err
		}
		f.At, at = when, when
		frames = append(frames, f)
		raw = raw[n:]
	}
	if len(frames) != s.Frames {
		return nil, errSection
	}
	return frames, nil
}

func parseFrame(b []byte, steps bool) (Frame, error) {
	f, err := event.ParseFrame(b)
	if err != nil {
		return Frame{}, err
	}
	own := Frame{Frame: *f}
	for rest := b[event.FrameBytes:]; len(rest) > 0; {
		tag, side, n := rest[0], rest[1], le.Uint32(rest[2:]) // ParseFrame has seen that they are whole
		payload := rest[6 : 6+n]
		switch tag {
		case tagSteps:
			if !steps {
				break
			}
			s, err := parseSteps(side, payload)
			if err != nil {
				return own, err
			}
			own.Steps = append(own.Steps, s)
		case tagGap:
			g, err := parseGap(side, payload)
			if err != nil {
				return own, err
			}
			own.Gaps = append(own.Gaps, g)
		}
		rest = rest[6+n:]
	}
	return own, nil
}

// thinned keeps what is added. Of more than are to be kept, every second is forgotten, and then
// every fourth, and so on.
type thinned[T any] struct {
	every, seen int
	kept        []T
}

func (t *thinned[T]) add(v T, most int) {
	t.every = max(t.every, 1)
	if t.seen++; t.seen%t.every != 0 {
		return
	}
	if len(t.kept) == most {
		n := 0
		for i := 1; i < most; i += 2 {
			t.kept[n] = t.kept[i]
			n++
		}
		t.kept = t.kept[:n]
		t.every *= 2
	}
	t.kept = append(t.kept, v)
}

// addGap enters a gap. Those that touch are one; of too many, neighbours are joined.
func addGap(gaps []Gap, g Gap) []Gap {
	for i := len(gaps) - 1; i >= 0; i-- {
		if gaps[i].Side != g.Side {
			continue
		}
		if g.From > gaps[i].To {
			break
		}
		g.From, g.To = min(g.From, gaps[i].From), max(g.To, gaps[i].To)
		gaps = slices.Delete(gaps, i, i+1)
	}
	gaps = append(gaps, g)
	for len(gaps) > maxGaps {
		// The two with the least between them, on one side.
		best, least := -1, int64(0)
		for i := range gaps {
			for k := i + 1; k < len(gaps); k++ {
				if gaps[k].Side != gaps[i].Side {
					continue
				}
				if between := gaps[k].From - gaps[i].To; best < 0 || between < least {
					best, least = i, between
				}
				break
			}
		}
		k := best + 1
		for gaps[k].Side != gaps[best].Side {
			k++
		}
		gaps[best].To = gaps[k].To
		gaps = slices.Delete(gaps, k, k+1)
	}
	return gaps
}
