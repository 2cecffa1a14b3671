package picture

import "math"

// Scale puts a range of values that spans decades on a slider of whole positions.
// One end of the slider is Zero, a value of its own outside the decades.
type Scale struct {
	Low, High float64 // the decades
	Positions int     // on the slider, from 0 to Positions
	ZeroRight bool    // zero is at the right end, and values fall to the right
}

// The sliders. Values are microseconds.
var (
	// Pace: slow to the left, and real speed, no beat at all, at the right end.
	Pace = Scale{Low: 1_000, High: 2_000_000, Positions: 100, ZeroRight: true}
	// Window: natural at the left end.
	Window = Scale{Low: 10, High: 1_000_000, Positions: 100}
)

// Value is what a position stands for, rounded to two digits.
func (s Scale) Value(position int) int {
	if s.ZeroRight {
		position = s.Positions - position
	}
	if position <= 0 {
		return 0
	}
	share := float64(position-1) / float64(s.Positions-1)
	v := s.Low * math.Pow(s.High/s.Low, share)
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	return int(math.Round(math.Round(v/unit) * unit))
}

// Position is where a value stands, to the nearest.
func (s Scale) Position(value int) int {
	p := 0
	if value > 0 {
		share := math.Log(float64(value)/s.Low) / math.Log(s.High/s.Low)
		p = 1 + int(math.Round(math.Max(0, math.Min(1, share))*float64(s.Positions-1)))
	}
	if s.ZeroRight {
		p = s.Positions - p
	}
	return p
}

// PaceLabel and WindowLabel say a value beside its slider.
func PaceLabel(us int) string {
	if us == 0 {
		return "real speed"
	}
	return "slow, " + Duration(int64(us)*1000)
}

func WindowLabel(us int) string {
	if us == 0 {
		return "natural"
	}
	return "+" + Duration(int64(us)*1000)
}
