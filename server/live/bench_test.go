package live

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"slotrace/engine/recording"
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

// What recording costs a run at real speed, as stores a second with it over stores a second
// without it, by turns in one run: while every step is recorded, and when that has become too
// much and spans are. And how much a recording holds, and for how long it has every step.
func BenchmarkRecording(b *testing.B) {
	for _, writers := range []int{2, 8} {
		b.Run(strconv.Itoa(writers)+"-writers", func(b *testing.B) {
			o := recordingIn(b, Options{Dir: b.TempDir()})
			l := newLive(b, o)
			id := begin(b, l, run.Config{Allocator: "check-then-act", Writers: writers, Slots: 100_000, Embedding: 768}).ID
			always := func(run.Status) bool { return true }
			record := func(on bool) run.Status { return change(b, l, id, run.Change{Record: &on}) }
			// Others use the machine, too: each stretch is compared with its neighbours.
			cost := func() float64 {
				var ratios []float64
				before := stores(b, l, id, benchSpan, always)
				for range max(b.N, 12) {
					record(true)
					with := stores(b, l, id, benchSpan, always)
					record(false)
					after := stores(b, l, id, benchSpan, always)
					ratios = append(ratios, 2*with/(before+after))
					before = after
				}
				slices.Sort(ratios)
				return ratios[len(ratios)/2]
			}
			b.ReportMetric(cost(), "whole/off")
			record(true)
			began := time.Now()
			b.ReportMetric(stores(b, l, id, time.Minute, func(st run.Status) bool { return st.Recording.Whole }), "stores/s")
			st, _ := l.Status(id)
			b.ReportMetric(float64(st.Recording.Events)/time.Since(began).Seconds(), "events/s")
			b.ReportMetric(time.Since(began).Seconds(), "whole-s")
			st = record(false)
			b.ReportMetric(float64(st.Recording.Bytes)/float64(st.Recording.Events), "MB/Mevents")
			r, _ := l.find(id)
			r.options.Recording = recording.Options{Burst: 1}
			b.ReportMetric(cost(), "sampled/off")
		})
	}
}

const benchSpan = time.Second / 2

func always(run.Status) bool { return true }

// stores measures stores a second.
func stores(b *testing.B, l *Live, id uint32, span time.Duration, goesOn func(run.Status) bool) float64 {
	st, _ := l.Status(id)
	first, began := st.Sides[0].Stored, time.Now()
	for goesOn(st) && time.Since(began) < span {
		time.Sleep(5 * time.Millisecond)
		var err error
		if st, err = l.Status(id); err != nil {
			b.Fatal(err)
		}
	}
	return float64(st.Sides[0].Stored-first) / time.Since(began).Seconds()
}
