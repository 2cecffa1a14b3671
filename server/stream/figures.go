package stream

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// figures are what a stream tells of itself.
type figures struct {
	viewers  prometheus.Gauge
	frames   prometheus.Counter
	bytes    prometheus.Counter
	heldBack prometheus.Counter
	refused  *prometheus.CounterVec
	closed   *prometheus.CounterVec
}

func newFigures(r prometheus.Registerer) *figures {
	made := promauto.With(r)
	counter := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "slotrace", Subsystem: "stream", Name: name, Help: help}
	}
	return &figures{
		viewers: made.NewGauge(prometheus.GaugeOpts{
			Namespace: "slotrace", Subsystem: "stream", Name: "viewers", Help: "Viewers that are connected.",
		}),
		frames:   made.NewCounter(counter("frames_total", "Frames sent to viewers.")),
		bytes:    made.NewCounter(counter("bytes_total", "Bytes of messages sent to viewers.")),
		heldBack: made.NewCounter(counter("held_back_total", "Ticks at which a viewer got nothing since four of its frames were not acknowledged.")),
		refused:  made.NewCounterVec(counter("refused_total", "Viewers that were not let in: foreign, protocol, full, stopping."), []string{"why"}),
		closed:   made.NewCounterVec(counter("closed_total", "Connections that ended, by close code; 1006 is one that broke."), []string{"code"}),
	}
}
