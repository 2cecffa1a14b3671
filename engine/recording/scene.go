package recording

import "slotrace/engine/event"

// Lap is how a lap looked at a segment's frame.
type Lap struct {
	Lap      uint32 `json:"lap"`
	Collided uint32 `json:"collided"` // slots that were claimed more than once in it
	Ended    bool   `json:"ended"`
}

// worse says whether a lap has more to show than another: more collided slots or, with as
// many, that it was filled to its end.
func (a Lap) worse(b Lap) bool {
	if a.Collided != b.Collided {
		return a.Collided > b.Collided
	}
	return a.Ended || !b.Ended
}

// tagCells is the stream's section of cells.
const tagCells = 3

// note remembers the worst lap that a frame shows.
func (s *Segment) note(frame []byte) {
	for rest := frame[event.FrameBytes:]; len(rest) >= 6; {
		tag, side, n := rest[0], int(rest[1]), int(le.Uint32(rest[2:]))
		if payload := rest[6:]; tag == tagCells && n >= event.CellsBytes-6 && side < event.MaxSides {
			for len(s.Worst) <= side {
				s.Worst = append(s.Worst, Lap{})
			}
			if l := (Lap{Lap: le.Uint32(payload), Ended: payload[4] != 0, Collided: le.Uint32(payload[9:])}); l.worse(s.Worst[side]) {
				s.Worst[side] = l
			}
		}
		rest = rest[6+n:]
	}
}

// Scene is the slot map of a side's lap as it was at a time.
type Scene struct {
	At int64
	Lap
	Cells []byte // as in the stream: of each slot its writer from 1, and event.CellCollided; empty slots are 0
}

// Worst is a side's lap in which the most slots collided, at its end. It takes one segment
// to read.
func (r *Recording) Worst(side int) (Scene, error) {
	best, in := Lap{}, -1
	for i := range r.Segments {
		if w := r.Segments[i].Worst; side < len(w) && w[side].worse(best) {
			best, in = w[side], i
		}
	}
	if in < 0 {
		return Scene{Cells: make([]byte, r.Run.Slots)}, nil
	}
	frames, err := r.frames(in, false)
	if err != nil {
		return Scene{}, err
	}
	var found Scene
	last := -1 // the frame at which the lap looked worst
	for k := range frames {
		for i := range frames[k].Cells {
			c := &frames[k].Cells[i]
			if l := (Lap{c.Lap, c.Collided, c.Ended}); int(c.Side) == side && l.worse(found.Lap) {
				found.Lap, found.At, last = l, frames[k].At, k
			}
		}
	}
	cells, lap := make([]byte, r.Run.Slots), uint32(0)
	for k := range last + 1 {
		for i := range frames[k].Cells {
			c := &frames[k].Cells[i]
			if int(c.Side) != side || int(c.Slots) != len(cells) {
				continue
			}
			if c.Lap != lap {
				clear(cells)
				lap = c.Lap
			}
			copy(cells[c.First:], c.Cells)
		}
	}
	found.Cells = cells
	return found, nil
}
