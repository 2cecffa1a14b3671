// Package apitest asks a server what the API promises, wherever it runs: natively, or at
// the edge.
package apitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Server is one that is asked.
type Server struct {
	URL string // where it is, without a slash at the end

	// Machine says that it is a machine of one's own. If not, it says of what needs one that it does.
	Machine bool

	// Owned says that whoever asks may list, rename and remove recordings, which at the edge nobody may.
	Owned bool

	// Limit is how many bytes a recording may have; 0 = that is not tried.
	Limit int64
}

// Request is one request.
type Request struct {
	Method, Path string // Path with its query, as it is sent
	Header       []string
	Body         []byte
}

// Answer is what came back.
type Answer struct {
	Code   int
	Header http.Header
	Body   []byte
}

// Ask sends a request. It follows no redirection.
func (s *Server) Ask(t testing.TB, q Request) Answer {
	t.Helper()
	a, err := s.ask(t, q)
	if err != nil {
		t.Fatalf("%s %s: %v", q.Method, q.Path, err)
	}
	return a
}

func (s *Server) ask(t testing.TB, q Request) (Answer, error) {
	r, err := http.NewRequestWithContext(t.Context(), q.Method, s.URL, bytes.NewReader(q.Body))
	if err != nil {
		return Answer{}, err
	}
	path, query, _ := strings.Cut(q.Path, "?")
	r.URL.Opaque = path // as it is, dots and all
	r.URL.RawQuery = query
	for i := 0; i < len(q.Header); i += 2 {
		r.Header.Add(q.Header[i], q.Header[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return Answer{}, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return Answer{answer.StatusCode, answer.Header, b}, err
}

// Error checks that an answer is an error in one line of JSON which says something.
func (a *Answer) Error(code int, says string) error {
	var e map[string]string
	err := json.Unmarshal(a.Body, &e)
	switch text := e["error"]; {
	case a.Code != code || err != nil || len(e) != 1 || text == "":
		return fmt.Errorf("%d %.200q, want %d and an error", a.Code, a.Body, code)
	case !strings.Contains(text, says):
		return fmt.Errorf("%d %q, want %q in it", a.Code, text, says)
	case strings.ContainsAny(text, "\n\x00") || strings.Contains(text, "goroutine") || strings.Contains(text, "/tmp"):
		return fmt.Errorf("%d %q is not for people", a.Code, text)
	case a.Header.Get("Content-Type") != "application/json":
		return errors.New("an error of type " + a.Header.Get("Content-Type"))
	}
	return nil
}

// Decode takes an answer's JSON apart.
func (a *Answer) Decode(t testing.TB, code int, v any) {
	t.Helper()
	if a.Code != code {
		t.Fatalf("%d %.300q, want %d", a.Code, a.Body, code)
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		t.Fatalf("%v in %.200q", err, a.Body)
	}
}
