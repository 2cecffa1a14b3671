package run

import (
	"context"

	"slotrace/engine/lab"
)

// Schedules is where schedules are run on real files. Implementations are safe for
// concurrent use.
type Schedules interface {
	// RunOnFile has goroutines follow the schedule on a store in a file: see lab.RunOnFile.
	RunOnFile(ctx context.Context, s lab.Setup, schedule string) (lab.FileRun, error)
}
