// Package guard keeps strangers out of a server that listens on a person's own
// machine. Anybody can make that person's browser send requests to it: from a page
// of another origin, or under a name whose address was changed to the machine's
// (DNS rebinding). So a request must be for a host that is meant, and one that
// changes anything, or opens the stream, must not come from a foreign page.
package guard

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Guard knows the hosts that a server answers to. Any number of goroutines may use
// it.
type Guard struct {
	hosts map[Host]bool
}

// New returns a guard for a server that was told to listen on an address, "" being
// all, and got a port there. It answers to the loopback names, to that address, and
// to given ones: each a name or address, which also stands for itself without a
// port, as behind a proxy; or one with a port, as behind a tunnel.
func New(listen string, port uint16, given ...string) (*Guard, error) {
	g := &Guard{hosts: make(map[Host]bool)}
	names := []string{"localhost", "127.0.0.1", "::1"}
	if listen != "" {
		names = append(names, listen)
	}
	for _, name := range names {
		n, err := parseName(name)
		if err != nil {
			continue // what can be listened on and is no name, as an address with a zone, stands in no Host header either
		}
		g.hosts[Host{n, port}] = true
		if port == 80 {
			g.hosts[Host{n, 0}] = true
		}
	}
	for _, s := range given {
		h, err := ParseHost(s)
		if err != nil {
			return nil, err
		}
		g.hosts[h] = true
		if h.port == 0 {
			g.hosts[Host{h.name, port}] = true
		}
	}
	return g, nil
}

// Refusal is why a request was refused, in a sentence for people.
type Refusal struct{ why string }

func (r *Refusal) Error() string { return r.why }

// Host refuses a request that is for another host.
func (g *Guard) Host(r *http.Request) error {
	h, err := ParseHost(r.Host)
	switch {
	case err != nil:
		return &Refusal{fmt.Sprintf("refused: the Host header %.100q is no host: %v", r.Host, err)}
	case !g.knows(r, h):
		return &Refusal{fmt.Sprintf("refused: this server does not answer to the host %q; slotrace serve --host %s would allow it", h, h)}
	}
	return nil
}

// Origin refuses a request from a page that this server did not serve. Without an
// Origin header it comes from a script, which needs no page to do harm.
func (g *Guard) Origin(r *http.Request) error {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return nil
	}
	refusal := &Refusal{fmt.Sprintf("refused: a page from %.100q may not do this", strings.Join(origins, ", "))}
	u, err := url.Parse(origins[0])
	if err != nil || len(origins) > 1 || u.Scheme != "http" && u.Scheme != "https" || u.Scheme+"://"+u.Host != origins[0] {
		return refusal
	}
	if h, err := ParseHost(u.Host); err != nil || !g.knows(r, h) {
		return refusal
	}
	return nil
}

// knows is about a name told at the start, or the very address that the connection
// was made to: whoever reached the machine by it used no name that could lie.
func (g *Guard) knows(r *http.Request, h Host) bool {
	if g.hosts[h] {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())
	if err != nil {
		return false
	}
	return h.name == at.Addr().Unmap().WithZone("").String() && (h.port == at.Port() || h.port == 0 && at.Port() == 80)
}

// Control says whether a request comes from this machine: only from here may
// anything be changed. It is given the request as the server got it.
func Control(r *http.Request) bool {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && at.Addr().Unmap().IsLoopback()
}

// Handler lets through to next what is for a host that is meant and, if it is to
// change anything, comes from this machine and from no foreign page. The rest is
// answered with 403 and the reason.
func (g *Guard) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := g.Host(r)
		if err == nil && r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions {
			if err = g.Origin(r); err == nil && !Control(r) {
				err = &Refusal{"refused: only from the machine that the server runs on may anything be changed"}
			}
		}
		if err != nil {
			Refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Refuse answers a request with 403 and why: in JSON under /api/, as text elsewhere.
func Refuse(w http.ResponseWriter, r *http.Request, why error) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, why.Error()+"\n")
		return
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	json.NewEncoder(w).Encode(map[string]string{"error": why.Error()})
}
