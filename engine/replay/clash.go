package replay

import (
	"slices"
	"strings"

	"slotrace/engine/visible"
)

// Clash is two stores that took one slot in one lap: each had looked before the other had
// told.
type Clash struct {
	Side          int
	Slot, Lap     uint32
	First, Second Put // First wrote its block first, and lost it
}

// Put is one store of one writer, as far as its steps are recorded.
type Put struct {
	Writer uint8
	Number uint32
	steps  []Step
}

// Clash is the latest collision that has happened by now among the steps that lanes show,
// if the steps of both its stores are recorded.
func (p *Player) Clash() (c Clash, ok bool) {
	g := p.loaded[p.at.Segment]
	if g == nil {
		return c, false
	}
	from := p.now - p.lanes
	for k := min(p.at.Taken, len(g.Steps)) - 1; k >= 0 && g.Steps[k].At >= from; k-- {
		if g.Steps[k].clash() && g.Steps[k].Step == visible.Block {
			return p.clash(k)
		}
	}
	return c, false
}

// clash tells of the collision at step k of the present segment.
func (p *Player) clash(k int) (c Clash, ok bool) {
	var steps []Step // what is loaded around it
	for i := p.at.Segment - 1; i <= p.at.Segment+1; i++ {
		g := p.loaded[i]
		if g == nil {
			continue
		}
		if i == p.at.Segment {
			k += len(steps)
		}
		if i == p.at.Segment && len(steps) == 0 {
			steps = g.Steps
		} else {
			steps = append(slices.Clip(steps), g.Steps...)
		}
	}
	second := &steps[k]
	c = Clash{Side: second.Side(), Slot: second.Value, Lap: second.Lap}
	for j := k - 1; j >= 0; j-- {
		first := &steps[j]
		if first.Step == visible.Block && first.Done() && first.Value == c.Slot && first.Lap == c.Lap && first.Side() == c.Side && first.Thread != second.Thread {
			c.First, c.Second = putOf(steps, first), putOf(steps, second)
			return c, true
		}
	}
	return c, false
}

// putOf gathers the steps of the put that a step is of.
func putOf(steps []Step, of *Step) Put {
	put := Put{Writer: of.Thread, Number: of.Number}
	for i := range steps {
		if s := &steps[i]; s.Thread == of.Thread && s.Number == of.Number && s.Side() == of.Side() && s.Lap == of.Lap && s.Done() {
			put.steps = append(put.steps, *s)
		}
	}
	return put
}

func (p *Put) at(s visible.Step) (at int64, ok bool) {
	for i := range p.steps {
		if p.steps[i].Step == s {
			return p.steps[i].At, true
		}
	}
	return 0, false
}

// parts are what a put of the scenario slot-allocation does, between any two of which
// another may come; operations is how many visible operations each has, by allocator.
var (
	parts      = [...]visible.Step{visible.Look, visible.Block, visible.Tell}
	operations = map[string]int{
		"check-then-act": 1,
		"lock-each-step": 3, // lock, the operation, unlock
	}
)

// Schedule is the clash as a schedule of the scenario slot-allocation, two threads with a
// store each, for an allocator that lets it come to that. The threads are A and B in the
// order in which they begin.
func (c *Clash) Schedule(allocator string) (schedule string, ok bool) {
	size, ok := operations[allocator]
	if !ok {
		return "", false
	}
	type act struct {
		put, part int
		at        int64
	}
	var acts []act
	for i, put := range [...]*Put{&c.First, &c.Second} {
		last := int64(-1 << 62)
		for k, s := range parts {
			at, known := put.at(s)
			if !known || at < last {
				if k == 1 {
					return "", false // the blocks are what it is about
				}
				// A look is before the block, a tell somewhere behind it: both are at the latest
				// and earliest that they can be.
				at = last
				if block, there := put.at(visible.Block); k == 0 && there {
					at = block
				}
			}
			last = at
			acts = append(acts, act{i, k, at})
		}
	}
	slices.SortStableFunc(acts, func(a, b act) int {
		switch {
		case a.at != b.at && a.at < b.at:
			return -1
		case a.at != b.at:
			return 1
		}
		return a.part - b.part // looks first, tells last
	})
	// Both looks came before either tell, since both saw the same: a time that was taken too
	// late or too early says otherwise at most.
	for i := range acts {
		if acts[i].part != 0 {
			continue
		}
		for j := range i {
			if acts[j].part == 2 {
				look := acts[i]
				copy(acts[j+1:i+1], acts[j:i])
				acts[j] = look
				break
			}
		}
	}
	var b strings.Builder
	for i := 0; i < len(acts); {
		n := i
		for n < len(acts) && acts[n].put == acts[i].put {
			n++
		}
		letter := byte('A')
		if acts[i].put != acts[0].put {
			letter = 'B'
		}
		b.WriteByte(letter)
		b.WriteByte(byte('0' + (n-i)*size))
		i = n
	}
	return b.String(), true
}
