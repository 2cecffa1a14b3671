//go:build !js

package bench

import (
	"errors"
	"fmt"
	"os"
	"time"

	"slotrace/engine"
	"slotrace/engine/mapping"
	"slotrace/engine/visible"
)

const (
	embedding = 768
	block     = embedding*4 + 64 // bytes, as the store lays them out
	writers   = 2
	slots     = 20_000 // 63 MB of blocks: more than most caches hold
	manySlots = 32_000
	fewSlots  = 1_000 // of quick runs
	putRounds = 41
)

var puts = []measure{
	{Figure{
		Name: "store/whole-entry", Unit: "% of a copy", Goal: &Goal{28, 35, More},
		What: "throughput of puts by 2 writers into a store whose pages are there, of what copying the same blocks into the same kind of mapping reaches; checksums cover whole entries",
	}, func(s *session) (Spread, error) { return s.shareOfCopy(slots, engine.WholeEntry) }},
	{Figure{
		Name: "store/content-only", Unit: "% of a copy", Goal: &Goal{33, 45, More},
		What: "the same, where checksums cover metadata, id and content, not the embedding",
	}, func(s *session) (Spread, error) { return s.shareOfCopy(slots, engine.ContentOnly) }},
	{Figure{
		Name: "store/large", Unit: "% of a copy",
		What: "the same, whole entries, of a store of 100 MB, whose blocks are written past the caches; the copy goes through them, and has them read first what it overwrites",
	}, func(s *session) (Spread, error) { return s.shareOfCopy(manySlots, engine.WholeEntry) }},
	{Figure{
		Name: "store/first-fill", Unit: "% of a copy",
		What: "the same, whole entries, where store and mapping are new, so that each page is touched for the first time",
	}, (*session).firstFill},
	{Figure{
		Name: "store/replace", Unit: "% slower",
		What: "how much longer puts by 2 writers take that replace entries, in slots that were freed, than puts of new ids into an empty store",
	}, (*session).replace},
	{Figure{
		Name: "allocator/fetch-add", Unit: "% slower", Goal: &Goal{5, 2, Less},
		What: "how much longer puts by 2 writers take with fetch-add (fix A) than with check-then-act (the bug); below 0 they take less",
	}, func(s *session) (Spread, error) { return s.fix("fetch-add") }},
	{Figure{
		Name: "allocator/mutex", Unit: "% slower",
		What: "the same with mutex (fix B)",
	}, func(s *session) (Spread, error) { return s.fix("mutex") }},
	{Figure{
		Name: "allocator/compare-and-swap", Unit: "% slower",
		What: "the same with compare-and-swap",
	}, func(s *session) (Spread, error) { return s.fix("compare-and-swap") }},
}

func (s *session) shareOfCopy(slots int, sum engine.Checksum) (Spread, error) {
	n := s.pick(slots, fewSlots)
	put, err := newFilling(s.path(), n, engine.Options{Checksum: sum})
	if err != nil {
		return Spread{}, err
	}
	defer put.store.Close()
	m, err := mapping.Create(s.path(), int64(n)*block)
	if err != nil {
		return Spread{}, err
	}
	defer m.Close()
	r, err := Ratio(s.ctx, s.pick(putRounds, 2), copying(m, n), put.side(nil))
	return r.Times(100, 0), err
}

// copying copies n blocks into m, the writers taking turns.
func copying(m *mapping.Mapping, n int) Side {
	var from [writers][block]byte
	return func() (time.Duration, error) {
		return Parallel(writers, func(w int) error {
			for i := w; i < n; i += writers {
				copy(m.Bytes()[i*block:], from[w][:])
			}
			return nil
		})
	}
}

func (s *session) firstFill() (Spread, error) {
	n := s.pick(slots, fewSlots)
	raw := func() (took time.Duration, err error) {
		path := s.path()
		m, err := mapping.Create(path, int64(n)*block)
		if err != nil {
			return 0, err
		}
		took, err = copying(m, n)()
		return took, errors.Join(err, m.Close(), os.Remove(path))
	}
	put := func() (took time.Duration, err error) {
		path := s.path()
		f, err := newFilling(path, n, engine.Options{})
		if err != nil {
			return 0, err
		}
		took, err = f.side(nil)()
		return took, errors.Join(err, f.store.Close(), os.RemoveAll(path))
	}
	r, err := Ratio(s.ctx, s.pick(7, 2), raw, put)
	return r.Times(100, 0), err
}

