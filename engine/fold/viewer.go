package fold

import "slotrace/engine/event"

// Viewer is one viewer's place in the picture: what it has been sent. It belongs
// to one goroutine.
type Viewer struct {
	board *Board
	seen  uint64 // the board's version as of the last frame
	run   uint64 // the board's version at which the run began that sides are of
	sides [event.MaxSides]place
}

type place struct {
	steps
	blocks []uint64 // version at which each block of the map was sent
	cursor int      // block at which the next frame goes on, so that all get their turn
	behind bool     // something did not fit and is still to be sent
	cells  uint64   // version of the map's header that was sent
	loss   uint64   // number of the newest loss sent
}

// steps is how far a viewer has got with the steps of a side.
type steps struct {
	next    uint64 // running number of the next one
	missing uint64 // of those that never came to the board, how many are counted
	burst   uint64 // version of the burst that was sent
}

// Mark is how far a viewer had got with a run's steps, which come once, where all
// else is state.
type Mark struct {
	run   uint64
	sides [event.MaxSides]steps
}

// Mark returns the viewer's mark as of its last frame.
func (v *Viewer) Mark() Mark {
	m := Mark{run: v.run}
	for i := range v.sides {
		m.sides[i] = v.sides[i].steps
	}
	return m
}

// Rejoin adds a viewer that has seen nothing but the steps before m. Leave must follow.
func (b *Board) Rejoin(m Mark) *Viewer {
	v := b.Join()
	v.run = m.run
	for i := range v.sides {
		v.sides[i].steps = m.sides[i]
	}
	return v
}

// Join adds a viewer, which has seen nothing yet. Leave must follow.
func (b *Board) Join() *Viewer {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.viewers++
	b.setState(b.state)
	return &Viewer{board: b}
}

// Leave ends the viewer.
func (v *Viewer) Leave() {
	b := v.board
	b.mu.Lock()
	defer b.mu.Unlock()
	b.viewers--
	b.setState(b.state)
}

// News says whether there may be something for the viewer that it has not been sent.
func (v *Viewer) News() bool {
	v.board.mu.Lock()
	defer v.board.mu.Unlock()
	return v.board.version != v.seen || v.behind()
}

// Whole is the whole picture: the frames, of at most room bytes each, that a viewer who
// came now would get. Nobody is counted for it. room must be 2 KiB or more.
func (b *Board) Whole(room int) (frames [][]byte) {
	v := &Viewer{board: b}
	for {
		frame := v.Append(nil, uint32(len(frames)+1), room)
		if len(frame) == 0 {
			return frames
		}
		frames = append(frames, frame)
	}
}

// minFrame is the least room that Append asks for: state, totals and a little of
// everything else.
const minFrame = 2 << 10

// Append appends to buf a frame of at most room bytes with what is new to the
// viewer, or nothing if nothing is new or room is less than 2 KiB. Cells take what
// the rest leaves: a map that does not fit goes on in the next frame.
func (v *Viewer) Append(buf []byte, sequence uint32, room int) []byte {
	b := v.board
	b.mu.Lock()
	defer b.mu.Unlock()
	if room < minFrame || b.version == v.seen && !v.behind() {
		return buf
	}
	start, seen := len(buf), v.seen
	if b.runsSeen != v.run {
		v.sides, v.run = [event.MaxSides]place{}, b.runsSeen
	}
	buf = event.AppendFrame(buf, sequence)
	left := func() int { return room - (len(buf) - start) }

	if b.stateAt > seen {
		buf = b.state.Append(buf)
	}
	if b.noticeAt > seen {
		buf = event.AppendNotice(buf, b.notice)
	}
	sides := int(b.state.Sides)
	if b.state.Run == 0 {
		sides = 0
	}
	for i := range sides {
		if s := &b.sides[i]; s.totalsAt > seen {
			buf = s.totals.Append(buf)
		}
	}
	for i := range sides { // before the steps, which take all the room there is
		if s := &b.sides[i]; s.evidenceAt > seen {
			buf = s.appendEvidence(buf, &v.sides[i], i, left()/2)
		}
	}
	for i := range sides {
		s, p := &b.sides[i], &v.sides[i]
		p.behind = false
		switch {
		case s.burstAt <= p.burst:
		case event.StepsBytes(0) < left():
			buf = appendSteps(buf, s.burst, left())
			p.burst = s.burstAt
		default:
			p.behind = true
		}
		buf = s.appendSteps(buf, p, i, left())
	}
	for i := range sides {
		buf = b.sides[i].appendCells(buf, &v.sides[i], i, left()/(sides-i))
	}
	v.seen = b.version
	if len(buf) == start+event.FrameBytes {
		return buf[:start] // what changed was nothing to be sent
	}
	return buf
}

