package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"
)

// Every store gives back as much as it was given: gets check their bytes, and an id
// that is not there is an error.
func TestEveryFigureIsTaken(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	o := options{few: newData(50), many: newData(100), rounds: 1, quick: true, largest: 10_000, only: regexp.MustCompile(""), list: true}
	var names, out bytes.Buffer
	if err := run(t.Context(), o, &names); err != nil {
		t.Fatal(err)
	}
	o.list, o.json = false, true
	if err := run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	var r told
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if want := bytes.Count(names.Bytes(), []byte("\n")); len(r.Figures) != want || want < 25 || !r.Complete {
		t.Errorf("%d figures of %d, complete %v", len(r.Figures), want, r.Complete)
	}
	for i, p := range r.Peers {
		if p != peers[i].peerWords || p.Settings == "" || p.More == "" || p.Less == "" {
			t.Errorf("%+v", p)
		}
	}
	if !r.Quick || r.Promises != promises || len(r.Peers) != len(peers) {
		t.Errorf("%+v", r)
	}
	for _, f := range r.Figures {
		if f.Value <= 0 {
			t.Errorf("%+v", f)
		}
	}
}
