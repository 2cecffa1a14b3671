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
	n := uint64(len(first) + len(second))
	to := b.Writing(t, s, at, n)
	copy(to[copy(to, first):], second)
	b.Wrote(t, s, at, n)
}

// Writing is the first half of a write by other means: it returns the n bytes at offset
// at, which must exist. The caller fills them, and then says that it Wrote them.
func (b *Bytes) Writing(t *Thread, s Step, at, n uint64) []byte {
	if t.watched>>s&1 != 0 {
		b.point(t, s, at, n)
	}
	return b.mem[at:][:n:n]
}

// Wrote is the second half.
func (b *Bytes) Wrote(t *Thread, s Step, at, n uint64) {
	if t.watched>>s&1 != 0 {
		b.done(t, s, at, n)
	}
}

func (b *Bytes) point(t *Thread, s Step, at, n uint64) { t.observer.Point(t, b.op(OpWrite, s, at, n)) }
func (b *Bytes) done(t *Thread, s Step, at, n uint64)  { t.observer.Done(t, b.op(OpWrite, s, at, n), n) }

func (b *Bytes) op(k Kind, s Step, at, n uint64) Op {
	return Op{Kind: k, Step: s, Object: b.object, Range: Range{at, at + n}}
}

// Read fills the parts, one behind the other, from offset at. They must fit.
func (b *Bytes) Read(t *Thread, s Step, at uint64, parts ...[]byte) {
	if !t.Watched(s) {
		copyOut(b.mem[at:], parts)
		return
	}
	op := b.op(OpRead, s, at, length(parts))
	t.observer.Point(t, op)
	copyOut(b.mem[at:], parts)
	t.observer.Done(t, op, op.High-op.Low)
}

// View returns the n bytes at offset at, without copying them. They must exist, and
// are not to be written.
func (b *Bytes) View(t *Thread, s Step, at, n uint64) []byte {
	if t.watched>>s&1 != 0 {
		b.watchedView(t, s, at, n)
	}
	return b.mem[at:][:n:n]
}

func (b *Bytes) watchedView(t *Thread, s Step, at, n uint64) {
	op := b.op(OpRead, s, at, n)
	t.observer.Point(t, op)
	t.observer.Done(t, op, n)
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
