package trace

import (
	"testing"

	"slotrace/engine/event"
	"slotrace/engine/visible"
)

// What a put of check-then-act costs its thread when it is recorded, the drainer's part included.
func BenchmarkPut(b *testing.B) {
	for name, set := range map[string]func(tr *Tracer){"nothing": (*Tracer).Nothing, "every": (*Tracer).Every, "all": (*Tracer).All} {
		b.Run(name, func(b *testing.B) {
			c := NewClock()
			c.Run(true)
			tr := NewTracer(c, 1)
			tr.Rings(1, 1<<17)
			set(tr)
			th := &visible.Thread{}
			var records []event.Record
			n := uint64(0)
			b.ReportAllocs()
			for i := range b.N {
				ignores := tr.Begin(th, uint32(i))
				for _, op := range []visible.Op{
					{Kind: visible.OpLoad, Step: visible.Look}, {Kind: visible.OpAdd, Step: visible.Reserve}, {Kind: visible.OpWrite, Step: visible.Content},
					{Kind: visible.OpWrite, Step: visible.Block}, {Kind: visible.OpStore, Step: visible.Commit}, {Kind: visible.OpMapStore, Step: visible.Index}, {Kind: visible.OpAdd, Step: visible.Tell},
				} {
					if ignores>>op.Step&1 == 0 {
						tr.Point(th, op)
						tr.Done(th, op, 7)
					}
				}
				tr.End(th)
				if i%4096 == 4095 {
					records, _ = tr.Drain(records[:0])
					n += uint64(len(records))
				}
			}
			if tr.Dropped() > 0 {
				b.Error("the ring is too small")
			}
		})
	}
}
