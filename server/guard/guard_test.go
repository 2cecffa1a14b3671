package guard

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func newGuard(t testing.TB, listen string, port uint16, given ...string) *Guard {
	t.Helper()
	g, err := New(listen, port, given...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestHostsThatAreMeantAreServed(t *testing.T) {
	for _, c := range []struct {
		name   string
		listen string
		port   uint16
		given  []string
		local  string // the address that the connection was made to
		yes    []string
		no     []string
	}{
		{
			name: "loopback", listen: "127.0.0.1", port: 8080, local: "127.0.0.1:8080",
			yes: []string{"localhost:8080", "LocalHost:8080", "localhost.:8080", "127.0.0.1:8080", "[::1]:8080", "[0:0:0:0:0:0:0:1]:8080"},
			no: []string{
				"", "localhost", "127.0.0.1", "localhost:80", "127.0.0.1:8081", "evil.example:8080", "localhost.evil.example:8080", "localhost..:8080", ".localhost:8080", "127.0.0.1.evil.example:8080",
				"192.168.1.7:8080", "127.0.0.2:8080", "127.1:8080", "2130706433:8080", "[::1%25lo]:8080", "user@localhost:8080", "localhost:8080/", "localhost :8080", "localhost:",
				"localhost:+8080", "localhost:08080x", "[localhost]:8080", "[127.0.0.1]:8080", "::1:8080", "[::1]", "[::1]8080", "[::1]:", "[", "]", ":", ":8080", "a:b:c",
			},
		},
		{
			name: "the port of http", listen: "127.0.0.1", port: 80, local: "127.0.0.1:80",
			yes: []string{"localhost", "localhost:80", "127.0.0.1", "[::1]"},
			no:  []string{"localhost:8080", "evil.example"},
		},
		{
			name: "an address", listen: "192.168.1.7", port: 8080, local: "192.168.1.7:8080",
			yes: []string{"192.168.1.7:8080", "localhost:8080"},
			no:  []string{"192.168.1.8:8080", "192.168.1.7:80", "192.168.1.7"},
		},
		{
			name: "all addresses", listen: "", port: 8080, local: "192.168.1.7:8080",
			yes: []string{"192.168.1.7:8080", "localhost:8080"},
			no:  []string{"192.168.1.8:8080", "laptop.local:8080", "192.168.1.7"},
		},
		{
			name: "all addresses of version 6", listen: "::", port: 8080, local: "[fe80::7%eth0]:8080",
			yes: []string{"[fe80::7]:8080"},
			no:  []string{"[fe80::8]:8080"},
		},
		{
			name: "version 4 on a socket of version 6", listen: "", port: 80, local: "[::ffff:10.0.0.5]:80",
			yes: []string{"10.0.0.5", "10.0.0.5:80"},
			no:  []string{"10.0.0.6"},
		},
		{
			name: "a name that was listened on", listen: "laptop.local", port: 8080,
			yes: []string{"laptop.local:8080", "LAPTOP.local.:8080"},
			no:  []string{"laptop:8080"},
		},
		{
			name: "names that were given", listen: "127.0.0.1", port: 8080, given: []string{"Laptop.local", "tunnel.example:9000", "[fd00::1]"},
			yes: []string{"laptop.local:8080", "laptop.local", "tunnel.example:9000", "[fd00::1]:8080", "[fd00::1]", "localhost:8080"},
			no:  []string{"laptop.local:9000", "tunnel.example:8080", "tunnel.example", "local:8080", "x.laptop.local:8080"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGuard(t, c.listen, c.port, c.given...)
			try := func(host string) error {
				r := httptest.NewRequest("GET", "/", nil)
				r.Host = host
				if c.local != "" {
					r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(net.TCPAddrFromAddrPort(addrPort(t, c.local)))))
				}
				return g.Host(r)
			}
			for _, host := range c.yes {
				if err := try(host); err != nil {
					t.Errorf("%q: %v", host, err)
				}
			}
			for _, host := range c.no {
				if err := try(host); err == nil {
					t.Errorf("%q is let in", host)
				}
			}
		})
	}
}

