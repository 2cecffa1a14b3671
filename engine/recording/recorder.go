package recording

import (
	"cmp"
	"sync"
	"sync/atomic"
	"time"

	"slotrace/engine/event"
	"slotrace/engine/fold"
)

// Options bound a recording. What is 0 is as in Default.
type Options struct {
	Bytes   int64         // of its files: then it ends
	Burst   int64         // bytes of steps, uncompressed, that are recorded whatever their rate
	Rate    int64         // bytes of steps a second that are recorded behind those
	Segment int64         // bytes of frames, uncompressed, at which a segment ends
	Oldest  time.Duration // time after which one ends that has fewer
}

// Default records all steps of a paced run, and of one at real speed the first seconds
// whole and then samples: 256 MiB are then enough for several minutes.
var Default = Options{Bytes: 256 << 20, Burst: 96 << 20, Rate: 2 << 20, Segment: SegmentBytes, Oldest: 10 * time.Second}

// Recorder is shown what a run's board is shown, and makes frames of it. What is exact,
// the totals and the map of each lap that ended, is never left out: Frame waits for the
// disk, and nothing else does. Of steps only those are taken for which there is room, and
// the rest is told as gaps. Any goroutine may call.
type Recorder struct {
	writer  *Writer
	options Options
	now     func() time.Time
	board   *fold.Board
	count   int // of sides

	events, leftOut, gaps atomic.Uint64
	drafted               atomic.Int64 // weight of the draft
	released              atomic.Bool  // nobody waits for the disk any more

	mu       sync.Mutex
	viewer   *fold.Viewer
	sequence uint32
	sides    [event.MaxSides]sideSteps
	draft    *draft
	marks    thinned[int64]
	curve    [event.MaxSides]thinned[Point]
	began    time.Time // of the draft
	clock    int64
	closed   bool

	room   float64   // bytes of steps that may be recorded now
	filled time.Time // when that was reckoned
	buf    []byte    // of the frame under way
}

// Of frames that cannot be handed over, since the disk is behind, as many segments' worth are kept
// until Frame waits; and until it does whatever was released.
const (
	keptSegments   = 2
	utmostSegments = 3
)

type sideSteps struct {
	packed []byte // sections that go into the next frame
	until  int64  // up to when steps are recorded or told as a gap
	gap    int64  // where the gap that is being told begins; -1 = the latest steps are recorded
	totals event.Totals
	ran    []string // as in Figures.Allocators
}

// NewRecorder records a run in state s, which begins or is under way, and of which h says
// what it is.
func NewRecorder(w *Writer, h *Header, s event.State, o Options) (*Recorder, error) {
	hello, err := event.ParseHello(h.Hello)
	if err != nil {
		return nil, err
	}
	o.Bytes = cmp.Or(o.Bytes, Default.Bytes)
	o.Burst = cmp.Or(o.Burst, Default.Burst)
	o.Rate = cmp.Or(o.Rate, Default.Rate)
	o.Segment = cmp.Or(o.Segment, Default.Segment)
	o.Oldest = cmp.Or(o.Oldest, Default.Oldest)
	r := &Recorder{writer: w, options: o, now: time.Now, count: int(s.Sides), board: fold.NewBoard(*hello, event.State{Writers: 1, Sides: 1})}
	r.board.Begin(s)
	for i := range r.sides {
		r.sides[i].gap = -1
	}
	r.room, r.filled = float64(o.Burst), r.now()
	r.begin()
	return r, nil
}

// begin begins a segment: a viewer that has seen nothing is shown everything.
func (r *Recorder) begin() {
	if r.viewer != nil {
		r.viewer.Leave()
	}
	r.viewer = r.board.Join()
	r.draft = &draft{raw: make([]byte, 0, r.options.Segment+r.options.Segment/8)}
	r.drafted.Store(0)
	r.marks, r.curve = thinned[int64]{}, [event.MaxSides]thinned[Point]{}
	r.began = r.now()
}

