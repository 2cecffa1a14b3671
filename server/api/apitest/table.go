package apitest

import (
	"encoding/json"
	"fmt"
	"io"
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
		answer, body := send(t, "POST", s.URL+"/api/runs", `{"writers":2,"slots":100,"paused":true}`)
		if err := json.Unmarshal(body, &st); err != nil || answer.StatusCode != http.StatusCreated || st.ID == 0 {
			t.Fatalf("a run does not start: %s %s", answer.Status, body)
		}
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
	answer, body := send(t, c.Method, s.URL+c.Target, c.Body, c.Header...)
	kind, status, says := "application/json", c.Status, c.Says
	if c.Machine && !s.Machine {
		status, says = http.StatusNotImplemented, "on a machine of your own"
	}
	if strings.HasPrefix(c.Target, "/healthz") && status == http.StatusOK {
		kind = "text/plain; charset=utf-8"
	}
	text := string(body)
	if status >= 400 {
		text = wrong(t, body)
	}
	if answer.StatusCode != status || !strings.Contains(text, says) {
		t.Errorf("%s %s: %d %s, want %d and %q", c.Method, c.Target, answer.StatusCode, body, status, says)
	}
	head := answer.Header
	if head.Get("Content-Type") != kind || head.Get("Cache-Control") != "no-store" {
		t.Errorf("its headers are %v", head)
	}
	if kind == "application/json" && (!json.Valid(body) || head.Get("X-Content-Type-Options") != "nosniff") {
		t.Errorf("%s with %v", body, head)
	}
	if status == http.StatusMethodNotAllowed && !strings.HasSuffix(says, strings.Join(head.Values("Allow"), ", ")+" would") {
		t.Errorf("Allow: %s", head.Values("Allow"))
	}
}

// wrong is an error's text: one line of JSON that says something.
func wrong(t testing.TB, body []byte) string {
	t.Helper()
	var e map[string]string
	if err := json.Unmarshal(body, &e); err != nil || len(e) != 1 || e["error"] == "" || strings.Contains(e["error"], "\n") || strings.Contains(e["error"], "goroutine") {
		t.Errorf("no error in a line: %q", body)
	}
	return e["error"]
}

func send(t testing.TB, method, url, body string, header ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, all
}

func heads(t *testing.T, s *Server, run string) {
	for _, path := range []string{"/healthz", "/api/runs", "/api/runs/" + run, "/api/reviews", "/api/nothing", "/api/explore"} {
		get, _ := send(t, "GET", s.URL+path, "")
		head, body := send(t, "HEAD", s.URL+path, "")
		if head.StatusCode != get.StatusCode || len(body) != 0 || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("%s: %s with %d bytes and %v, GET has %s and %v", path, head.Status, len(body), head.Header, get.Status, get.Header)
		}
	}
}

func shown(body string) string {
	if len(body) > 100 {
		return body[:100] + "…"
	}
	return body
}
