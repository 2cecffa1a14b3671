package lab

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
	"slotrace/engine/verdict"
	"slotrace/engine/visible"
)

// FileRun is what a schedule came to on a real file.
type FileRun struct {
	Setup
	Schedule   string             `json:"schedule"`
	Agrees     bool               `json:"agrees"`     // it came to what it comes to under the scheduler
	Difference string             `json:"difference"` // where it did not, in a sentence
	FileBytes  uint64             `json:"file_bytes"`
	Steps      []FileStep         `json:"steps"`
	Evidence   []verdict.Evidence `json:"evidence"` // what does not read back
}

// FileStep is an operation that a goroutine took.
type FileStep struct {
	Thread string `json:"thread"`
	Step   string `json:"step"`
	Value  *int64 `json:"value,omitempty"`
}

// MaxOnFile is how many puts, threads times ops, are made on a file.
const MaxOnFile = 256

// ErrFile says that a store's file could not be made or read.
var ErrFile = errors.New("on a file")

// RunOnFile has goroutines that really run make the setup's calls on a store in a real,
// mapped file, in a new folder within dir, taking turns as the schedule says, and compares
// with what the scheduler makes of it. The folder stays.
func RunOnFile(s Setup, schedule, dir string) (FileRun, error) {
	if err := s.Check(); err != nil {
		return FileRun{}, err
	}
	if n := s.Threads * s.Ops; n > MaxOnFile {
		return FileRun{}, fmt.Errorf("threads x ops: up to %d on a file, not %d", MaxOnFile, n)
	}
	t, err := newTrial(s)
	if err != nil {
		return FileRun{}, err
	}
	defer t.close()
	turns, err := explore.ParseSchedule(schedule)
	if err != nil {
		return FileRun{}, err
	}
	end, err := t.machine.Follow(turns, nil)
	if err != nil {
		return FileRun{}, err
	}
	if end != explore.Completed {
		return FileRun{}, fmt.Errorf("schedule: on a file it has to lead to the end of all threads: add %s", t.rest(turns))
	}
	var broken []verdict.Evidence
	if !t.instance.Intact() {
		broken = t.instance.Breach(t.machine.Events()).Evidence
	}
	scenario, v, _ := catalogue.Find(s.Scenario, s.Variant)
	f, err := catalogue.NewOnFile(scenario, v, s.Threads, s.Ops, filepath.Join(dir, "store"))
	switch {
	case errors.Is(err, catalogue.ErrNotOnFile):
		return FileRun{}, err
	case err != nil:
		return FileRun{}, fmt.Errorf("%w: %w", ErrFile, err)
	}
	r := FileRun{Setup: s, Schedule: turns.String(), FileBytes: f.Bytes(), Steps: []FileStep{}}
	events, err := explore.NewConductor(s.Threads, turns).Conduct(f.Run)
	if err != nil {
		r.Difference = err.Error()
	}
	r.Evidence, err = f.Evidence()
	if err = errors.Join(err, f.Close()); err != nil {
		return FileRun{}, fmt.Errorf("%w: %w", ErrFile, err)
	}
	for i := range events {
		e := &events[i]
		step := FileStep{Thread: catalogue.Letter(int(e.Thread)), Step: e.Op.Step.String()}
		if n, ok := number(e); ok {
			step.Value = &n
		}
		r.Steps = append(r.Steps, step)
	}
	if r.Difference == "" {
		r.Difference = difference(t.machine.Events(), events, broken, r.Evidence)
	}
	r.Agrees = r.Difference == ""
	return r, nil
}

// difference says where two executions of one schedule differ: of the operations their
// kind, step and value count, not in which memory they were.
func difference(want, got []visible.Event, broken, found []verdict.Evidence) string {
	for i := range min(len(want), len(got)) {
		w, g := &want[i], &got[i]
		n, counts := number(w)
		m, _ := number(g)
		if w.Thread != g.Thread || w.Op.Kind != g.Op.Kind || w.Op.Step != g.Op.Step || counts && n != m {
			return fmt.Sprintf("operation %d was %s (%s) of %s and saw %d, and under the scheduler %s (%s) of %s and saw %d", i+1,
				g.Op.Kind, g.Op.Step, catalogue.Letter(int(g.Thread)), m, w.Op.Kind, w.Op.Step, catalogue.Letter(int(w.Thread)), n)
		}
	}
	if len(want) != len(got) {
		return fmt.Sprintf("there were %d operations, and under the scheduler %d", len(got), len(want))
	}
	if !slices.Equal(broken, found) {
		return fmt.Sprintf("%v did not read back, and under the scheduler %v", found, broken)
	}
	return ""
}
