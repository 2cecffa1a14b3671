package replay

import (
	"slices"
	"sort"

	"slotrace/engine/event"
	"slotrace/engine/recording"
	"slotrace/engine/visible"
)

// Step is a record of a recording: event.Record with its lap and side, and no larger.
type Step struct {
	At                 int64
	Value, Number, Lap uint32
	Thread             uint8
	Step               visible.Step
	bits               uint8
}

const (
	bitDone = 1 << iota
	bitCollided
	bitRight // side 1
)

// Done, Collided and Side are as in event.Record and event.Steps.
func (s *Step) Done() bool     { return s.bits&bitDone != 0 }
func (s *Step) Collided() bool { return s.bits&bitCollided != 0 }
func (s *Step) Side() int {
	if s.bits&bitRight != 0 {
		return 1
	}
	return 0
}

// Seen says whether the step has a place in a picture: one that does is what a step
// forward or back goes to.
func (s *Step) Seen() bool { return s.Done() && event.Stretched(s.Step) }

func (s *Step) clash() bool { return s.Done() && s.Collided() }

func (s *Step) record() event.Record {
	r := event.Record{At: s.At, Value: s.Value, Number: s.Number, Thread: s.Thread, Step: s.Step, Phase: event.Arrive, Collided: s.Collided()}
	if s.Done() {
		r.Phase = event.Done
	}
	return r
}

// Segment is a segment of a recording, taken apart.
type Segment struct {
	// Steps are in order of time, those of one time in the order in which their writer took them.
	Steps []Step
	// Clashes are those that took a slot which was taken already, by their place among Steps.
	Clashes []int32

	pictures []picture // in order of time; the first is whole
	from, to int64     // what it tells of: behind the end of the one before it, up to its own
	bytes    int
}

// picture is what changed of the picture at a time.
type picture struct {
	at       int64
	state    *event.State
	totals   []event.Totals
	cells    []event.Cells
	evidence []event.Evidence
}

// Load reads segment i and takes it apart. It is some 10 to 30 MiB, and takes some
// tenths of a second in a browser.
func Load(r *recording.Recording, i int) (*Segment, error) {
	frames, err := r.Frames(i)
	if err != nil {
		return nil, err
	}
	g := blank(r, i)
	g.pictures = make([]picture, len(frames))
	for k := range frames {
		g.pictures[k] = pictureOf(&frames[k])
	}
	g.Steps = merge(frames)
	for i := range g.Steps {
		if g.Steps[i].clash() {
			g.Clashes = append(g.Clashes, int32(i))
		}
	}
	g.bytes = 4*len(g.Clashes) + len(g.Steps)*24 + len(g.pictures)*200
	for i := range g.pictures {
		for k := range g.pictures[i].cells {
			g.bytes += len(g.pictures[i].cells[k].Cells)
		}
	}
	return g, nil
}

// blank is segment i without what is in it.
func blank(r *recording.Recording, i int) *Segment {
	g := &Segment{from: r.Segments[i].From, to: r.Segments[i].To}
	if i > 0 {
		g.from = r.Segments[i-1].To
	}
	return g
}

// pictureOf lets go of the bytes that the frame was read from, most of which are steps.
func pictureOf(f *recording.Frame) picture {
	p := picture{at: f.At, state: f.State, totals: f.Totals, evidence: f.Evidence, cells: f.Cells}
	for i := range p.cells {
		p.cells[i].Cells = slices.Clone(p.cells[i].Cells)
	}
	return p
}

// Bytes is about how much memory it takes.
func (g *Segment) Bytes() int { return g.bytes }

// writers is how many writers there can be on all sides.
const writers = event.MaxSides * event.MaxWriters

