package visible

import "sync/atomic"

// Pointer is a pointer that threads share.
type Pointer[T any] struct {
	p      atomic.Pointer[T]
	object Object
}

// NewPointer returns a pointer to v.
func NewPointer[T any](o Object, v *T) *Pointer[T] {
	p := &Pointer[T]{object: o}
	p.p.Store(v)
	return p
}

// Load reads the pointer. It does not become part of its caller: where that matters, who is
// not watched is to Peek.
func (p *Pointer[T]) Load(t *Thread, s Step) *T {
	if !t.Watched(s) {
		return p.p.Load()
	}
	op := Op{Kind: OpLoad, Step: s, Object: p.object, Range: Range{High: 1}}
	t.observer.Point(t, op)
	v := p.p.Load()
	t.observer.Done(t, op, 0)
	return v
}

// Store writes v.
func (p *Pointer[T]) Store(t *Thread, s Step, v *T) {
	if !t.Watched(s) {
		p.p.Store(v)
		return
	}
	op := Op{Kind: OpStore, Step: s, Object: p.object, Range: Range{High: 1}}
	t.observer.Point(t, op)
	p.p.Store(v)
	t.observer.Done(t, op, 0)
}

// Peek reads the pointer unseen, for whoever looks from outside the threads.
func (p *Pointer[T]) Peek() *T { return p.p.Load() }
