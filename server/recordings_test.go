package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slotrace/engine/recording/recordingtest"
	"slotrace/server/api/apitest"
)

// begun serves until the test ends or stop is called.
func begun(t *testing.T, args ...string) (url string, stop func()) {
	t.Helper()
	words, err := parseServe(append([]string{"--addr", "127.0.0.1:0"}, args...), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stdout, ended := make(lines, 1), make(chan error, 1)
	go func() {
		err := serve(ctx, words, stdout, slog.New(slog.DiscardHandler))
		close(stdout)
		ended <- err
	}()
	line, ok := <-stdout
	if !ok {
		t.Fatal(<-ended)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return strings.TrimPrefix(strings.TrimSpace(line), "slotrace serves "), stop
}

func TestRecordingsOutliveTheServer(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	url, stop := begun(t, "--data", data, "--upload-mb", "20")
	s := &apitest.Server{URL: url, Owned: true, Limit: 20 << 20}
	s.Recordings(t)
	sent, err := recordingtest.Run{Laps: 2}.Zip()
	if err != nil {
		t.Fatal(err)
	}
	k := s.Keep(t, sent, "")
	for _, q := range []apitest.Request{
		{Method: "POST", Path: "/api/recordings", Header: []string{"Content-Type", "application/zip"}, Body: sent},
		{Method: "PATCH", Path: "/api/recordings/" + k.ID, Header: []string{"Content-Type", "application/json"}, Body: []byte(`{"name":"x"}`)},
		{Method: "DELETE", Path: "/api/recordings/" + k.ID},
	} {
		q.Header = append(q.Header, "Origin", "http://evil.example")
		a := s.Ask(t, q)
		if err := a.Error(403, "refused: a page from"); err != nil {
			t.Errorf("%s from a foreign page: %v", q.Method, err)
		}
	}
	stop()
	if left, _ := filepath.Glob(filepath.Join(data, "recordings", "upload-*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}

	// Half of an upload, of a server that was killed.
	if err := os.WriteFile(filepath.Join(data, "recordings", "upload-1.part"), sent[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	url, _ = begun(t, "--data", data)
	s = &apitest.Server{URL: url, Owned: true}
	if a := s.Ask(t, apitest.Request{Method: "GET", Path: "/api/recordings/" + k.ID}); !bytes.Equal(a.Body, sent) {
		t.Errorf("after a restart: %d, %d bytes", a.Code, len(a.Body))
	}
	if left, _ := filepath.Glob(filepath.Join(data, "recordings", "upload-*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestTheServerAnswersAsEveryHostOfTheAPI(t *testing.T) {
	url, _ := begun(t, "--data", filepath.Join(t.TempDir(), "data"))
	apitest.Table(t, &apitest.Server{URL: url, Machine: true})
}
