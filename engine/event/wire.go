package event

import "slotrace/engine/visible"

// Protocol is the websocket subprotocol of the form in WIRE.md, which names every
// field that is written and read here.
const Protocol = "slotrace.v1"

// Limits of the wire form.
const (
	Version       = 1
	MaxMessage    = 128 << 10 // bytes in a message to a viewer
	MaxReply      = 64        // bytes in a message from a viewer
	MaxSides      = 2
	MaxWriters    = 64
	MaxSlots      = 1_000_000 // in the map of a run
	NoAllocator   = 255
	recordBytes   = 16
	sectionHeader = 6
	stepsAnew     = 2 // beside 0 and 1 for steps and bursts
)

// Close codes beyond those of RFC 6455.
const (
	CloseVersion  = 4001
	CloseReplaced = 4004 // of a presenter: another one has taken its room
)

type messageKind = byte

const (
	kindHello   messageKind = 1
	kindFrame   messageKind = 2
	kindAck     messageKind = 3
	kindPresent messageKind = 4
)

const (
	tagState byte = iota + 1
	tagTotals
	tagCells
	tagSteps
	tagEvidence
	tagNotice
)

// RunState is what a run is doing.
type RunState uint8

// The states of a run.
const (
	Idle RunState = iota
	Running
	Paused
	Finished
	Failed
	Replay // of a recording: time goes on, or is dragged about
)

var stateNames = [...]string{"idle", "running", "paused", "done", "failed", "replay"}

func (s RunState) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Session tells one slotrace that presents from every other: it is drawn at random when
// it starts.
type Session [16]byte

// Hello is the first message.
type Hello struct {
	Server     string
	Control    bool
	Allocators []Allocator
	Put        Source
}

// Allocator names an allocator and shows its code.
type Allocator struct {
	Name   string
	Holds  bool
	Source Source
}

// Source is an excerpt of code.
type Source struct {
	File  string
	First int // number of Lines[0]
	Lines []string
	Marks []Mark
}

// Mark says that a step stands on a line.
type Mark struct {
	Step visible.Step
	Line int
}

// Line returns the number of the line on which step stands, or 0.
func (s *Source) Line(step visible.Step) int {
	for _, m := range s.Marks {
		if m.Step == step {
			return m.Line
		}
	}
	return 0
}

// State is tag 1.
type State struct {
	Run        uint32
	State      RunState
	Writers    uint8
	Sides      uint8
	Allocators [MaxSides]uint8
	Slots      uint32
	Pace       uint32 // microseconds
	Window     uint32 // microseconds
	Stores     uint64
	Watching   uint16
	Failure    string
	Recording  Recording
}

// Recording says whether a run is being recorded.
type Recording uint8

// What a run's recording is doing. RecordingFailed is one that ended by itself.
const (
	NotRecording Recording = iota
	BeingRecorded
	RecordingFailed
)

// Totals is tag 2.
type Totals struct {
	Side             uint8
	Clock            int64
	Lap              uint32
	Stored           uint64
	Readable         uint64
	Lost             uint64
	Unread           uint64
	Collisions       uint64
	Collided         uint64
	RecentStored     uint64
	RecentCollisions uint64
	Rate             uint32
	P50, P99, P999   uint32
	Dropped          uint64
}

// Cells is tag 3.
type Cells struct {
	Side     uint8
	Lap      uint32
	Ended    bool
	Slots    uint32
	Collided uint32
	First    uint32
	Cells    []byte
}

// A cell is a byte: Claimed(writer), with Collided set from the second claim on.
const CellCollided = 0x80

// Steps is tag 4.
type Steps struct {
	Side    uint8
	Lap     uint32
	Burst   bool
	Anew    bool // time was moved: what was told of steps is forgotten, and the clock stands where the totals say
	Base    int64
	Length  uint32
	OneIn   uint32
	LeftOut uint32
	Records []Record // At is on the run's clock, not from Base
}

// Evidence is tag 5.
type Evidence struct {
	Side  uint8
	Total uint64
	Items []Loss
}

// Loss is a memory that was stored without an error and does not read back.
type Loss struct {
	Number   uint64
	Slot     uint32
	Lap      uint32
	Writer   uint8
	Store    uint32
	ID       string
	Expected string
	Got      string
}

// Frame is a parsed frame.
type Frame struct {
	Sequence uint32
	State    *State
	Totals   []Totals
	Cells    []Cells
	Steps    []Steps
	Evidence []Evidence
	Notice   string
	Noticed  bool // there is a notice, which may be empty
}
