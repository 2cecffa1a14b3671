// Package alloc holds the ways to take a slot. An Allocator claims a slot and
// tells that it is used; bounds, and the reuse of freed slots, are the store's
// business above it. One way to a file: check_then_act.go is the one with the bug.
package alloc

import (
	"embed"
	"slices"
	"strings"

	"slotrace/engine/visible"
)

// Thread is whoever allocates.
type Thread = visible.Thread

// Allocator hands out slots from a count that threads share. The store writes
// the block between Claim and Tell. Any thread may call with its own Thread.
type Allocator interface {
	// Claim returns the slot that the caller may write. It never fails: a slot
	// at or above the store's capacity says that the store is full, and the
	// caller then calls Refuse where it would have called Tell.
	Claim(t *Thread) uint64
	// Tell makes known that the slot is used.
	Tell(t *Thread)
	// Refuse takes a claim above the capacity back, so that the count of a full
	// store does not drift.
	Refuse(t *Thread)
}

// Shared is what allocators work on: one count, in the store's file, and one
// lock. Allocators of the same store share it, so that one can take over from
// another while no put is under way.
type Shared struct {
	Count    *visible.Counter
	Lock     *visible.Mutex
	Capacity uint64 // slots
}

// The steps, as the allocators' own code calls them.
const (
	enter     = visible.Enter
	look      = visible.Look
	claim     = visible.Claim
	leave     = visible.Leave
	enterTell = visible.EnterTell
	tell      = visible.Tell
	leaveTell = visible.LeaveTell
	refuse    = visible.Refuse
)

const minusOne = ^uint64(0)

// Kind is one of the allocators there are.
type Kind struct {
	Name  string // stable: links, scripts and tests hold it
	Holds bool   // whether no two puts can get one slot
	Locks bool   // whether the store is to write and read blocks under a lock, too
	File  string // its source, in this folder
	New   func(Shared) Allocator
}

// Kinds lists the allocators: the bug first, the bug without a data race, then
// those that hold.
var Kinds = []Kind{
	{"check-then-act", false, false, "check_then_act.go", func(s Shared) Allocator { return &CheckThenAct{s.Count} }},
	{"lock-each-step", false, true, "lock_each_step.go", func(s Shared) Allocator { return &LockEachStep{s.Count, s.Lock} }},
	{"fetch-add", true, false, "fetch_add.go", func(s Shared) Allocator { return &FetchAdd{s.Count} }},
	{"mutex", true, false, "mutex.go", func(s Shared) Allocator { return &Mutex{s.Count, s.Lock} }},
	{"compare-and-swap", true, false, "compare_and_swap.go", func(s Shared) Allocator { return &CompareAndSwap{s.Count} }},
}

// Bounded lists allocators that differ in what they do to the count of a full store. They
// hold as far as Kind is concerned: the count of the first is what is wrong with it.
var Bounded = []Kind{
	{"unbounded-add", true, false, "unbounded_add.go", func(s Shared) Allocator { return &UnboundedAdd{s.Count} }},
	{"bounded-cas", true, false, "bounded_cas.go", func(s Shared) Allocator { return &BoundedCAS{s.Count, s.Capacity} }},
	{"saturating", true, false, "saturating.go", func(s Shared) Allocator { return &Saturating{s.Count} }},
}

// Names lists the names of Kinds.
func Names() []string {
	names := make([]string, len(Kinds))
	for i, k := range Kinds {
		names[i] = k.Name
	}
	return names
}

// Index returns the place of name in Kinds, or -1.
func Index(name string) int {
	return slices.IndexFunc(Kinds, func(k Kind) bool { return k.Name == name })
}

// Find returns the kind of that name in Kinds or Bounded, or nil.
func Find(name string) *Kind {
	for _, list := range [][]Kind{Kinds, Bounded} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

//go:embed *.go
var sources embed.FS

// Source returns the source of the allocator, as this binary was built from it.
func (k *Kind) Source() string {
	b, err := sources.ReadFile(k.File)
	if err != nil {
		panic(err) // the file is compiled in beside this line; a test reads them all
	}
	return strings.TrimSuffix(string(b), "\n")
}
