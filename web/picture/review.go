package picture

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Review is a review as the server tells of it: the seven tests on one allocator
// or on two side by side.
type Review struct {
	ID              int
	State           string // one of the Review states
	Failure, Window string
	Seed            uint64
	Progress        float64 // 0 to 1
	Sides           []ReviewSide
}

// The states of a review, in the words of the API.
const (
	ReviewRunning   = "running"
	ReviewDone      = "done"
	ReviewCancelled = "cancelled"
	ReviewFailed    = "failed" // it could not be run to its end, which says nothing of the store
)

// ReviewSide is the review of one allocator.
type ReviewSide struct {
	Allocator      string
	Holds          bool
	Passed, Failed int
	Tests          []ReviewTest
}

// ReviewTest is one test on one allocator. Times are in nanoseconds.
type ReviewTest struct {
	Number                   int
	Name, About              string
	State                    string // waiting, running or done
	Progress                 float64
	Pass, TargetMet          bool
	Target, Original         string
	Operations               uint64
	Duration, P50, P99, P999 int64
	Evidence                 []Finding
	EvidenceTotal            int
	Shrunk, Failure          string
}

// Finding is a memory that reads back as another than was stored.
type Finding struct{ ID, Expected, Got string }

// SevenTests are the names and shapes of the tests, for whoever has not run them.
var SevenTests = [...]ReviewTest{
	{Number: 1, Name: "concurrent store", About: "10 writers begin at once, 100 stores each"},
	{Number: 2, Name: "concurrent get", About: "20 readers, 20,000 gets of 100 memories"},
	{Number: 3, Name: "mixed reads and writes", About: "5 writers and 10 readers: nobody waits for ever"},
	{Number: 4, Name: "lock contention", About: "50 tasks want the same 10 memories"},
	{Number: 5, Name: "writer against writer", About: "20 writers begin at once, contents of many lengths"},
	{Number: 6, Name: "panic recovery", About: "1 of 10 tasks panics, the store goes on"},
	{Number: 7, Name: "property-based", About: "50 random cases; one that fails is shrunk"},
}

// Outcome is where a test stands.
type Outcome uint8

// Outcomes there are.
const (
	Waiting Outcome = iota
	Underway
	Passed
	Broke
	NotRun
)

// Outcome says where the test stands in a review of that state.
func (t *ReviewTest) Outcome(review string) Outcome {
	switch {
	case t.State == ReviewDone && t.Pass:
		return Passed
	case t.State == ReviewDone:
		return Broke
	case review != ReviewRunning:
		return NotRun
	case t.State == ReviewRunning:
		return Underway
	}
	return Waiting
}

// String is the outcome as people read it, and the stylesheet.
func (o Outcome) String() string {
	return [...]string{"waiting", "running", "passed", "failed", "not run"}[o]
}

// Mark is a sign beside the word: another shape for each, so that none needs its colour.
func (o Outcome) Mark() string { return [...]string{"○", "◐", "✓", "✕", "–"}[o] }

// Work says how much was done.
func (t *ReviewTest) Work() string {
	if t.State != ReviewDone {
		return ""
	}
	return plural(t.Operations, "operation", "operations") + " in " + Duration(t.Duration)
}

// Latencies says how long an operation took.
func (t *ReviewTest) Latencies() string {
	if t.State != ReviewDone || t.P99 <= 0 {
		return ""
	}
	return "p50 " + Duration(t.P50) + " · p99 " + Duration(t.P99) + " · p99.9 " + Duration(t.P999)
}

// TargetWords says whether it was fast enough, which is no part of passing.
func (t *ReviewTest) TargetWords() string {
	switch {
	case t.State != ReviewDone || t.Target == "":
		return ""
	case t.TargetMet:
		return "in time"
	}
	return "too slow"
}

// Bounds says what the test's target is, and what was measured in the incident.
func (t *ReviewTest) Bounds() string {
	s := ""
	if t.Target != "" {
		s = "target " + t.Target
	}
	if t.Original != "" {
		if s != "" {
			s += " · "
		}
		s += "original " + t.Original
	}
	return typeset(s)
}

// Shape says what the test does.
func (t *ReviewTest) Shape() string { return typeset(t.About) }