// merge puts the records of all writers in order of time: each writer's are in order,
// and those of one that are not stand where its time has come to.
func merge(frames []recording.Frame) []Step {
	var count [writers + 1]int
	for k := range frames {
		for i := range frames[k].Steps {
			s := &frames[k].Steps[i]
			for j := range s.Records {
				count[writer(s.Side, s.Records[j].Thread)+1]++
			}
		}
	}
	for w := range writers {
		count[w+1] += count[w]
	}
	all := make([]Step, count[writers])
	next := count
	for k := range frames {
		for i := range frames[k].Steps {
			s := &frames[k].Steps[i]
			for j := range s.Records {
				w := writer(s.Side, s.Records[j].Thread)
				st := stepOf(s, &s.Records[j])
				if at := next[w]; at > count[w] {
					st.At = max(st.At, all[at-1].At)
				}
				all[next[w]] = st
				next[w]++
			}
			frames[k].Steps[i].Records = nil
		}
	}
	// A heap of the writers by the time of the next step of each; of one time, the lower
	// writer comes first. In a browser calls are dear: this is where a segment's time goes.
	heap := make([]head, 0, writers)
	for w := range writers {
		if count[w] < count[w+1] {
			heap = append(heap, head{all[count[w]].At, count[w], count[w+1]})
		}
	}
	if len(heap) < 2 {
		return all
	}
	for i := len(heap)/2 - 1; i >= 0; i-- {
		sift(heap, i)
	}
	merged := make([]Step, len(all))
	for n := range merged {
		top := &heap[0]
		merged[n] = all[top.next]
		if top.next++; top.next < top.end {
			top.at = all[top.next].At
		} else {
			heap[0] = heap[len(heap)-1]
			heap = heap[:len(heap)-1]
		}
		sift(heap, 0)
	}
	return merged
}

// head is what a writer has left of a segment's steps; next is an index, by which writers
// are told apart, too.
type head struct {
	at        int64
	next, end int
}

func sift(heap []head, i int) {
	for {
		least := i
		if c := 2*i + 1; c < len(heap) && (heap[c].at < heap[least].at || heap[c].at == heap[least].at && heap[c].next < heap[least].next) {
			least = c
		}
		if c := 2*i + 2; c < len(heap) && (heap[c].at < heap[least].at || heap[c].at == heap[least].at && heap[c].next < heap[least].next) {
			least = c
		}
		if least == i {
			return
		}
		heap[i], heap[least] = heap[least], heap[i]
		i = least
	}
}

func writer(side, thread uint8) int {
	return int(side&1)*event.MaxWriters + int(thread%event.MaxWriters)
}

func stepOf(s *recording.Steps, r *event.Record) Step {
	st := Step{At: r.At, Value: r.Value, Number: r.Number, Lap: s.Lap, Thread: r.Thread, Step: r.Step}
	if r.Phase == event.Done {
		st.bits |= bitDone
	}
	if r.Collided {
		st.bits |= bitCollided
	}
	if s.Side == 1 {
		st.bits |= bitRight
	}
	return st
}

// Until is how many steps have been taken at a time.
func (g *Segment) Until(t int64) int {
	if t >= g.to {
		return len(g.Steps)
	}
	return g.before(t + 1)
}

// before is how many steps were taken before a time.
func (g *Segment) before(t int64) int {
	return sort.Search(len(g.Steps), func(i int) bool { return g.Steps[i].At >= t })
}

// Clash is the place among Clashes of the first at or behind a time.
func (g *Segment) Clash(t int64) int {
	return sort.Search(len(g.Clashes), func(i int) bool { return g.Steps[g.Clashes[i]].At >= t })
}

// time is the time at which so many steps have been taken.
func (g *Segment) time(taken int) int64 {
	if taken == 0 {
		return g.from
	}
	return min(max(g.Steps[taken-1].At, g.from), g.to)
}

// pictureAt is how many of the pictures have come by a time.
func (g *Segment) pictureAt(t int64) int {
	return sort.Search(len(g.pictures), func(i int) bool { return g.pictures[i].at > t })
}
