// Package watch makes of a stream's messages the picture that a viewer has, as
// engine/event/WIRE.md says: tests look at what came out at the far end with it.
package watch

import (
	"bytes"
	"fmt"

	"slotrace/engine/event"
)

// Picture is what a viewer knows.
type Picture struct {
	Hello    *event.Hello
	Sequence uint32 // of the newest frame; 0 = none came
	State    event.State
	Notice   string
	Sides    [event.MaxSides]Side
}

// Side is one side of the run.
type Side struct {
	Totals  event.Totals
	Map     event.Cells // the whole of it
	Records int         // that came, those of bursts aside
	LeftOut int
	Lost    uint64
	Newest  event.Loss // of the evidence

	last map[uint8]event.Record // of each writer
}

// See takes a message in. It is an error what WIRE.md does not allow.
func (p *Picture) See(message []byte) error {
	if p.Hello == nil {
		h, err := event.ParseHello(message)
		p.Hello = h
		return err
	}
	f, err := event.ParseFrame(message)
	if err != nil {
		return err
	}
	if f.Sequence != p.Sequence+1 {
		return fmt.Errorf("frame %d after frame %d", f.Sequence, p.Sequence)
	}
	p.Sequence = f.Sequence
	if s := f.State; s != nil {
		if s.Run != p.State.Run {
			p.Sides = [event.MaxSides]Side{}
		}
		p.State = *s
	}
	if f.Noticed {
		p.Notice = f.Notice
	}
	for _, t := range f.Totals {
		s := &p.Sides[t.Side]
		if t.Stored != t.Readable+t.Lost+t.Unread {
			return fmt.Errorf("stored %d, but readable %d + lost %d + unread %d", t.Stored, t.Readable, t.Lost, t.Unread)
		}
		if t.Clock < s.Totals.Clock {
			return fmt.Errorf("the clock of side %d goes back, from %d to %d", t.Side, s.Totals.Clock, t.Clock)
		}
		s.Totals = t
	}
	for _, c := range f.Cells {
		m := &p.Sides[c.Side].Map
		cells := m.Cells
		if c.Lap != m.Lap || cells == nil {
			cells = make([]byte, c.Slots)
		}
		copy(cells[c.First:], c.Cells)
		*m = c
		m.First, m.Cells = 0, cells
	}
	for i := range f.Steps {
		if err := p.Sides[f.Steps[i].Side].steps(&f.Steps[i]); err != nil {
			return err
		}
	}
	for _, e := range f.Evidence {
		s := &p.Sides[e.Side]
		s.Lost = e.Total
		for _, l := range e.Items {
			if l.Number > s.Newest.Number {
				s.Newest = l
			}
		}
	}
	return nil
}

// steps counts records. A writer's come in order of time, so that one that came before
// comes out of it.
func (s *Side) steps(x *event.Steps) error {
	if x.Burst {
		return nil
	}
	s.LeftOut += int(x.LeftOut)
	if s.last == nil {
		s.last = make(map[uint8]event.Record)
	}
	for _, r := range x.Records {
		if last, ok := s.last[r.Thread]; ok && (r.At < last.At || r == last) {
			return fmt.Errorf("writer %d, record %+v after %+v", r.Thread, r, last)
		}
		s.last[r.Thread] = r
		s.Records++
	}
	return nil
}

// Differs says in what exact things p is other than q: "" is in none. How many watch is
// not among them.
func (p *Picture) Differs(q *Picture) string {
	a, b := p.State, q.State
	a.Watching, b.Watching = 0, 0
	if a != b {
		return fmt.Sprintf("state %+v, and %+v", a, b)
	}
	for i := range p.Sides {
		a, b := &p.Sides[i], &q.Sides[i]
		switch {
		case a.Totals != b.Totals:
			return fmt.Sprintf("side %d: totals %+v, and %+v", i, a.Totals, b.Totals)
		case a.Map.Lap != b.Map.Lap || a.Map.Ended != b.Map.Ended || a.Map.Slots != b.Map.Slots || a.Map.Collided != b.Map.Collided:
			return fmt.Sprintf("side %d: map of lap %d, %d collided, and of lap %d, %d", i, a.Map.Lap, a.Map.Collided, b.Map.Lap, b.Map.Collided)
		case !bytes.Equal(a.Map.Cells, b.Map.Cells):
			return fmt.Sprintf("side %d: the cells differ", i)
		case a.Lost != b.Lost || a.Newest != b.Newest:
			return fmt.Sprintf("side %d: %d lost, the newest %+v, and %d, %+v", i, a.Lost, a.Newest, b.Lost, b.Newest)
		case a.Records+a.LeftOut != b.Records+b.LeftOut:
			return fmt.Sprintf("side %d: %d steps and %d left out, and %d and %d", i, a.Records, a.LeftOut, b.Records, b.LeftOut)
		}
	}
	return ""
}
