package run

import (
	"context"
	"errors"

	"slotrace/engine/review/report"
)

// MaxSeed bounds the seed of a review to what JSON's readers keep exact.
const MaxSeed = 1<<53 - 1

// ReviewConfig is what a review starts with. An empty Allocator stands for
// DefaultReview's.
type ReviewConfig struct {
	Allocator string `json:"allocator"` // of the first side
	Compare   string `json:"compare"`   // of the second side; "" = there is none
	Seed      int64  `json:"seed"`      // 0 = any
}

// DefaultReview is the review of the bug.
func DefaultReview() ReviewConfig { return ReviewConfig{Allocator: Default().Allocator} }

// Check fills in the default and returns a *FieldError for what is out of bounds.
func (c *ReviewConfig) Check() error {
	if c.Allocator == "" {
		c.Allocator = DefaultReview().Allocator
	}
	return errors.Join(
		known("allocator", c.Allocator),
		knownOr("compare", c.Compare),
		within("seed", c.Seed, 0, MaxSeed),
	)
}

// The states of a review.
const (
	ReviewRunning   = "running"
	ReviewDone      = "done"      // all tests have run
	ReviewCancelled = "cancelled" // before
	ReviewFailed    = "failed"    // they could not be run: see Failure
)

// ReviewStatus is what a review reports.
type ReviewStatus struct {
	ID       uint32        `json:"id"`
	State    string        `json:"state"`
	Failure  string        `json:"failure"`
	Window   string        `json:"window"` // what was done to the threads, in a sentence or two
	Seed     uint64        `json:"seed"`   // of both sides
	Progress float64       `json:"progress"`
	Sides    []report.Side `json:"sides"` // one, or two that compare
}

// Reviews is where reviews happen. One is under way at a time; its predecessors are
// forgotten. Implementations are safe for concurrent use. Errors are as those of Runs.
type Reviews interface {
	// StartReview cancels the review that is under way, if any, and starts another.
	StartReview(ctx context.Context, c ReviewConfig) (ReviewStatus, error)
	// CancelReview ends a review. What it has found stays. One that has ended stays as
	// it is.
	CancelReview(ctx context.Context, id uint32) (ReviewStatus, error)
	Review(id uint32) (ReviewStatus, error)
	Reviews() []ReviewStatus
}
