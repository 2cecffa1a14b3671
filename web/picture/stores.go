package picture

import (
	"slices"

	"slotrace/engine/event"
	"slotrace/engine/visible"
)

// Part is a stretch of a store's life, as lanes draw it.
type Part uint8

// The parts, in order: the writer looks for a slot, holds it and writes, enters
// the id into the index, tells. A store has only those that its allocator has.
const (
	Looking Part = iota
	Writing
	Indexing
	Telling
	parts
)

// unset marks a time that no record gave.
const unset = int64(-1)

// Store is one put of one writer, as far as records tell of it.
type Store struct {
	Writer uint8
	Number uint32 // which store of the writer
	Lap    uint32
	Slot   uint32 // when Claimed

	from, to [parts]int64
	failed   []int64 // when a compare-and-swap failed: it looked again
	seen     uint32  // the count it looked up last
	looked   int64
	claimed  int64
	ended    bool
	clash    *Store // the store that had claimed the slot before
	clashAt  int64  // when it became a collision: the later of the two claims
}

// Claimed reports whether the store holds or held a slot.
func (s *Store) Claimed() bool { return s.claimed != unset }

// Collided reports whether another store claimed the same slot in the same lap.
func (s *Store) Collided() bool { return s.clashAt != unset }

// Span gives the times of a part: from is unset (-1) if it did not begin, to if it
// is not over.
func (s *Store) Span(p Part) (from, to int64) { return s.from[p], s.to[p] }

// Token is where a writer stands.
type Token struct {
	Known bool
	Step  visible.Step
	Phase event.Phase
	Slot  uint32 // the slot it is about, if Held
	Held  bool   // it has looked or claimed, and not yet told
}

// Stores follows the records of one side. The zero value is not ready; use
// NewStores.
type Stores struct {
	slots   uint32
	lap     uint32
	writers [event.MaxWriters]writer
	holders map[uint32]*Store // by slot: the last to claim it in this lap
	clashes int
}

type writer struct {
	stores []*Store // oldest first
	token  Token
}

// NewStores follows a side whose store has so many slots.
func NewStores(slots uint32) *Stores {
	return &Stores{slots: slots, holders: make(map[uint32]*Store)}
}

// Of lists a writer's stores, the oldest first.
func (s *Stores) Of(w int) []*Store { return s.writers[w].stores }

// Clashes is how many claims of a slot that another store had claimed have been seen.
func (s *Stores) Clashes() int { return s.clashes }

// Token is where a writer stands.
func (s *Stores) Token(w int) Token { return s.writers[w].token }

// Apply takes a record in. Records of one writer come in order of time; begin is
// the time before which nothing is known of any writer.
func (s *Stores) Apply(lap uint32, r event.Record, begin int64) {
	if int(r.Thread) >= len(s.writers) || r.Step == visible.NoStep || r.Step > visible.LeaveTell {
		return // of a get, or of a later version: nothing that lanes show
	}
	if lap != s.lap {
		s.lap = lap
		clear(s.holders)
		for i := range s.writers { // a lap ends with every put done or refused
			s.writers[i].token.Held = false
			for _, st := range s.writers[i].stores {
				st.end(r.At)
			}
		}
	}
	w := &s.writers[r.Thread]
	st := w.current(r, lap, begin)
	done := r.Phase == event.Done
	switch r.Step {
	case visible.Look:
		if done && r.Value != event.NoValue {
			st.seen, st.looked = r.Value, r.At
			if s.full(r.Value) && !st.ended {
				st.end(r.At) // there is nothing to claim
			}
		}
	case visible.Claim:
		if done && r.Value == event.NoValue {
			st.failed = append(st.failed, r.At) // somebody was faster
		} else if done {
			s.claim(st, r.Value, r.At)
		}
	case visible.Enter:
	case visible.Leave, visible.Reserve, visible.Content, visible.Block:
		// Whoever goes on without a claim of its own took the slot by looking.
		if !st.Claimed() && st.looked != unset {
			s.claim(st, st.seen, st.looked)
		} else if !st.Claimed() && r.Step == visible.Block && done {
			s.claim(st, r.Value, begin) // the claim was before anything that is known
		}
	}
	st.advance(r)
	// Between two puts a writer stands nowhere. Who has still to tell arrives there
	// at once.
	rests := done && (r.Step == visible.Index || r.Step == visible.Tell || r.Step == visible.LeaveTell)
	w.token = Token{Known: !rests, Step: r.Step, Phase: r.Phase}
	switch {
	case st.ended:
	case st.Claimed():
		w.token.Slot, w.token.Held = st.Slot, true
	case st.looked != unset:
		w.token.Slot, w.token.Held = st.seen, true
	}
}

