package explore

import (
	"fmt"
	"strconv"

	"slotrace/engine/visible"
)

// Schedule is who goes on, and for how many operations: "A1B3A2" has A take 1, B 3 and
// A 2.
type Schedule []Turn

// Turn is some operations of one thread in a row.
type Turn struct{ Thread, Operations int }

// MaxSchedule is how long a written schedule may be, in bytes: as long as String writes one
// of MaxOperations turns.
const MaxSchedule = 2 * MaxOperations

// ParseSchedule reads a schedule as String writes it. A letter without a number is one
// operation.
func ParseSchedule(s string) (Schedule, error) {
	if len(s) > MaxSchedule {
		return nil, fmt.Errorf("schedule: %d bytes are too long, %d would do", len(s), MaxSchedule)
	}
	var turns Schedule
	total := 0
	for i := 0; i < len(s); {
		at := i
		if s[i] < 'A' || s[i] > 'Z' {
			return nil, fmt.Errorf("schedule: %s at character %d, where a thread's letter, A to Z, is due: A1B3A2 has A take one operation, B three, A two", strconv.QuoteToASCII(s[i:min(i+8, len(s))]), i+1)
		}
		n, digits := 0, i+1
		for i++; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			if n = n*10 + int(s[i]-'0'); n > MaxOperations {
				return nil, fmt.Errorf("schedule: %c at character %d takes more than %d operations", s[at], at+1, MaxOperations)
			}
		}
		if i == digits {
			n = 1
		}
		if n == 0 {
			return nil, fmt.Errorf("schedule: %c at character %d takes no operation, 1 or more would do", s[at], at+1)
		}
		if total += n; total > MaxOperations {
			return nil, fmt.Errorf("schedule: more than %d operations", MaxOperations)
		}
		turns = turns.add(int(s[at]-'A'), n)
	}
	return turns, nil
}

func (s Schedule) add(thread, n int) Schedule {
	if last := len(s) - 1; last >= 0 && s[last].Thread == thread {
		s[last].Operations += n
		return s
	}
	return append(s, Turn{thread, n})
}

// ScheduleOf is the schedule of an execution.
func ScheduleOf(events []visible.Event) (s Schedule) {
	for i := range events {
		s = s.add(int(events[i].Thread), 1)
	}
	return s
}

func (s Schedule) String() string {
	b := make([]byte, 0, 3*len(s))
	for _, t := range s {
		b = strconv.AppendInt(append(b, byte('A'+t.Thread)), int64(t.Operations), 10)
	}
	return string(b)
}

// Len is how many operations the schedule has.
func (s Schedule) Len() (n int) {
	for _, t := range s {
		n += t.Operations
	}
	return n
}

// Preemptions is how many of an execution's switches leave a thread that could have gone
// on.
func Preemptions(events []visible.Event) (n int) {
	for i := 1; i < len(events); i++ {
		if IsPreemption(events, i) {
			n++
		}
	}
	return n
}

// IsPreemption says whether event i begins with a switch away from a thread that could
// have gone on.
func IsPreemption(events []visible.Event, i int) bool {
	return i > 0 && events[i].Thread != events[i-1].Thread && events[i].Enabled.Has(int(events[i-1].Thread))
}

// Threads is who takes each operation.
func (s Schedule) Threads() []uint8 {
	threads := make([]uint8, 0, s.Len())
	for _, t := range s {
		for range t.Operations {
			threads = append(threads, uint8(t.Thread))
		}
	}
	return threads
}