// Start says that a side's steps are shown from that time on the run's clock on: before, it
// was not being recorded.
func (r *Recorder) Start(side int, at int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sides[side].until = at
	r.clock = max(r.clock, at)
}

// State shows the run's state.
func (r *Recorder) State(s event.State) { r.board.State(s) }

// Totals shows the totals of a side.
func (r *Recorder) Totals(t event.Totals) {
	r.board.Totals(t)
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.sides[t.Side]
	s.totals = t
	r.clock = max(r.clock, t.Clock)
	r.curve[t.Side].add(Point{At: t.Clock, Stored: t.Stored, Lost: t.Lost, Collisions: t.Collisions}, maxCurve)
}

// Ran says which allocators the side's stores were made with, in the order of their first turn.
func (r *Recorder) Ran(side int, allocators []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sides[side].ran = allocators
}

// Cells shows the cells of a lap's map, as fold.Board.Cells does.
func (r *Recorder) Cells(side int, lap uint32, ended bool, from, to int, cell func(i int) byte) {
	r.board.Cells(side, lap, ended, from, to, cell)
}

// Evidence shows the latest losses.
func (r *Recorder) Evidence(side int, total uint64, latest []event.Loss) {
	r.board.Evidence(side, total, latest)
}

// Wants says whether steps would be recorded now.
func (r *Recorder) Wants() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refill()
	return !r.closed && !r.writer.busy() && r.room >= min(float64(r.options.Burst), float64(r.options.Rate)/4)
}

// behind says that the disk is: the draft is a segment, and cannot be handed over.
func (r *Recorder) behind() bool {
	waiting := r.draft.weight()
	for i := range r.sides {
		waiting += len(r.sides[i].packed)
	}
	return int64(waiting) >= r.options.Segment && r.writer.busy()
}

func (r *Recorder) refill() {
	now := r.now()
	r.room = min(r.room+now.Sub(r.filled).Seconds()*float64(r.options.Rate), float64(r.options.Burst))
	r.filled = now
}

// Skip says that a side's steps up to a time on the run's clock are not recorded.
func (r *Recorder) Skip(side int, until int64) { r.Miss(side, until, 0, nil) }

// Miss says that a side's steps up to a time are not recorded, of which records are some
// that were there, and leftOut had no room in a ring.
func (r *Recorder) Miss(side int, until int64, leftOut uint64, records []event.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.miss(side, until, leftOut, records)
}

func (r *Recorder) miss(side int, until int64, leftOut uint64, records []event.Record) {
	s := &r.sides[side]
	if r.closed {
		return
	}
	n := uint64(len(records)) + leftOut
	r.draft.LeftOut += n
	r.leftOut.Add(n)
	// A put is told when it is over: one that is missing may have begun before others that are there.
	from := s.until
	for i := range records {
		from = min(from, records[i].At)
	}
	if until = max(until, s.until); from == until {
		return
	}
	switch {
	case s.gap < 0:
		s.gap = from
		r.gaps.Add(1)
	case from < s.gap:
		s.gap = from
	default:
		from = s.until
	}
	if s.until = until; from == until {
		return
	}
	g := Gap{Side: uint8(side), From: from, To: until}
	r.draft.Gaps = addGap(r.draft.Gaps, g)
	s.packed = appendGap(s.packed, g)
}

