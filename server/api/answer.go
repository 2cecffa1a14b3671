package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"slotrace/server/run"
)

// methods answers a request by its method. HEAD is a GET whose body net/http
// leaves out.
type methods map[string]http.HandlerFunc

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if f := m[method]; f != nil {
		f(w, r)
		return
	}
	var allowed []string
	for name := range m {
		allowed = append(allowed, name)
		if name == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	slices.Sort(allowed)
	list := strings.Join(allowed, ", ")
	w.Header().Set("Allow", list)
	Refuse(w, http.StatusMethodNotAllowed, fmt.Sprintf("%.20q does nothing here; %s would", r.Method, list))
}

func answer(w http.ResponseWriter, code int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // no value that is answered with can fail
		code, b = http.StatusInternalServerError, []byte(`{"error":"the answer could not be written as JSON"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	w.Write(append(b, '\n'))
}

// Refuse answers with what is wrong, in JSON.
func Refuse(w http.ResponseWriter, code int, text string) {
	answer(w, code, struct {
		Error string `json:"error"`
	}{text})
}

// requestError is about a request that cannot be understood.
type requestError struct {
	code int
	text string
}

func (e *requestError) Error() string { return e.text }

func badRequest(text string) error { return &requestError{http.StatusBadRequest, text} }

// fail answers with what went wrong, about the thing (run or review) with the id, if it
// has one.
func fail(w http.ResponseWriter, thing string, id uint32, err error) {
	var request *requestError
	var field *run.FieldError
	var limit *run.LimitError
	switch {
	case errors.As(err, &request):
		Refuse(w, request.code, request.text)
	case errors.As(err, &limit):
		Refuse(w, http.StatusInsufficientStorage, line(err))
	case errors.As(err, &field):
		Refuse(w, http.StatusBadRequest, line(err))
	case errors.Is(err, run.ErrUnknown):
		Refuse(w, http.StatusNotFound, fmt.Sprintf("%[1]s %[2]d: no such %[1]s; GET /api/%[1]ss tells which there is", thing, id))
	case errors.Is(err, run.ErrEnded):
		Refuse(w, http.StatusConflict, fmt.Sprintf("%[1]s %[2]d has ended and cannot be changed; POST /api/%[1]ss starts another", thing, id))
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		text := line(err)
		switch {
		case strings.HasPrefix(text, "record"):
			text += "; a recording that is removed makes room"
		case thing == "run":
			text += "; fewer slots or a smaller embedding would need less"
		}
		Refuse(w, http.StatusInsufficientStorage, text)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		Refuse(w, http.StatusServiceUnavailable, "it took too long: "+line(err))
	default: // the machine failed: its words are all there is to tell
		Refuse(w, http.StatusInternalServerError, line(err))
	}
}

// line is err in one line; errors that were joined stand beside each other.
func line(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(c rune) bool { return c == '\n' || c == '\r' }), "; ")
}

// clip shortens what a client sent before it is told back.
func clip(s string) string { return fmt.Sprintf("%.60q", s) }
