package static

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// The brotli form is never decompressed here, so any bytes stand in for it.
const (
	index    = "<!doctype html><title>page</title>"
	module   = "\x00asm\x01\x00\x00\x00 and so on"
	lab      = "\x00asm\x01\x00\x00\x00 and another"
	moduleBr = "brotli form of the module"
	loader   = "globalThis.Go = class {};"
	loaderBr = "brotli form of the loader"
)

func written() fstest.MapFS {
	return fstest.MapFS{
		"index.html":  {Data: []byte(index)},
		"style.css":   {Data: []byte("body {}")},
		"boot.js":     {Data: []byte("boot()")},
		"lab.js":      {Data: []byte("lab()")},
		"patch.js":    {Data: []byte("patch()")},
		"tape.js":     {Data: []byte("tape()")},
		"site.js":     {Data: []byte("site()")},
		"offline.js":  {Data: []byte("offline()")},
		"icon.svg":    {Data: []byte("<svg/>")},
		"dist/README": {Data: []byte("what this is for")},
	}
}

func complete(t *testing.T) fstest.MapFS {
	files := written()
	files["dist/page.wasm.br"] = &fstest.MapFile{Data: []byte(moduleBr)}
	files["dist/page.wasm.gz"] = &fstest.MapFile{Data: compress(t, module)}
	files["dist/lab.wasm.br"] = &fstest.MapFile{Data: []byte("brotli form of the lab")}
	files["dist/lab.wasm.gz"] = &fstest.MapFile{Data: compress(t, lab)}
	files["dist/tape.wasm.br"] = &fstest.MapFile{Data: []byte("brotli form of the tape")}
	files["dist/tape.wasm.gz"] = &fstest.MapFile{Data: compress(t, lab)}
	files["dist/wasm_exec.js.br"] = &fstest.MapFile{Data: []byte(loaderBr)}
	files["dist/wasm_exec.js.gz"] = &fstest.MapFile{Data: compress(t, loader)}
	return files
}

