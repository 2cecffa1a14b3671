package local

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"slotrace/server/run"
)

// embedding is how many values a block has: memory is all there is to keep a store in,
// and the walk writes a block at once however large it is.
const embedding = 16

// maxSlots is the most that a store may have, for the same reason.
const maxSlots = 100_000

// Of a page of evidence, as in server/api.
const (
	defaultLosses = 100
	maxLosses     = 1000
)

var (
	errNothing  = errors.New("there is nothing of that name without a server")
	errReview   = errors.New("the review needs threads and a mapped file, which no browser has: run slotrace on a machine of your own")
	errTooLarge = &run.FieldError{Field: "slots", Want: "must be at most 100,000 in a browser, which has memory alone; slotrace on a machine of your own goes further"}
)

// Answer answers a request to the API in the words of server/api, which would bring
// net/http along and nearly double the program. It waits for what was asked for.
func Answer(runs run.Runs, method, path, body string) (status int, text string) {
	v, err := answer(runs, method, path, []byte(body))
	status = 200
	if err != nil {
		status, v = statusOf(err), failure{strings.ReplaceAll(err.Error(), "\n", "; ")}
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // no value that is answered with can fail
	}
	return status, string(b)
}

type failure struct {
	Error string `json:"error"`
}

func statusOf(err error) int {
	var field *run.FieldError
	switch {
	case errors.As(err, &field):
		return 400
	case errors.Is(err, run.ErrUnknown), errors.Is(err, errNothing):
		return 404
	case errors.Is(err, run.ErrEnded):
		return 409
	case errors.Is(err, errReview):
		return 501
	}
	return 500
}

func answer(runs run.Runs, method, path string, body []byte) (any, error) {
	ctx := context.Background() // the page waits as long as it takes
	path, query, _ := strings.Cut(path, "?")
	switch method + " " + path {
	case "POST /api/runs":
		c := run.Default()
		c.Embedding = embedding
		if err := read(body, &c); err != nil {
			return nil, err
		}
		if c.Slots > maxSlots {
			return nil, errTooLarge
		}
		if err := c.Check(); err != nil {
			return nil, err
		}
		return runs.Start(ctx, c)
	case "GET /api/runs":
		return map[string]any{"runs": runs.List()}, nil
	case "GET /api/reviews":
		return map[string]any{"reviews": []any{}}, nil
	case "POST /api/reviews":
		return nil, errReview
	}
	rest, ok := strings.CutPrefix(path, "/api/runs/")
	if !ok {
		return nil, errNothing
	}
	number, rest, _ := strings.Cut(rest, "/")
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return nil, errNothing
	}
	id := uint32(n)
	side, err := parameter(query, "side", 0)
	if err != nil {
		return nil, err
	}
	switch {
	case rest == "evidence" && method == "GET":
		after, err := parameter(query, "after", 0)
		if err != nil {
			return nil, err
		}
		limit, err := parameter(query, "limit", defaultLosses)
		if err != nil {
			return nil, err
		}
		return runs.Evidence(id, int(side), after, int(min(limit, maxLosses)))
	case strings.HasPrefix(rest, "slots/") && method == "GET":
		slot, err := strconv.ParseUint(strings.TrimPrefix(rest, "slots/"), 10, 32)
		if err != nil {
			return nil, &run.FieldError{Field: "slot", Want: "must be a number"}
		}
		return runs.Slot(id, int(side), uint32(slot))
	case rest != "":
		return nil, errNothing
	}
	switch method {
	case "GET":
		return runs.Status(id)
	case "PATCH":
		var c run.Change
		if err := read(body, &c); err != nil {
			return nil, err
		}
		if err := c.Check(); err != nil {
			return nil, err
		}
		return runs.Change(ctx, id, c)
	case "DELETE":
		return runs.Stop(ctx, id)
	}
	return nil, errNothing
}

func read(body []byte, v any) error {
	if err := json.Unmarshal(body, v); err != nil {
		return &run.FieldError{Field: "body", Want: err.Error()}
	}
	return nil
}

// parameter reads a number of the query.
func parameter(query, name string, absent uint64) (uint64, error) {
	for pair := range strings.SplitSeq(query, "&") {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			n, err := strconv.ParseUint(value, 10, 64)
			if err != nil {
				return 0, &run.FieldError{Field: name, Want: "must be a number"}
			}
			return n, nil
		}
	}
	return absent, nil
}
