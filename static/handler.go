package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pages are the public paths. A made file lies in dist, compressed only: the binary stays small, and the few
// clients that take neither brotli nor gzip cost a decompression.
var pages = []struct {
	path, file, contentType string
	made                    bool
}{
	{path: "/", file: "index.html", contentType: "text/html; charset=utf-8"},
	{path: "/style.css", file: "style.css", contentType: "text/css; charset=utf-8"},
	{path: "/boot.js", file: "boot.js", contentType: "text/javascript; charset=utf-8"},
	{path: "/lab.js", file: "lab.js", contentType: "text/javascript; charset=utf-8"},
	{path: "/patch.js", file: "patch.js", contentType: "text/javascript; charset=utf-8"},
	{path: "/tape.js", file: "tape.js", contentType: "text/javascript; charset=utf-8"},
	{path: "/icon.svg", file: "icon.svg", contentType: "image/svg+xml"},
	{path: "/wasm_exec.js", file: "dist/wasm_exec.js", contentType: "text/javascript; charset=utf-8", made: true},
	{path: "/page.wasm", file: "dist/page.wasm", contentType: "application/wasm", made: true},
	{path: "/lab.wasm", file: "dist/lab.wasm", contentType: "application/wasm", made: true},
	{path: "/tape.wasm", file: "dist/tape.wasm", contentType: "application/wasm", made: true},
}

// policy lets nothing be fetched from another host and nothing inline run; compiling WebAssembly is the one thing allowed
// beyond that.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'"

// securityHeaders go with every answer. The last three isolate the page from other origins, for which browsers give it finer timers.
var securityHeaders = map[string]string{
	"Content-Security-Policy":      policy + "; frame-ancestors 'none'",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
	"Cross-Origin-Resource-Policy": "same-origin",
}

const notBuilt = "this server was built without its page; `make build` builds it\n"

// site is the page, read and hashed once.
type site struct {
	pages map[string]*page
}

// page is one file in every coding it is sent in. A made file that was not built has none.
type page struct {
	contentType string
	variants    variants
}

type variants map[coding]func() (*variant, error)

// variant is the bytes of a page in one coding. The entity tag is strong, so each coding has its own (RFC 9110, section 8.8.3).
type variant struct {
	content []byte
	etag    string
}

func newSite(files fs.FS) (*site, error) {
	s := &site{pages: make(map[string]*page)}
	for _, p := range pages {
		read := readPlain
		if p.made {
			read = readMade
		}
		v, err := read(files, p.file)
		if err != nil {
			return nil, fmt.Errorf("static: %w", err)
		}
		s.pages[p.path] = &page{contentType: p.contentType, variants: v}
	}
	return s, nil
}

func readPlain(files fs.FS, name string) (variants, error) {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	return variants{identity: always(content)}, nil
}

func readMade(files fs.FS, name string) (variants, error) {
	br, errBrotli := fs.ReadFile(files, name+".br")
	gz, errGzip := fs.ReadFile(files, name+".gz")
	if err := errors.Join(errBrotli, errGzip); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	// Decompressed when first asked for, and kept.
	plain := sync.OnceValues(func() (*variant, error) {
		content, err := gunzip(gz)
		if err != nil {
			return nil, fmt.Errorf("static: decompress %s.gz: %w", name, err)
		}
		return newVariant(content), nil
	})
	return variants{brotli: always(br), gzipped: always(gz), identity: plain}, nil
}

func newVariant(content []byte) *variant {
	sum := sha256.Sum256(content)
	return &variant{content: content, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

func always(content []byte) func() (*variant, error) {
	v := newVariant(content)
	return func() (*variant, error) { return v, nil }
}

func gunzip(compressed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func (s *site) built() bool {
	for _, p := range s.pages {
		if p.variants == nil {
			return false
		}
	}
	return true
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name, value := range securityHeaders {
		h.Set(name, value)
	}
	p := s.pages[r.URL.Path]
	switch {
	case p == nil:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	case p.variants == nil:
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, notBuilt)
		return
	}
	p.serve(w, r)
}

func (p *page) serve(w http.ResponseWriter, r *http.Request) {
	c := identity
	if len(p.variants) > 1 {
		w.Header().Set("Vary", "Accept-Encoding")
		c = accepted(strings.Join(r.Header.Values("Accept-Encoding"), ","))
	}
	v, err := p.variants[c]()
	if err != nil {
		http.Error(w, "the page's files are damaged", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	if c != identity {
		h.Set("Content-Encoding", string(c))
		// ServeContent leaves the length out beside a coding, for the sake of handlers that compress what is written to them.
		h.Set("Content-Length", strconv.Itoa(len(v.content)))
	}
	h.Set("Content-Type", p.contentType)
	h.Set("ETag", v.etag)
	// The tag is asked after each time: a browser never runs the page of a server that was since replaced.
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(v.content))
}
