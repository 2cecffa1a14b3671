package main

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"slotrace/server/run"
)

func newMetrics(runs run.Runs) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newRunFigures(runs))
	return r
}

func metricsHandler(r *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{Registry: r})
}

// runFigures are the totals of the run that is live, asked for when they are read.
// They begin anew with every run, and what was readable can be lost later: so they
// are gauges.
type runFigures struct {
	runs run.Runs
	of   []runFigure
}

type runFigure struct {
	desc *prometheus.Desc
	get  func(s *run.Side) float64
}

func newRunFigures(runs run.Runs) *runFigures {
	f := &runFigures{runs: runs}
	add := func(name, help string, get func(s *run.Side) float64) {
		desc := prometheus.NewDesc("slotrace_run_"+name, help, []string{"run", "side"}, nil)
		f.of = append(f.of, runFigure{desc, get})
	}
	add("stored", "Puts that returned without an error.", func(s *run.Side) float64 { return float64(s.Stored) })
	add("readable", "Of those, memories that read back right when last read.", func(s *run.Side) float64 { return float64(s.Readable) })
	add("lost", "Of those, memories that were not there or not what was stored.", func(s *run.Side) float64 { return float64(s.Lost) })
	add("unread", "Of those, memories that were not read back yet.", func(s *run.Side) float64 { return float64(s.Unread) })
	add("collisions", "Claims of a slot beyond its first in a lap.", func(s *run.Side) float64 { return float64(s.Collisions) })
	add("stores_per_second", "Stores over the last second.", func(s *run.Side) float64 { return float64(s.Rate) })
	return f
}

// Describe implements prometheus.Collector.
func (f *runFigures) Describe(to chan<- *prometheus.Desc) {
	for _, g := range f.of {
		to <- g.desc
	}
}

// Collect implements prometheus.Collector.
func (f *runFigures) Collect(to chan<- prometheus.Metric) {
	for _, st := range f.runs.List() {
		for side := range st.Sides {
			for _, g := range f.of {
				to <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, g.get(&st.Sides[side]), strconv.FormatUint(uint64(st.ID), 10), strconv.Itoa(side))
			}
		}
	}
}
