package engine

import (
	"errors"
	"fmt"
	"path/filepath"

	"slotrace/engine/area"
	"slotrace/engine/mapping"
	"slotrace/engine/visible"
)

// generation is one file of a store. Compaction writes the next one whole and then
// makes it the store's; nothing is ever moved within a file.
type generation struct {
	geometry
	mapping    *mapping.Mapping
	path       string // "" = on the heap
	blocks     visible.Bytes
	content    visible.Bytes
	contentEnd visible.Counter
	bump       area.Bump // gives out the content area's ranges
	area       area.Area // nil, or what gives them out instead
	created    int64     // when the store was made, Unix time in nanoseconds
	number     uint64    // of the generation, which commit words repeat. Reset changes it
	ahead      *ahead    // finds memory for what comes next; nil where nothing would be won
	streams    bool      // blocks are written past the caches
}

// adopt makes a generation of a mapping that has the geometry's size.
func adopt(m *mapping.Mapping, g geometry, path string) *generation {
	b := m.Bytes()
	n := &generation{
		geometry:   g,
		mapping:    m,
		path:       path,
		blocks:     visible.NewBytes(ObjectBlocks, b[headerBytes:g.contentAt()]),
		content:    visible.NewBytes(ObjectContent, b[g.contentAt():]),
		contentEnd: visible.NewCounter(ObjectContentEnd, 0, word(b, contentEndAt)),
	}
	n.streams = g.contentAt()-headerBytes > pastCaches
	n.bump = area.Bump{End: &n.contentEnd, Size: g.content}
	n.created = int64(le.Uint64(b[createdAt:]))
	n.number, _ = unguarded(*word(b, generationAt))
	return n
}

// setArea says how ranges of the content area are taken; nil = by bump.
func (g *generation) setArea(kind *area.Kind) {
	if g.area = nil; kind != nil {
		g.area = kind.New(area.Shared{End: &g.contentEnd, Lock: visible.NewMutex(ObjectArea, 0), Size: g.geometry.content})
	}
}

func (g *generation) name() string {
	if g.path == "" {
		return "store on the heap"
	}
	return "store " + filepath.Dir(g.path)
}

// setNumber says which entries count, and that the file is whole.
func (g *generation) setNumber(n uint64) {
	g.number = n
	w := visible.NewCounter(0, 0, word(g.mapping.Bytes(), generationAt))
	w.Poke(guarded(n))
}

// count is the word that allocators work on.
func (g *generation) count() visible.Counter {
	return visible.NewCounter(ObjectCount, 0, word(g.mapping.Bytes(), countAt))
}

// commit is the slot's commit word.
func (g *generation) commit(slot uint64) visible.Counter {
	at := headerBytes + (slot+1)*g.blockBytes() - commitBytes
	return visible.NewCounter(ObjectCommit, slot, word(g.mapping.Bytes(), at))
}

// meta is the metadata in the slot's block.
func (g *generation) meta(slot uint64) *[metadataBytes - commitBytes]byte {
	at := headerBytes + (slot+1)*g.blockBytes() - metadataBytes
	return (*[metadataBytes - commitBytes]byte)(g.mapping.Bytes()[at:])
}

// paddingBytes is how much lies between the embedding and the metadata, on a cache line.
func (g *geometry) paddingBytes() uint64 {
	return g.blockBytes() - metadataBytes - g.embeddingBytes()
}

// touch says that a slot is about to be written.
func (g *generation) touch(slot uint64) {
	if g.ahead != nil && slot&(g.ahead.stride-1) == 0 {
		g.ahead.kick(slot)
	}
}

// sync returns when the file's present content would survive the loss of power.
func (g *generation) sync() error { return errors.Join(g.mapping.Sync(), g.uncut()) }

// uncut is an error if the file has lost bytes.
func (g *generation) uncut() error {
	if g.mapping.Short() {
		return fmt.Errorf("%s: %w", g.name(), ErrTruncated)
	}
	return nil
}

func (g *generation) close() error {
	if g.ahead != nil {
		g.ahead.close()
	}
	return g.mapping.Close()
}

// entryState is what looking at a slot of a file at rest comes to.
type entryState uint8

const (
	entryEmpty   entryState = iota
	entryOld                // of a generation before: a reset has emptied the store since
	entryIntact             // committed, and its checksum is right
	entryDamaged            // the commit word or what it stands for is not what a put wrote
)

// inspect looks at the slot of a file that nobody writes to, and checks everything.
func (g *generation) inspect(slot uint64) (state entryState, id []byte, p place, why string) {
	c := g.commit(slot)
	w := commitWord(c.Peek())
	switch {
	case w == slotEmpty:
		return entryEmpty, nil, p, ""
	case !w.whole():
		return entryDamaged, nil, p, "its commit word is not one that a put writes"
	case !w.liveIn(g.number):
		return entryOld, nil, p, ""
	}
	meta := g.meta(slot)
	p, err := g.place(meta, slot)
	if err != nil {
		return entryDamaged, nil, p, "its id and content are said to lie outside the content area"
	}
	at := headerBytes + slot*g.blockBytes()
	b := g.mapping.Bytes()
	entry := b[g.contentAt()+p.at:][:p.bytes]
	id = entry[:p.id]
	if g.sum(meta[:], nil, entry, b[at:at+g.embeddingBytes()]) != w.checksum() {
		return entryDamaged, id, p, "its checksum is off"
	}
	return entryIntact, id, p, ""
}

// empty clears all commit words.
func (g *generation) empty() {
	for slot := range g.capacity {
		c := g.commit(slot)
		c.Poke(uint64(slotEmpty))
	}
}

// nextNumber is the number of the generation after this one. It is never 0 in commit
// words, and wrapped says that numbers begin anew: old commit words must go.
func (g *generation) nextNumber() (n uint64, wrapped bool) {
	if n = g.number + 1; n&generationMask == 0 {
		return n + 1, true
	}
	return n, false
}
