package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"unsafe"

	"slotrace/engine/bulk"
	"slotrace/engine/visible"
)

// The file. Numbers are little-endian, and so must the machine be: embeddings are
// copied as they lie in memory.
//
//	0      header, one page: magic, version, geometry and its checksum; then, each on
//	       a cache line of its own, the count (64), the content's end (128), the
//	       generation (192), a guarded word that stays 0 until the file is whole
//	4096   blocks: the embedding, then 64 bytes of metadata of which the last 8 are
//	       the commit word. A block is a multiple of 64 bytes, so that blocks do not
//	       share cache lines
//	...    content: the bytes of each entry's id, then those of its content
//
// The count and the content's end are where threads meet, and not believed when a
// file is opened: what is in it follows from the commit words.
const (
	magic         = "slotrace"
	formatVersion = 2
	headerBytes   = 4096
	checkedBytes  = 56 // of the header, before its checksum
	cacheLine     = 64
	metadataBytes = 64
	commitBytes   = 8

	countAt      = 64
	contentEndAt = 128
	generationAt = 192
	createdAt    = 40

	entryAt = 40 // in the metadata

	noContent = math.MaxUint32 // content length of a memory whose content is nil
)

// Limits of a store.
const (
	MaxEmbedding = 1 << 16 // float32 values
	MaxCapacity  = 1 << 32 // slots
	MaxID        = 1 << 10 // bytes
	MaxContent   = 1 << 24 // bytes
)