func (s *session) replace() (Spread, error) {
	n := s.pick(slots, fewSlots)
	empty, err := newFilling(s.path(), n, engine.Options{})
	if err != nil {
		return Spread{}, err
	}
	defer empty.store.Close()
	full, err := newFilling(s.path(), n, engine.Options{Capacity: uint64(n + n/4)})
	if err != nil {
		return Spread{}, err
	}
	defer full.store.Close()
	all := func() (time.Duration, error) { return full.part(0, len(full.ids[0]), nil) }
	for range 2 { // until there are only slots that were freed
		if _, err := all(); err != nil {
			return Spread{}, err
		}
	}
	r, err := Ratio(s.ctx, s.pick(putRounds, 2), all, empty.side(nil))
	return r.Times(100, -100), err
}

func (s *session) fix(name string) (Spread, error) {
	var sides [2]Side
	for i, allocator := range []string{name, "check-then-act"} {
		f, err := newFilling(s.path(), s.pick(slots, fewSlots), engine.Options{Allocator: allocator})
		if err != nil {
			return Spread{}, err
		}
		defer f.store.Close()
		sides[i] = f.side(nil)
	}
	r, err := Ratio(s.ctx, s.pick(putRounds, 2), sides[0], sides[1])
	return r.Times(100, -100), err
}

// filling fills a store again and again.
type filling struct {
	store    *engine.Store
	ids      [writers][]string
	memories [writers]*engine.Memory // apart, so that writers share no cache line
}

// newFilling makes a store for n memories. Half of them are each writer's.
func newFilling(path string, n int, o engine.Options) (*filling, error) {
	o.Embedding = embedding
	if o.Capacity == 0 {
		o.Capacity = uint64(n)
	}
	store, err := engine.Create(path, o)
	if err != nil {
		return nil, err
	}
	f := &filling{store: store}
	for w := range f.ids {
		f.memories[w] = memory(w)
		for i := range n / writers {
			f.ids[w] = append(f.ids[w], fmt.Sprintf("w%d-m%d", w, i))
		}
	}
	return f, nil
}

// memory is what writer w stores, but for the id.
func memory(w int) *engine.Memory {
	m := &engine.Memory{Content: fmt.Appendf(nil, "Writer %d content 0", w+1), Embedding: make([]float32, embedding), Confidence: 1}
	for i := range m.Embedding {
		m.Embedding[i] = float32(w + 1)
	}
	return m
}

// watcher follows one writer's puts.
type watcher interface {
	visible.Observer
	begin(number uint32) (ignores visible.StepSet)
	end()
}

// side fills the store and then, outside the time, empties it. watched may give each
// writer a watcher; nil is none.
func (f *filling) side(watched func(w int) watcher) Side {
	return func() (time.Duration, error) {
		took, err := f.part(0, len(f.ids[0]), watched)
		f.store.Reset()
		return took, err
	}
}

// part has each writer put its memories from one number to another.
func (f *filling) part(from, to int, watched func(w int) watcher) (time.Duration, error) {
	var handles [writers]*engine.Handle
	var watchers [writers]watcher
	for w := range writers {
		var o visible.Observer
		if watched != nil {
			watchers[w] = watched(w)
			o = watchers[w]
		}
		handles[w] = f.store.Handle(w, o)
		defer handles[w].Close()
	}
	return Parallel(writers, func(w int) error {
		m, h, watch := f.memories[w], handles[w], watchers[w]
		if watch == nil {
			for _, m.ID = range f.ids[w][from:to] {
				if err := h.Put(m); err != nil {
					return err
				}
			}
			return nil
		}
		for i := from; i < to; i++ {
			m.ID = f.ids[w][i]
			h.Ignore(watch.begin(uint32(i)))
			if err := h.Put(m); err != nil {
				return err
			}
			watch.end()
		}
		return nil
	})
}
