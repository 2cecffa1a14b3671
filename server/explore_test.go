package main

import (
	"encoding/json"
	"strings"
	"testing"

	"slotrace/engine/lab"
)

func TestExploreFindsTheShortestFailure(t *testing.T) {
	var out, errs strings.Builder
	if exit := execute([]string{"explore", "--threads", "3", "--ops", "2", "--json"}, &out, &errs); exit != exitFound {
		t.Fatalf("exit %d: %s", exit, errs.String())
	}
	var r struct {
		Scenario, Variant, Mode, Verdict string
		Executions                       int
		Counterexample                   struct {
			Schedule, Why string
			Preemptions   int
			Lamps         struct {
				Intact, Linearizable bool
				RaceFree             bool   `json:"race_free"`
				GoRace               string `json:"go_race"`
			}
			Steps []struct {
				Thread, Operation, Object, Line string
				Value                           *int
			}
		}
	}
	if err := json.Unmarshal([]byte(out.String()), &r); err != nil {
		t.Fatal(err)
	}
	c := r.Counterexample
	if r.Scenario != "slot-allocation" || r.Variant != "check-then-act" || r.Mode != "find" || r.Verdict != "violated" || c.Schedule != "A1B3A2" || c.Preemptions != 1 ||
		c.Lamps.Intact || c.Lamps.RaceFree || c.Lamps.GoRace != "silent" || len(c.Steps) != 6 || c.Steps[0].Operation != "load" || c.Steps[0].Object != "count" || *c.Steps[0].Value != 0 ||
		!strings.HasPrefix(c.Steps[0].Line, "engine/alloc/check_then_act.go:") {
		t.Errorf("%s", out.String())
	}
	if errs.Len() > 0 {
		t.Errorf("on standard error, which is no terminal: %s", errs.String())
	}
}

func TestWhatExploreAndReplayExitWith(t *testing.T) {
	for line, x := range map[string]struct {
		exit int
		says string // in what is printed, on either side
	}{
		"explore":                     {exitFound, "switch to B: a preemption, A could have gone on"},
		"explore --variant fetch-add": {exitOK, "holds"},
		"explore --mode prove --variant mutex --threads 2 --ops 2":                        {exitOK, "6 classes of executions, which are all"},
		"explore --mode count --threads 4 --ops 2":                                        {exitFound, "2308743493056 executions, 2308743490536 violate"},
		"explore --mode all --variant fetch-add --threads 4 --ops 3 --max-executions 100": {exitBounded, "unknown"},
		"explore --mode prove --variant fetch-add --threads 8 --ops 8 --timeout 20ms":     {exitBounded, "unknown"},
		"explore --mode walk --variant fetch-add --max-executions 100 --seed 4":           {exitBounded, "seed 4"},
		"explore --mode pct --threads 8 --ops 8 --max-executions 1000 --seed 1":           {exitFound, "With 2 threads x 1 it is enough"},
		"explore --mode prove --variant fetch-add --threads 26 --ops 99":                  {exitUsage, "too many"},
		"explore --list":                         {exitOK, "lock-each-step"},
		"explore --list --json":                  {exitOK, `"holds":true`},
		"explore --help":                         {exitOK, "usage: slotrace explore"},
		"explore --threads 0":                    {exitUsage, "--threads"},
		"explore --threads 99":                   {exitUsage, "1 to 26"},
		"explore --ops x":                        {exitUsage, "1 to 99"},
		"explore --mode guess":                   {exitUsage, "find, prove"},
		"explore --scenario none":                {exitUsage, "slot-allocation"},
		"explore --variant none":                 {exitUsage, "check-then-act"},
		"explore --timeout soon":                 {exitUsage, "10s"},
		"explore --schedule A1":                  {exitUsage, "there is no flag --schedule"},
		"explore now":                            {exitUsage, "one word too many"},
		"replay --schedule A1B3A2":               {exitFound, "both took slot 0"},
		"replay --schedule A3B3":                 {exitOK, "content intact: yes"},
		"replay --schedule A3B3 --json":          {exitOK, `"verdict":"holds"`},
		"replay":                                 {exitUsage, "--schedule"},
		"replay --schedule A1B3":                 {exitUsage, "add A2"},
		"replay --schedule A4B2":                 {exitUsage, "A has ended; B can go on"},
		"replay --schedule A1C1":                 {exitUsage, "there is no thread C"},
		"replay --schedule 1A":                   {exitUsage, "character 1"},
		"replay --variant mutex --schedule A1B1": {exitUsage, "B waits for a lock that A holds"},
		"replay --help":                          {exitOK, "usage: slotrace replay"},
	} {
		var out, errs strings.Builder
		exit := execute(strings.Fields(line), &out, &errs)
		if exit != x.exit || !strings.Contains(out.String()+errs.String(), x.says) {
			t.Errorf("slotrace %s: exit %d, want %d with %q\n%s%s", line, exit, x.exit, x.says, out.String(), errs.String())
		}
		if exit == exitUsage && (out.Len() > 0 || strings.Count(errs.String(), "\n") != 1) {
			t.Errorf("slotrace %s: what is off takes one line on standard error:\n%s%s", line, out.String(), errs.String())
		}
	}
}

func TestTheModesOfTheHelpAreThoseThereAre(t *testing.T) {
	for _, mode := range lab.Modes {
		if !strings.Contains(exploreHelp, "\n                       "+mode) && !strings.Contains(exploreHelp, "--mode NAME          "+mode) {
			t.Errorf("%s is not in the help", mode)
		}
	}
}