// The objects of a store, as its visible operations name them.
const (
	ObjectCount visible.Object = iota + 1
	ObjectLock
	ObjectContentEnd
	ObjectContent
	ObjectBlocks
	ObjectCommit
	ObjectIndex
	ObjectBlocksLock
	ObjectCurrent  // which file is the store's
	ObjectWhole    // the lock of who works on the whole store
	ObjectWriting  // the doors through which handles change it, a number each
	ObjectReading  // and those through which they read
	ObjectIDs      // the locks of ids that are replaced or deleted, a number each
	ObjectFreeList // the lock of the list of free slots
	ObjectCoarse   // the locks of a store that has only two: 0 of the index, 1 of blocks and contents
	ObjectArea     // the lock of the content area, where it is given out under one
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var le = binary.LittleEndian

// geometry is what a file's layout follows from.
type geometry struct {
	embedding uint32 // float32 values in a block
	capacity  uint64 // blocks
	content   uint64 // bytes of the content area
	checksum  Checksum
}

func (g geometry) embeddingBytes() uint64 { return uint64(g.embedding) * 4 }
func (g geometry) blockBytes() uint64 {
	return (g.embeddingBytes()+cacheLine-1)/cacheLine*cacheLine + metadataBytes
}
func (g geometry) contentAt() uint64 { return headerBytes + g.capacity*g.blockBytes() }
func (g geometry) fileBytes() uint64 { return g.contentAt() + g.content }

func (g geometry) check() error {
	switch {
	case g.embedding < 1 || g.embedding > MaxEmbedding:
		return fmt.Errorf("an embedding has 1 to %d values, not %d", MaxEmbedding, g.embedding)
	case g.capacity < 1 || g.capacity > MaxCapacity:
		return fmt.Errorf("a store has 1 to %d slots, not %d", uint64(MaxCapacity), g.capacity)
	case g.content > 1<<46:
		return fmt.Errorf("a content area has up to %d bytes, not %d", uint64(1)<<46, g.content)
	case g.checksum > ContentOnly:
		return fmt.Errorf("there is no checksum mode %d", g.checksum)
	}
	return nil
}

func (g geometry) putHeader(b []byte, created int64) {
	copy(b, magic)
	le.PutUint32(b[8:], formatVersion)
	le.PutUint32(b[12:], headerBytes)
	le.PutUint32(b[16:], g.embedding)
	le.PutUint32(b[20:], uint32(g.checksum))
	le.PutUint64(b[24:], g.capacity)
	le.PutUint64(b[32:], g.content)
	le.PutUint64(b[createdAt:], uint64(created))
	le.PutUint64(b[48:], g.blockBytes())
	le.PutUint32(b[checkedBytes:], crc32.Checksum(b[:checkedBytes], castagnoli))
}

// Errors of headers.
var (
	ErrForeign = errors.New("not a slotrace store")
	ErrVersion = errors.New("a store of another version")
	ErrDamaged = errors.New("damaged")
)

func readHeader(b []byte) (geometry, error) {
	if len(b) < len(magic) || string(b[:len(magic)]) != magic {
		return geometry{}, ErrForeign
	}
	if len(b) < headerBytes {
		return geometry{}, fmt.Errorf("header: %w: %d bytes where %d are due", ErrDamaged, len(b), headerBytes)
	}
	if crc32.Checksum(b[:checkedBytes], castagnoli) != le.Uint32(b[checkedBytes:]) {
		return geometry{}, fmt.Errorf("header: %w: its checksum is off", ErrDamaged)
	}
	if v := le.Uint32(b[8:]); v != formatVersion {
		return geometry{}, fmt.Errorf("header: %w: %d, this program reads %d", ErrVersion, v, formatVersion)
	}
	g := geometry{embedding: le.Uint32(b[16:]), checksum: Checksum(le.Uint32(b[20:])), capacity: le.Uint64(b[24:]), content: le.Uint64(b[32:])}
	if err := g.check(); err != nil {
		return geometry{}, fmt.Errorf("header: %w: %w", ErrDamaged, err)
	}
	return g, nil
}

// A block's last cache line is its metadata: confidence, activation and decay rate
// (float32, at 0, 4, 8), flags (u16, 12), bytes of the id (u16, 14), created and last
// access (i64, 16, 24), recalls (u32, 32), bytes of the content or noContent (u32, 36),
// where the id lies in the content area, with the content behind it (u64, 40), 8 bytes
// that are 0, and the commit word (56). The checksum covers what is before that.
func (m *Memory) describe(meta *[metadataBytes - commitBytes]byte, at uint64) {
	le.PutUint32(meta[0:], math.Float32bits(m.Confidence))
	le.PutUint32(meta[4:], math.Float32bits(m.Activation))
	le.PutUint32(meta[8:], math.Float32bits(m.DecayRate))
	le.PutUint16(meta[12:], m.Flags)
	le.PutUint16(meta[14:], uint16(len(m.ID)))
	le.PutUint64(meta[16:], uint64(m.Created))
	le.PutUint64(meta[24:], uint64(m.LastAccess))
	le.PutUint32(meta[32:], m.Recalls)
	n := uint32(len(m.Content))
	if m.Content == nil {
		n = noContent
	}
	le.PutUint32(meta[36:], n)
	le.PutUint64(meta[entryAt:], at)
	le.PutUint64(meta[48:], 0)
}

// guarded puts into the top byte of a word a check of the 7 bytes below, so that no
// change of one byte makes another word of it, nor an empty one.
func guarded(v uint64) uint64 { return v&guardedBits | uint64(fold(v&guardedBits)^0xa5)<<56 }

// unguarded undoes guarded, and says whether the word is what it was.
func unguarded(w uint64) (v uint64, ok bool) { return w & guardedBits, guarded(w) == w }

const guardedBits = 1<<56 - 1

func fold(v uint64) byte {
	v ^= v >> 32
	v ^= v >> 16
	v ^= v >> 8
	return byte(v)
}

// commitWord is what makes a block count, a guarded word: bits 0-31 the entry's
// checksum, 32-51 the generation that it belongs to, 52-53 its version, 54 set. An
// empty slot's is 0.
//
// The version of an entry that replaces another is the other's plus 1, modulo 4, so
// that it can be told which of two entries of one id is the newer one: whoever
// replaces an entry clears the old one before it returns, but may die before.
type commitWord uint64

const (
	slotEmpty      commitWord = 0
	generationMask            = 1<<20 - 1
	versionMask               = 3
)

func live(generation uint64, version uint8, checksum uint32) commitWord {
	return commitWord(guarded(1<<54 | uint64(version&versionMask)<<52 | generation&generationMask<<32 | uint64(checksum)))
}

func (w commitWord) checksum() uint32 { return uint32(w) }
func (w commitWord) version() uint8   { return uint8(w >> 52 & versionMask) }

// whole says that the word is one that a put wrote.
func (w commitWord) whole() bool {
	v, ok := unguarded(uint64(w))
	return ok && v>>54 == 1
}

// liveIn is about a word that may be damaged: one that is counts for nothing.
func (w commitWord) liveIn(generation uint64) bool {
	return uint64(w>>32)&generationMask == generation&generationMask && w.whole()
}

// sum is the entry's checksum, CRC-32C (Castagnoli), over metadata, id, content and, if
// the store's Checksum option says so, the embedding. The id may stand before content.
func (g *geometry) sum(meta, id, content, embedding []byte) uint32 {
	c := bulk.Sum(bulk.Sum(bulk.Sum(0, meta), id), content)
	if g.checksum == WholeEntry {
		c = bulk.Sum(c, embedding)
	}
	return c
}

// pastCaches is how much blocks must have together to be written past the caches, which do not
// hold so much: in a smaller store an entry is found there that was put a moment ago.
const pastCaches = 64 << 20

// copySum copies the embedding, and goes on with the checksum, whose last part it is.
func (g *generation) copySum(c uint32, to, from []byte) uint32 {
	switch {
	case g.checksum == WholeEntry && g.streams:
		return bulk.StreamSum(c, to, from)
	case g.checksum == WholeEntry:
		return bulk.CopySum(c, to, from)
	case g.streams:
		bulk.Stream(to, from)
	default:
		bulk.Copy(to, from)
	}
	return c
}

// floatBytes is the memory of f.
func floatBytes(f []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(f))), len(f)*4)
}

// asFloats is the memory of b, which lies on a cache line.
func asFloats(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

// stringBytes is the memory of s, not to be written.
func stringBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// word is the 8-byte word at offset at of b.
func word(b []byte, at uint64) *uint64 { return (*uint64)(unsafe.Pointer(&b[at : at+8][0])) }
