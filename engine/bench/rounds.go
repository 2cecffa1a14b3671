//go:build !js

package bench

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Side does one of the things that are compared, and says how long it took.
type Side func() (time.Duration, error)

// Spread is what rounds came to: their median and their quartiles.
type Spread struct{ Value, Low, High float64 }

// Times makes each part of s f times as much, and adds what is to be added.
func (s Spread) Times(f, add float64) Spread {
	s = Spread{s.Value*f + add, s.Low*f + add, s.High*f + add}
	if s.Low > s.High {
		s.Low, s.High = s.High, s.Low
	}
	return s
}

// Ratio times two sides in turn and returns the median of first by second, round by
// round: a machine that slows down for a while slows both sides of a round. A round
// before the first warms both. Which side goes first changes from round to round, as
// one may leave the caches to the other's liking.
func Ratio(ctx context.Context, rounds int, first, second Side) (Spread, error) {
	round := 0
	return Median(ctx, rounds, func() (float64, error) {
		var took [2]time.Duration
		for k := range took {
			k = (k + round) % 2
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			var err error
			if took[k], err = [...]Side{first, second}[k](); err != nil {
				return 0, err
			}
		}
		round++
		return float64(took[0]) / float64(took[1]), nil
	})
}

// Median repeats what gives a number, after once to warm up, and returns the median
// and the quartiles.
func Median(ctx context.Context, rounds int, take func() (float64, error)) (Spread, error) {
	var all []float64
	for i := -1; i < rounds; i++ {
		if err := ctx.Err(); err != nil {
			return Spread{}, err
		}
		v, err := take()
		if err != nil {
			return Spread{}, err
		}
		if i >= 0 {
			all = append(all, v)
		}
	}
	low, value, high := quartiles(all)
	return Spread{value, low, high}, nil
}

func quartiles(v []float64) (low, median, high float64) {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	return v[n/4], (v[(n-1)/2] + v[n/2]) / 2, v[n-1-n/4]
}

// Parallel has n goroutines do something at once, and returns the time from the first
// one's beginning to the last one's end. They begin when all of them run, so that
// starting them is not in it.
func Parallel(n int, do func(i int) error) (time.Duration, error) {
	var all sync.WaitGroup
	var here atomic.Int32
	began, ended, errs := make([]time.Time, n), make([]time.Time, n), make([]error, n)
	for i := range n {
		all.Go(func() {
			for here.Add(1); here.Load() < int32(n); {
				runtime.Gosched()
			}
			began[i] = time.Now()
			errs[i] = do(i)
			ended[i] = time.Now()
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return slices.MaxFunc(ended, time.Time.Compare).Sub(slices.MinFunc(began, time.Time.Compare)), nil
}
