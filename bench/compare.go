package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"slotrace/engine"
	"slotrace/engine/bench"
)

// compared is a peer and what is wanted of the comparison with it.
type compared struct {
	peer     *peer
	put, get *bench.Goal
}

var comparisons = []compared{
	{bboltEach, goal(60, 120), goal(3, 6)},
	{bboltThousand, goal(10, 16), nil},
	{pebbleEach, goal(4, 8), goal(2, 4)},
	{pebbleMemory, nil, nil},
	{badgerEach, goal(15, 25), goal(8, 16)},
}

func goal(reach, aim float64) *bench.Goal {
	return &bench.Goal{Reach: reach, Aim: aim, Better: bench.More}
}

// compare lists the comparisons with peers: puts, then gets of few memories and of
// many, each with one thread and with two.
func compare(o options) (list []measure) {
	add := func(f bench.Figure, take func(ctx context.Context, dir string) (bench.Spread, error)) {
		f.Unit = "x"
		list = append(list, measure{f, take})
	}
	const emptied = ", ours into a store that was emptied before, in nobody's time"
	for _, puts := range []struct {
		name, what string
		mode       engine.Checksum
		open       func(path string, n int, sum engine.Checksum) (*ours, error)
	}{
		{"store", emptied, engine.WholeEntry, openOurs},
		{"store-content-only", emptied + ", where our checksums leave embeddings out; none of theirs is of the value while it is put", engine.ContentOnly, openOurs},
		{"replace", ", which replace in ours, too", engine.WholeEntry, openReplacing},
	} {
		for _, c := range comparisons {
			goal := c.put
			if puts.name == "replace" {
				goal = nil
			}
			for threads := 1; threads <= 2; threads++ {
				add(bench.Figure{
					Name: fmt.Sprintf("%s/%s/%d", puts.name, c.peer.Name, threads), Goal: goal,
					What: fmt.Sprintf("how many times as many puts a second as %s, %d memories %d times a round, %s%s", c.peer.Name, len(o.many.ids), passes, plural(threads, "writer"), puts.what),
				}, func(ctx context.Context, dir string) (bench.Spread, error) {
					mine, err := puts.open(filepath.Join(dir, "ours"), len(o.many.ids), puts.mode)
					if err != nil {
						return bench.Spread{}, err
					}
					return comparePuts(ctx, o, dir, mine, c.peer, threads)
				})
			}
		}
	}
	add(bench.Figure{
		Name: "store/first-fill",
		What: "by which a put takes longer where the store's file is new, and its pages are touched for the first time, than in the comparisons above, where they are there",
	}, func(ctx context.Context, dir string) (bench.Spread, error) { return firstFill(ctx, o, dir) })
	for _, c := range comparisons {
		for _, size := range []struct {
			name string
			data *data
			goal *bench.Goal
		}{{"get", o.few, c.get}, {"get-far", o.many, nil}} {
			for threads := 1; threads <= 2; threads++ {
				add(bench.Figure{
					Name: fmt.Sprintf("%s/%s/%d", size.name, c.peer.Name, threads), Goal: size.goal,
					What: fmt.Sprintf("how many times as many gets a second as %s, of %d memories, %s", c.peer.Name, len(size.data.ids), plural(threads, "reader")),
				}, func(ctx context.Context, dir string) (bench.Spread, error) {
					return compareGets(ctx, o, dir, size.data, c.peer, threads)
				})
			}
		}
	}
	return list
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// beside opens a store of p's beside mine. discard closes both.
func beside(dir string, mine stored, p *peer) (theirs stored, discard func() error, err error) {
	if theirs, err = p.open(filepath.Join(dir, "theirs")); err != nil {
		return nil, nil, errors.Join(err, mine.close())
	}
	return theirs, func() error { return errors.Join(mine.close(), theirs.close()) }, nil
}

// rest waits, outside the time, until a peer that can tell does nothing in the background any
// more, nor the garbage collector: it would be in the other side's time.
func rest(ctx context.Context, s stored) error {
	for b, ok := s.(interface{ busy() bool }); ok && b.busy(); {
		if err := ctx.Err(); err != nil {
			return err
		}
		runtime.Gosched()
	}
	runtime.GC()
	return nil
}

// passes is how often a round puts all ids: what a peer gathers before it writes it elsewhere
// goes into one round several times, or it would be in some rounds and not in others.
const passes = 4

// comparePuts has both write the same ids over and over: both are warm, and neither grows but by
// what it does with old values. To a peer a new id and a known one are much the same; to ours they
// are not, so it is compared with both: one store is emptied for each pass, one replaces.
func comparePuts(ctx context.Context, o options, dir string, mine *ours, p *peer, writers int) (r bench.Spread, err error) {
	theirs, discard, err := beside(dir, mine, p)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, discard()) }()
	puts := func(s stored) bench.Side {
		return func() (all time.Duration, err error) {
			for range passes {
				if err := s.clear(); err != nil {
					return 0, err
				}
				took, err := bench.Parallel(writers, func(w int) error { return s.put(o.many, w, writers) })
				if err != nil {
					return 0, err
				}
				all += took
			}
			return all, rest(ctx, s)
		}
	}
	if _, err := puts(theirs)(); err != nil { // the first round that is not counted is the second time
		return r, err
	}
	return bench.Ratio(ctx, o.rounds, puts(theirs), puts(mine))
}

func compareGets(ctx context.Context, o options, dir string, d *data, p *peer, readers int) (r bench.Spread, err error) {
	mine, err := openOurs(filepath.Join(dir, "ours"), len(d.ids), engine.WholeEntry)
	if err != nil {
		return r, err
	}
	theirs, discard, err := beside(dir, mine, p)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, discard()) }()
	if err := errors.Join(mine.put(d, 0, 1), theirs.put(d, 0, 1), rest(ctx, theirs)); err != nil {
		return r, err
	}
	due := len(o.many.ids) // of few memories as many gets a round as of many
	gets := func(s stored) bench.Side {
		return func() (time.Duration, error) {
			return bench.Parallel(readers, func(i int) error {
				for done := 0; done < due; done += len(d.ids) {
					got, err := s.get(d, i)
					if err != nil {
						return err
					}
					if got < len(d.ids)*4*values {
						return fmt.Errorf("%d bytes in %d gets are too few", got, len(d.ids))
					}
				}
				return nil
			})
		}
	}
	return bench.Ratio(ctx, o.rounds, gets(theirs), gets(mine))
}

func firstFill(ctx context.Context, o options, dir string) (r bench.Spread, err error) {
	warm, err := openOurs(filepath.Join(dir, "warm"), len(o.many.ids), engine.WholeEntry)
	if err != nil {
		return r, err
	}
	defer warm.close()
	puts := func(s stored) (time.Duration, error) {
		return bench.Parallel(1, func(int) error { return s.put(o.many, 0, 1) })
	}
	return bench.Ratio(ctx, o.rounds, func() (time.Duration, error) {
		at := filepath.Join(dir, "new")
		s, err := openOurs(at, len(o.many.ids), engine.WholeEntry)
		if err != nil {
			return 0, err
		}
		took, err := puts(s)
		return took, errors.Join(err, s.close(), os.RemoveAll(at))
	}, func() (time.Duration, error) {
		if err := warm.clear(); err != nil {
			return 0, err
		}
		return puts(warm)
	})
}
