package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Report is what Check found in a store at rest.
type Report struct {
	Capacity   uint64   // slots
	Entries    uint64   // that are whole
	DamagedAll uint64   // entries that are not
	Damaged    []Damage // the first of them, in the order of their slots, up to MaxReported
	Notes      []string // what is odd, and costs nothing
}

// Damage is what is wrong with one entry.
type Damage struct {
	Slot uint64
	ID   string // as far as it can be read
	What string
}

// MaxReported is how many damaged entries a Report lists.
const MaxReported = 1000

// Check verifies every checksum, range and invariant of the store in the folder dir,
// which nobody may have open, and changes nothing. A store whose header is damaged,
// or that was cut short, is an ErrDamaged.
func Check(dir string) (r Report, err error) {
	if err := isStore(dir); err != nil {
		return Report{}, fmt.Errorf("check store %q: %w", dir, err)
	}
	f, err := lockFolder(dir, false)
	if err != nil {
		return Report{}, fmt.Errorf("check store %q: %w", dir, err)
	}
	defer func() { err = errors.Join(err, f.close()) }()
	g, others, err := f.newest(false)
	if err != nil {
		return Report{}, fmt.Errorf("check store %q: %w", dir, err)
	}
	defer func() { err = errors.Join(err, g.close()) }()
	defer onFault(func(any) { err = fmt.Errorf("check store %q: %w", dir, ErrTruncated) }, g)()
	r = g.verify()
	for _, n := range others {
		r.Notes = append(r.Notes, fmt.Sprintf("%s is left from a compaction; opening the store removes it", f.file(n)))
	}
	return r, nil
}

// verify checks a file that nobody writes to.
func (g *generation) verify() Report {
	r := Report{Capacity: g.capacity}
	var mu sync.Mutex // guards r and entries
	var entries []found
	g.eachPart(func(from, to uint64) {
		var part []found
		var damaged []Damage
		for slot := from; slot < to; slot++ {
			state, id, p, what := g.inspect(slot)
			switch state {
			case entryIntact:
				part = append(part, found{slot: slot, id: string(id), bytes: freeSlot{slot, p.at, p.bytes}})
			case entryDamaged:
				damaged = append(damaged, Damage{slot, string(id), what})
			}
		}
		mu.Lock()
		defer mu.Unlock()
		entries = append(entries, part...)
		r.Damaged = append(r.Damaged, damaged...)
	})
	slices.SortFunc(entries, func(a, b found) int { return cmp.Compare(a.bytes.at, b.bytes.at) })
	end := uint64(0)
	var before found
	ids := make(map[string]uint64, len(entries))
	for _, e := range entries {
		if e.bytes.at < end {
			r.Damaged = append(r.Damaged, Damage{e.slot, e.id, fmt.Sprintf("its content overlaps that of slot %d, %q", before.slot, before.id)})
		}
		if e.bytes.at+e.bytes.room > end {
			end, before = e.bytes.at+e.bytes.room, e
		}
		if other, there := ids[e.id]; there {
			r.Notes = append(r.Notes, fmt.Sprintf("slots %d and %d both hold %q: replacing one was cut off; opening the store keeps the newer", min(other, e.slot), max(other, e.slot), e.id))
		}
		ids[e.id] = e.slot
	}
	slices.SortFunc(r.Damaged, func(a, b Damage) int { return cmp.Compare(a.Slot, b.Slot) })
	r.Entries, r.DamagedAll = uint64(len(entries)), uint64(len(r.Damaged))
	r.Damaged = r.Damaged[:min(len(r.Damaged), MaxReported)]
	g.noteCounts(&r, entries, end)
	return r
}

// noteCounts compares what the header counts with what is there. Opening a store
// counts anew, so that a count that is off costs nothing.
func (g *generation) noteCounts(r *Report, entries []found, end uint64) {
	used := uint64(0)
	for _, e := range entries {
		used = max(used, e.slot+1)
	}
	count := g.count()
	if n := count.Peek(); n < used {
		r.Notes = append(r.Notes, fmt.Sprintf("the header counts %d slots, and slot %d holds an entry; opening the store counts anew", n, used-1))
	}
	if n := g.contentEnd.Peek(); n < end {
		r.Notes = append(r.Notes, fmt.Sprintf("the header has the content end at %d, and an entry's ends at %d; opening the store counts anew", n, end))
	}
}
