package main

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"slotrace/engine/bench"
)

func TestBenchGivesOneObjectWithEveryFigure(t *testing.T) {
	tmp := temporary(t)
	code, stdout, stderr := call("bench", "--quick", "--json")
	var r struct {
		Machine  struct{ Cores, Block_bytes int }
		Complete bool
		Figures  []struct {
			Name, What, Unit string
			Value            *float64
			Reach, Aim       *float64
			Met              string
		}
	}
	d := json.NewDecoder(strings.NewReader(stdout))
	if err := d.Decode(&r); err != nil || d.More() || code != 0 || stderr != "" {
		t.Fatalf("%d %q %v", code, stderr, err)
	}
	goals := 0
	for i, f := range r.Figures {
		if f.Name != bench.Names()[i] || f.What == "" || f.Unit == "" || f.Value == nil || (f.Reach == nil) != (f.Met == "") || (f.Aim == nil) != (f.Reach == nil) {
			t.Errorf("%+v", f)
		}
		if f.Reach != nil {
			goals++
		}
	}
	if len(r.Figures) != len(bench.Names()) || goals < 7 || !r.Complete || r.Machine.Cores < 1 || r.Machine.Block_bytes != 3136 {
		t.Errorf("%+v", r)
	}
	wantEmpty(t, tmp)
}

func TestBenchPrintsATable(t *testing.T) {
	code, stdout, stderr := call("bench", "--quick", "--only", "hot-spot")
	if code != 0 || stderr != "" || !regexp.MustCompile(`(?m)^figure +value +unit .*\nget/hot-spot +\d+ +ns .*(aim|reach|no)$`).MatchString(stdout) || strings.Contains(stdout, "store/") {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
	if code, stdout, _ := call("bench", "--list"); code != 0 || stdout != strings.Join(bench.Names(), "\n")+"\n" {
		t.Errorf("%d %q", code, stdout)
	}
	if code, stdout, _ := call("bench", "--list", "--only", "^get/h"); code != 0 || stdout != "get/hot-spot\n" {
		t.Errorf("%d %q", code, stdout)
	}
	if code, stdout, _ := call("bench", "--list", "--only", "^get/h", "--json"); code != 0 || stdout != `{"figures":["get/hot-spot"]}`+"\n" {
		t.Errorf("%d %q", code, stdout)
	}
}

func TestABenchThatIsStoppedSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	code := measure(ctx, benchWords{json: true, quick: true}, &stdout, &stderr)
	if code != 3 || !json.Valid(stdout.Bytes()) || !strings.Contains(stdout.String(), `"complete": false`) || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("%d %q %q", code, stdout.String(), stderr.String())
	}
}

func TestWordsOfBenchThatAreOff(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--fast"}, "there is no flag --fast; there are --json"},
		{[]string{"--only"}, "--only needs a value"},
		{[]string{"--only", "("}, `--only: not a regular expression`},
		{[]string{"--only", "latte"}, "no figure is called so; there are store/whole-entry, "},
		{[]string{"--quick=perhaps"}, "--quick takes no value"},
		{[]string{"now"}, `"now" is one word too many`},
	} {
		code, stdout, stderr := call(append([]string{"bench"}, c.args...)...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, c.says) || strings.Count(stderr, "\n") != 1 || !strings.HasSuffix(stderr, "; see slotrace bench --help\n") {
			t.Errorf("%q: %d %q %q, want %q", c.args, code, stdout, stderr, c.says)
		}
	}
	if code, stdout, _ := call("bench", "--help"); code != 0 || !strings.HasPrefix(stdout, "usage: slotrace bench") {
		t.Errorf("%d %q", code, stdout)
	}
}