// typeset writes signs where the API keeps to ASCII.
func typeset(s string) string {
	for i := 0; i+3 <= len(s); i++ {
		switch {
		case s[i:i+3] == " us":
			s = s[:i] + " µs" + s[i+3:]
		case s[i:i+3] == " x ":
			s = s[:i] + " × " + s[i+3:]
		}
	}
	return s
}

// EvidenceWords says how much evidence there is.
func (t *ReviewTest) EvidenceWords() string {
	if t.EvidenceTotal == 0 {
		return "why it failed"
	}
	return Grouped(uint64(t.EvidenceTotal)) + " not as stored"
}

// How much of a content is shown: its beginning says whose it is, its end whether it is whole.
const (
	shownWhole = 72
	shownHead  = 44
	shownTail  = 20
)

// Shorten takes the middle out of a long content, and says how long it is unless it
// says so itself. It cuts between characters.
func Shorten(s string) string {
	if len(s) <= shownWhole {
		return s
	}
	head, tail := shownHead, len(s)-shownTail
	for !utf8.RuneStart(s[head]) {
		head--
	}
	for !utf8.RuneStart(s[tail]) {
		tail++
	}
	short := s[:head] + "…" + s[tail:]
	if !strings.HasSuffix(s, " bytes)") {
		short += " (" + Grouped(uint64(len(s))) + " bytes)"
	}
	return short
}

// FirstBroken is the index of the first test that failed, -1 if none has.
func (s *ReviewSide) FirstBroken() int {
	for i := range s.Tests {
		if s.Tests[i].Outcome(ReviewDone) == Broke {
			return i
		}
	}
	return -1
}

// Score says how many tests have passed and failed.
func (s *ReviewSide) Score() string {
	if s.Failed == 0 {
		return strconv.Itoa(s.Passed) + " passed"
	}
	return strconv.Itoa(s.Passed) + " passed, " + strconv.Itoa(s.Failed) + " failed"
}

func (s *ReviewSide) title() string {
	title, _ := AllocatorLabel(s.Allocator, s.Holds)
	return title
}

// Line says where the review stands, beside what it has come to.
func (r *Review) Line() string {
	switch r.State {
	case ReviewRunning:
		for i := range r.Sides {
			for j := range r.Sides[i].Tests {
				if t := &r.Sides[i].Tests[j]; t.State == ReviewRunning {
					return "Test " + strconv.Itoa(t.Number) + " of " + strconv.Itoa(len(r.Sides[i].Tests)) + " on " + r.Sides[i].title() + " …"
				}
			}
		}
		return "It begins …"
	case ReviewFailed:
		return "The review could not go on: " + r.Failure
	case ReviewCancelled:
		return "Cancelled."
	}
	if len(r.Sides) == 2 && r.Sides[0].Allocator != r.Sides[1].Allocator {
		return "Done: the allocator is all that differs."
	}
	return "Done."
}

// News says what has happened since the review was as before, for those who only
// hear of it: nil is none at all. A review that was over when it was first seen is news
// by its end alone.
func (r *Review) News(before *Review) string {
	if before != nil && before.ID != r.ID {
		before = nil
	}
	s := ""
	if before == nil && r.State == ReviewRunning {
		s = "The review has begun. "
	}
	for i := range r.Sides {
		for j := range r.Sides[i].Tests {
			t := &r.Sides[i].Tests[j]
			if t.State != ReviewDone || before != nil && before.done(i, j) || before == nil && r.State != ReviewRunning {
				continue
			}
			s += r.Sides[i].title() + ", test " + strconv.Itoa(t.Number) + ", " + t.Name + ": " + t.Outcome(r.State).String() + ". "
			if t.Failure != "" {
				s += t.Failure + " "
			}
		}
	}
	if r.State != ReviewRunning && (before == nil || before.State == ReviewRunning) {
		s += r.Line()
		for i := range r.Sides {
			s += " " + r.Sides[i].title() + ": " + r.Sides[i].Score() + "."
		}
	}
	return s
}

func (r *Review) done(side, test int) bool {
	return side < len(r.Sides) && test < len(r.Sides[side].Tests) && r.Sides[side].Tests[test].State == ReviewDone
}
