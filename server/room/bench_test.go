package room

import (
	"testing"

	"slotrace/engine/event"
	"slotrace/server/flow"
)

// BenchmarkFanOut is a frame of a presenter, on to fifty viewers.
func BenchmarkFanOut(b *testing.B) {
	w := &world{viewers: make(map[ID]*guest), closed: make(map[ID]flow.Ending), inbox: make(map[ID][][]byte)}
	w.room = New(nowhere{})
	e := newEngine()
	w.room.Present(1000, w.now)
	w.room.Message(1000, w.now, true, event.AppendPresent(nil, event.Session{1}, e.board.Hello(true)))
	e.begin()
	place := e.board.Join()
	for id := range ID(50) {
		w.room.Join(id, w.now)
	}
	sequence := uint32(0)
	var frame []byte
	for b.Loop() {
		b.StopTimer()
		e.turn()
		w.now = w.now.Add(flow.Tick)
		sequence++
		frame = place.Append(frame[:0], sequence, 32<<10)
		b.StartTimer()
		w.room.Message(1000, w.now, true, frame)
		for id := range ID(50) {
			w.room.Message(id, w.now, true, event.AppendAck(nil, w.room.viewers[id].flow.Next()-1))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/50, "µs/frame/viewer")
}

type nowhere struct{}

func (nowhere) Send(ID, []byte)       {}
func (nowhere) Close(ID, flow.Ending) {}
