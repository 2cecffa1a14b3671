package lab

import (
	"encoding/json"
	"math/big"

	"slotrace/engine/explore"
)

// Result is what a search came to.
type Result struct {
	Setup
	Mode       string  `json:"mode"`
	Seed       *uint64 `json:"seed,omitempty"` // of a search at random
	Verdict    string  `json:"verdict"`        // Holds, Violated or Unknown
	Complete   bool    `json:"complete"`       // the whole space of the bound was covered
	Executions Number  `json:"executions"`     // complete ones; with prove, one for each class
	CutShort   int64   `json:"cut_short,omitempty"`
	States     int     `json:"states,omitempty"` // that were counted by
	Violations Number  `json:"violations"`
	Races      int64   `json:"races,omitempty"` // executions with a data race that break nothing
	Elapsed    float64 `json:"elapsed_ms"`
	Canary     *Canary `json:"canary,omitempty"`
	// Abstraction is what a count relies on.
	Abstraction    string          `json:"abstraction,omitempty"`
	Stopped        string          `json:"stopped,omitempty"` // why it ended before a verdict
	Counterexample *Counterexample `json:"counterexample,omitempty"`
}

// The verdicts.
const (
	Holds    = "holds"
	Violated = "violated"
	Unknown  = "unknown"
)

// Canary is the search that has to find a violation before any is believed that finds
// none.
type Canary struct {
	Variant    string `json:"variant"`
	Executions int    `json:"executions"`
}

// Counterexample is an execution.
type Counterexample struct {
	Threads     int    `json:"threads"`
	Ops         int    `json:"ops"`
	Schedule    string `json:"schedule"`
	Preemptions int    `json:"preemptions"`
	Operations  int    `json:"operations"`
	Why         string `json:"why"`
	Lamps       Lamps  `json:"lamps"`
	Deadlock    []Wait `json:"deadlock,omitempty"`
	Steps       []Step `json:"steps"`
	// Found is the schedule that it was shrunk from.
	Found *Found `json:"found,omitempty"`
}

// Found is a schedule as a search came upon it.
type Found struct {
	Threads  int    `json:"threads"`
	Ops      int    `json:"ops"`
	Schedule string `json:"schedule"`
}

// Lamps are the judgements of an execution.
type Lamps struct {
	Intact       bool `json:"intact"`
	Linearizable bool `json:"linearizable"`
	RaceFree     bool `json:"race_free"`
	// GoRace is what Go's race detector says of it while the store is in a mapped file, which
	// the detector does not see: "silent". GoRaceHeap is what it says while the store is on
	// the heap: "reports" if there is a data race.
	GoRace     string `json:"go_race"`
	GoRaceHeap string `json:"go_race_heap"`
}

// Step is an operation of an execution.
type Step struct {
	Thread    string `json:"thread"`
	Operation string `json:"operation"`
	Object    string `json:"object"`
	Value     *int64 `json:"value,omitempty"` // that it saw or left, if that is a number
	Step      string `json:"step"`            // which of its call's steps it is
	Line      string `json:"line"`            // file:line
	Preempts  bool   `json:"preempts,omitempty"`
}

// Number is a number of executions, which may be large. In JSON it is a string above
// 2^53.
type Number struct{ *big.Int }

// NumberOf makes a number.
func NumberOf(n int64) Number { return Number{big.NewInt(n)} }

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if n.Int == nil {
		return []byte("0"), nil
	}
	if n.BitLen() > 53 {
		return json.Marshal(n.Int.String())
	}
	return []byte(n.Int.String()), nil
}

// counterexample describes the execution that the trial has just judged.
func (t *trial) counterexample(end explore.End, f fault) *Counterexample {
	events := t.machine.Events()
	c := &Counterexample{
		Threads: t.Threads, Ops: t.Ops, Schedule: explore.ScheduleOf(events).String(),
		Preemptions: explore.Preemptions(events), Operations: len(events), Why: t.why(f), Lamps: t.lamps(end), Steps: t.steps(),
	}
	if f == stuck {
		c.Deadlock = t.awaits()
	}
	return c
}

func (t *trial) lamps(end explore.End) Lamps {
	whole := end == explore.Completed
	l := Lamps{Intact: whole && t.instance.Intact(), Linearizable: whole && t.linearizable(), GoRace: "silent", GoRaceHeap: "silent"}
	_, found := t.race()
	if l.RaceFree = !found; found {
		l.GoRaceHeap = "reports"
	}
	return l
}
