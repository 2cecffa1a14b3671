package tsc

import (
	"math"
	"testing"
	"time"
)

// What the counter says has to lie between what the system's clock says before and after.
func TestItGoesAsTheSystemsClockDoes(t *testing.T) {
	if !trusted() {
		if s := Measured(); s != 0 {
			t.Errorf("a counter that is not to be trusted has the scale %d", s)
		}
		t.Skip("the system does not tell the time by a time stamp counter here")
	}
	for time.Since(began.at) < 2*shortest {
		time.Sleep(shortest)
	}
	scale := Measured()
	if scale == 0 {
		t.Fatal("there is no scale")
	}
	late := time.Now()
	counts := Read()
	early := time.Now()
	for range 1000 {
		least := time.Since(early)
		got := scale.Duration(Read() - counts)
		most := time.Since(late)
		if slack := most/1000 + time.Microsecond; got < least-slack || got > most+slack {
			t.Fatalf("%v by the counter, %v to %v by the system's clock", got, least, most)
		}
	}
}

func TestAScaleIsExactOverYears(t *testing.T) {
	for _, c := range []struct {
		scale  Scale
		counts uint64
		want   time.Duration
	}{
		{1 << 32, 12345, 12345},
		{1 << 31, 3, 1},
		{1<<32 + 1<<31, 1 << 40, 3 << 39},
		{1 << 31, 1 << 62, 1 << 61},
		{0, math.MaxUint64, 0},
	} {
		if got := c.scale.Duration(c.counts); got != c.want {
			t.Errorf("%d counts of %d/2^32 ns are %d ns, not %d", c.counts, c.scale, got, c.want)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		Read()
	}
}

func BenchmarkSystem(b *testing.B) {
	for b.Loop() {
		_ = time.Since(began.at)
	}
}
