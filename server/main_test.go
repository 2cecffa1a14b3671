package main

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"slotrace/server/run"
)

// call runs the command line in this process and returns its exit code and what it
// said.
func call(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = execute(args, &out, &err)
	return code, out.String(), err.String()
}

// temporary has temporary folders made in one of the test's, which it returns.
func temporary(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir) // on Windows
	return dir
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("left in %s: %v, %v", dir, entries, err)
	}
}

func TestHelpIsEverywhere(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"-h"}, {"help"}, {"help", "--help"}, {"help", "-h"}, {"help", "help"}, {"serve", "--help"}, {"serve", "-h"}, {"help", "serve"}, {"--addr", ":1", "--help"}, {"review", "--help"}, {"help", "review"}, {"version", "--help"}, {"help", "version"}} {
		code, stdout, stderr := call(args...)
		if code != 0 || !strings.Contains(stdout, "usage: slotrace") || stderr != "" {
			t.Errorf("%q: %d %q %q", args, code, stdout, stderr)
		}
	}
}

func TestVersion(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}} {
		code, stdout, stderr := call(args...)
		if code != 0 || !regexp.MustCompile(`^slotrace .*go1\S* \w+/\w+\n$`).MatchString(stdout) || stderr != "" {
			t.Errorf("%q: %d %q %q", args, code, stdout, stderr)
		}
	}
	for want, info := range map[string]debug.BuildInfo{
		"slotrace v1.2.3":                     {Main: debug.Module{Version: "v1.2.3"}},
		"slotrace 0123456789ab":               {Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "false"}}},
		"slotrace 0123 (changed)":             {Main: debug.Module{Version: "(devel)"}, Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "0123"}, {Key: "vcs.modified", Value: "true"}}},
		"slotrace (built without a revision)": {},
	} {
		if got := versionOf(&info); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWordsThatAreOff(t *testing.T) {
	tmp := temporary(t)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"surve"}, `slotrace: there is no command "surve"; there are serve, review, explore, replay, play, export, check, bench, version, help; see slotrace --help`},
		{[]string{""}, `slotrace: there is no command ""`},
		{[]string{"help", "surve"}, `there is no help about "surve", but about serve, review, explore, replay, play, export, check, bench, version`},
		{[]string{"--adr", ":1"}, "slotrace serve: there is no flag --adr; there are --addr, --data, --host, --keep-mb, --keep-count, --keep-days, --upload-mb, --relay, --token; see slotrace serve --help"},
		{[]string{"serve", "--verbose"}, "there is no flag --verbose"},
		{[]string{"serve", "now"}, `"now" is one word too many`},
		{[]string{"serve", "--addr"}, "--addr needs a value behind it"},
		{[]string{"serve", "--addr", "8080"}, `--addr "8080" must be HOST:PORT`},
		{[]string{"serve", "--addr", ":http"}, "the port must be a number from 0 to 65535"},
		{[]string{"serve", "--addr", ":65536"}, "the port must be a number from 0 to 65535"},
		{[]string{"serve", "--addr", ":-1"}, "the port must be a number from 0 to 65535"},
		{[]string{"serve", "--data", ""}, "--data: a folder is due"},
		{[]string{"serve", "--host", "http://laptop"}, `--host: "http://laptop" is neither NAME nor NAME:PORT`},
		{[]string{"serve", "--host", "a b"}, "--host: "},
		{[]string{"serve", "--keep-mb", "0"}, "--keep-mb: a whole number from 1 to 1073741824 would do"},
		{[]string{"serve", "--keep-count", "many"}, "--keep-count: a whole number from 1 to 100000 would do"},
		{[]string{"serve", "--keep-days", "-1"}, "--keep-days: a whole number from 0 to 36500 would do"},
		{[]string{"serve", "--upload-mb", "1.5"}, "--upload-mb: a whole number from 1 to 1048576 would do"},
		{[]string{"serve", "--relay", "https://slots.example"}, `--relay: "https://slots.example" names no room; https://HOST/room/NAME would do`},
		{[]string{"serve", "--relay", "https://slots.example/room/a"}, "--relay needs the room's token, in --token or in SLOTRACE_TOKEN"},
		{[]string{"serve", "--relay", "http://slots.example/room/a", "--token", "t"}, "https://slots.example/room/a would do"},
		{[]string{"serve", "--relay", "https://slots.example/room/a", "--token", "t t"}, "--token: a token has"},
		{[]string{"serve", "--token", "t"}, "--token is for a room"},
		{[]string{"version", "now"}, `slotrace version: it takes nothing, not "now"`},
	} {
		code, stdout, stderr := call(c.args...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, c.says) || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "; see slotrace") {
			t.Errorf("%q: %d %q %q, want %q", c.args, code, stdout, stderr, c.says)
		}
	}
	wantEmpty(t, tmp)
}

