package picture

import (
	"slotrace/engine/event"
	"slotrace/engine/visible"
)

// CodeLine says who stands on a line of code.
type CodeLine struct {
	Line    int
	Writers []int // from 0, ascending
	Danger  bool  // two of those who have looked hold the same slot
}

// Tokens puts writers on the lines of a source, as the stores tell. Lines come in
// the order of the source's marks, and only those that somebody stands on or
// that are dangerous.
func Tokens(s *Stores, writers int, source *event.Source) []CodeLine {
	var lines []CodeLine
	on := func(line int) *CodeLine {
		for i := range lines {
			if lines[i].Line == line {
				return &lines[i]
			}
		}
		lines = append(lines, CodeLine{Line: line})
		return &lines[len(lines)-1]
	}
	for w := range min(writers, event.MaxWriters) {
		t := s.Token(w)
		if !t.Known {
			continue
		}
		if line := source.Line(t.Step); line > 0 {
			l := on(line)
			l.Writers = append(l.Writers, w)
		}
	}
	if line := source.Line(visible.Look); line > 0 && len(s.Sharing(writers)) > 0 && source.Line(visible.Claim) == 0 {
		on(line).Danger = true
	}
	return lines
}

// Sharing lists the writers of whom another holds the same slot at this moment.
func (s *Stores) Sharing(writers int) []int {
	var sharing []int
	for a := range min(writers, event.MaxWriters) {
		t := s.writers[a].token
		if !t.Held {
			continue
		}
		for b := range min(writers, event.MaxWriters) {
			if u := s.writers[b].token; a != b && u.Held && u.Slot == t.Slot {
				sharing = append(sharing, a)
				break
			}
		}
	}
	return sharing
}

// TokensShown is how many writers' tokens fit on a line; of more, the first few
// are shown and the rest counted.
func TokensShown(writers, room int) (shown, more int) {
	if writers <= room {
		return writers, 0
	}
	return room - 1, writers - room + 1
}
