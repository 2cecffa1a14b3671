// Package area holds the ways to take a range of the store's content area, in which the
// bytes of ids and contents lie one behind the other. One way to a file:
// length_outside_lock.go is the one with the bug.
package area

import (
	"embed"
	"slices"
	"strings"

	"slotrace/engine/visible"
)

// Thread is whoever takes.
type Thread = visible.Thread

// Area gives out ranges. Any thread may call with its own Thread.
type Area interface {
	// Take returns where n bytes begin that are the caller's, or false if the area has not so
	// many left. It is left as it was then.
	Take(t *Thread, n uint64) (at uint64, ok bool)
}

// Shared is what an area works on: where its taken part ends, in the store's file, and a
// lock.
type Shared struct {
	End  *visible.Counter
	Lock *visible.Mutex
	Size uint64 // bytes
}

// fits says whether n bytes from at on are in an area of that size.
func fits(at, n, size uint64) bool { return at <= size && n <= size-at }

// The steps, as the areas' own code calls them.
const (
	length  = visible.Length
	enter   = visible.EnterArea
	reserve = visible.Reserve
	leave   = visible.LeaveArea
)

// Kind is one of the areas there are.
type Kind struct {
	Name  string // stable: links, scripts and tests hold it
	Holds bool   // whether no two ranges overlap
	File  string // its source, in this folder
	New   func(Shared) Area
}

// Kinds lists the areas: the bug first.
var Kinds = []Kind{
	{"length-outside-lock", false, "length_outside_lock.go", func(s Shared) Area { return &LengthOutsideLock{s} }},
	{"length-inside-lock", true, "length_inside_lock.go", func(s Shared) Area { return &LengthInsideLock{s} }},
	{"bump", true, "bump.go", func(s Shared) Area { return &Bump{s.End, s.Size} }},
}

// Find returns the kind of that name, or nil.
func Find(name string) *Kind {
	if i := slices.IndexFunc(Kinds, func(k Kind) bool { return k.Name == name }); i >= 0 {
		return &Kinds[i]
	}
	return nil
}

//go:embed *.go
var sources embed.FS

// Source returns the source of the area, as this binary was built from it.
func (k *Kind) Source() string {
	b, err := sources.ReadFile(k.File)
	if err != nil {
		panic(err) // the file is compiled in beside this line; a test reads them all
	}
	return strings.TrimSuffix(string(b), "\n")
}
