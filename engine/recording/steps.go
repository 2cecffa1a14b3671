package recording

import (
	"encoding/binary"
	"errors"

	"slotrace/engine/event"
	"slotrace/engine/visible"
)

// Sections of a recording's frames beside the stream's: a viewer of the stream skips them.
const (
	tagSteps = 128
	tagGap   = 129
)

// Steps are records of one side and lap, in order of time within each writer.
type Steps struct {
	Side    uint8
	Lap     uint32
	LeftOut uint64 // records of that time that found no room
	Records []event.Record
}

// Gap is a stretch of time in which not every step was recorded.
type Gap struct {
	Side uint8 `json:"side"`
	From int64 `json:"from"` // nanoseconds on the run's clock
	To   int64 `json:"to"`
}

const (
	bitArrive   = 1 << 6
	bitCollided = 1 << 7
)

// appendSteps packs records: most differ little from the one before. A record takes
// some 7 bytes before compression, and 24 in memory.
func appendSteps(b []byte, side uint8, lap uint32, leftOut uint64, records []event.Record) []byte {
	b = append(b, tagSteps, side, 0, 0, 0, 0)
	start := len(b)
	base := int64(0)
	if len(records) > 0 {
		base = records[0].At
	}
	b = le.AppendUint32(b, lap)
	b = le.AppendUint64(b, leftOut)
	b = le.AppendUint64(b, uint64(base))
	var values, numbers [event.MaxWriters]uint32
	at := base
	for i := range records {
		r := &records[i]
		w := r.Thread % event.MaxWriters
		head := w
		if r.Phase == event.Arrive {
			head |= bitArrive
		}
		if r.Collided {
			head |= bitCollided
		}
		b = append(b, head, byte(r.Step))
		b = binary.AppendVarint(b, r.At-at)
		b = binary.AppendVarint(b, int64(int32(r.Value-values[w])))
		b = binary.AppendVarint(b, int64(int32(r.Number-numbers[w])))
		at, values[w], numbers[w] = r.At, r.Value, r.Number
	}
	le.PutUint32(b[start-4:], uint32(len(b)-start))
	return b
}

var errSection = errors.New("a section ends early")

// parseSteps unpacks the payload of a section.
func parseSteps(side uint8, b []byte) (Steps, error) {
	if len(b) < 20 {
		return Steps{}, errSection
	}
	s := Steps{Side: side, Lap: le.Uint32(b), LeftOut: le.Uint64(b[4:]), Records: make([]event.Record, 0, (len(b)-20)/6)}
	at := int64(le.Uint64(b[12:]))
	b = b[20:]
	var values, numbers [event.MaxWriters]uint32
	for len(b) > 0 {
		if len(b) < 5 {
			return s, errSection
		}
		head, step := b[0], b[1]
		b = b[2:]
		var deltas [3]int64
		for k := range deltas {
			v, n := binary.Varint(b)
			if n <= 0 {
				return s, errSection
			}
			deltas[k], b = v, b[n:]
		}
		w := head & (event.MaxWriters - 1)
		at += deltas[0]
		values[w] += uint32(deltas[1])
		numbers[w] += uint32(deltas[2])
		r := event.Record{At: at, Value: values[w], Number: numbers[w], Thread: w, Step: visible.Step(step), Phase: event.Done, Collided: head&bitCollided != 0}
		if head&bitArrive != 0 {
			r.Phase = event.Arrive
		}
		s.Records = append(s.Records, r)
	}
	return s, nil
}

func appendGap(b []byte, g Gap) []byte {
	b = append(b, tagGap, g.Side, 16, 0, 0, 0)
	b = le.AppendUint64(b, uint64(g.From))
	return le.AppendUint64(b, uint64(g.To))
}

func parseGap(side uint8, b []byte) (Gap, error) {
	if len(b) < 16 {
		return Gap{}, errSection
	}
	return Gap{Side: side, From: int64(le.Uint64(b)), To: int64(le.Uint64(b[8:]))}, nil
}