// Steps shows all of a side's records from where it was shown some last, or was told that
// they are skipped, up to a time: of one lap, in order of time within each writer. leftOut
// had no room in a ring. It says whether there is room for more.
func (r *Recorder) Steps(side int, lap uint32, until int64, leftOut uint64, records []event.Record) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	s := &r.sides[side]
	r.refill()
	if r.room <= 0 || r.behind() {
		r.miss(side, until, leftOut, records)
		return false
	}
	if leftOut > 0 {
		r.miss(side, until, leftOut, nil)
	}
	if until > s.until {
		s.until, s.gap = until, -1
	}
	if len(records) == 0 && leftOut == 0 {
		return true
	}
	before := len(s.packed)
	s.packed = appendSteps(s.packed, uint8(side), lap, leftOut, records)
	r.room -= float64(len(s.packed) - before)
	r.draft.Events += uint64(len(records))
	r.events.Add(uint64(len(records)))
	r.clock = max(r.clock, until)
	for i := range records {
		if e := &records[i]; e.Collided && e.Phase == event.Done {
			r.draft.Collided++
			r.marks.add(e.At, maxMarks)
		}
	}
	if int64(len(s.packed)) > r.options.Segment/4 {
		r.frame()
	}
	return true
}

// Frame makes a frame of what is new at the end of a lap, or of all. It waits while the disk
// is far behind, and says whether the recording may go on.
func (r *Recorder) Frame() bool {
	r.writer.await(func() bool {
		n := r.drafted.Load()
		return n < keptSegments*r.options.Segment || !r.writer.busy() || n < utmostSegments*r.options.Segment && r.released.Load()
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.goOn(true)
}

// Tick makes a frame of what is new when a screen would be drawn, or while the disk is behind
// leaves it for a later one. It says whether the recording may go on.
func (r *Recorder) Tick() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.goOn(!r.behind())
}

func (r *Recorder) goOn(frame bool) bool {
	if r.closed {
		return false
	}
	if frame {
		r.frame()
	}
	return r.writer.Err() == nil && !r.Full()
}

// Full says that the recording has the size that it may have.
func (r *Recorder) Full() bool { return r.writer.full(r.options.Bytes) }

// Release has Frame no longer wait for the disk: the recording is about to end.
func (r *Recorder) Release() {
	r.released.Store(true)
	r.writer.wake()
}

func (r *Recorder) frame() {
	r.sequence++
	b := r.viewer.Append(r.buf[:0], r.sequence, maxRaw/2)
	if len(b) == 0 {
		b = event.AppendFrame(b, r.sequence)
	}
	for i := range r.sides {
		b = append(b, r.sides[i].packed...)
		r.sides[i].packed = r.sides[i].packed[:0]
	}
	r.buf = b
	if len(b) > event.FrameBytes {
		r.draft.append(r.clock, b)
		r.drafted.Store(int64(r.draft.weight()))
	}
	if int64(r.draft.weight()) >= r.options.Segment || r.draft.Frames > 0 && r.now().Sub(r.began) >= r.options.Oldest {
		if !r.writer.busy() { // nobody else hands segments over
			r.end()
			r.begin()
		}
	}
}

// end hands the segment over.
func (r *Recorder) end() {
	r.finish()
	r.writer.add(r.draft)
}

// finish adds to the segment what is told of it.
func (r *Recorder) finish() {
	d := r.draft
	d.Marks = r.marks.kept
	for i := range r.count {
		t := &r.sides[i].totals
		d.Sides = append(d.Sides, Figures{Lap: t.Lap, Stored: t.Stored, Readable: t.Readable, Lost: t.Lost, Unread: t.Unread, Collisions: t.Collisions, Collided: t.Collided, Allocators: r.sides[i].ran})
		d.Curve = append(d.Curve, r.curve[i].kept)
	}
}

// Progress says how far it has come: events recorded, those left out, stretches of time of
// which not every step is recorded, and bytes written. It does not wait for the disk.
func (r *Recorder) Progress() (events, leftOut, gaps uint64, bytes int64) {
	_, _, bytes = r.writer.Written()
	return r.events.Load(), r.leftOut.Load(), r.gaps.Load(), bytes
}

// Close ends the recording, and says in it why. It waits for the disk.
func (r *Recorder) Close(ended string) error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.frame()
	r.closed = true
	r.viewer.Leave()
	r.finish()
	last := r.draft
	r.mu.Unlock()
	if last.Frames > 0 {
		r.writer.add(last)
	}
	return r.writer.Close(ended)
}
