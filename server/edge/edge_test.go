//go:build edge

package edge_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"slotrace/server/api/apitest"
	"slotrace/server/edge/edgetest"
)

const root = "../.."

func TestTheEdgeAnswersAsEveryHostOfTheAPI(t *testing.T) {
	apitest.Table(t, &apitest.Server{URL: edgetest.Serve(t, root)})
}

func TestRecordingsAtTheEdge(t *testing.T) {
	s := &apitest.Server{URL: edgetest.Serve(t, root), Limit: 16 << 20}
	s.Recordings(t)
}

func TestWhoHasTheTokenMaySendARecordingToTheEdge(t *testing.T) {
	t.Setenv("UPLOAD_TOKEN", "only-for-tests")
	s := &apitest.Server{URL: edgetest.Serve(t, root)}
	s.UploadToken(t, "only-for-tests")
}

func search(t *testing.T, s *apitest.Server, body string, header ...string) apitest.Answer {
	t.Helper()
	return s.Ask(t, apitest.Request{Method: "POST", Path: "/api/explore", Header: append([]string{"Content-Type", "application/json"}, header...), Body: []byte(body)})
}

func TestASearchAtTheEdgeIsBoundedByItsWork(t *testing.T) {
	s := &apitest.Server{URL: edgetest.Serve(t, root)}
	for body, want := range map[string]struct {
		status int
		says   string
	}{
		`{"variant":"fetch-add","threads":8,"ops":8,"mode":"all"}`:                            {200, `"stopped":"3000000 operations were the bound"`},
		`{"scenario":"lock-order","variant":"one-order","threads":2,"ops":32,"mode":"count"}`: {200, `"stopped":"more than 100000 states are too many to count by`},
		`{"variant":"fetch-add","threads":3,"ops":3,"mode":"prove"}`:                          {200, `"verdict":"holds"`},
		`{"variant":"fetch-add","threads":26,"ops":99,"mode":"walk"}`:                         {400, "threads: 26 x 99 ops are too many here: up to 64 together would do"},
		`{"threads":13,"ops":5}`:  {400, "too many here"},
		`{"threads":16,"ops":4}`:  {200, `"verdict":"violated"`},
		`{"threads":27,"ops":99}`: {400, "threads: 1 to 26"},
	} {
		a := search(t, s, body)
		if a.Code != want.status || !strings.Contains(string(a.Body), want.says) {
			t.Errorf("%s: %d %s, want %d and %q", body, a.Code, a.Body, want.status, want.says)
		}
	}
}

func TestAPageFromElsewhereMayNotHaveTheEdgeSearch(t *testing.T) {
	s := &apitest.Server{URL: edgetest.Serve(t, root)}
	for _, c := range []struct {
		name, value string
		status      int
	}{
		{"Origin", s.URL, 200},
		{"Origin", "https://elsewhere.example", 403},
		{"Origin", "null", 403},
		{"Sec-Fetch-Site", "same-origin", 200},
		{"Sec-Fetch-Site", "cross-site", 403},
		{"X-Unasked", "1", 200}, // a script's, that needs no page to do harm
	} {
		a := search(t, s, `{"max_executions":1}`, c.name, c.value)
		if a.Code != c.status || c.status == 403 && !strings.Contains(string(a.Body), `{"error":"refused: `) {
			t.Errorf("%s: %s: %d %s", c.name, c.value, a.Code, a.Body)
		}
	}
}

func TestAnAddressThatCannotBeReadIsTheCallersError(t *testing.T) {
	origin := edgetest.Serve(t, root)
	for _, path := range []string{"/api/%zz", "/api/explore%", "/api/%2"} {
		// The client would not send it.
		c, err := net.Dial("tcp", strings.TrimPrefix(origin, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: edge\r\n\r\n", path)
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != 400 || !strings.HasPrefix(string(text), `{"error":"the address has a %`) {
			t.Errorf("%s: %s %q, %v", path, answer.Status, text, err)
		}
	}
}

func TestFilesComeWithTheServersHeadersAndNothingElseComes(t *testing.T) {
	s := &apitest.Server{URL: edgetest.Serve(t, root)}
	for _, c := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8"},
		{"HEAD", "/", 200, "text/html; charset=utf-8"},
		{"GET", "/page.wasm", 200, "application/wasm"},
		{"GET", "/lab.wasm", 200, "application/wasm"},
		{"GET", "/live.wasm", 200, "application/wasm"},
		{"GET", "/boot.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/offline.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/style.css", 200, "text/css; charset=utf-8"},
		{"GET", "/icon.svg", 200, "image/svg+xml"},
		{"GET", "/index.html", 307, ""},
		{"GET", "/nothing", 404, ""},
		{"GET", "/_headers", 404, ""},
		{"GET", "/r", 404, ""},
		{"GET", "/worker.mjs", 404, ""},
		{"GET", "/app.wasm", 404, ""},
		{"GET", "/healthz/", 404, ""},
		{"GET", "/healthz2", 404, ""},
		{"GET", "/api", 404, ""},
		{"POST", "/", 405, ""},
		{"DELETE", "/page.wasm", 405, ""},
	} {
		a := s.Ask(t, apitest.Request{Method: c.method, Path: c.path})
		if a.Code != c.status || c.kind != "" && a.Header.Get("Content-Type") != c.kind {
			t.Errorf("%s %s: %d, %q", c.method, c.path, a.Code, a.Header.Get("Content-Type"))
		}
		if (c.method == "GET" && c.status == 200) != (len(a.Body) > 0) {
			t.Errorf("%s %s: %d bytes", c.method, c.path, len(a.Body))
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; ", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := a.Header.Get(name); !strings.HasPrefix(got, want) {
				t.Errorf("%s %s: %s is %q", c.method, c.path, name, got)
			}
		}
	}
	a := s.Ask(t, apitest.Request{Method: "GET", Path: "/page.wasm"})
	again := s.Ask(t, apitest.Request{Method: "GET", Path: "/page.wasm", Header: []string{"If-None-Match", a.Header.Get("ETag")}})
	if again.Code != 304 || len(again.Body) > 0 || a.Header.Get("ETag") == "" || a.Header.Get("Cache-Control") != "public, max-age=0, must-revalidate" {
		t.Errorf("%v, then %d with %d bytes", a.Header, again.Code, len(again.Body))
	}
}
