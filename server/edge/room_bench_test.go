//go:build edge

package edge_test

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"slotrace/engine/event"
	"slotrace/engine/fold"
	"slotrace/server/edge/edgetest"
	"slotrace/server/relay"
)

// What a room sends to fifty viewers while its presenter has something new thirty times a
// second: an iteration is one of these.
func BenchmarkFanOut(b *testing.B) {
	for name, shown := range map[string]struct{ cells, steps int }{"totals": {0, 0}, "paced": {20, 60}, "fast": {20_000, 0}} {
		b.Run(name, func(b *testing.B) { fanOut(b, 50, shown.cells, shown.steps) })
	}
}

func fanOut(b *testing.B, viewers, cells, steps int) {
	const slots = 100_000
	origin := edgetest.Serve(b, root)
	board := fold.NewBoard(event.Hello{Allocators: []event.Allocator{{Name: "a"}}}, event.State{Writers: 1, Sides: 1})
	board.Begin(event.State{Run: 1, State: event.Running, Writers: 8, Sides: 1, Slots: slots, Allocators: [2]uint8{0, event.NoAllocator}})
	room, err := relay.ParseRoom(origin + "/room/fan-out")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	all.Go(func() {
		relay.New(board, relay.Options{Room: room, Token: edgetest.Token, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}).Run(ctx)
	})
	first := &watcher{address: origin + "/room/fan-out/stream"}
	if err := first.follow(ctx, func() bool { return first.Hello != nil && len(first.Hello.Allocators) > 0 }); err != nil {
		b.Fatal(err)
	}
	first.conn.CloseNow()
	var frames, bytes atomic.Int64
	for range viewers {
		conn, _, err := websocket.Dial(ctx, first.address, &websocket.DialOptions{Subprotocols: []string{event.Protocol}})
		if err != nil {
			b.Fatal(err)
		}
		conn.SetReadLimit(event.MaxMessage)
		all.Go(func() {
			defer conn.CloseNow()
			for hello := true; ; hello = false {
				_, m, err := conn.Read(ctx)
				if err != nil {
					return
				}
				if hello {
					continue
				}
				frames.Add(1)
				bytes.Add(int64(len(m)))
				f, err := event.ParseFrame(m)
				if err != nil || conn.Write(ctx, websocket.MessageBinary, event.AppendAck(nil, f.Sequence)) != nil {
					return
				}
			}
		})
	}
	random := rand.New(rand.NewPCG(1, 2))
	lap := make([]byte, slots)
	totals := event.Totals{Lap: 1}
	ticker := time.NewTicker(33 * time.Millisecond)
	defer ticker.Stop()
	began, frames0, bytes0 := time.Now(), frames.Load(), bytes.Load()
	for b.Loop() {
		<-ticker.C
		totals.Clock += 33e6
		totals.Stored++
		totals.Unread++
		board.Totals(totals)
		for range cells {
			lap[random.IntN(slots)] = byte(1 + random.IntN(8))
		}
		if cells > 0 {
			board.Cells(0, 1, false, 0, slots, func(i int) byte { return lap[i] })
		}
		records := make([]event.Record, steps)
		for i := range records {
			records[i] = event.Record{At: totals.Clock + int64(i), Thread: uint8(i % 8)}
		}
		board.Steps(0, 1, records)
	}
	took := time.Since(began).Seconds()
	b.ReportMetric(float64(frames.Load()-frames0)/took, "frames/s")
	b.ReportMetric(float64(bytes.Load()-bytes0)/took/1024, "KiB/s")
	b.ReportMetric(float64(frames.Load()-frames0)/took/float64(viewers), "frames/s/viewer")
	b.ReportMetric(0, "ns/op")
}
