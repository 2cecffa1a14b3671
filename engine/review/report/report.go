// Package report is what a review came to, as the command prints it and the server
// answers it. It is apart from package review so that who only tells of reviews need
// not be able to run them.
package report

// The states of a test.
const (
	Waiting = "waiting"
	Running = "running"
	Done    = "done"
)

// Side is the review of one allocator.
type Side struct {
	Allocator string `json:"allocator"`
	Holds     bool   `json:"holds"`  // whether no two puts can get one slot (alloc.Kind)
	Passed    int    `json:"passed"` // of the tests that are done
	Failed    int    `json:"failed"`
	Tests     []Test `json:"tests"` // all seven, by number
}

// Test is one of the seven. Pass and what stands below it, but for Target and
// Original, hold once it is done.
type Test struct {
	Number   int     `json:"number"` // from 1
	Name     string  `json:"name"`
	About    string  `json:"about"` // its shape: threads, operations, barrier
	State    string  `json:"state"`
	Progress float64 `json:"progress"` // 0 to 1

	Pass       bool    `json:"pass"`       // about what was stored and read, never about time
	TargetMet  bool    `json:"target_met"` // about time; true where there is no target
	Target     string  `json:"target"`     // "" = there is none
	Original   string  `json:"original"`   // what was measured in the incident, where it is known
	Operations int     `json:"operations"` // that the threads did, without what was stored before and read back after
	Duration   float64 `json:"duration_ms"`
	P50        float64 `json:"p50_us"` // of an operation's time, without what it was held in the window
	P99        float64 `json:"p99_us"`
	P999       float64 `json:"p999_us"`

	Failure       string     `json:"failure"`        // why it failed, in one sentence
	Evidence      []Evidence `json:"evidence"`       // never nil; the first few
	EvidenceTotal int        `json:"evidence_total"` // how many there were
	Shrunk        string     `json:"shrunk"`         // the smallest case that fails, of the property
}

// Evidence is a memory that was stored without an error and reads back as another.
type Evidence struct {
	ID       string `json:"id"`
	Expected string `json:"expected"`
	Got      string `json:"got"`
}

// Window says, wherever results are shown, what was done to the threads.
const Window = "The window is widened alike for every allocator: a put that has touched the count waits until another has too, before it writes its block. " +
	"That wait is in no latency, and gets run unwatched."
