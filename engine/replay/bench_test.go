package replay

import (
	"testing"

	"slotrace/engine/replay/sample"
)

// A segment is read and taken apart whenever time is dragged into it.
func BenchmarkLoad(b *testing.B) {
	r := recorded(b, sample.Options{Writers: 8, Slots: 10_000, Puts: 150_000, Frame: 1_000_000})
	events := r.Segments[0].Events
	b.ResetTimer()
	for b.Loop() {
		g, err := Load(r, 0)
		if err != nil || len(g.Steps) == 0 {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(events), "ns/event")
	b.ReportMetric(float64(events), "events")
}

func BenchmarkFrames(b *testing.B) {
	r := recorded(b, sample.Options{Writers: 8, Slots: 10_000, Puts: 150_000, Frame: 1_000_000})
	for b.Loop() {
		if _, err := r.Frames(0); err != nil {
			b.Fatal(err)
		}
	}
}
