package event

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"slotrace/engine/visible"
)

// meanwhile marks, in an allocator's source, the place where the store works
// between claim and tell.
const meanwhile = "meanwhile"

// standsFor says where a step is shown when its source has no line of its own for
// it: an allocator does not show the store's work, the store not the allocator's.
var standsFor = map[visible.Step][]string{
	visible.Reserve: {meanwhile}, visible.Content: {meanwhile}, visible.Block: {meanwhile}, visible.Commit: {meanwhile}, visible.Index: {meanwhile},
	visible.EnterBlock: {meanwhile, visible.Block.String()}, visible.LeaveBlock: {meanwhile, visible.Block.String()},
	visible.Enter: {visible.Claim.String()}, visible.Look: {visible.Claim.String()}, visible.Leave: {visible.Claim.String()},
	visible.EnterTell: {visible.Tell.String()}, visible.LeaveTell: {visible.Tell.String()},
	visible.Pin:   {visible.Enter.String(), visible.Look.String(), visible.Claim.String()},
	visible.Unpin: {visible.LeaveTell.String(), visible.Tell.String(), meanwhile},
}

// ParseSource excerpts text, the source in file, from the line that has from
// in it up to before the next that has until in it, or to the end if that is "", and finds the line of each
// step: the one whose comment begins with the step's name, which is its marker.
func ParseSource(file, text, from, until string) (Source, error) {
	lines := strings.Split(text, "\n")
	first := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, from) })
	if first < 0 {
		return Source{}, errors.New(file + ": no line has " + strconv.Quote(from))
	}
	n := len(lines) - first
	if until != "" {
		n = slices.IndexFunc(lines[first:], func(l string) bool { return strings.Contains(l, until) })
	}
	if n < 0 {
		return Source{}, errors.New(file + ": no line behind " + strconv.Quote(from) + " has " + strconv.Quote(until))
	}
	excerpt := lines[first : first+n]
	for len(excerpt) > 0 && (excerpt[len(excerpt)-1] == "" || strings.HasPrefix(excerpt[len(excerpt)-1], "// ") && !strings.HasPrefix(excerpt[len(excerpt)-1], "// "+meanwhile)) {
		excerpt = excerpt[:len(excerpt)-1] // the comment on what is left out
	}
	at := map[string]int{}
	for i, l := range excerpt {
		if _, comment, ok := strings.Cut(l, "// "); ok {
			marker, _, _ := strings.Cut(comment, ":")
			if at[marker] == 0 {
				at[marker] = first + i + 1
			}
		}
	}
	s := Source{File: file, First: first + 1, Lines: excerpt}
	for step := visible.NoStep + 1; step < visible.Steps; step++ {
		line := at[step.String()]
		for _, other := range standsFor[step] {
			if line == 0 {
				line = at[other]
			}
		}
		if line != 0 {
			s.Marks = append(s.Marks, Mark{step, line})
		}
	}
	return s, nil
}
