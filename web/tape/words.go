package tape

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"slotrace/engine/alloc"
	"slotrace/engine/recording"
	"slotrace/web/picture"
)

// sentence is an error as a person is told it.
func sentence(err error) string {
	s := strings.ReplaceAll(err.Error(), "\n", "; ")
	first, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[n:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// lasting writes how long a recording is.
func lastingFor(seconds float64) string {
	switch {
	case seconds < 120:
		return picture.Duration(int64(seconds * 1e9))
	case seconds < 7200:
		return strconv.Itoa(int(seconds/60)) + " min " + strconv.Itoa(int(seconds)%60) + " s"
	}
	return strconv.Itoa(int(seconds/3600)) + " h " + strconv.Itoa(int(seconds/60)%60) + " min"
}

// allocators says what ran.
func allocators(s *recording.Summary) string {
	var sides []string
	for i := range s.Run.Sides() {
		var names []string
		for _, name := range s.Allocators(i) {
			names = append(names, allocatorName(name))
		}
		sides = append(sides, strings.Join(names, ", then "))
	}
	return strings.Join(sides, " beside ")
}

func allocatorName(name string) string {
	i := alloc.Index(name)
	title, what := picture.AllocatorLabel(name, i >= 0 && alloc.Kinds[i].Holds)
	return title + " (" + what + ")"
}

// sizes is how large the run was.
func sizes(r *recording.Run) string {
	return recording.Plural(uint64(r.Writers), "writer") + ", " + recording.Plural(uint64(r.Slots), "slot")
}

// day writes when a recording was made, in the reader's own time.
func day(made string, now time.Time) string {
	t, err := time.Parse(time.RFC3339, made)
	if err != nil || t.IsZero() {
		return ""
	}
	t = t.In(now.Location())
	clock := t.Format("15:04")
	switch {
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return "today, " + clock
	case t.Year() == now.Year():
		return t.Format("2 January, ") + clock
	}
	return t.Format("2 January 2006, ") + clock
}

// clockOf writes a time of the recording, so that times a step apart differ.
func clockOf(at, step int64) string {
	digits := 9
	switch {
	case step >= 100_000_000:
		digits = 1
	case step >= 1_000_000:
		digits = 3
	case step >= 1000:
		digits = 6
	}
	sign := ""
	if at < 0 {
		sign, at = "−", -at
	}
	seconds := at / 1e9
	s := sign
	if seconds >= 60 {
		s += strconv.FormatInt(seconds/60, 10) + ":"
		if seconds%60 < 10 {
			s += "0"
		}
	}
	s += strconv.FormatInt(seconds%60, 10) + "."
	fraction := strconv.FormatInt(1_000_000_000+at%1e9, 10)[1:]
	for i := 0; i < digits; i += 3 {
		if i > 0 {
			s += "\u202f"
		}
		s += fraction[i:min(i+3, digits)]
	}
	return s
}

// number writes a coordinate.
func number(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// speedName says how fast time goes by.
func speedName(rate float64) string {
	switch {
	case rate == 1:
		return "real time"
	case rate > 1:
		return picture.Grouped(uint64(rate)) + " × faster"
	}
	return picture.Grouped(uint64(math.Round(1/rate))) + " × slower"
}
