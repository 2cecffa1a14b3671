package api

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"slotrace/engine/lab"
)

// Searches bounds a search that somebody else asks for.
type Searches struct {
	Executions int64
	Operations int64         // of all executions together; 0 = no bound
	Calls      int           // threads x ops, for an execution's judges take longer the more there are; 0 = no bound
	States     int           // to count by; 0 = as many as there is room for
	Time       time.Duration // 0 = no bound
}

// OwnMachine is as much as somebody else may have of a machine that has other things to do.
var OwnMachine = Searches{Executions: 1_000_000, Time: 5 * time.Second}

// exploreRequest is what a search, or a run of a schedule, starts with.
type exploreRequest struct {
	Scenario      string `json:"scenario"`
	Variant       string `json:"variant"`
	Threads       int    `json:"threads"`
	Ops           int    `json:"ops"`
	Mode          string `json:"mode"`
	Seed          int64  `json:"seed"`
	MaxExecutions int64  `json:"max_executions"`
}

// explore searches, up to a bound. One search runs at a time: it takes a core.
func (a *api) explore(w http.ResponseWriter, r *http.Request) {
	q := exploreRequest{Scenario: "slot-allocation", Mode: lab.Find, MaxExecutions: a.searches.Executions}
	err := noQuery(r)
	if err == nil {
		_, err = decode(w, r, &q)
	}
	switch {
	case err != nil:
	case q.MaxExecutions < 1 || q.MaxExecutions > a.searches.Executions:
		err = badRequest(fmt.Sprintf("max_executions: 1 to %d would do", a.searches.Executions))
	case q.Seed < 0 || q.Seed > 1<<53:
		err = badRequest("seed: 0 to 2^53 would do")
	}
	if err != nil {
		fail(w, "search", 0, err)
		return
	}
	setup := lab.Setup{Scenario: q.Scenario, Variant: q.Variant, Threads: q.Threads, Ops: q.Ops}.Filled()
	// What is out of bounds anywhere, Explore tells.
	if most := a.searches.Calls; most > 0 && setup.Check() == nil && setup.Threads*setup.Ops > most {
		Refuse(w, http.StatusBadRequest, fmt.Sprintf("threads: %d x %d ops are too many here: up to %d together would do, or slotrace explore on a machine of your own", setup.Threads, setup.Ops, most))
		return
	}
	select {
	case a.searching <- struct{}{}:
		defer func() { <-a.searching }()
	default:
		w.Header().Set("Retry-After", "5")
		Refuse(w, http.StatusTooManyRequests, "another search is under way: it ends within 5 seconds")
		return
	}
	found, err := lab.Explore(setup, q.Mode, lab.Bounds{
		Seed: uint64(q.Seed), MaxExecutions: q.MaxExecutions, MaxOperations: a.searches.Operations, MaxStates: a.searches.States, Timeout: a.searches.Time,
	}, func(func() lab.Progress) bool { return r.Context().Err() == nil })
	answerLab(w, found, err)
}

// scheduleRequest is a schedule that is to be run.
type scheduleRequest struct {
	Scenario string `json:"scenario"`
	Variant  string `json:"variant"`
	Threads  int    `json:"threads"`
	Ops      int    `json:"ops"`
	Schedule string `json:"schedule"`
}

// runSchedule runs a schedule on a real file.
func (a *api) runSchedule(w http.ResponseWriter, r *http.Request) {
	q := scheduleRequest{Scenario: "slot-allocation"}
	err := noQuery(r)
	if err == nil {
		_, err = decode(w, r, &q)
	}
	if err != nil {
		fail(w, "schedule", 0, err)
		return
	}
	setup := lab.Setup{Scenario: q.Scenario, Variant: q.Variant, Threads: q.Threads, Ops: q.Ops}.Filled()
	ran, err := a.schedules.RunOnFile(r.Context(), setup, q.Schedule)
	answerLab(w, ran, err)
}

func answerLab(w http.ResponseWriter, found any, err error) {
	switch {
	case errors.Is(err, lab.ErrFile), errors.Is(err, lab.ErrUnsound):
		fail(w, "schedule", 0, err)
	case err != nil:
		Refuse(w, http.StatusBadRequest, line(err))
	default:
		answer(w, http.StatusOK, found)
	}
}
