package picture

import (
	"math"
	"testing"
)

func TestGrouped(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 12345: "12,345", 999999: "999,999", 1234567: "1,234,567", math.MaxUint64: "18,446,744,073,709,551,615"} {
		if got := Grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestFigureFitsAndNeverRoundsUp(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999_999: "999,999", 1_000_000: "1.000 M", 1_999_999: "1.999 M", 12_345_678: "12.34 M", 999_999_999: "999.9 M", 1_000_000_000: "1.000 G", 4_321_000_000_000: "4,321 G"} {
		if got := Figure(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for ns, want := range map[int64]string{
		0: "0 ns", 1: "1 ns", 999: "999 ns", 1000: "1 µs", 2100: "2.1 µs", 9940: "9.9 µs", 9960: "10 µs", 64_000: "64 µs", 999_600: "1 ms",
		300_000_000: "300 ms", 999_600_000: "1 s", 1_500_000_000: "1.5 s", 90_000_000_000: "90 s", -1500: "-1.5 µs",
	} {
		if got := Duration(ns); got != want {
			t.Errorf("%d: %q, want %q", ns, got, want)
		}
	}
}

func TestOneIn(t *testing.T) {
	for _, c := range []struct {
		part, whole uint64
		want        string
	}{{0, 0, "–"}, {0, 10, "none"}, {10, 10, "all"}, {11, 10, "all"}, {1, 2, "1 in 2"}, {4, 10, "1 in 2.5"}, {1, 15, "1 in 15"}, {2, 31, "1 in 16"}, {1, 12345, "1 in 12,345"}, {996, 9950, "1 in 10"}} {
		if got := OneIn(c.part, c.whole); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.part, c.whole, got, c.want)
		}
	}
}

func TestSlidersReachBothEndsAndComeBack(t *testing.T) {
	for name, s := range map[string]Scale{"pace": Pace, "window": Window} {
		zero, top := 0, s.Positions
		if s.ZeroRight {
			zero, top = top, zero
		}
		if got := s.Value(zero); got != 0 {
			t.Errorf("%s: its end is %d, want 0", name, got)
		}
		if got := s.Value(top); got != int(s.High) {
			t.Errorf("%s: its other end is %d, want %d", name, got, int(s.High))
		}
		last := -1
		for i := 0; i <= s.Positions; i++ {
			p := i
			if s.ZeroRight {
				p = s.Positions - i
			}
			v := s.Value(p)
			if v <= last {
				t.Errorf("%s: %d at position %d, after %d", name, v, p, last)
			}
			last = v
			if back := s.Position(v); back != p {
				t.Errorf("%s: %d is at %d, and comes back to %d", name, v, p, back)
			}
		}
		for _, v := range []int{-5, 1, 1 << 40} {
			if p := s.Position(v); p < 0 || p > s.Positions {
				t.Errorf("%s: %d lands at %d, off the slider", name, v, p)
			}
		}
	}
}

func TestTheFirstRunIsOnThePaceSlider(t *testing.T) {
	if got := Pace.Position(300_000); got != 25 {
		t.Errorf("300 ms is at %d; index.html says 25", got)
	}
}