func TestOrigins(t *testing.T) {
	g := newGuard(t, "127.0.0.1", 8080, "proxy.example")
	for _, c := range []struct {
		origins []string
		ok      bool
	}{
		{nil, true},
		{[]string{"http://localhost:8080"}, true},
		{[]string{"https://127.0.0.1:8080"}, true},
		{[]string{"http://[::1]:8080"}, true},
		{[]string{"https://proxy.example"}, true},
		{[]string{""}, false},
		{[]string{"null"}, false},
		{[]string{"http://localhost:3000"}, false},
		{[]string{"http://localhost"}, false},
		{[]string{"http://evil.example"}, false},
		{[]string{"http://evil.example:8080"}, false},
		{[]string{"ftp://localhost:8080"}, false},
		{[]string{"file://localhost:8080"}, false},
		{[]string{"//localhost:8080"}, false},
		{[]string{"localhost:8080"}, false},
		{[]string{"http://localhost:8080/"}, false},
		{[]string{"http://localhost:8080?x"}, false},
		{[]string{"http://u@localhost:8080"}, false},
		{[]string{"http://localhost:8080@evil.example"}, false},
		{[]string{"http://localhost:8080 http://evil.example"}, false},
		{[]string{"http://localhost:8080", "http://evil.example"}, false},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		for _, o := range c.origins {
			r.Header.Add("Origin", o)
		}
		if err := g.Origin(r); (err == nil) != c.ok {
			t.Errorf("%q: %v", c.origins, err)
		}
	}
}

func TestControlIsFromThisMachine(t *testing.T) {
	for remote, want := range map[string]bool{
		"127.0.0.1:5": true, "127.9.9.9:5": true, "[::1]:5": true, "[::ffff:127.0.0.1]:5": true,
		"192.168.1.7:5": false, "[fe80::1%eth0]:5": false, "0.0.0.0:5": false, "": false, "@": false, "localhost:5": false,
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = remote
		if got := Control(r); got != want {
			t.Errorf("%q: %v", remote, got)
		}
	}
}

func TestHandler(t *testing.T) {
	g := newGuard(t, "127.0.0.1", 8080)
	for _, c := range []struct {
		name, method, path, host, origin, remote string
		want                                     int
		says                                     string
	}{
		{"reading", "GET", "/api/runs", "localhost:8080", "", "192.168.1.9:4", 200, ""},
		{"reading from a foreign page", "GET", "/api/runs", "localhost:8080", "http://evil.example", "127.0.0.1:4", 200, ""}, // which cannot see the answer
		{"changing", "POST", "/api/runs", "localhost:8080", "http://localhost:8080", "127.0.0.1:4", 200, ""},
		{"changing by script", "DELETE", "/api/runs/1", "127.0.0.1:8080", "", "[::1]:4", 200, ""},
		{"a foreign host", "GET", "/api/runs", "evil.example:8080", "", "127.0.0.1:4", 403, `\"evil.example:8080\"; slotrace serve --host evil.example:8080 would allow it`},
		{"a foreign host of the page", "GET", "/", "evil.example", "", "127.0.0.1:4", 403, "slotrace serve --host evil.example would allow it\n"},
		{"no host", "GET", "/", "<script>", "", "127.0.0.1:4", 403, "is no host"},
		{"changing from a foreign page", "POST", "/api/runs", "localhost:8080", "http://evil.example", "127.0.0.1:4", 403, "http://evil.example"},
		{"changing from elsewhere", "PATCH", "/api/runs/1", "localhost:8080", "", "192.168.1.9:4", 403, "only from the machine"},
		{"an odd method from elsewhere", "BREW", "/api/runs/1", "localhost:8080", "", "192.168.1.9:4", 403, "only from the machine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			reached := false
			h := g.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
			r := httptest.NewRequest(c.method, c.path, nil)
			r.Host, r.RemoteAddr = c.host, c.remote
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			body := w.Body.String()
			if w.Code != c.want || reached != (c.want == 200) || !strings.Contains(body, strings.ReplaceAll(c.says, `\"`, quoteIn(c.path))) {
				t.Errorf("%d %q, reached: %v", w.Code, body, reached)
			}
			if c.want == 403 && (strings.Count(body, "\n") != 1 || strings.HasPrefix(body, "{") != strings.HasPrefix(c.path, "/api/")) {
				t.Errorf("%q is not one line in its place's form", body)
			}
		})
	}
}

// quoteIn is how a quote is written in an answer at path: JSON has a backslash
// before it.
func quoteIn(path string) string {
	if strings.HasPrefix(path, "/api/") {
		return `\"`
	}
	return `"`
}

func TestGivenHostsMustBeHosts(t *testing.T) {
	for _, s := range []string{"", "http://x", "a b", "x:0", "x:65536", "::1", "x/y", strings.Repeat("a.", 200), "ü.example"} {
		if _, err := New("", 8080, s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}

// A host that parses is written in a spelling that parses to the same.
func FuzzParseHost(f *testing.F) {
	for _, s := range []string{"localhost:8080", "[::1]:1", "127.0.0.1", "a.b.", "[::ffff:1.2.3.4]", "1.2.3.4:", "[::1%25x]", ".."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseHost(s)
		if err != nil {
			return
		}
		if again, err := ParseHost(h.String()); err != nil || again != h {
			t.Errorf("%q is %+v, and %q is %+v, %v", s, h, h, again, err)
		}
	})
}

func addrPort(t testing.TB, s string) netip.AddrPort {
	t.Helper()
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
