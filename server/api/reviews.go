package api

import (
	"net/http"
	"strconv"

	"slotrace/server/run"
)

func (a *api) listReviews(w http.ResponseWriter, r *http.Request) {
	if err := noQuery(r); err != nil {
		fail(w, "review", 0, err)
		return
	}
	list := a.reviews.Reviews()
	if list == nil {
		list = []run.ReviewStatus{}
	}
	answer(w, http.StatusOK, struct {
		Reviews []run.ReviewStatus `json:"reviews"`
	}{list})
}

func (a *api) startReview(w http.ResponseWriter, r *http.Request) {
	c := run.DefaultReview()
	err := noQuery(r)
	if err == nil {
		_, err = decode(w, r, &c)
	}
	if err == nil {
		err = c.Check()
	}
	var st run.ReviewStatus
	if err == nil {
		st, err = a.reviews.StartReview(r.Context(), c)
	}
	if err != nil {
		fail(w, "review", 0, err)
		return
	}
	w.Header().Set("Location", "/api/reviews/"+strconv.FormatUint(uint64(st.ID), 10))
	answer(w, http.StatusCreated, st)
}

func (a *api) review(w http.ResponseWriter, r *http.Request) {
	a.tellReview(w, r, a.reviews.Review)
}

func (a *api) cancelReview(w http.ResponseWriter, r *http.Request) {
	a.tellReview(w, r, func(id uint32) (run.ReviewStatus, error) { return a.reviews.CancelReview(r.Context(), id) })
}

// tellReview answers with the status of the review that the path names, which get
// returns.
func (a *api) tellReview(w http.ResponseWriter, r *http.Request, get func(id uint32) (run.ReviewStatus, error)) {
	id, err := pathID(r)
	if err == nil {
		err = noQuery(r)
	}
	var st run.ReviewStatus
	if err == nil {
		st, err = get(id)
	}
	if err != nil {
		fail(w, "review", id, err)
		return
	}
	answer(w, http.StatusOK, st)
}
