package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"slotrace/engine/recording"
	"slotrace/engine/recording/recordingtest"
)

// kept leaves a recording as a folder and as a file.
func kept(t *testing.T) (dir, file string) {
	t.Helper()
	r := recordingtest.Run{Compare: true, Slots: 300, Laps: 6, Options: recording.Options{Oldest: 1}}
	dir = filepath.Join(t.TempDir(), "aaaaaaaaaaaaaa")
	file = filepath.Join(t.TempDir(), "monday.slotrace.zip")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	fsys, err := folder(dir)
	if err == nil {
		err = r.Write(fsys)
	}
	var rec *recording.Recording
	if err == nil {
		rec, err = recording.Open(fsys)
	}
	var b bytes.Buffer
	if err == nil {
		err = rec.WriteZip(&b)
	}
	if err == nil {
		err = os.WriteFile(file, b.Bytes(), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, file
}

// spoil changes a byte of a file, from its end.
func spoil(t *testing.T, name string, fromEnd int) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err == nil {
		b[len(b)-fromEnd] ^= 1
		err = os.WriteFile(name, b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestPlayTellsWhatARecordingCameTo(t *testing.T) {
	dir, file := kept(t)
	for _, path := range []string{dir, file} {
		code, stdout, stderr := call("play", path)
		for _, want := range []string{"eight writers, one slot\n", "check-then-act lost ", "fetch-add stored 1,800 memories and lost none.", "every one of ", "It ended: stopped.", "8 writers on each side at real speed, 300 slots"} {
			if code != 0 || !strings.Contains(stdout, want) || stderr != "" {
				t.Errorf("%s: %d %q %q, want %q", path, code, stdout, stderr, want)
			}
		}
		code, stdout, stderr = call("play", "--json", path)
		var p played
		if err := json.Unmarshal([]byte(stdout), &p); code != 0 || err != nil || stderr != "" || !p.OK || len(p.Sides) != 2 || p.Sides[1].Stored != 1800 || p.Sides[0].Lost == 0 || strings.Count(stdout, "\n") != 1 {
			t.Errorf("%s: %d %s %q, %v", path, code, stdout, stderr, err)
		}
	}

	// Damage that only whoever reads all of it finds, and damage that is seen at once.
	spoil(t, filepath.Join(dir, "000002.slot"), 20)
	if err := os.Remove(filepath.Join(dir, "000004.slot")); err != nil {
		t.Fatal(err)
	}
	code, stdout, _ := call("play", dir)
	if code != 1 || !strings.Contains(stdout, "damaged: 000002.slot: ") || !strings.Contains(stdout, "damaged: 000004.slot: it is missing") || strings.Count(stdout, "\ndamaged: ") != 2 {
		t.Errorf("%d %s", code, stdout)
	}
	if err := os.Truncate(filepath.Join(dir, "000006.slot"), 500); err != nil { // seen at once, and by whoever reads it
		t.Fatal(err)
	}
	code, stdout, _ = call("play", dir, "--json")
	var p played
	if err := json.Unmarshal([]byte(stdout), &p); code != 1 || err != nil || p.OK || len(p.Damage) != 3 {
		t.Errorf("%d %s, %v", code, stdout, err)
	}
	spoil(t, filepath.Join(dir, "header.slot"), 20)
	if code, stdout, stderr := call("play", dir); code != 1 || stdout != "" || !strings.Contains(stderr, "header.slot: it is damaged: its checksum is off") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
}

func TestWhatIsNoRecordingIsSaidInOneLine(t *testing.T) {
	dir, file := kept(t)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"half.zip": b[:len(b)/2], "text.zip": []byte("no recording"), "empty.zip": nil}
	in := t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(in, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	empty := t.TempDir()
	for _, command := range [][]string{{"play"}, {"export", "--format", "csv"}} {
		for _, c := range []struct {
			path string
			code int
			says string
		}{
			{filepath.Join(in, "there-is-none"), 4, "no such file or directory"},
			{filepath.Join(in, "half.zip"), 1, "a zip file without its end"},
			{filepath.Join(in, "text.zip"), 4, "it is not a recording of slotrace, nor a zip file of one"},
			{filepath.Join(in, "empty.zip"), 4, "it is not a recording of slotrace"},
			{empty, 4, "there is no header.slot in it"},
			{filepath.Dir(dir) + "/..", 4, "it is not a recording of slotrace"},
		} {
			code, stdout, stderr := call(append(command, c.path)...)
			if code != c.code || stdout != "" || !strings.Contains(stderr, c.says) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("%q %s: %d %q %q, want %d and %q", command, c.path, code, stdout, stderr, c.code, c.says)
			}
		}
	}
	// A folder of recordings is told which.
	data := t.TempDir()
	if err := os.Mkdir(filepath.Join(data, "recordings"), 0o755); err != nil {
		t.Fatal(err)
	}
	within := filepath.Join(data, "recordings", "bbbbbbbbbbbbbb")
	if err := os.Rename(dir, within); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call("play", data); code != 4 || !strings.Contains(stderr, "would do") || !strings.Contains(stderr, "bbbbbbbbbbbbbb") {
		t.Errorf("%d %q", code, stderr)
	}
}

func TestExportWritesWholeFilesOnly(t *testing.T) {
	dir, file := kept(t)
	out := filepath.Join(t.TempDir(), "out")
	for _, format := range []string{"perfetto", "json", "csv"} {
		code, stdout, stderr := call("export", file, "--format", format)
		if code != 0 || stderr != "" || len(stdout) < 10_000 {
			t.Fatalf("%s: %d, %d bytes, %q", format, code, len(stdout), stderr)
		}
		if code, told, stderr := call("export", "-o", out, "--format", format, dir); code != 0 || told != "" || stderr != "" {
			t.Fatalf("%s: %d %q %q", format, code, told, stderr)
		}
		b, err := os.ReadFile(out)
		if err != nil || string(b) != stdout {
			t.Errorf("%s: the file has %d bytes, %v; standard output had %d", format, len(b), err, len(stdout))
		}
	}
	before, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("no room")
	if err := writeFile(out, func(w io.Writer) error { w.Write([]byte("x")); return failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
	if after, err := os.ReadFile(out); err != nil || !bytes.Equal(after, before) {
		t.Errorf("what was there is gone, %v", err)
	}
	if code, _, stderr := call("export", file, "--format", "csv", "-o", filepath.Join(out, "x")); code != 4 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("%d %q", code, stderr)
	}
	if code, _, stderr := call("export", file, "--format", "csv", "-o", dir); code != 4 || !strings.Contains(stderr, "could not be written: ") || strings.Contains(stderr, ".part") {
		t.Errorf("onto a folder: %d %q", code, stderr)
	}
	spoil(t, filepath.Join(dir, "000002.slot"), 20)
	code, _, stderr := call("export", dir, "--format", "csv", "-o", out)
	if code != 1 || !strings.Contains(stderr, "damaged, and left out: 000002.slot") {
		t.Errorf("%d %q", code, stderr)
	}
	if after, err := os.ReadFile(out); err != nil || len(after) >= len(before) || len(after) < len(before)/2 {
		t.Errorf("%d bytes of %d, %v", len(after), len(before), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(out), ".*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

type pipe struct{ err error }

func (p pipe) Write([]byte) (int, error) { return 0, p.err }

func TestExportToNobody(t *testing.T) {
	_, file := kept(t)
	for err, says := range map[error]string{syscall.EPIPE: "", syscall.ENOSPC: "no space left"} {
		var stderr bytes.Buffer
		code := execute([]string{"export", file, "--format", "json"}, pipe{err}, &stderr)
		if code != 4 || says == "" && stderr.Len() > 0 || !strings.Contains(stderr.String(), says) {
			t.Errorf("%v: %d %q", err, code, &stderr)
		}
	}
}

// Whoever was to read a verdict has not, and is told by the exit.
func TestAVerdictThatCannotBeWrittenIsNone(t *testing.T) {
	_, file := kept(t)
	dir, _ := storeAtRest(t)
	for _, args := range [][]string{{"check", dir}, {"check", dir, "--json"}, {"play", file}, {"play", file, "--json"}, {"bench", "--list"}, {"version"}} {
		var stderr bytes.Buffer
		if code := execute(args, pipe{syscall.ENOSPC}, &stderr); code != 4 || !strings.Contains(stderr.String(), "could not be written: no space left") {
			t.Errorf("%q: %d %q", args, code, &stderr)
		}
	}
}

func TestAnExportThatIsStoppedLeavesTheFileAsItWas(t *testing.T) {
	_, file := kept(t)
	out := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(out, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	words, err := parseExport([]string{file, "--format", "csv", "-o", out})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	var stdout, stderr bytes.Buffer
	if code := words.export(ctx, &stdout, &stderr); code != exitBounded || stderr.String() != "slotrace export: it was stopped\n" {
		t.Errorf("%d %q", code, &stderr)
	}
	if b, err := os.ReadFile(out); err != nil || string(b) != "before" {
		t.Errorf("%q, %v", b, err)
	}
	if files, _ := os.ReadDir(filepath.Dir(out)); len(files) != 1 {
		t.Errorf("%v", files)
	}
}

func TestWordsOfPlayAndExportThatAreOff(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"play"}, "slotrace play: it takes one recording, not 0"},
		{[]string{"play", ""}, "it takes one recording"},
		{[]string{"play", "a", "b"}, "it takes one recording, not 2"},
		{[]string{"play", "a", "--xml"}, "there is no flag --xml; there are --json"},
		{[]string{"export", "a"}, "--format is due: perfetto, json, csv"},
		{[]string{"export", "a", "--format", "xml"}, `there is no format "xml"; there are perfetto, json, csv`},
		{[]string{"export", "a", "--format", "csv", "-o", ""}, "slotrace export: -o: a file is due"},
		{[]string{"export", "a", "--format", "csv", "--from", "2s", "--to", "1s"}, "nothing is between them"},
		{[]string{"export", "a", "--format", "csv", "--from", "x"}, `--from: "x" must be a duration, such as 1.5s`},
		{[]string{"export", "--format", "csv"}, "it takes one recording, not 0"},
	} {
		code, stdout, stderr := call(c.args...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, c.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: %d %q %q, want %q", c.args, code, stdout, stderr, c.says)
		}
	}
	for _, command := range []string{"play", "export"} {
		if code, stdout, _ := call(command, "--help"); code != 0 || !strings.Contains(stdout, "usage: slotrace "+command) {
			t.Errorf("%d %q", code, stdout)
		}
		if code, stdout, _ := call("--help"); code != 0 || !strings.Contains(stdout, "\n  "+command) {
			t.Errorf("%d %q", code, stdout)
		}
	}
}
