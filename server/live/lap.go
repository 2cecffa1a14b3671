package live

import (
	"sync/atomic"

	"slotrace/engine/event"
)

// lap is the book of one lap: what was claimed, what was stored where, and what
// reading it back came to. What it counts is exact. It is an observer's book, not
// part of the store: threads write to their own log and to the slots they claim.
type lap struct {
	number   uint32
	claims   []atomic.Uint32 // a slot each: claims in bits 8-31, the last writer plus 1 in bits 0-7
	collided atomic.Uint32   // slots with more than one claim
	logs     []log           // a writer each
	read     atomic.Uint64   // readable in bits 32-63, lost in bits 0-31
	ended    bool            // guarded by the side's mutex
}

const chunkEntries = 1 << 10

// log is one writer's stores in a lap, in order. The writer appends, anybody reads
// up to n; chunks stay for the laps to come.
type log struct {
	first  uint32 // the writer's number of the log's first store
	n      atomic.Uint32
	claims atomic.Uint32 // that the writer has made, at least as many as it has stores
	chunks []atomic.Pointer[[chunkEntries]stored]
}

// stored is a store that returned without an error.
type stored struct {
	slot atomic.Uint32
	kind atomic.Uint32 // a findingKind
}

func newLap(slots, writers int) *lap {
	l := &lap{claims: make([]atomic.Uint32, slots), logs: make([]log, writers)}
	for i := range l.logs {
		// A put can pass the capacity by one a writer where the count outruns the slots.
		l.logs[i].chunks = make([]atomic.Pointer[[chunkEntries]stored], (slots+writers)/chunkEntries+1)
	}
	return l
}

// begin empties the book, while nobody writes in it.
func (l *lap) begin(number uint32) {
	l.number, l.ended = number, false
	for i := range l.claims {
		l.claims[i].Store(0)
	}
	l.collided.Store(0)
	l.read.Store(0)
	for i := range l.logs {
		l.logs[i].n.Store(0)
		l.logs[i].claims.Store(0)
	}
}

// claim enters writer w's claim of slot, and says how many claims there were before.
func (l *lap) claim(slot uint64, w int) (before uint32) {
	c := &l.claims[slot]
	for {
		old := c.Load()
		if c.CompareAndSwap(old, old&^0xff+1<<8|uint32(w+1)) {
			return old >> 8
		}
	}
}

// claimed counts the claims in the lap, so that it can be told whether there are more.
func (l *lap) claimed() (n uint64) {
	for i := range l.logs {
		n += uint64(l.logs[i].claims.Load())
	}
	return n
}

// cell is a slot's byte in the map (event.Cells).
func (l *lap) cell(slot int) byte {
	c := l.claims[slot].Load()
	if c>>8 > 1 {
		return byte(c) | event.CellCollided
	}
	return byte(c)
}

// add enters a store into the log.
func (g *log) add(slot uint64) {
	n := g.n.Load()
	chunk := g.chunks[n/chunkEntries].Load()
	if chunk == nil {
		chunk = new([chunkEntries]stored)
		g.chunks[n/chunkEntries].Store(chunk)
	}
	e := &chunk[n%chunkEntries]
	e.slot.Store(uint32(slot))
	e.kind.Store(uint32(unread))
	g.n.Store(n + 1)
}

func (g *log) at(i uint32) *stored { return &g.chunks[i/chunkEntries].Load()[i%chunkEntries] }

// found enters what reading a store came to, and says whether it is newly lost. A
// memory that read right may be lost later, when a slow writer comes to its slot;
// once lost it stays so. One goroutine reads a log at a time.
func (l *lap) found(e *stored, kind findingKind) (newlyLost bool) {
	old := findingKind(e.kind.Load())
	lost := func(k findingKind) bool { return k > intact }
	if old == kind || lost(old) {
		return false
	}
	e.kind.Store(uint32(kind))
	var delta uint64
	if old == intact {
		delta -= 1 << 32
	}
	if lost(kind) {
		delta++
	} else {
		delta += 1 << 32
	}
	l.read.Add(delta)
	return lost(kind)
}

// counts returns the lap's figures, of one instant.
func (l *lap) counts() (stored, readable, lost uint64) {
	r := l.read.Load() // first: what was read had been stored
	for i := range l.logs {
		stored += uint64(l.logs[i].n.Load())
	}
	return stored, r >> 32, r & (1<<32 - 1)
}
