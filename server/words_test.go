package main

import (
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
