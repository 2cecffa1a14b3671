package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestATokenMayComeFromTheEnvironment(t *testing.T) {
	from := func(token string) func(string) string {
		return func(name string) string {
			if name != "SLOTRACE_TOKEN" {
				return "something else"
			}
			return token
		}
	}
	to := []string{"--relay", "https://slots.example/room/a"}
	for _, c := range []struct {
		args        []string
		environment string
		want        string
	}{
		{to, "secret", "secret"},
		{append(to, "--token", "said"), "secret", "said"},
		{append(to, "--token", "said"), "", "said"},
		{nil, "secret", ""},
	} {
		w, err := parseServe(c.args, from(c.environment))
		if err != nil || w.token != c.want || (w.relay == nil) != (c.args == nil) {
			t.Errorf("%q, %q: %+v, %v", c.args, c.environment, w, err)
		}
	}
	_, err := parseServe(to, from("sec ret"))
	if err == nil || !strings.HasPrefix(err.Error(), "SLOTRACE_TOKEN: ") || strings.Contains(err.Error(), "sec ret") {
		t.Errorf("%v", err)
	}
}

// A room that does not take the token is no reason not to serve.
func TestARoomThatRefusesIsSaidOnce(t *testing.T) {
	edge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "who is that?", http.StatusUnauthorized)
	}))
	defer edge.Close()
	const token = "not-that-one"
	words, err := parseServe([]string{"--addr", "127.0.0.1:0", "--relay", edge.URL + "/room/a", "--token", token}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stdout, said, ended := make(lines, 2), make(lines, 100), make(chan error, 1)
	go func() { ended <- serve(ctx, words, stdout, slog.New(slog.NewTextHandler(said, nil))) }()
	address := <-stdout
	if line := <-stdout; line != "viewers open "+edge.URL+"/room/a\n" {
		t.Errorf("it says %q", line)
	}
	for line := range said {
		if strings.Contains(line, token) {
			t.Errorf("the token is in the log: %s", line)
		}
		if strings.Contains(line, "not presenting") {
			if !strings.Contains(line, "does not take this token") {
				t.Error(line)
			}
			break
		}
	}
	answer, err := http.Get(strings.TrimPrefix(strings.TrimSpace(address), "slotrace serves ") + "/healthz")
	if err != nil || answer.StatusCode != 200 {
		t.Errorf("%v, %v", answer, err)
	} else {
		answer.Body.Close()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
