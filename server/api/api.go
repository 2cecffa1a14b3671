// Package api serves runs, reviews and searches over HTTP: what starts, shows, changes and
// stops them, in JSON. It knows neither what runs them nor who may ask: a server puts
// guard.Handler in front. The edge serves it too, for want of a machine with less in it.
package api

import (
	"net/http"
	"strconv"
	"strings"

	"slotrace/server/guard"
	"slotrace/server/run"
)

// Bounds of a page of evidence.
const (
	defaultLosses = 100
	maxLosses     = 1000
)

// Host is what a server has. What is nil it has not: asked for that, it answers with 501 and
// says what would have it.
type Host struct {
	Runs       run.Runs
	Reviews    run.Reviews
	Schedules  run.Schedules
	Searches   Searches       // absent, OwnMachine
	Recordings run.Recordings // nil, there are none to be found

	// UploadToken is what whoever sends a recording has to show; "" = nothing.
	UploadToken string
}

// New serves /healthz, runs, reviews, searches, schedules and recordings under /api/, and the
// recordings' share pages under /r/. What else is asked for is not found.
func New(h Host) http.Handler {
	if h.Searches == (Searches{}) {
		h.Searches = OwnMachine
	}
	a := &api{runs: h.Runs, reviews: h.Reviews, schedules: h.Schedules, searches: h.Searches, searching: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.Handle("/healthz", methods{"GET": healthy})
	mux.Handle("/api/explore", methods{"POST": a.explore})
	var there []string
	// routes serves paths below a first one if the host has what they need.
	routes := func(has bool, what, first string, paths map[string]methods) {
		for path, m := range paths {
			if has {
				mux.Handle(path, m)
			} else {
				mux.HandleFunc(path, ownMachine(what))
			}
		}
		if has {
			there = append(there, what+" at "+first)
		}
	}
	routes(a.runs != nil, "runs", "/api/runs", map[string]methods{
		"/api/runs":                   {"GET": a.list, "POST": a.start},
		"/api/runs/{id}":              {"GET": a.status, "PATCH": a.change, "DELETE": a.stop},
		"/api/runs/{id}/evidence":     {"GET": a.evidence},
		"/api/runs/{id}/slots/{slot}": {"GET": a.slot},
	})
	routes(a.reviews != nil, "reviews", "/api/reviews", map[string]methods{
		"/api/reviews":      {"GET": a.listReviews, "POST": a.startReview},
		"/api/reviews/{id}": {"GET": a.review, "DELETE": a.cancelReview},
	})
	routes(a.schedules != nil, "schedules", "/api/schedules", map[string]methods{
		"/api/schedules": {"POST": a.runSchedule},
	})
	there = append(there, "searches at /api/explore")
	if h.Recordings != nil {
		(&recordings{h.Recordings, h.UploadToken}).serve(mux)
		there = append(there, "recordings at /api/recordings")
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		Refuse(w, http.StatusNotFound, "there is no "+clip(r.URL.Path)+"; there are "+strings.Join(there, ", "))
	})
	return mux
}

// ownMachine answers for a host that is none: threads and mapped files are what runs,
// reviews and schedules are about.
func ownMachine(what string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		Refuse(w, http.StatusNotImplemented, what+" need threads and a mapped file, which there are not here: slotrace serve on a machine of your own has them")
	}
}

type api struct {
	runs      run.Runs
	reviews   run.Reviews
	schedules run.Schedules
	searches  Searches
	searching chan struct{} // holds a token while a search is under way
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write([]byte("ok\n"))
}

func (a *api) list(w http.ResponseWriter, r *http.Request) {
	if _, err := query(r); err != nil {
		fail(w, "run", 0, err)
		return
	}
	list := a.runs.List()
	if list == nil {
		list = []run.Status{}
	}
	for i := range list {
		list[i] = shown(r, list[i])
	}
	answer(w, http.StatusOK, struct {
		Runs []run.Status `json:"runs"`
	}{list})
}

func (a *api) start(w http.ResponseWriter, r *http.Request) {
	c := run.Default()
	err := noQuery(r)
	if err == nil {
		_, err = decode(w, r, &c)
	}
	if err == nil {
		err = c.Check()
	}
	var st run.Status
	if err == nil {
		st, err = a.runs.Start(r.Context(), c)
	}
	if err != nil {
		fail(w, "run", 0, err)
		return
	}
	w.Header().Set("Location", "/api/runs/"+strconv.FormatUint(uint64(st.ID), 10))
	answer(w, http.StatusCreated, st)
}

// shown is st as whoever asks may see it: a recording's id is a secret from those who watch, as it
// is where recordings are listed.
func shown(r *http.Request, st run.Status) run.Status {
	if st.Recording != nil && !guard.Control(r) {
		rec := *st.Recording
		rec.ID = ""
		st.Recording = &rec
	}
	return st
}

func (a *api) status(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r)
	if err == nil {
		err = noQuery(r)
	}
	var st run.Status
	if err == nil {
		st, err = a.runs.Status(id)
	}
	a.tell(w, r, id, st, err)
}

func (a *api) change(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r)
	if err == nil {
		err = noQuery(r)
	}
	var c run.Change
	if err == nil {
		var empty bool
		if empty, err = decode(w, r, &c); err == nil && empty {
			err = badRequest("the body is empty; it says what to change, as in {\"pause\":true}")
		}
	}
	if err == nil {
		err = c.Check()
	}
	var st run.Status
	if err == nil {
		st, err = a.runs.Change(r.Context(), id, c)
	}
	a.tell(w, r, id, st, err)
}

func (a *api) stop(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r)
	if err == nil {
		err = noQuery(r)
	}
	var st run.Status
	if err == nil {
		st, err = a.runs.Stop(r.Context(), id)
	}
	a.tell(w, r, id, st, err)
}

func (a *api) evidence(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r)
	var q values
	if err == nil {
		q, err = query(r, "after", "side", "limit")
	}
	after := q.number(&err, "after", 0, 0, 1<<64-1)
	side := q.number(&err, "side", 0, 0, 1)
	limit := q.number(&err, "limit", defaultLosses, 1, maxLosses)
	var e run.Evidence
	if err == nil {
		e, err = a.runs.Evidence(id, int(side), after, int(limit))
	}
	if err != nil {
		fail(w, "run", id, err)
		return
	}
	if e.Items == nil {
		e.Items = []run.Loss{}
	}
	answer(w, http.StatusOK, e)
}

func (a *api) slot(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r)
	var q values
	if err == nil {
		q, err = query(r, "side")
	}
	side := q.number(&err, "side", 0, 0, 1)
	var slot uint64
	if err == nil {
		slot, err = natural("slot", r.PathValue("slot"), 0, run.MaxSlots-1)
	}
	var s run.Slot
	if err == nil {
		s, err = a.runs.Slot(id, int(side), uint32(slot))
	}
	if err != nil {
		fail(w, "run", id, err)
		return
	}
	if s.Memories == nil {
		s.Memories = []run.Memory{}
	}
	answer(w, http.StatusOK, s)
}

func (a *api) tell(w http.ResponseWriter, r *http.Request, id uint32, st run.Status, err error) {
	if err != nil {
		fail(w, "run", id, err)
		return
	}
	answer(w, http.StatusOK, shown(r, st))
}
