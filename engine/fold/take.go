package fold

import (
	"errors"
	"strconv"

	"slotrace/engine/event"
)

// Take makes the board show what f tells a viewer of another board: after all of
// that viewer's frames, the viewers of this one have its picture. How many watch is
// this board's own. A board that takes frames is set by nothing else but notices.
//
// Frames come from outside: with an error, f says what cannot be, and the board is
// as it was.
func (b *Board) Take(f *event.Frame) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.refuses(f); err != nil {
		return err
	}
	if s := f.State; s != nil {
		if s.Run != b.state.Run {
			b.begin(*s)
		} else {
			b.setState(*s)
		}
	}
	if f.Noticed {
		b.setNotice(f.Notice)
	}
	for i := range f.Totals {
		b.setTotals(f.Totals[i])
	}
	for i := range f.Cells {
		b.takeCells(&f.Cells[i])
	}
	for i := range f.Steps {
		if s := &f.Steps[i]; s.Burst {
			b.setBurst(*s)
		} else {
			b.addSteps(int(s.Side), s.Lap, s.LeftOut, s.Records)
		}
	}
	for i := range f.Evidence {
		b.takeEvidence(&f.Evidence[i])
	}
	return nil
}

// latest is a time that no run comes to; differences of times within it are numbers.
const latest = 1 << 61

// refuses says why f cannot follow what the board shows.
func (b *Board) refuses(f *event.Frame) error {
	state := &b.state
	if f.State != nil {
		state = f.State
		switch old := &b.state; {
		case state.Slots > event.MaxSlots:
			return errors.New("state: " + number(state.Slots) + " slots, of at most " + number(event.MaxSlots))
		case state.Run != 0 && state.Run == old.Run && (state.Slots != old.Slots || state.Sides != old.Sides):
			return errors.New("state: run " + number(state.Run) + " has " + number(state.Slots) + " slots on " + number(uint32(state.Sides)) +
				" sides, and had " + number(old.Slots) + " on " + number(uint32(old.Sides)))
		}
	}
	sides := state.Sides
	if state.Run == 0 {
		sides = 0
	}
	side := func(what string, side uint8) error {
		if side >= sides {
			return errors.New(what + ": side " + number(uint32(side)) + " of a run with " + number(uint32(sides)))
		}
		return nil
	}
	for i := range f.Totals {
		if err := side("totals", f.Totals[i].Side); err != nil {
			return err
		}
	}
	for i := range f.Cells {
		c := &f.Cells[i]
		if err := side("cells", c.Side); err != nil {
			return err
		}
		if c.Slots != state.Slots {
			return errors.New("cells: a map of " + number(c.Slots) + " slots in a run with " + number(state.Slots))
		}
		if c.Collided > c.Slots {
			return errors.New("cells: " + number(c.Collided) + " collided of " + number(c.Slots))
		}
	}
	for i := range f.Steps {
		s := &f.Steps[i]
		if err := side("steps", s.Side); err != nil {
			return err
		}
		if s.Base < -latest || s.Base > latest {
			return errors.New("steps: their base is no time of a run")
		}
	}
	for i := range f.Evidence {
		if err := side("evidence", f.Evidence[i].Side); err != nil {
			return err
		}
	}
	return nil
}

func (b *Board) takeCells(c *event.Cells) {
	s := &b.sides[c.Side]
	if c.Lap != s.lap {
		clear(s.cells)
		clear(s.blocksAt)
	}
	for i, cell := range c.Cells {
		if at := int(c.First) + i; s.cells[at] != cell {
			s.cells[at] = cell
			b.touch(&s.blocksAt[at/blockCells])
		}
	}
	if c.Lap != s.lap || c.Ended != s.ended || c.Collided != s.collided {
		s.lap, s.ended, s.collided = c.Lap, c.Ended, c.Collided
		b.touch(&s.cellsAt)
	}
}

// takeEvidence passes over losses that are known: a stream that begins anew tells
// of the latest again.
func (b *Board) takeEvidence(e *event.Evidence) {
	newest := uint64(0)
	if known := b.sides[e.Side].evidence; len(known) > 0 {
		newest = known[len(known)-1].Number
	}
	var fresh []event.Loss
	for _, l := range e.Items {
		if l.Number > newest {
			newest, fresh = l.Number, append(fresh, l)
		}
	}
	b.addEvidence(int(e.Side), e.Total, fresh)
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
