package live

import (
	"testing"
	"time"

	"slotrace/server/run"
)

// Stores a second of a live run at real speed, with all that watches it, laps and
// reading back included.
func BenchmarkRun(b *testing.B) {
	for _, allocator := range []string{"check-then-act", "fetch-add"} {
		b.Run(allocator, func(b *testing.B) {
			l := newLive(b, Options{Dir: b.TempDir()})
			c := run.Config{Allocator: allocator, Writers: 8, Slots: 100_000, Embedding: 768, Stores: max(int64(b.N), 300_000)}
			b.ResetTimer()
			began := time.Now()
			st := finish(b, l, begin(b, l, c).ID)
			b.ReportMetric(float64(st.Sides[0].Stored)/time.Since(began).Seconds(), "stores/s")
		})
	}
}

// How long pausing takes to answer, at its slowest of many, while 64 writers run
// at real speed.
func BenchmarkPause(b *testing.B) {
	l := newLive(b, Options{Dir: b.TempDir()})
	id := begin(b, l, run.Config{Allocator: "check-then-act", Writers: 64, Slots: 100_000, Embedding: 768}).ID
	worst := time.Duration(0)
	for range max(b.N, 50) {
		until(b, func() bool { st, _ := l.Status(id); return st.Sides[0].Rate > 0 })
		began := time.Now()
		change(b, l, id, run.Change{Pause: new(true)})
		worst = max(worst, time.Since(began))
		change(b, l, id, run.Change{Pause: new(false)})
	}
	b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
}
