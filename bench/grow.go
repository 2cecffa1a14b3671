package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"slotrace/engine"
	"slotrace/engine/bench"
)

const (
	small      = 8     // values of an embedding where entries are many
	smallBlock = 128   // bytes of their blocks
	least      = 1_000 // entries, with which larger stores are compared
	threads    = 2
)

// grow lists how the cost of a put, of a get and of opening grows from a thousand
// entries, and that of puts from one writer.
func grow(o options) (list []measure) {
	for n := 10 * least; n <= o.largest; n *= 10 {
		for _, what := range []struct{ name, what string }{
			{"put", "cost of a put"}, {"get", "cost of a get, of any id,"},
		} {
			list = append(list, measure{bench.Figure{
				Name: fmt.Sprintf("entries/%s/%d", what.name, n), Unit: "x",
				What: fmt.Sprintf("%s at %d entries of %d bytes, by that at %d", what.what, n, smallBlock, least),
			}, func(ctx context.Context, dir string) (bench.Spread, error) { return growing(ctx, o, dir, n, what.name) }})
		}
		list = append(list, measure{bench.Figure{
			Name: fmt.Sprintf("entries/open/%d", n), Unit: "s per million", What: fmt.Sprintf("time to open a store of %d such entries", n),
		}, func(ctx context.Context, dir string) (bench.Spread, error) { return opening(ctx, dir, n) }})
	}
	for n := 2; n <= 64; n *= 2 {
		list = append(list, measure{bench.Figure{
			Name: fmt.Sprintf("writers/%d", n), Unit: "x", What: fmt.Sprintf("puts a second by %d writers, by those of one", n),
		}, func(ctx context.Context, dir string) (bench.Spread, error) { return crowd(ctx, o, dir, n) }})
	}
	return list
}

// many is a store of many small entries.
type many struct {
	store    *engine.Store
	ids      []string
	shuffled []string // the same, lying in memory in this order: a reader's own ids are not what a get looks for
}

func newMany(path string, n int) (*many, error) {
	s, err := engine.Create(path, engine.Options{Capacity: uint64(n), Embedding: small, Content: uint64(n) * 32})
	if err != nil {
		return nil, err
	}
	m := &many{store: s, ids: make([]string, n)}
	for i := range m.ids {
		m.ids[i] = fmt.Sprintf("memory-%d", i)
	}
	m.shuffled = make([]string, n)
	for k, i := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		m.shuffled[k] = strings.Clone(m.ids[i])
	}
	return m, nil
}

// fill fills the store so many times.
func (m *many) fill(times int) (all time.Duration, err error) {
	for range times {
		m.store.Reset()
		took, err := bench.Parallel(threads, func(w int) error {
			h := m.store.Handle(w, nil)
			defer h.Close()
			memory := engine.Memory{Content: []byte("content 0"), Embedding: make([]float32, small)}
			for i := w; i < len(m.ids); i += threads {
				memory.ID = m.ids[i]
				if err := h.Put(&memory); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		all += took
	}
	return all, nil
}

// get makes each thread get so many entries.
func (m *many) get(n int) (time.Duration, error) {
	return bench.Parallel(threads, func(r int) error {
		h := m.store.Handle(r, nil)
		defer h.Close()
		embedding, buffer := make([]float32, small), make([]byte, 0, 256)
		at := r * len(m.shuffled) / threads
		for range n {
			if _, err := h.GetInto(m.shuffled[at], embedding, buffer); err != nil {
				return err
			}
			if at++; at == len(m.shuffled) {
				at = 0
			}
		}
		return nil
	})
}

// growing compares what is done with n entries with the same done as often with few.
func growing(ctx context.Context, o options, dir string, n int, what string) (r bench.Spread, err error) {
	var stores [2]*many
	for i, size := range []int{n, least} {
		if stores[i], err = newMany(filepath.Join(dir, fmt.Sprint(i)), size); err != nil {
			return r, err
		}
		defer stores[i].store.Close()
	}
	large, few := stores[0], stores[1]
	rounds := min(o.rounds, max(2, 20_000_000/n))
	if what == "put" {
		return bench.Ratio(ctx, rounds,
			func() (time.Duration, error) { return large.fill(1) },
			func() (time.Duration, error) { return few.fill(n / least) })
	}
	for _, s := range stores {
		if _, err := s.fill(1); err != nil {
			return r, err
		}
	}
	gets := min(n, 200_000)
	return bench.Ratio(ctx, rounds,
		func() (time.Duration, error) { return large.get(gets) },
		func() (time.Duration, error) { return few.get(gets) })
}

func opening(ctx context.Context, dir string, n int) (r bench.Spread, err error) {
	path := filepath.Join(dir, "store")
	m, err := newMany(path, n)
	if err != nil {
		return r, err
	}
	_, err = m.fill(1)
	if err := errors.Join(err, m.store.Close()); err != nil {
		return r, err
	}
	return bench.Median(ctx, 3, func() (float64, error) {
		began := time.Now()
		s, err := engine.Open(path, "")
		if err != nil {
			return 0, err
		}
		took := time.Since(began)
		if got := s.Stats().Entries; got != n {
			err = fmt.Errorf("%d of %d entries were there again", got, n)
		}
		return took.Seconds() * 1e6 / float64(n), errors.Join(err, s.Close())
	})
}

// crowd compares many writers with one. Each puts its part of the same memories.
func crowd(ctx context.Context, o options, dir string, writers int) (r bench.Spread, err error) {
	s, err := openOurs(filepath.Join(dir, "store"), len(o.many.ids), engine.WholeEntry)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.close(), os.RemoveAll(dir)) }()
	puts := func(n int) bench.Side {
		return func() (time.Duration, error) {
			if err := s.clear(); err != nil {
				return 0, err
			}
			return bench.Parallel(n, func(w int) error { return s.put(o.many, w, n) })
		}
	}
	return bench.Ratio(ctx, 3*o.rounds, puts(1), puts(writers))
}
