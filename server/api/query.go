package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"slotrace/server/run"
)

// values are the parameters of a query, each given once.
type values map[string]string

// query reads the request's query, which may have the parameters known.
func query(r *http.Request, known ...string) (values, error) {
	return parseQuery(r.URL.RawQuery, known)
}

func noQuery(r *http.Request) error {
	_, err := query(r)
	return err
}

func parseQuery(raw string, known []string) (values, error) {
	given, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badRequest("the query " + clip(raw) + " cannot be read")
	}
	q := make(values)
	for name, v := range given {
		switch {
		case len(known) == 0:
			return nil, badRequest("there is no parameter " + clip(name) + " here, nor any other")
		case !slices.Contains(known, name):
			return nil, badRequest("there is no parameter " + clip(name) + "; there are " + strings.Join(known, ", "))
		case len(v) > 1:
			return nil, &run.FieldError{Field: name, Want: "must be given once, not twice"}
		}
		q[name] = v[0]
	}
	return q, nil
}

// number returns the parameter name, or absent if it was not given, unless there is
// an error already; then, or if it is out of bounds, *err tells.
func (q values) number(err *error, name string, absent, low, top uint64) uint64 {
	text, given := q[name]
	if *err != nil || !given {
		return absent
	}
	var n uint64
	n, *err = natural(name, text, low, top)
	return n
}

// natural parses a number as it is written by a machine: digits, and no zero before
// them.
func natural(name, text string, low, top uint64) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n < low || n > top || strconv.FormatUint(n, 10) != text {
		return 0, &run.FieldError{Field: name, Want: fmt.Sprintf("must be a number from %d to %d, not %s", low, top, clip(text))}
	}
	return n, nil
}

func pathID(r *http.Request) (uint32, error) {
	id, err := natural("id", r.PathValue("id"), 1, 1<<32-1)
	return uint32(id), err
}
