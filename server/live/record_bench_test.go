package live

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"slotrace/engine/recording"
	"slotrace/server/run"
)

// What recording costs a run at real speed, as stores a second with it over those
// without it, by turns in one run: while every step is recorded, and when that has become
// too much and spans are. And how much a recording holds, and for how long it has every step.
func BenchmarkRecording(b *testing.B) {
	for _, writers := range []int{2, 8} {
		b.Run(strconv.Itoa(writers)+"-writers", func(b *testing.B) {
			o := recordingIn(b, Options{Dir: b.TempDir()})
			l := newLive(b, o)
			id := begin(b, l, run.Config{Allocator: "check-then-act", Writers: writers, Slots: 20_000, Embedding: 768}).ID
			record := func(on bool) run.Status { return change(b, l, id, run.Change{Record: &on}) }
			// Others use the machine, too: what is compared are stretches in which they let it be.
			cost := func() float64 {
				var with, without []float64
				for range max(b.N, 10) {
					for range 4 {
						without = append(without, stores(b, l, id, benchSpan, always))
					}
					record(true)
					for range 4 {
						with = append(with, stores(b, l, id, benchSpan, always))
					}
					record(false)
				}
				slices.Sort(with)
				slices.Sort(without)
				return with[len(with)*4/5] / without[len(without)*4/5]
			}
			b.ReportMetric(cost(), "whole/off")
			record(true)
			began := time.Now()
			b.ReportMetric(stores(b, l, id, 20*time.Second, func(st run.Status) bool { return st.Recording.Whole }), "stores/s")
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

const benchSpan = time.Second / 8

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
