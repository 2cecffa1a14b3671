package stream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"slotrace/engine/event"
	"slotrace/engine/fold"
	"slotrace/engine/visible"
	"slotrace/server/guard"
	"slotrace/server/stream"
)

var greeting = event.Hello{
	Server: "slotrace of a test",
	Allocators: []event.Allocator{
		{Name: "check-then-act", Source: event.Source{File: "a.go", First: 10, Lines: []string{"look", "\tclaim"}, Marks: []event.Mark{{Step: visible.Look, Line: 10}, {Step: visible.Claim, Line: 11}}}},
		{Name: "fetch-add", Holds: true, Source: event.Source{File: "b.go", First: 1, Lines: []string{"ü"}}},
	},
	Put: event.Source{File: "put.go", First: 3, Lines: []string{"put"}},
}

func newBoard() *fold.Board {
	return fold.NewBoard(greeting, event.State{Writers: 8, Sides: 1, Allocators: [2]uint8{0, event.NoAllocator}, Slots: 10_000, Pace: 300_000})
}

// started is a board with a run on it.
func started(slots uint32) *fold.Board {
	b := newBoard()
	b.Begin(event.State{Run: 1, State: event.Running, Writers: 8, Sides: 1, Allocators: [2]uint8{0, event.NoAllocator}, Slots: slots})
	return b
}

// serving is a stream behind a real server, over loopback or within memory.
type serving struct {
	*stream.Stream
	url     string
	address string
	metrics *prometheus.Registry
	dialer  *websocket.DialOptions
	connect func() (net.Conn, error)
}

func loopback(t *testing.T, board *fold.Board, viewers int) *serving {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, board, viewers, l)
	s.connect = func() (net.Conn, error) { return net.Dial("tcp", s.address) }
	return s
}

func serve(t *testing.T, board *fold.Board, viewers int, l net.Listener) *serving {
	t.Helper()
	s := &serving{address: l.Addr().String(), metrics: prometheus.NewRegistry()}
	host, port, err := net.SplitHostPort(s.address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	g, err := guard.New(host, uint16(n))
	if err != nil {
		t.Fatal(err)
	}
	s.Stream = stream.New(board, g, stream.Options{Viewers: viewers, Metrics: s.metrics})
	s.url = "ws://" + s.address + "/api/stream"
	server := &http.Server{Handler: s.Stream}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		s.Shutdown(ctx)
		server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return s
}

func (s *serving) dial(t *testing.T) *client {
	t.Helper()
	var o *websocket.DialOptions
	if s.dialer != nil {
		copied := *s.dialer
		o = &copied
	}
	c, err := dial(bounded(t), s.url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.conn.CloseNow() })
	return c
}

// bounded is done when the test is, and after a minute: nothing here takes so long.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// greeted is a client that has had the hello and its first frame.
func (s *serving) greeted(t *testing.T) *client {
	t.Helper()
	c := s.dial(t)
	for range 2 {
		if err := c.next(bounded(t)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// figure is the value of a metric, written as in "frames_total" or `closed_total{code="1000"}`.
func (s *serving) figure(t *testing.T, name string) float64 {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(s.metrics, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	m := regexp.MustCompile(`(?m)^slotrace_stream_` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(w.Body.String())
	if m == nil {
		return 0
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// inMemory serves over pipes, which hold nothing: a write waits for its reader. Within
// a bubble of testing/synctest all its time is the bubble's.
func inMemory(t *testing.T, board *fold.Board, viewers int) *serving {
	t.Helper()
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	s := serve(t, board, viewers, l)
	s.connect = l.dial
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return l.dial() }}
	t.Cleanup(transport.CloseIdleConnections)
	s.dialer = &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}}
	return s
}

type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) dial() (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- pipeEnd{theirs}:
		return ours, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

// pipeEnd says that it comes from loopback.
type pipeEnd struct{ net.Conn }

func (pipeEnd) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9} }

// shakeHands connects by hand and reads the server's answer, byte by byte so that
// nothing behind it is read.
func (s *serving) shakeHands(t *testing.T) net.Conn {
	t.Helper()
	conn, err := s.connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_, err = io.WriteString(conn, "GET /api/stream HTTP/1.1\r\nHost: "+s.address+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: slotrace.v1\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	var answer strings.Builder
	for b := make([]byte, 1); !strings.HasSuffix(answer.String(), "\r\n\r\n"); answer.Write(b) {
		if _, err := conn.Read(b); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasPrefix(answer.String(), "HTTP/1.1 101 ") {
		t.Fatal(answer.String())
	}
	return conn
}
