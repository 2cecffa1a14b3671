package schedules

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"slotrace/engine/lab"
)

var bug = lab.Setup{Scenario: "slot-allocation", Variant: "check-then-act", Threads: 2, Ops: 1}

func TestSchedulesLeaveNothingBehind(t *testing.T) {
	dir := t.TempDir()
	s := New(dir)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if r, err := s.RunOnFile(t.Context(), bug, "A1B3A2"); err != nil || !r.Agrees || len(r.Evidence) != 1 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	all.Wait()
	if _, err := s.RunOnFile(t.Context(), bug, "A1"); err == nil {
		t.Error("half a schedule was run")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	if _, err := New(filepath.Join(dir, "gone")).RunOnFile(t.Context(), bug, "A1B3A2"); !errors.Is(err, lab.ErrFile) || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	s.turn <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.RunOnFile(ctx, bug, "A1B3A2"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
