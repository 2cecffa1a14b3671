// Package run says what a live run is: what one may be told to do, within which
// limits, and what it reports. The HTTP API, the stream and whoever runs the
// engine share it.
package run

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"slotrace/engine/alloc"
	"slotrace/engine/event"
)

// Limits of a run.
const (
	MaxWriters = event.MaxWriters
	MaxSlots   = event.MaxSlots
	MaxPaceUS  = 5_000_000
	MaxWindow  = 1_000_000 // microseconds
	MaxStores  = 1 << 40
	MaxSteps   = 100 // in one change
)

// Config is what a run starts with. An empty Allocator and an Embedding of 0 stand
// for Default's.
type Config struct {
	Allocator string `json:"allocator"`         // of the first side
	Compare   string `json:"compare,omitempty"` // of the second side; "" = there is none
	Writers   int    `json:"writers"`           // on each side, 1-64
	Slots     int    `json:"slots"`             // of each store, 1-1,000,000
	Embedding int    `json:"embedding"`         // float32 values in a block, 1-4,096
	PaceUS    int    `json:"pace_us"`           // one beat, microseconds; 0 = real speed
	WindowUS  int    `json:"window_us"`         // extra time between claim and block, microseconds
	Stores    int64  `json:"stores"`            // how many stores each side makes; 0 = until stopped
	Paused    bool   `json:"paused"`            // start paused, to be stepped
	Record    bool   `json:"record"`            // keep a recording, from the first step on
}

// Default is the run that greets a newcomer: eight writers on the buggy
// allocator, slow enough to follow.
func Default() Config {
	return Config{Allocator: "check-then-act", Writers: 8, Slots: 10_000, Embedding: 768, PaceUS: 300_000}
}

// Change is what a run may be told while it runs. Nil fields stay as they are.
type Change struct {
	Allocator *string `json:"allocator"`
	Compare   *string `json:"compare"` // only on a run that compares
	Writers   *int    `json:"writers"`
	PaceUS    *int    `json:"pace_us"`
	WindowUS  *int    `json:"window_us"`
	Pause     *bool   `json:"pause"`
	Step      *int    `json:"step"`   // pause, and let each side take that many steps (event.Stretched)
	Record    *bool   `json:"record"` // begin a recording, or end it
}

// Status is what a run reports.
type Status struct {
	ID      uint32 `json:"id"`
	State   string `json:"state"` // running, paused, done, failed
	Failure string `json:"failure,omitempty"`
	Config
	Sides     []Side     `json:"sides"`
	Recording *Recording `json:"recording,omitempty"` // the run's latest
}

// Recording is how a run's recording goes, or went.
type Recording struct {
	ID      string `json:"id"`     // "" for those who only watch
	State   string `json:"state"`  // recording, done, full (it has the size that it may have), failed
	Events  uint64 `json:"events"` // steps in it
	LeftOut uint64 `json:"left_out"`
	Gaps    uint64 `json:"gaps"` // stretches of time of which it does not have every step
	Whole   bool   `json:"every_step"`
	Bytes   int64  `json:"bytes"` // written so far
	Failure string `json:"failure,omitempty"`
}

// Side is one store of a run. All but Rate and the latencies are exact, and of
// one instant: Stored = Readable + Lost + Unread.
type Side struct {
	Allocator  string `json:"allocator"`
	Lap        uint32 `json:"lap"`
	Stored     uint64 `json:"stored"`
	Readable   uint64 `json:"readable"`
	Lost       uint64 `json:"lost"`
	Unread     uint64 `json:"unread"`
	Collisions uint64 `json:"collisions"`
	Collided   uint64 `json:"collided"`
	Rate       uint32 `json:"stores_per_second"`
	P50        uint32 `json:"p50_ns"`
	P99        uint32 `json:"p99_ns"`
	P999       uint32 `json:"p999_ns"`
	Dropped    uint64 `json:"dropped_records"`
}

// Evidence is a page of losses.
type Evidence struct {
	Run   uint32 `json:"run"`
	Side  int    `json:"side"`
	Total uint64 `json:"total"` // lost so far
	First uint64 `json:"first"` // number of the oldest loss whose evidence is kept, from 1; 0 = none is
	Items []Loss `json:"items"` // by number
}