func compress(t *testing.T, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func siteOf(t *testing.T, files fs.FS) *site {
	t.Helper()
	s, err := newSite(files)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryPublicPathIsServedWithItsType(t *testing.T) {
	s := siteOf(t, complete(t))
	for _, want := range []struct{ path, contentType, body string }{
		{"/", "text/html; charset=utf-8", index},
		{"/style.css", "text/css; charset=utf-8", "body {}"},
		{"/boot.js", "text/javascript; charset=utf-8", "boot()"},
		{"/icon.svg", "image/svg+xml", "<svg/>"},
		{"/wasm_exec.js", "text/javascript; charset=utf-8", loader},
		{"/lab.js", "text/javascript; charset=utf-8", "lab()"},
		{"/patch.js", "text/javascript; charset=utf-8", "patch()"},
		{"/lab.wasm", "application/wasm", lab},
		{"/page.wasm", "application/wasm", module}, // the only type that browsers compile while it streams
	} {
		w := ask(s, "GET", want.path)
		if w.Code != http.StatusOK || w.Body.String() != want.body {
			t.Errorf("GET %s: %d %q, want 200 %q", want.path, w.Code, w.Body, want.body)
		}
		if got := w.Header().Get("Content-Type"); got != want.contentType {
			t.Errorf("GET %s: type %q, want %q", want.path, got, want.contentType)
		}
		if got := w.Header().Get("Cache-Control"); got != "no-cache" {
			t.Errorf("GET %s: Cache-Control %q", want.path, got)
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	s := siteOf(t, complete(t))
	for _, path := range []string{
		"/index.html", "/dist", "/dist/", "/dist/README", "/README", "/dist/page.wasm.br", "/page.wasm.br", "/page.wasm.gz",
		"/embed.go", "/handler.go", "/../static/embed.go", "//", "/style.css/", "/.", "/api/unknown", "",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = path
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusNotFound {
			t.Errorf("GET %q: %d, want 404", path, w.Code)
		}
	}
}

func TestOnlyGetAndHead(t *testing.T) {
	s := siteOf(t, complete(t))
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"} {
		w := ask(s, method, "/page.wasm")
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
	for _, path := range []string{"/", "/page.wasm"} {
		get, head := ask(s, "GET", path, "Accept-Encoding", "br"), ask(s, "HEAD", path, "Accept-Encoding", "br")
		if head.Code != http.StatusOK || head.Body.Len() != 0 {
			t.Errorf("HEAD %s: %d with %d bytes", path, head.Code, head.Body.Len())
		}
		for _, name := range []string{"Content-Length", "Content-Type", "Content-Encoding", "ETag"} {
			if head.Header().Get(name) != get.Header().Get(name) {
				t.Errorf("HEAD %s: %s %q, GET %q", path, name, head.Header().Get(name), get.Header().Get(name))
			}
		}
		if got := get.Header().Get("Content-Length"); got != strconv.Itoa(get.Body.Len()) {
			t.Errorf("GET %s: Content-Length %q of %d bytes", path, got, get.Body.Len())
		}
	}
}

func TestTheClientChoosesTheCoding(t *testing.T) {
	s := siteOf(t, complete(t))
	body := map[string]string{"br": moduleBr, "gzip": string(compress(t, module)), "": module}
	for _, c := range []struct{ accept, want string }{
		{"", ""},
		{"gzip, deflate, br, zstd", "br"},
		{"gzip, deflate", "gzip"},
		{"GZIP", "gzip"},
		{"deflate, zstd", ""},
		{"br;q=0", ""},
		{"br;q=0, gzip", "gzip"},
		{"br;q=0.000, gzip;q=0.000", ""},
		{"br;q=0.5, gzip;q=0.8", "gzip"},
		{"br;q=0.5, gzip;q=0.5", "br"},
		{"br;q=0.5, identity", ""},
		{"br ; q=0.1 , gzip ; Q=0.2", "gzip"},
		{"identity;q=0, gzip;q=0.1", "gzip"},
		{"*", "br"},
		{"*;q=0", ""},
		{"*;q=0, gzip", "gzip"},
		{"br;q=0, *", "gzip"},
		{"identity;q=0, *;q=0", ""},
		{"br;q=high, gzip;q=0.1", "gzip"},
		{"br;q=2, gzip;q=0.1", "gzip"},
		{"br;q=NaN, gzip;q=-1", ""},
		{"br;level=1", ""},
		{";;,=,q=1", ""},
	} {
		w := ask(s, "GET", "/page.wasm", "Accept-Encoding", c.accept)
		if got := w.Header().Get("Content-Encoding"); got != c.want || w.Body.String() != body[c.want] {
			t.Errorf("Accept-Encoding %q: coding %q, want %q; body %.20q", c.accept, got, c.want, w.Body)
		}
		if got := w.Header().Get("Vary"); got != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: Vary %q", c.accept, got)
		}
	}
	w := ask(s, "GET", "/page.wasm", "Accept-Encoding", "deflate", "Accept-Encoding", "br")
	if got := w.Header().Get("Content-Encoding"); got != "br" {
		t.Errorf("Accept-Encoding on two lines: coding %q, want br", got)
	}
	if w := ask(s, "GET", "/", "Accept-Encoding", "br"); w.Header().Get("Content-Encoding") != "" || w.Header().Get("Vary") != "" {
		t.Errorf("a page with one form varies: %v", w.Header())
	}
}

func FuzzAccepted(f *testing.F) {
	for _, header := range []string{"", "gzip, br;q=0.5", "*;q=0.1, identity", "br;q=,;;q"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		switch c := accepted(header); c {
		case identity:
		case brotli, gzipped:
			// What is not understood must never be sent.
			if lower := strings.ToLower(header); !strings.Contains(lower, string(c)) && !strings.Contains(lower, "*") {
				t.Fatalf("%q chose %s, which it does not name", header, c)
			}
		default:
			t.Fatalf("%q chose %q", header, c)
		}
	})
}

func TestAnUnchangedPageIsNotSentAgain(t *testing.T) {
	s := siteOf(t, complete(t))
	tags := make(map[string]string)
	for _, accept := range []string{"br", "gzip", ""} {
		tag := ask(s, "GET", "/page.wasm", "Accept-Encoding", accept).Header().Get("ETag")
		if !strings.HasPrefix(tag, `"`) || len(tag) < 10 {
			t.Fatalf("Accept-Encoding %q: ETag %q is not a strong tag", accept, tag)
		}
		if other, taken := tags[tag]; taken {
			t.Errorf("codings %q and %q share the tag %s", accept, other, tag)
		}
		tags[tag] = accept

		w := ask(s, "GET", "/page.wasm", "Accept-Encoding", accept, "If-None-Match", tag)
		if w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("Accept-Encoding %q with its own tag: %d, %d bytes, want 304 and none", accept, w.Code, w.Body.Len())
		}
		for name, want := range map[string]string{"ETag": tag, "Vary": "Accept-Encoding", "Cache-Control": "no-cache"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("304: %s %q, want %q", name, got, want)
			}
		}
		if w := ask(s, "GET", "/page.wasm", "Accept-Encoding", accept, "If-None-Match", `"another"`); w.Code != http.StatusOK {
			t.Errorf("Accept-Encoding %q with another tag: %d, want 200", accept, w.Code)
		}
	}
	changed := complete(t)
	changed["index.html"] = &fstest.MapFile{Data: []byte(index + " ")}
	if before, after := ask(s, "GET", "/").Header().Get("ETag"), ask(siteOf(t, changed), "GET", "/").Header().Get("ETag"); before == after {
		t.Errorf("content changed, its tag %s did not", before)
	}
}

