// Package edge serves the API where there is no machine of one's own: in a worker on other
// people's, near whoever asks, that is there for one request and has neither threads nor
// files.
package edge

import (
	"encoding/json"
	"log"
	"net/http"
	"runtime/debug"

	"slotrace/server/api"
)

// searches is what a search may take here. The clock stands still while a worker computes,
// so only work can be counted.
var searches = api.Searches{Executions: 1_000_000, Operations: 10_000_000}

// Handler serves /healthz and /api/.
func Handler() http.Handler {
	own := http.NewCrossOriginProtection()
	own.SetDenyHandler(http.HandlerFunc(foreign))
	next := own.Handler(api.New(api.Host{Searches: searches}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			// Nobody else recovers here, and whoever asked would wait for a program that is gone.
			if v := recover(); v != nil {
				log.Printf("%s %s: panic: %v\n%s", r.Method, r.URL.Path, v, debug.Stack())
				refuse(w, http.StatusInternalServerError, "the program failed: the worker's log says how")
			}
		}()
		r.Host = r.URL.Host // where the request was sent, whatever its headers say
		next.ServeHTTP(w, r)
	})
}

// foreign answers a page of another origin that would change something.
func foreign(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusForbidden, "refused: a page from elsewhere may not do this")
}

func refuse(w http.ResponseWriter, code int, why string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(map[string]string{"error": why})
}
