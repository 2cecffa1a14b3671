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
	if t.Watched(s) {
		b.watchedWrite(t, s, at, first, second, plainly)
		return
	}
	mem := b.mem[at:]
	copy(mem[copy(mem, first):], second)
}

// WriteBy is Write where copying first is done by by, which may do more with it on the way.
func (b *Bytes) WriteBy(t *Thread, s Step, at uint64, first, second []byte, by func(to, from []byte)) {
	if t.Watched(s) {
		b.watchedWrite(t, s, at, first, second, by)
		return
	}
	writeBy(b.mem[at:], first, second, by)
}

func (b *Bytes) watchedWrite(t *Thread, s Step, at uint64, first, second []byte, by func(to, from []byte)) {
	op := Op{Kind: OpWrite, Step: s, Object: b.object, Low: at, High: at + uint64(len(first)+len(second))}
	t.observer.Point(t, op)
	writeBy(b.mem[at:], first, second, by)
	t.observer.Done(t, op, op.High-op.Low)
}

func writeBy(mem, first, second []byte, by func(to, from []byte)) {
	by(mem[:len(first)], first)
	copy(mem[len(first):], second)
}

func plainly(to, from []byte) { copy(to, from) }

// Read fills the parts, one behind the other, from offset at. They must fit.
func (b *Bytes) Read(t *Thread, s Step, at uint64, parts ...[]byte) {
	if !t.Watched(s) {
		copyOut(b.mem[at:], parts)
		return
	}
	op := Op{Kind: OpRead, Step: s, Object: b.object, Low: at, High: at + length(parts)}
	t.observer.Point(t, op)
	copyOut(b.mem[at:], parts)
	t.observer.Done(t, op, op.High-op.Low)
}

// View returns the n bytes at offset at, without copying them. They must exist, and
// are not to be written.
func (b *Bytes) View(t *Thread, s Step, at, n uint64) []byte {
	v := b.mem[at : at+n : at+n]
	if t.Watched(s) {
		op := Op{Kind: OpRead, Step: s, Object: b.object, Low: at, High: at + n}
		t.observer.Point(t, op)
		t.observer.Done(t, op, n)
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