func TestAPageThatWasNotBuiltSaysHowToBuildIt(t *testing.T) {
	half := complete(t)
	delete(half, "dist/page.wasm.gz")
	for name, files := range map[string]fs.FS{"nothing built": written(), "one form missing": half} {
		s := siteOf(t, files)
		if s.built() {
			t.Errorf("%s: passes for built", name)
		}
		w := ask(s, "GET", "/page.wasm", "Accept-Encoding", "br")
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "`make build`") {
			t.Errorf("%s: %d %q, want 503 naming make build", name, w.Code, w.Body)
		}
		if h := w.Header(); h.Get("Content-Type") != "text/plain; charset=utf-8" || h.Get("Cache-Control") != "no-store" || h.Get("ETag") != "" {
			t.Errorf("%s: headers of the 503: %v", name, h)
		}
		if w := ask(s, "GET", "/"); w.Code != http.StatusOK || w.Body.String() != index {
			t.Errorf("%s: GET /: %d %q", name, w.Code, w.Body)
		}
	}
	if s := siteOf(t, complete(t)); !s.built() {
		t.Error("all is there, and does not pass for built")
	}
}

func TestEveryAnswerIsIsolatedAndFetchesFromNoOtherHost(t *testing.T) {
	s := siteOf(t, written())
	tag := ask(s, "GET", "/").Header().Get("ETag")
	for name, w := range map[string]*httptest.ResponseRecorder{
		"200": ask(s, "GET", "/"),
		"304": ask(s, "GET", "/", "If-None-Match", tag),
		"404": ask(s, "GET", "/nowhere"),
		"405": ask(s, "POST", "/"),
		"503": ask(s, "GET", "/page.wasm"),
	} {
		if got := strconv.Itoa(w.Code); got != name {
			t.Errorf("status %s, want %s", got, name)
		}
		for header, want := range map[string]string{
			"Content-Security-Policy":      "default-src 'none'; ",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Embedder-Policy": "require-corp",
		} {
			if got := w.Header().Get(header); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s %q, want %q", name, header, got, want)
			}
		}
		policy := w.Header().Get("Content-Security-Policy")
		for _, weak := range []string{"unsafe-inline", "'unsafe-eval'", "http:", "https:", "*"} {
			if strings.Contains(policy, weak) {
				t.Errorf("%s: the policy allows %s: %s", name, weak, policy)
			}
		}
	}
}

func TestDamagedFilesAreAnError(t *testing.T) {
	files := complete(t)
	files["dist/page.wasm.gz"] = &fstest.MapFile{Data: []byte("not gzip")}
	w := ask(siteOf(t, files), "GET", "/page.wasm")
	if w.Code != http.StatusInternalServerError || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("damaged gzip, read for a client that takes none: %d", w.Code)
	}
	files = written()
	delete(files, "index.html")
	if _, err := newSite(files); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no index.html: %v, want fs.ErrNotExist", err)
	}
}

// What the binary embeds must serve, built or not: a fresh clone is tested before anything is built.
func TestTheEmbeddedPageIsServed(t *testing.T) {
	h := Handler()
	for _, p := range pages {
		want := http.StatusOK
		if p.made && !Built() {
			want = http.StatusServiceUnavailable
		}
		if w := ask(h, "GET", p.path); w.Code != want || w.Body.Len() == 0 {
			t.Errorf("GET %s: %d with %d bytes, want %d", p.path, w.Code, w.Body.Len(), want)
		}
	}
}
