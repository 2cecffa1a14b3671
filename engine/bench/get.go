//go:build !js

package bench

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"slotrace/engine"
)

// Single gets are timed, so that a slow one shows. What timing nothing gives, as in
// Machine.TimerNS, is in each, and taken off.
var gets = []measure{
	{Figure{
		Name: "get/readers", Unit: "ns", Goal: &Goal{300, 180, Less},
		What: "p99 of single GetInto by 20 readers of the same 100 memories, 10 times each, content up to 1,000 bytes; each reader's first get is not counted, and the time of the clock, as each round begins by measuring it, is taken off",
	}, func(s *session) (Spread, error) { return s.readers(20, 100, 1000, getInto) }},
	{Figure{
		Name: "get/hot-spot", Unit: "ns", Goal: &Goal{300, 180, Less},
		What: "the same by 50 readers of the same 10 memories, 20 gets each",
	}, func(s *session) (Spread, error) { return s.readers(50, 10, 20, getInto) }},
	{Figure{
		Name: "view/readers", Unit: "ns", Goal: &Goal{100, 70, Less},
		What: "p99 of single View by 20 readers, otherwise as get/readers",
	}, func(s *session) (Spread, error) { return s.readers(20, 100, 1000, view) }},
	{Figure{
		Name: "view/hot-spot", Unit: "ns", Goal: &Goal{100, 70, Less},
		What: "p99 of single View by 50 readers, otherwise as get/hot-spot",
	}, func(s *session) (Spread, error) { return s.readers(50, 10, 20, view) }},
}

// reader is one goroutine that gets.
type reader struct {
	handle    *engine.Handle
	embedding []float32
	buffer    []byte
	took      []int64 // nanoseconds
	length    int     // of the content that was viewed last
	see       func(*engine.Memory) error
	_         [64]byte // apart from the next one's length
}

// getInto gets one memory and returns the length of its content.
func getInto(r *reader, id string) (int, error) {
	m, err := r.handle.GetInto(id, r.embedding, r.buffer[:0])
	return len(m.Content), err
}

// view is getInto where the memory lies.
func view(r *reader, id string) (int, error) {
	err := r.handle.View(id, r.see)
	return r.length, err
}

// readers has n readers get the first few of 100 memories, each in its own order,
// and returns the 99th percentile of how long a get took.
func (s *session) readers(n, few, each int, get func(*reader, string) (int, error)) (Spread, error) {
	const memories = 100
	store, err := engine.Create(s.path(), engine.Options{Capacity: memories, Embedding: embedding, Content: memories * 1024})
	if err != nil {
		return Spread{}, err
	}
	defer store.Close()
	m := memory(0)
	ids := make([]string, memories)
	h := store.Handle(0, nil)
	defer h.Close()
	for i := range ids {
		ids[i] = fmt.Sprintf("memory-%d", i)
		m.ID, m.Content = ids[i], bytes.Repeat([]byte("x"), 10*(i+1))
		if err := h.Put(m); err != nil {
			return Spread{}, err
		}
	}
	all := make([]reader, n)
	for i := range all {
		r := &all[i]
		r.handle, r.embedding, r.buffer, r.took = store.Handle(i, nil), make([]float32, embedding), make([]byte, 0, 2048), make([]int64, each)
		r.see = func(m *engine.Memory) error {
			r.length = len(m.Content)
			return nil
		}
		defer r.handle.Close()
	}
	var took []int64
	return Median(s.ctx, s.pick(101, 2), func() (float64, error) {
		clock := timingNothing()
		_, err := Parallel(n, func(i int) error {
			r := &all[i]
			if _, err := get(r, ids[0]); err != nil { // not timed: it makes the goroutine's stack grow, 1 us
				return err
			}
			for k := range r.took {
				at := (i*7 + k) % few
				began := time.Now()
				length, err := get(r, ids[at])
				r.took[k] = int64(time.Since(began))
				if err != nil {
					return err
				}
				if length != 10*(at+1) {
					return fmt.Errorf("%s has %d bytes of content", ids[at], length)
				}
			}
			return nil
		})
		took = took[:0]
		for i := range all {
			took = append(took, all[i].took...)
		}
		slices.Sort(took)
		return float64(took[len(took)*99/100]) - clock, err
	})
}