func (v *Viewer) behind() bool { return v.sides[0].behind || v.sides[1].behind }

func (s *side) appendEvidence(buf []byte, p *place, number, room int) []byte {
	e := event.Evidence{Side: uint8(number), Total: s.total}
	from := len(s.evidence)
	for from > 0 && s.evidence[from-1].Number > p.loss {
		if room -= s.evidence[from-1].Bytes(); room < 0 {
			break
		}
		from--
	}
	e.Items = s.evidence[from:]
	if len(s.evidence) > 0 {
		p.loss = s.evidence[len(s.evidence)-1].Number
	}
	return e.Append(buf)
}

// appendSteps appends the records that are new, a section a lap. Of more than fit
// into one section the oldest are left out; what more sections took has to wait.
func (s *side) appendSteps(buf []byte, p *place, number, room int) []byte {
	const maxSpan = 4e9 // a record says its time in 32 bits from the section's base
	leftOut, full := uint64(0), len(buf)+room
	if fit := min(frameRecords, (room-event.StepsBytes(0))/16); fit > 0 && s.next-p.next > uint64(fit) {
		leftOut = s.next - p.next - uint64(fit)
		p.next += leftOut
	}
	for p.next < s.next || p.missing < s.missing {
		fit := (full - len(buf) - event.StepsBytes(0)) / 16
		if fit <= 0 {
			p.behind = true
			break
		}
		section := event.Steps{Side: uint8(number), OneIn: 1}
		missing, end := s.missing, p.next
		if end < s.next {
			first := &s.records[end%keptRecords]
			section.Lap, section.Base = first.lap, first.At
			for last := first.At; end < s.next && len(section.Records) < fit; end++ {
				r := &s.records[end%keptRecords]
				from, to := min(section.Base, r.At), max(last, r.At) // threads are drained one after the other
				if r.lap != first.lap || to-from > maxSpan {
					break
				}
				section.Base, last, missing = from, to, r.missing
				section.Records = append(section.Records, r.Record)
			}
		}
		section.LeftOut = uint32(min(leftOut+missing-p.missing, 1<<32-1))
		p.next, p.missing, leftOut = end, missing, 0
		buf = section.Append(buf)
	}
	return buf
}

func appendSteps(buf []byte, s event.Steps, room int) []byte {
	if fit := (room - event.StepsBytes(0)) / 16; len(s.Records) > fit {
		s.LeftOut += uint32(len(s.Records) - fit)
		s.Records = s.Records[:fit]
	}
	return s.Append(buf)
}

func (s *side) appendCells(buf []byte, p *place, number, room int) []byte {
	if p.blocks == nil {
		p.blocks = make([]uint64, len(s.blocksAt))
	}
	start := len(buf)
	section := event.Cells{Side: uint8(number), Lap: s.lap, Ended: s.ended, Slots: uint32(len(s.cells)), Collided: s.collided}
	n := len(s.blocksAt)
	for k := 0; k < n; {
		i := (p.cursor + k) % n
		if s.blocksAt[i] <= p.blocks[i] {
			k++
			continue
		}
		fit := (room - (len(buf) - start) - event.CellsBytes) / blockCells
		if fit <= 0 {
			p.behind = true
			p.cursor = i
			break
		}
		run := 1 // neighbours go in one section
		for run < fit && k+run < n && i+run < n && s.blocksAt[i+run] > p.blocks[i+run] {
			run++
		}
		copy(p.blocks[i:i+run], s.blocksAt[i:i+run])
		section.First = uint32(i * blockCells)
		section.Cells = s.cells[i*blockCells : min((i+run)*blockCells, len(s.cells))]
		buf = section.Append(buf)
		p.cells = s.cellsAt
		k += run
	}
	if p.cells != s.cellsAt { // a new lap or figure, and no cell to go with it
		if room-(len(buf)-start) < event.CellsBytes {
			p.behind = true
			return buf
		}
		section.First, section.Cells = 0, nil
		buf = section.Append(buf)
		p.cells = s.cellsAt
	}
	return buf
}
