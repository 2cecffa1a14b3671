//go:build !js

package bench

import (
	"context"
	"errors"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAQuickRunTakesEveryFigure(t *testing.T) {
	dir := t.TempDir()
	var told []string
	r, err := Run(t.Context(), Options{Dir: dir, Quick: true, Progress: func(name string) { told = append(told, name) }})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range r.Figures {
		names = append(names, f.Name)
		if math.IsNaN(f.Value) || math.IsInf(f.Value, 0) || f.Low > f.High || f.What == "" || f.Unit == "" || (f.Goal != nil) != (f.Met != "") {
			t.Errorf("%+v", f)
		}
	}
	if !slices.Equal(names, Names()) || !slices.Equal(told, names) || !r.Complete || !r.Quick {
		t.Errorf("%q, told %q, complete %v", names, told, r.Complete)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	var b strings.Builder
	if err := r.Print(&b); err != nil || strings.Count(b.String(), names[0]) != 2 {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestAChoiceTakesNothingElse(t *testing.T) {
	r, err := Run(t.Context(), Options{Dir: t.TempDir(), Quick: true, Only: regexp.MustCompile("get.hot")})
	if err != nil || len(r.Figures) != 1 || r.Figures[0].Name != "get/hot-spot" || !r.Complete {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestARunThatIsStoppedKeepsWhatItHas(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	r, err := Run(ctx, Options{Dir: dir, Quick: true, Progress: func(string) {
		if n++; n == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(r.Figures) != 2 || r.Complete {
		t.Errorf("%+v, %v", r, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestSidesTakeTurnsAndTheFirstRoundDoesNotCount(t *testing.T) {
	var order string
	side := func(name string, times ...time.Duration) Side {
		return func() (time.Duration, error) {
			order += name
			d := times[0]
			times = times[1:]
			return d, nil
		}
	}
	r, err := Ratio(t.Context(), 3, side("a", 1000, 4, 2, 6), side("b", 1, 1, 1, 2))
	if want := (Spread{3, 2, 4}); err != nil || r != want {
		t.Errorf("%+v, %v; want %+v", r, err, want)
	}
	if order != "abbaabba" {
		t.Errorf("the order was %s", order)
	}
	failed := errors.New("failed")
	if _, err := Ratio(t.Context(), 3, side("a", 1), func() (time.Duration, error) { return 0, failed }); !errors.Is(err, failed) {
		t.Errorf("a side that failed: %v", err)
	}
}

func TestParallelIsTimedToTheEndOfTheLast(t *testing.T) {
	const pause = 20 * time.Millisecond
	took, err := Parallel(3, func(i int) error {
		if i == 1 {
			time.Sleep(pause)
		}
		return nil
	})
	if err != nil || took < pause {
		t.Errorf("%v, %v", took, err)
	}
}

func TestGoalsAreMetFromTheirSide(t *testing.T) {
	for _, c := range []struct {
		goal  Goal
		value float64
		want  string
	}{
		{Goal{28, 35, More}, 35, "aim"}, {Goal{28, 35, More}, 28, "reach"}, {Goal{28, 35, More}, 27.9, "no"},
		{Goal{300, 180, Less}, 180, "aim"}, {Goal{300, 180, Less}, 300, "reach"}, {Goal{300, 180, Less}, 301, "no"},
	} {
		if got := c.goal.Met(c.value); got != c.want {
			t.Errorf("%v of %+v: %s, want %s", c.value, c.goal, got, c.want)
		}
	}
}