func TestWhatCannotBeDone(t *testing.T) {
	tmp := temporary(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	foreign := t.TempDir()
	locked := filepath.Join(t.TempDir(), "locked")
	unmarked := t.TempDir()
	for name, err := range map[string]error{
		"file":    os.WriteFile(file, []byte("mine"), 0o644),
		"foreign": os.WriteFile(filepath.Join(foreign, "thesis.txt"), []byte("mine"), 0o644),
		"folder":  os.Mkdir(filepath.Join(unmarked, lockName), 0o755),
	} {
		if err != nil {
			t.Fatal(name, err)
		}
	}
	held, err := openData(locked)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()

	for _, c := range []struct {
		name string
		args []string
		says string
	}{
		{"a port in use", []string{"--addr", taken.Addr().String()}, "cannot listen on " + taken.Addr().String()},
		{"a port in use, with a folder", []string{"--addr", taken.Addr().String(), "--data", filepath.Join(tmp, "new")}, "port 0"},
		{"no such host", []string{"--addr", "no-such-host.invalid:8080"}, "--addr with an address of this machine would do"},
		{"an address of another machine", []string{"--addr", "192.0.2.1:8080"}, "another --addr would do"},
		{"a folder in no folder", []string{"--data", filepath.Join(tmp, "a", "b")}, "to make it in"},
		{"a file", []string{"--data", file}, "could not be read"},
		{"a foreign folder", []string{"--data", foreign}, "holds other things than slotrace's (there is no slotrace.lock); an empty or a new one would do"},
		{"a folder with a folder of the mark's name", []string{"--data", unmarked}, "holds other things"},
		{"a folder in use", []string{"--data", locked}, locked + `" is in use by another slotrace; another folder would do`},
	} {
		if len(c.args) == 2 && c.args[0] == "--data" {
			c.args = append(c.args, "--addr", "127.0.0.1:0")
		}
		code, stdout, stderr := call(c.args...)
		if code != 4 || stdout != "" || !strings.Contains(stderr, c.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: %d %q %q, want %q", c.name, code, stdout, stderr, c.says)
		}
	}
	wantEmpty(t, tmp)
	if b, err := os.ReadFile(filepath.Join(foreign, "thesis.txt")); err != nil || string(b) != "mine" {
		t.Errorf("the foreign file is %q, %v", b, err)
	}
	if entries, err := os.ReadDir(foreign); err != nil || len(entries) != 1 {
		t.Errorf("the foreign folder holds %v, %v", entries, err)
	}
}

func TestDataFolders(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	for range 2 { // it is made, and taken again
		d, err := openData(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "store"), []byte("kept"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 2 || entries[0].Name() != lockName || entries[1].Name() != "store" {
			t.Errorf("left: %v, %v", entries, err)
		}
	}
	tmp := temporary(t)
	d, err := openData("")
	if err != nil {
		t.Fatal(err)
	}
	if rel, err := filepath.Rel(tmp, d.dir); err != nil || strings.HasPrefix(rel, "..") {
		t.Errorf("%s is not in %s", d.dir, tmp)
	}
	if err := os.WriteFile(filepath.Join(d.dir, "store"), []byte("gone"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	wantEmpty(t, tmp)
}

func TestReasonsComeWithoutTheirPath(t *testing.T) {
	if got := reason(&fs.PathError{Op: "open", Path: "/somewhere", Err: fs.ErrPermission}); got != fs.ErrPermission {
		t.Errorf("%v", got)
	}
}

// figures is a Runs with one run of two sides.
type figures struct{ run.Runs }

func (figures) List() []run.Status {
	return []run.Status{{ID: 3, Sides: []run.Side{{Stored: 10, Readable: 6, Lost: 3, Unread: 1, Collisions: 4, Rate: 5}, {Stored: 11, Readable: 11}}}}
}

func TestRunTotalsAreMetrics(t *testing.T) {
	families, err := newMetrics(figures{}).Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += " " + l.GetName() + l.GetValue()
			}
			got[name] = m.GetGauge().GetValue()
		}
	}
	for name, want := range map[string]float64{
		"slotrace_run_stored run3 side0": 10, "slotrace_run_readable run3 side0": 6, "slotrace_run_lost run3 side0": 3, "slotrace_run_unread run3 side0": 1,
		"slotrace_run_collisions run3 side0": 4, "slotrace_run_stores_per_second run3 side0": 5, "slotrace_run_stored run3 side1": 11, "slotrace_run_lost run3 side1": 0,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v, %v; want %v", name, v, ok, want)
		}
	}
	if _, ok := got["go_goroutines"]; !ok {
		t.Error("the Go collector is missing")
	}
}

