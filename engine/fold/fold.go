// Package fold turns what a running store tells (package event) into what a screen
// can show. A Board holds the present picture; each Viewer of it takes what is new
// to it, as frames of bounded size. Whatever the engine does, a viewer costs what
// its frames cost: what a slow one misses is folded into its next frame.
package fold

import (
	"sync"
	"unicode/utf8"

	"slotrace/engine/event"
)

// blockCells is the unit in which changes of the slot map are remembered.
const blockCells = 256

// Limits of what a Board keeps and a frame carries.
const (
	keptRecords  = 1 << 13 // of the latest steps, on each side
	frameRecords = 1 << 11 // in one frame
	keptLosses   = 32      // of the latest evidence, on each side
	keptText     = 500     // bytes of a failure and of a notice: every frame has room for both
)

// Board is the picture of a run. One goroutine sets it, any number of viewers
// read it. It is set by an engine, or by the frames that a viewer of another board
// gets (Take).
type Board struct {
	mu      sync.Mutex
	version uint64 // counts changes; each part remembers the version that changed it last

	state     event.State
	stateAt   uint64
	viewers   int
	notice    string
	noticeAt  uint64
	sides     [event.MaxSides]side
	runsSeen  uint64 // version at which the run began
	greetings [2][]byte
}

type side struct {
	totals   event.Totals
	totalsAt uint64

	lap      uint32
	ended    bool
	collided uint32
	cells    []byte
	cellsAt  uint64
	blocksAt []uint64 // version of each blockCells cells; 0 = all empty

	records []rec // a ring of the latest, by their running number
	next    uint64
	missing uint64 // records that were left out before they came here

	burst   event.Steps
	burstAt uint64

	evidence   []event.Loss // the latest, oldest first
	total      uint64
	evidenceAt uint64
}

// rec is a record of the run's lap.
type rec struct {
	event.Record
	lap     uint32
	missing uint64 // how many had been left out by then
}

// NewBoard returns a board that greets its viewers with hello and shows idle, what
// a run would start with.
func NewBoard(hello event.Hello, idle event.State) *Board {
	b := &Board{state: idle, version: 1, stateAt: 1}
	for i := range b.greetings {
		hello.Control = i == 1
		b.greetings[i] = event.AppendHello(nil, &hello)
	}
	return b
}

// Hello is the first message to a viewer, which may control the run or not. It
// must not be changed.
func (b *Board) Hello(control bool) []byte {
	if control {
		return b.greetings[1]
	}
	return b.greetings[0]
}

func (b *Board) touch(at *uint64) {
	b.version++
	*at = b.version
}

// Begin clears the board for a new run.
func (b *Board) Begin(s event.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.begin(s)
}

func (b *Board) begin(s event.State) {
	for i := range b.sides {
		n := uint32(0)
		if i < int(s.Sides) {
			n = s.Slots
		}
		b.sides[i] = side{cells: make([]byte, n), blocksAt: make([]uint64, (n+blockCells-1)/blockCells)}
		b.touch(&b.sides[i].cellsAt)
	}
	b.touch(&b.runsSeen)
	b.setState(s)
}

// State shows the run's state; Watching is the board's own.
func (b *Board) State(s event.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.setState(s)
}

func (b *Board) setState(s event.State) {
	s.Watching = uint16(min(b.viewers, 1<<16-1))
	s.Failure = clip(s.Failure)
	if s != b.state {
		b.state = s
		b.touch(&b.stateAt)
	}
}

// Totals shows the totals of t.Side.
func (b *Board) Totals(t event.Totals) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.setTotals(t)
}

func (b *Board) setTotals(t event.Totals) {
	if s := &b.sides[t.Side]; s.totals != t {
		s.totals = t
		b.touch(&s.totalsAt)
	}
}

// Cells shows the cells [from, to) of a lap's slot map: cell(i) is slot i's byte, as
// in WIRE.md. The cells of a lap that have not been shown yet are empty.
func (b *Board) Cells(number int, lap uint32, ended bool, from, to int, cell func(i int) byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &b.sides[number]
	if lap != s.lap {
		clear(s.cells)
		clear(s.blocksAt)
		s.collided = 0
	}
	collided := s.collided
	for i := from; i < to; i++ {
		c, old := cell(i), s.cells[i]
		if c == old {
			continue
		}
		s.cells[i] = c
		b.touch(&s.blocksAt[i/blockCells])
		collided += uint32(c>>7) - uint32(old>>7) // event.CellCollided
	}
	if lap != s.lap || ended != s.ended || collided != s.collided {
		s.lap, s.ended, s.collided = lap, ended, collided
		b.touch(&s.cellsAt)
	}
}

// Steps shows records of a lap, in an order that the viewers will see.
func (b *Board) Steps(number int, lap uint32, records []event.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.addSteps(number, lap, 0, records)
}

func (b *Board) addSteps(number int, lap, leftOut uint32, records []event.Record) {
	s := &b.sides[number]
	if s.records == nil {
		s.records = make([]rec, keptRecords)
	}
	s.missing += uint64(leftOut)
	for _, r := range records {
		s.records[s.next%keptRecords] = rec{r, lap, s.missing}
		s.next++
	}
	if len(records) > 0 || leftOut > 0 {
		b.version++ // nothing else may change for long, as when the run is paused
	}
}

// Burst shows a burst in place of the one before.
func (b *Board) Burst(steps event.Steps) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.setBurst(steps)
}

func (b *Board) setBurst(steps event.Steps) {
	if over := len(steps.Records) - frameRecords; over > 0 {
		steps.Records = steps.Records[:frameRecords]
		steps.LeftOut += uint32(over)
	}
	s := &b.sides[steps.Side]
	s.burst = steps
	b.touch(&s.burstAt)
}

// Evidence shows the latest losses, oldest first, of total so far.
func (b *Board) Evidence(number int, total uint64, latest []event.Loss) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.addEvidence(number, total, latest)
}

func (b *Board) addEvidence(number int, total uint64, latest []event.Loss) {
	s := &b.sides[number]
	s.evidence = append(s.evidence, latest...)
	if over := len(s.evidence) - keptLosses; over > 0 {
		s.evidence = append([]event.Loss(nil), s.evidence[over:]...)
	}
	s.total = total
	b.touch(&s.evidenceAt)
}

// Notice tells all viewers something, which stands until the next; "" takes it back.
func (b *Board) Notice(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.setNotice(text)
}

func (b *Board) setNotice(text string) {
	b.notice = clip(text)
	b.touch(&b.noticeAt)
}

// Watching is how many viewers there are.
func (b *Board) Watching() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.viewers
}

// clip cuts text between two runes.
func clip(text string) string {
	if len(text) <= keptText {
		return text
	}
	n := keptText
	for !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
