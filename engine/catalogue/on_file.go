package catalogue

import (
	"errors"
	"fmt"
	"strings"

	"slotrace/engine"
	"slotrace/engine/verdict"
	"slotrace/engine/visible"
)

// OnFile is a scenario's program once more: the same calls of the same threads on a store
// in a real, mapped file, for goroutines that really run. Only the steps that the scenario
// has are announced, so a schedule of the one is a schedule of the other.
type OnFile struct {
	store        *engine.Store
	threads, ops int
	ignore       visible.StepSet
	content      func(thread, call int) string
}

// ErrNotOnFile says that a scenario is not one of a store's puts.
var ErrNotOnFile = errors.New("it has no form on a file")

// NewOnFile makes the store in dir, a folder that does not exist yet.
func NewOnFile(s *Scenario, v *Variant, threads, ops int, dir string) (*OnFile, error) {
	if s.OnFile == nil {
		return nil, fmt.Errorf("%s: %w", s.Name, ErrNotOnFile)
	}
	o := engine.Options{Capacity: uint64(threads * ops), Embedding: 4}
	content := s.OnFile(v, &o)
	store, err := engine.Create(dir, o)
	if err != nil {
		return nil, err
	}
	f := &OnFile{store: store, threads: threads, ops: ops, content: content}
	var steps []visible.Step
	for step := visible.NoStep; step < visible.Steps; step++ {
		for _, name := range strings.Fields(v.Steps) {
			if step.String() == name {
				steps = append(steps, step)
			}
		}
	}
	f.ignore = visible.AllBut(steps...)
	return f, nil
}

// Run runs what thread t.ID does, watched by t's observer.
func (f *OnFile) Run(t *visible.Thread) {
	h := f.store.Handle(t.ID, t.Observer())
	defer h.Close()
	h.Ignore(f.ignore)
	for call := range f.ops {
		m := engine.Memory{ID: Stored(t.ID, call), Content: []byte(f.content(t.ID, call)), Embedding: make([]float32, 4)}
		if err := h.Put(&m); err != nil {
			panic(err)
		}
	}
}

// Evidence is what does not read back as it was stored, when all threads have ended. What
// was not stored at all is none.
func (f *OnFile) Evidence() (all []verdict.Evidence, err error) {
	h := f.store.Handle(f.threads, nil)
	defer h.Close()
	for thread := range f.threads {
		for call := range f.ops {
			want := f.content(thread, call)
			m, err := h.Get(Stored(thread, call))
			if errors.Is(err, engine.ErrNotFound) {
				continue
			}
			if err != nil && !errors.Is(err, engine.ErrClobbered) {
				return all, err
			}
			if got := string(m.Content); got != want {
				all = append(all, verdict.Evidence{ID: Stored(thread, call), Expected: want, Got: got})
			}
		}
	}
	return all, nil
}

// Bytes is the size of the file.
func (f *OnFile) Bytes() uint64 { return f.store.Stats().FileBytes }

// Close closes the store. Its folder stays.
func (f *OnFile) Close() error { return f.store.Close() }
