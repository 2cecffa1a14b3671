// Package visible holds the operations that threads can see of each other:
// counters, locks, byte ranges and map entries. Everything the store's threads
// share goes through here, so that whoever watches a thread (a tracer, a pacer,
// a scheduler) is asked before each such operation, may hold it back, and learns
// its outcome. The code between two visible operations touches only what its
// thread owns, so an execution is given by the order of its visible operations
// (Godefroid, "Model Checking for Programming Languages using VeriSoft",
// POPL 1997, section 2).
//
// A thread that nobody watches, or not at that step, pays one test an operation.
package visible

// Kind is what an operation does to its object.
type Kind uint8

// The kinds of visible operation.
const (
	OpLoad Kind = iota + 1
	OpStore
	OpAdd
	OpCompareAndSwap
	OpLock
	OpUnlock
	OpRead
	OpWrite
	OpMapLoad
	OpMapStore
	OpMapDelete
	OpMapInsert
	OpTryLock
)

var kindNames = [...]string{
	OpLoad: "load", OpStore: "store", OpAdd: "add", OpCompareAndSwap: "compare-and-swap",
	OpLock: "lock", OpUnlock: "unlock", OpRead: "read", OpWrite: "write",
	OpMapLoad: "map load", OpMapStore: "map store", OpMapDelete: "map delete", OpMapInsert: "map insert", OpTryLock: "try lock",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "unknown operation"
}

// Step says where in the life of a put or a get an operation stands, as a person
// would tell it. A step's line in the source is found by a marker: see
// engine.Sources. The numbers are part of the wire form (engine/event/WIRE.md):
// append, never renumber.
type Step uint8

// The steps of a put, in the order in which they can come, then those of a get.
const (
	NoStep       Step = iota
	Enter             // take the allocation lock
	Look              // load the count: the slot that is free as far as this thread can see
	Claim             // the one operation that takes a slot for good
	Leave             // release the allocation lock
	Reserve           // take a range of the content area
	Content           // write id and content into it
	Block             // write the block into its slot
	Commit            // write the block's commit word
	Index             // enter the id into the index
	EnterTell         // take the allocation lock once more
	Tell              // add one to the count: the slot is used
	LeaveTell         // and release it
	Find              // look the id up in the index
	Fetch             // read the block and its content
	Refuse            // take back a claim above the capacity: the store is full
	EnterBlock        // take the blocks' lock, where blocks are written and read under one
	LeaveBlock        // and release it
	Pin               // come in through the handle's door, and see which file is the store's
	Unpin             // and go out
	Previous          // look at the entry that is to be replaced or deleted
	EnterID           // take the lock of an id that is being replaced or deleted
	LeaveID           // and release it
	Clear             // clear the commit word of an entry that is replaced or deleted
	Unlink            // take an id out of the index
	Free              // put a slot on the list of free ones, or take one off, under its lock
	Stop              // keep others out of the whole store, door by door
	Resume            // and let them in again
	Switch            // make a compacted file the store's
	Length            // see where the part of the content area that is taken ends
	EnterArea         // take the content area's lock
	LeaveArea         // and release it
	EnterIndex        // take the one lock of the whole index, in a store that has one
	LeaveIndex        // and release it
	EnterContent      // take the one lock of blocks and contents, in a store that has one
	LeaveContent      // and release it
	Steps             // how many steps there are
)

var stepNames = [Steps]string{
	NoStep: "none", Enter: "enter", Look: "look", Claim: "claim", Leave: "leave", Reserve: "reserve", Content: "content",
	Block: "block", Commit: "commit", Index: "index", EnterTell: "enter-tell", Tell: "tell", LeaveTell: "leave-tell",
	Find: "find", Fetch: "fetch", Refuse: "refuse",
	EnterBlock: "enter-block", LeaveBlock: "leave-block", Pin: "pin", Unpin: "unpin", Previous: "previous",
	EnterID: "enter-id", LeaveID: "leave-id", Clear: "clear", Unlink: "unlink", Free: "free", Switch: "switch", Stop: "stop", Resume: "resume",
	Length: "length", EnterArea: "enter-area", LeaveArea: "leave-area",
	EnterIndex: "enter-index", LeaveIndex: "leave-index", EnterContent: "enter-content", LeaveContent: "leave-content",
}

// String is also the step's marker in the source.
func (s Step) String() string {
	if s < Steps {
		return stepNames[s]
	}
	return "unknown step"
}

// Object names a shared thing within one store. Two operations can conflict only
// if their objects are the same and, for ranges and map entries, they overlap.
type Object uint32

// Op is a visible operation: what is about to be done to what. Low and High bound
// the bytes of a range, [Low, High); for a map entry Low is the hash of its key,
// for a counter or a lock its number, and High = Low + 1.
//
// It has four fields, since with more than that it would lie in memory wherever it goes:
// an observer is asked twice at every step.
type Op struct {
	Kind   Kind
	Step   Step
	Object Object
	Range
}

// Range is the numbers from Low to High - 1.
type Range struct{ Low, High uint64 }

// Missing is the value of an operation that did not find what it asked for.
const Missing = ^uint64(0)

// Observer watches one or more threads. Its methods run on the watched thread.
//
// Point comes before the operation; a scheduler or pacer holds the thread by not
// returning. Done comes after it, with the value the operation saw or left: the
// value loaded or stored, the sum after an add, the old value of a
// compare-and-swap that swapped, what a map load, an insert that came too late or a
// delete found; Missing stands for what a compare-and-swap or a map operation did not
// find, and for a lock that a try did not get.
//
// Observers compose by calling each other. Whoever holds threads back comes last
// at Point, so that the others have seen the thread arrive.
type Observer interface {
	Point(t *Thread, op Op)
	Done(t *Thread, op Op, value uint64)
}

// Thread is one goroutine's identity in every picture. It belongs to that
// goroutine alone. One that only has an ID is watched by nobody.
type Thread struct {
	ID       int // counts from 0
	observer Observer
	watched  StepSet // steps at which the observer is asked; none without one
	holds    *Mutex  // the lock that it took last of those that it holds
}

// NewThread returns a thread whose every step is watched by observer, unless that is nil.
func NewThread(id int, observer Observer) *Thread {
	t := &Thread{ID: id}
	t.Watch(observer)
	return t
}

// Watch has observer, and nobody else, asked at every step from now on; nil is nobody.
func (t *Thread) Watch(observer Observer) {
	t.observer, t.watched = observer, 0
	t.Ignore(0)
}

// Ignore says at which steps of those to come the observer is not asked.
func (t *Thread) Ignore(steps StepSet) {
	if t.observer != nil {
		t.watched = ^steps
	}
}

// Observer is who watches the thread, or nil.
func (t *Thread) Observer() Observer { return t.observer }

// Watched says whether there is somebody to be told of a step. Where the step is a
// constant that is a test of one bit.
func (t *Thread) Watched(s Step) bool { return t.watched>>s&1 != 0 }

// StepSet is a set of steps.
type StepSet uint64

// AllBut is the set of all steps but these.
func AllBut(steps ...Step) StepSet {
	set := ^StepSet(0)
	for _, s := range steps {
		set &^= 1 << s
	}
	return set
}