func (w *writer) current(r event.Record, lap uint32, begin int64) *Store {
	if n := len(w.stores); n > 0 && w.stores[n-1].Number == r.Number && w.stores[n-1].Lap == lap {
		return w.stores[n-1]
	}
	st := &Store{Writer: r.Thread, Number: r.Number, Lap: lap, looked: unset, claimed: unset, clashAt: unset}
	for p := range parts {
		st.from[p], st.to[p] = unset, unset
	}
	switch {
	case r.Step <= visible.Leave && r.Phase == event.Arrive:
		st.from[Looking] = r.At
	case r.Step <= visible.Leave:
		// Only that it is done is known: its beginning is somewhere before.
		st.from[Looking] = r.At
	case r.Step <= visible.Commit:
		st.from[Writing] = begin // when known records begin it was already at it
	case r.Step == visible.Index:
		st.from[Indexing] = begin
	default:
		st.from[Telling] = begin
	}
	w.stores = append(w.stores, st)
	return st
}

func (s *Stores) claim(st *Store, slot uint32, at int64) {
	if s.full(slot) {
		st.end(at) // a claim above the store's slots is refused
		return
	}
	st.Slot, st.claimed = slot, at
	if st.from[Looking] != unset {
		st.to[Looking] = at
	}
	if st.from[Writing] == unset {
		st.from[Writing] = at
	}
	if other := s.holders[slot]; other != nil && other != st {
		later := max(st.claimed, other.claimed)
		s.clashes++
		st.clash, st.clashAt = other, later
		if other.clashAt == unset {
			other.clashAt = later
		}
	}
	s.holders[slot] = st
}

// full says whether a count means that there is no slot left.
func (s *Stores) full(count uint32) bool { return s.slots > 0 && count >= s.slots }

// end closes what is open of a store.
func (st *Store) end(at int64) {
	for p := range parts {
		if st.from[p] != unset && st.to[p] == unset {
			st.to[p] = max(at, st.from[p])
		}
	}
	st.ended = true
}

// advance closes and opens parts after r.
func (st *Store) advance(r event.Record) {
	if r.Phase != event.Done {
		if (r.Step == visible.EnterTell || r.Step == visible.Tell) && st.from[Telling] == unset {
			st.from[Telling] = r.At
		}
		return
	}
	switch r.Step {
	case visible.Block, visible.Commit: // the commit ends the writing, but not every picture is told of it
		st.to[Writing], st.from[Indexing] = r.At, r.At
	case visible.Index:
		if st.from[Indexing] == unset {
			st.from[Indexing] = r.At
		}
		st.to[Indexing] = r.At
	case visible.Tell, visible.LeaveTell:
		if st.from[Telling] == unset {
			st.from[Telling] = st.to[Indexing]
			if st.to[Indexing] == unset {
				st.from[Telling] = r.At
			}
		}
		st.to[Telling] = r.At
		st.ended = true
	}
}

// Last is the last time at which the store is known to have been at something,
// given that now is the time.
func (st *Store) Last(now int64) int64 {
	last := unset
	for p := range parts {
		switch {
		case st.from[p] == unset:
		case st.to[p] == unset:
			return now
		default:
			last = max(last, st.to[p])
		}
	}
	return last
}

// Forget drops stores that were over before a time.
func (s *Stores) Forget(before int64) {
	for i := range s.writers {
		w := &s.writers[i]
		n := 0
		for n < len(w.stores)-1 && w.stores[n].Last(before) < before {
			st := w.stores[n]
			if s.holders[st.Slot] == st {
				delete(s.holders, st.Slot)
			}
			n++
		}
		if n > 0 {
			w.stores = slices.Delete(w.stores, 0, n)
		}
	}
}
