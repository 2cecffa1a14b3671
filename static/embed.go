// Package static holds the page as files and serves them: the few that are written by hand, and from dist
// the ones a build makes.
package static

import (
	"embed"
	"net/http"
	"sync"
)

// A pattern that matches no file is an error of the compiler, so each of these is committed; of dist, its README.
//
//go:embed index.html style.css boot.js lab.js patch.js tape.js site.js offline.js icon.svg dist
var files embed.FS

var embedded = sync.OnceValue(func() *site {
	s, err := newSite(files)
	if err != nil {
		panic(err) // the files are in the binary: there is nothing a caller could do
	}
	return s
})

// Handler serves the page: the paths in pages, to GET and HEAD, and 404 for all others. Any number of goroutines may use it.
func Handler() http.Handler { return embedded() }

// Built reports whether the binary holds the page's WebAssembly. A plain go build on a fresh clone leaves it out;
// make build puts it in. Without it the handler answers 503 in its place and says so.
func Built() bool { return embedded().built() }