// lines gives out what is written to it, a line at a time.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

func TestPathsAreServedByWhoeverHasThem(t *testing.T) {
	tmp := temporary(t)
	ctx, cancel := context.WithCancel(t.Context())
	stdout, ended := make(lines, 1), make(chan error, 1)
	go func() {
		ended <- serve(ctx, serveWords{host: "", port: "0", hosts: []string{"laptop.local"}}, stdout, slog.New(slog.DiscardHandler))
	}()
	url, ok := strings.CutPrefix(strings.TrimSpace(<-stdout), "slotrace serves ")
	if !ok || !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("it serves %q", url)
	}
	for _, c := range []struct {
		path, host, kind string
		code             int
	}{
		{"/healthz", "", "text/plain; charset=utf-8", 200},
		{"/metrics", "", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", 200},
		{"/api/runs", "", "application/json", 200},
		{"/api/runs", "laptop.local", "application/json", 200},
		{"/api/nothing", "", "application/json", 404},
		{"/api/recordings", "", "application/json", 200},
		{"/api/recordings", "evil.example", "application/json", 403},
		{"/api/recordings/aaaaaaaaaaaaaa", "", "application/json", 404},
		{"/r/aaaaaaaaaaaaaa", "", "text/html; charset=utf-8", 404},
		{"/r/aaaaaaaaaaaaaa", "evil.example", "text/plain; charset=utf-8", 403},
		{"/api/stream", "", "text/plain; charset=utf-8", 400},
		{"/", "", "text/html; charset=utf-8", 200},
		{"/nothing", "", "text/plain; charset=utf-8", 404},
		{"/", "evil.example", "text/plain; charset=utf-8", 403},
		{"/metrics", "evil.example", "text/plain; charset=utf-8", 403},
		{"/api/runs", "evil.example", "application/json", 403},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", url+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = c.host
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != c.code || a.Header.Get("Content-Type") != c.kind {
			t.Errorf("%s for %q: %s, %q", c.path, c.host, a.Status, a.Header.Get("Content-Type"))
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	wantEmpty(t, tmp)
}

func TestOtherAddressesAreNamedWhenAllAreListenedOn(t *testing.T) {
	for _, a := range []string{"127.0.0.1:80", "192.0.2.7:80", "[::1]:80"} {
		if got := others(netip.MustParseAddrPort(a)); got != nil {
			t.Errorf("%s: %v", a, got)
		}
	}
	for _, a := range others(netip.MustParseAddrPort("0.0.0.0:8080")) {
		if a.Port() != 8080 || a.Addr().IsLoopback() || a.Addr().IsUnspecified() {
			t.Errorf("others cannot watch at %s", a)
		}
	}
}
