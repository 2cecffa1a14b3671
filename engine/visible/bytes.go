package visible

// Bytes is memory that threads share and that nothing guards: a copy into it is
// one visible operation, though the machine makes many of it. Two that overlap in
// range and time tear each other; that is what the store's allocators exist to
// prevent.
type Bytes struct {
	mem    []byte
	object Object
}

// NewBytes returns the shared memory mem.
func NewBytes(o Object, mem []byte) Bytes { return Bytes{mem: mem, object: o} }

// Write copies first, and second behind it, to offset at. They must fit.
func (b *Bytes) Write(t *Thread, s Step, at uint64, first, second []byte) {
	if t.Observer != nil {
		b.watchedWrite(t, s, at, first, second, nil)
		return
	}
	mem := b.mem[at:]
	copy(mem[copy(mem, first):], second)
}

// WriteInPieces is Write, quicker where first is some KiB. each, unless it is nil, is
// given first in pieces as they are copied: what it does with one is done while that is
// still on its way to memory.
func (b *Bytes) WriteInPieces(t *Thread, s Step, at uint64, first, second []byte, each func(piece []byte)) {
	if t.Observer != nil {
		b.watchedWrite(t, s, at, first, second, each)
		return
	}
	copyIn(b.mem[at:], first, second, each)
}

func (b *Bytes) watchedWrite(t *Thread, s Step, at uint64, first, second []byte, each func(piece []byte)) {
	if !t.Watched(s) {
		copyIn(b.mem[at:], first, second, each)
		return
	}
	op := Op{Kind: OpWrite, Step: s, Object: b.object, Low: at, High: at + uint64(len(first)+len(second))}
	t.Observer.Point(t, op)
	copyIn(b.mem[at:], first, second, each)
	t.Observer.Done(t, op, op.High-op.Low)
}

// halfPiece is how much is copied at once: a block as a whole takes nearly twice as
// long, since copies of more than 2 KiB go another way, which pays for larger ones.
const halfPiece = 512

func copyIn(mem, first, second []byte, each func(piece []byte)) {
	for len(first) >= 2*halfPiece {
		piece := first[:2*halfPiece]
		copy(mem, piece[:halfPiece])
		copy(mem[halfPiece:], piece[halfPiece:])
		if each != nil {
			each(piece)
		}
		mem, first = mem[len(piece):], first[len(piece):]
	}
	n := copy(mem, first)
	if each != nil {
		each(first)
	}
	copy(mem[n:], second)
}

// Read fills the parts, one behind the other, from offset at. They must fit.
func (b *Bytes) Read(t *Thread, s Step, at uint64, parts ...[]byte) {
	if !t.Watched(s) {
		copyOut(b.mem[at:], parts)
		return
	}
	op := Op{Kind: OpRead, Step: s, Object: b.object, Low: at, High: at + length(parts)}
	t.Observer.Point(t, op)
	copyOut(b.mem[at:], parts)
	t.Observer.Done(t, op, op.High-op.Low)
}

// View returns the n bytes at offset at, without copying them. They must exist, and
// are not to be written.
func (b *Bytes) View(t *Thread, s Step, at, n uint64) []byte {
	v := b.mem[at : at+n : at+n]
	if t.Watched(s) {
		op := Op{Kind: OpRead, Step: s, Object: b.object, Low: at, High: at + n}
		t.Observer.Point(t, op)
		t.Observer.Done(t, op, n)
	}
	return v
}

// Len is the size in bytes.
func (b *Bytes) Len() uint64 { return uint64(len(b.mem)) }

func length(parts [][]byte) (n uint64) {
	for _, p := range parts {
		n += uint64(len(p))
	}
	return n
}

func copyOut(mem []byte, parts [][]byte) {
	for _, p := range parts {
		mem = mem[copy(p, mem[:len(p)]):]
	}
}
