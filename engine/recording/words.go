package recording

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Outcome says in words what the run came to.
func (s *Summary) Outcome() string {
	switch {
	case len(s.Sides) == 0 && len(s.Damage) > 0:
		return "This recording is damaged."
	case len(s.Sides) == 0:
		return "Nothing was recorded."
	case len(s.Sides) == 1:
		return s.cameTo(0)
	}
	return s.cameTo(0) + " " + s.cameTo(1)
}

// Allocators are those that a side's stores were made with, in the order of their first turn.
func (s *Summary) Allocators(side int) []string {
	if side < len(s.Sides) && len(s.Sides[side].Allocators) > 0 {
		return s.Sides[side].Allocators
	}
	return []string{s.Run.Allocator, s.Run.Compare}[side : side+1]
}

func (s *Summary) cameTo(side int) string {
	f, names := &s.Sides[side], s.Allocators(side)
	allocator := names[0]
	if last := len(names) - 1; last > 0 {
		allocator = strings.Join(names[:last], ", ") + " and " + names[last] + " by turns"
	}
	switch {
	case f.Stored == 0:
		return allocator + " stored nothing."
	case f.Lost > 0:
		return fmt.Sprintf("%s lost %s of %s, each stored without an error.", allocator, Number(f.Lost), memories(f.Stored))
	case f.Unread > 0:
		return fmt.Sprintf("%s stored %s; of the %s that were read back none was lost.", allocator, memories(f.Stored), Number(f.Readable))
	}
	return fmt.Sprintf("%s stored %s and lost none.", allocator, memories(f.Stored))
}

func memories(n uint64) string {
	if n == 1 {
		return "1 memory"
	}
	return Number(n) + " memories"
}

// Setup says in words what ran, and for how long.
func (s *Summary) Setup() string {
	if s.Run.Writers == 0 {
		return ""
	}
	speed := "at real speed"
	switch {
	case s.Run.Walk:
		speed = "taking turns at random"
	case s.Run.PaceUS > 0:
		speed = "in slow motion"
	}
	writers := Plural(uint64(s.Run.Writers), "writer")
	if s.Run.Compare != "" {
		writers += " on each side"
	}
	return fmt.Sprintf("%s %s, %s, %s.", writers, speed, Plural(uint64(s.Run.Slots), "slot"), Seconds(s.Seconds))
}

// Steps says in words which steps there are.
func (s *Summary) Steps() string {
	switch {
	case s.Events == 0:
		return "It holds no steps."
	case s.Whole:
		return "It holds every one of " + Plural(s.Events, "step") + "."
	}
	return "It holds " + Plural(s.Events, "step") + ", and not every one of " + Seconds(s.Sampled()) + "."
}

// Sampled is how many seconds of the run's clock, taken once for each side, are in gaps.
func (s *Summary) Sampled() (seconds float64) {
	for _, g := range s.Gaps {
		seconds += float64(g.To-g.From) / 1e9
	}
	return seconds
}

// Date is when it was made, or as it stands if it is no date.
func (s *Summary) Date() string {
	if made, err := time.Parse(time.RFC3339, s.Made); err == nil {
		return made.UTC().Format("2 January 2006, 15:04 UTC")
	}
	return s.Made
}

// Plural is so many of something.
func Plural(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return Number(n) + " " + what + "s"
}

// Number is n with its thousands apart.
func Number(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Seconds is a time for people.
func Seconds(seconds float64) string {
	switch {
	case seconds < 1:
		return trimmed(seconds*1000, 3) + " ms"
	case seconds < 120:
		return trimmed(seconds, 3) + " s"
	}
	return fmt.Sprintf("%.0f minutes", seconds/60)
}

// trimmed is v in so many digits, without zeros at its end.
func trimmed(v float64, digits int) string {
	s := strconv.FormatFloat(v, 'f', max(0, digits-len(strconv.Itoa(int(v)))), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// Bytes is a size for people.
func Bytes(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " bytes"
	}
	if n < 100_000 {
		return strconv.FormatInt((n+999)/1000, 10) + " KB"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
}