// Loss is a memory that was stored without an error and does not read back.
type Loss struct {
	Number   uint64 `json:"number"`
	ID       string `json:"id"`
	Slot     uint32 `json:"slot"`
	Lap      uint32 `json:"lap"`
	Expected string `json:"expected"`
	Got      string `json:"got"`
}

// Slot is all there is to tell about one slot in the lap that the map shows.
type Slot struct {
	Run      uint32   `json:"run"`
	Side     int      `json:"side"`
	Lap      uint32   `json:"lap"`
	Slot     uint32   `json:"slot"`
	Claims   uint32   `json:"claims"`
	Memories []Memory `json:"memories"` // stored in it without an error, by writer and number; at most 64
}

// Memory is one memory that was stored in a slot.
type Memory struct {
	ID       string `json:"id"`
	Outcome  string `json:"outcome"` // readable, lost, unread
	Expected string `json:"expected"`
	Got      string `json:"got,omitempty"`
}

// Runs is where runs happen. One is live at a time; its predecessors are
// forgotten. Implementations are safe for concurrent use.
type Runs interface {
	// Start ends the live run, if any, and starts another.
	Start(ctx context.Context, c Config) (Status, error)
	// Change changes the live run. When it returns, the change has happened.
	Change(ctx context.Context, id uint32, c Change) (Status, error)
	// Stop ends the run; its figures stay.
	Stop(ctx context.Context, id uint32) (Status, error)
	Status(id uint32) (Status, error)
	List() []Status
	// Evidence returns up to limit losses with numbers above after.
	Evidence(id uint32, side int, after uint64, limit int) (Evidence, error)
	Slot(id uint32, side int, slot uint32) (Slot, error)
}

// Errors of Runs. Anything else is a failure of the machine: disk full, no permission.
var (
	ErrUnknown = errors.New("no such run")   // the run is not, or no longer, there
	ErrEnded   = errors.New("run has ended") // it can be read but no longer changed
)

// FieldError is about a field of Config or Change that is out of bounds.
type FieldError struct {
	Field string // its name in JSON
	Want  string // what would do
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Want }

// Check fills in defaults and returns a *FieldError for what is out of bounds.
func (c *Config) Check() error {
	d := Default()
	if c.Allocator == "" {
		c.Allocator = d.Allocator
	}
	if c.Embedding == 0 {
		c.Embedding = d.Embedding
	}
	return errors.Join(
		known("allocator", c.Allocator),
		knownOr("compare", c.Compare),
		within("writers", c.Writers, 1, MaxWriters),
		within("slots", c.Slots, 1, MaxSlots),
		within("embedding", c.Embedding, 1, 4096),
		within("pace_us", c.PaceUS, 0, MaxPaceUS),
		within("window_us", c.WindowUS, 0, MaxWindow),
		within("stores", c.Stores, 0, MaxStores),
	)
}

// Check returns a *FieldError for what is out of bounds.
func (c *Change) Check() error {
	var errs []error
	if c.Allocator != nil {
		errs = append(errs, known("allocator", *c.Allocator))
	}
	if c.Compare != nil {
		errs = append(errs, known("compare", *c.Compare))
	}
	for _, f := range []struct {
		name     string
		v        *int
		low, top int
	}{
		{"writers", c.Writers, 1, MaxWriters},
		{"pace_us", c.PaceUS, 0, MaxPaceUS},
		{"window_us", c.WindowUS, 0, MaxWindow},
		{"step", c.Step, 1, MaxSteps},
	} {
		if f.v != nil {
			errs = append(errs, within(f.name, *f.v, f.low, f.top))
		}
	}
	return errors.Join(errs...)
}

func known(field, name string) error {
	if alloc.Index(name) >= 0 {
		return nil
	}
	return &FieldError{field, fmt.Sprintf("there is no allocator %.40q; there are %s", name, strings.Join(alloc.Names(), ", "))}
}

func knownOr(field, name string) error {
	if name == "" {
		return nil
	}
	return known(field, name)
}

func within[N int | int64](field string, v, low, top N) error {
	if v < low || v > top {
		return &FieldError{field, fmt.Sprintf("must be from %d to %d, not %d", low, top, v)}
	}
	return nil
}
