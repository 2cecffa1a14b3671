// Package edge serves the API where there is no machine of one's own: in a worker on other
// people's, near whoever asks, that is there for one request and has neither threads nor
// files.
package edge

import (
	"io"
	"log"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"slotrace/server/api"
)

// searches is what a search may take here, where the clock stands still while a worker
// computes and only work can be counted. Of what a request may have by default, 30 seconds of
// a processor and 128 MB, it was measured to take one second to prove, six at most, when many
// calls of a store are drawn at random and hard to judge; and 50 MB to count by so many states.
var searches = api.Searches{Executions: 1_000_000, Operations: 3_000_000, Calls: 64, States: 100_000}

// Handler serves /healthz, /api/ and, where there is something to keep recordings in, those
// and their share pages. With a token, whoever sends a recording has to show it.
func Handler(bodies Bodies, names Names, uploadToken string) http.Handler {
	host := api.Host{Searches: searches, UploadToken: uploadToken}
	if bodies != nil && names != nil {
		host.Recordings = &recordings{bodies, names, time.Now}
	}
	own := http.NewCrossOriginProtection()
	own.SetDenyHandler(http.HandlerFunc(foreign))
	next := own.Handler(api.New(host))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			// Nobody else recovers here, and whoever asked would wait for a program that is gone.
			if v := recover(); v != nil {
				log.Printf("%s %s: panic: %v\n%s", r.Method, r.URL.Path, v, debug.Stack())
				api.Refuse(w, http.StatusInternalServerError, "the program failed: the worker's log says how")
			}
		}()
		for name, values := range r.Header {
			r.Header[name] = []string{strings.Join(values, ",")} // workers takes each apart at its commas
		}
		r.Host = r.URL.Host // where the request was sent, whatever its headers say
		if r.Method == http.MethodHead {
			w = headOnly{w}
		}
		next.ServeHTTP(w, r)
		// As net/http's server does: behind a body that was not read the connection is closed, under a client that goes on.
		io.CopyN(io.Discard, r.Body, 256<<10)
	})
}

// headOnly leaves the body out, as net/http's server does of an answer to HEAD.
type headOnly struct{ http.ResponseWriter }

func (h headOnly) Write(b []byte) (int, error) { return len(b), nil }

// foreign answers a page of another origin that would change something.
func foreign(w http.ResponseWriter, _ *http.Request) {
	api.Refuse(w, http.StatusForbidden, "refused: a page from elsewhere may not do this")
}
