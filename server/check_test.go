package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slotrace/engine"
)

// storeAtRest makes a store of two memories, and returns its folder and its file.
func storeAtRest(t *testing.T) (dir, file string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "store")
	s, err := engine.Create(dir, engine.Options{Capacity: 4, Embedding: 2})
	if err != nil {
		t.Fatal(err)
	}
	h := s.Handle(0, nil)
	for _, id := range []string{"one", "two"} {
		if err := h.Put(&engine.Memory{ID: id, Content: []byte("content of " + id), Embedding: []float32{1, 2}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, "00000001.store")
}

func TestCheckSaysWhetherAStoreIsSound(t *testing.T) {
	dir, file := storeAtRest(t)
	check := func(wantCode int, says string) (c checked) {
		t.Helper()
		var out, err bytes.Buffer
		if code := execute([]string{"check", dir}, &out, &err); code != wantCode || !strings.Contains(out.String(), says) || err.Len() > 0 {
			t.Errorf("exit %d, %s%s", code, &out, &err)
		}
		out.Reset()
		if code := execute([]string{"check", dir, "--json"}, &out, &err); code != wantCode {
			t.Errorf("--json: exit %d", code)
		}
		if e := json.Unmarshal(out.Bytes(), &c); e != nil {
			t.Errorf("%s: %v", &out, e)
		}
		return c
	}
	if c := check(exitOK, "2 entries in 4 slots: every entry is whole"); !c.OK || c.Entries != 2 || c.Total != 0 || c.Dir != dir {
		t.Errorf("%+v", c)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[bytes.Index(b, []byte("content of two"))] = 'C'
	os.WriteFile(file, b, 0o600)
	if c := check(exitFound, `slot 1, "two": its checksum is off`); c.OK || c.Total != 1 || c.Damaged[0] != (damage{1, "two", "its checksum is off"}) {
		t.Errorf("%+v", c)
	}
	os.WriteFile(file, b[:5000-1], 0o600)
	if c := check(exitFound, "damaged"); c.OK || !strings.Contains(c.Failure, "4999 bytes") && !strings.Contains(c.Failure, "bytes where") {
		t.Errorf("%+v", c)
	}
}

func TestWhatCannotBeCheckedIsSaidInOneLine(t *testing.T) {
	dir, _ := storeAtRest(t)
	open, err := engine.Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	notes := t.TempDir()
	os.WriteFile(filepath.Join(notes, "00000001.store"), []byte("not a store at all"), 0o600)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{dir}, exitFailed, "another process has it open"},
		{[]string{t.TempDir()}, exitFailed, "there is no store"},
		{[]string{filepath.Dir(dir)}, exitFailed, fmt.Sprintf("there is no store; %q would do", dir)},
		{[]string{filepath.Join(dir, "none")}, exitFailed, "no such file"},
		{[]string{notes}, exitFailed, "not a slotrace store"},
		{nil, exitUsage, "one folder, not 0"},
		{[]string{dir, dir}, exitUsage, "one folder, not 2"},
		{[]string{""}, exitUsage, "one folder"},
		{[]string{"--jsn", dir}, exitUsage, "there is no flag --jsn"},
	} {
		var out, err bytes.Buffer
		code := execute(append([]string{"check"}, c.args...), &out, &err)
		if code != c.code || !strings.Contains(err.String(), c.says) || strings.Count(err.String(), "\n") != 1 || out.Len() > 0 {
			t.Errorf("check %q: exit %d, %s%s", c.args, code, &out, &err)
		}
	}
	var out, errs bytes.Buffer
	if code := execute([]string{"help", "check"}, &out, &errs); code != exitOK || out.String() != checkHelp {
		t.Errorf("help: exit %d, %s%s", code, &out, &errs)
	}
}
