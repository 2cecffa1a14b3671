package engine

import (
	"math/bits"
	"runtime/debug"
	"sync/atomic"

	"slotrace/engine/mapping"
	"slotrace/engine/visible"
)

// ahead finds memory for the blocks and contents that are about to be written. To
// come upon a page for the first time costs a put several times what it copies there
// (5 times was measured), to be given many at once far less. MAP_POPULATE would do
// nothing for a shared file.
type ahead struct {
	stride uint64 // slots between two kicks, a power of two
	slot   atomic.Uint64
	kicks  chan struct{}
	ended  chan struct{}
}

const (
	aheadBytes = 32 << 20 // how far ahead of the tail
	aheadStep  = 4 << 20  // how much is asked for at once, and between two kicks
)

// newAhead works ahead of the slots from used on.
func newAhead(g *generation, used uint64) *ahead {
	if g.path == "" || g.fileBytes() < aheadStep {
		return nil
	}
	perKick := max(aheadStep/g.blockBytes(), 1)
	a := &ahead{stride: 1 << (bits.Len64(perKick) - 1), kicks: make(chan struct{}, 1), ended: make(chan struct{})}
	a.kick(used)
	go a.run(g.mapping, g.geometry, used, g.contentEnd)
	return a
}

func (a *ahead) kick(slot uint64) {
	a.slot.Store(slot)
	select {
	case a.kicks <- struct{}{}:
	default: // it has not come to the last one yet
	}
}

func (a *ahead) run(m *mapping.Mapping, g geometry, used uint64, contentEnd visible.Counter) {
	defer close(a.ended)
	defer func() {
		if p := recover(); p != nil {
			if !faulted(m, p) {
				panic(p)
			}
			for range a.kicks { // the file was cut: puts will tell
			}
		}
	}()
	debug.SetPanicOnFault(true)
	blocks, content := headerBytes+used*g.blockBytes(), g.contentAt()+contentEnd.Peek() // populated up to there
	for range a.kicks {
		slot := a.slot.Load()
		end := min(headerBytes+slot*g.blockBytes()+aheadBytes, g.contentAt())
		for ; blocks < end; blocks += aheadStep {
			if !m.Populate(blocks, min(blocks+aheadStep, g.contentAt())) {
				break
			}
		}
		perSlot := g.content / g.capacity
		end = min(g.contentAt()+contentEnd.Peek()+perSlot*(aheadBytes/g.blockBytes()+1), g.fileBytes())
		for ; content < end; content += aheadStep {
			if !m.Populate(content, min(content+aheadStep, g.fileBytes())) {
				break
			}
		}
	}
}

// close returns when the memory is not touched any more.
func (a *ahead) close() {
	close(a.kicks)
	<-a.ended
}
