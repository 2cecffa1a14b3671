package apitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Case is a request, and what must be said to it.
type Case struct {
	Method, Target, Body string // {run} stands for a run that there is
	Status               int
	// Says is in the error or, where it is none, in the body.
	Says string
	// Machine says that a machine of one's own is needed.
	Machine bool
	Header  []string // names and values
}

// Table asks a server everything of the table: Refused, Answered, and what HEAD does.
func Table(t *testing.T, s *Server) {
	run := "1"
	if s.Machine {
		var st struct{ ID uint32 }
		a := s.Ask(t, Case{Method: "POST", Target: "/api/runs", Body: `{"writers":2,"slots":100,"paused":true}`}.request())
		a.Decode(t, http.StatusCreated, &st)
		run = fmt.Sprint(st.ID)
	}
	for _, c := range slices.Concat(Refused(), Answered()) {
		t.Run(shown(c.Method+" "+c.Target+" "+c.Body), func(t *testing.T) { c.Ask(t, s, run) })
	}
	t.Run("HEAD is GET without a body", func(t *testing.T) { heads(t, s, run) })
}

// Ask asks a server that has a run, and fails the test if it does not answer as it must.
func (c Case) Ask(t testing.TB, s *Server, run string) {
	t.Helper()
	c.Target, c.Says = strings.ReplaceAll(c.Target, "{run}", run), strings.ReplaceAll(c.Says, "{run}", run)
	a := s.Ask(t, c.request())
	kind, status, says := "application/json", c.Status, c.Says
	if c.Machine && !s.Machine {
		status, says = http.StatusNotImplemented, "on a machine of your own"
	}
	if strings.HasPrefix(c.Target, "/healthz") && status == http.StatusOK {
		kind = "text/plain; charset=utf-8"
	}
	if status >= 400 {
		if err := a.Error(status, says); err != nil {
			t.Errorf("%s %s: %v", c.Method, c.Target, err)
		}
	} else if a.Code != status || !strings.Contains(string(a.Body), says) {
		t.Errorf("%s %s: %d %s, want %d and %q", c.Method, c.Target, a.Code, a.Body, status, says)
	}
	head := a.Header
	if head.Get("Content-Type") != kind || head.Get("Cache-Control") != "no-store" {
		t.Errorf("its headers are %v", head)
	}
	if kind == "application/json" && (!json.Valid(a.Body) || head.Get("X-Content-Type-Options") != "nosniff") {
		t.Errorf("%s with %v", a.Body, head)
	}
	if status == http.StatusMethodNotAllowed && !strings.HasSuffix(says, strings.Join(head.Values("Allow"), ", ")+" would") {
		t.Errorf("Allow: %s", head.Values("Allow"))
	}
}

// request is what is sent: a body is JSON unless it is said to be something else.
func (c Case) request() Request {
	q := Request{Method: c.Method, Path: c.Target, Body: []byte(c.Body), Header: c.Header}
	if c.Body != "" && !slices.Contains(c.Header, "Content-Type") {
		q.Header = append([]string{"Content-Type", "application/json"}, q.Header...)
	}
	return q
}

func heads(t *testing.T, s *Server, run string) {
	for _, path := range []string{"/healthz", "/api/runs", "/api/runs/" + run, "/api/reviews", "/api/nothing", "/api/explore"} {
		get, head := s.get(t, path), s.Ask(t, Request{Method: "HEAD", Path: path})
		if head.Code != get.Code || len(head.Body) != 0 || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("%s: %d with %d bytes and %v, GET has %d and %v", path, head.Code, len(head.Body), head.Header, get.Code, get.Header)
		}
	}
}

func shown(body string) string {
	if len(body) > 100 {
		return body[:100] + "…"
	}
	return body
}
