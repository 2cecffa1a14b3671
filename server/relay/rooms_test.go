package relay

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"slotrace/engine/event"
	"slotrace/server/flow"
	"slotrace/server/room"
)

const secret = "let-me-present"

// host is a server with one room, as the edge is.
type host struct {
	*httptest.Server
	refuse func(w http.ResponseWriter, r *http.Request) bool // answers in place of the room

	mu      sync.Mutex // guards what follows, and whatever the room calls
	room    *room.Room
	last    room.ID
	sockets map[room.ID]*socket
	comes   chan room.ID // presenters, as they have said what they present
}

type socket struct {
	conn  *websocket.Conn
	queue chan any // messages and an ending
}

func newHost(t *testing.T) *host {
	h := &host{sockets: make(map[room.ID]*socket), comes: make(chan room.ID, 100)}
	h.room = room.New(h)
	h.Server = httptest.NewServer(h)
	ctx, cancel := context.WithCancel(t.Context())
	ticking := make(chan struct{})
	go func() {
		defer close(ticking)
		for ticker := time.NewTicker(flow.Tick); ; {
			select {
			case <-ctx.Done():
				ticker.Stop()
				return
			case now := <-ticker.C:
				h.mu.Lock()
				h.room.Tick(now)
				h.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() {
		h.dropAll()
		h.Server.Close()
		cancel()
		<-ticking
	})
	return h
}

func (h *host) dropAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sockets {
		s.conn.CloseNow()
	}
}

// drop breaks a connection.
func (h *host) drop(id room.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sockets[id].conn.CloseNow()
}

// Send implements room.Post.
func (h *host) Send(to room.ID, message []byte) {
	if s := h.sockets[to]; s != nil {
		s.queue <- append([]byte(nil), message...)
	}
}

// Close implements room.Post.
func (h *host) Close(to room.ID, end flow.Ending) {
	if s := h.sockets[to]; s != nil {
		s.queue <- end
	}
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.refuse != nil && h.refuse(w, r) {
		return
	}
	presents := strings.HasSuffix(r.URL.Path, "/present")
	switch {
	case r.URL.Path != "/room/a-room/present" && r.URL.Path != "/room/a-room/stream":
		http.NotFound(w, r)
		return
	case presents && r.Header.Get("Authorization") != "Bearer "+secret:
		http.Error(w, "another token", http.StatusUnauthorized)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{event.Protocol}})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(event.MaxMessage + 1)
	s := &socket{conn, make(chan any, 1000)}
	h.mu.Lock()
	h.last++
	id := h.last
	h.sockets[id] = s
	if presents {
		h.room.Present(id, time.Now())
	} else {
		h.room.Join(id, time.Now())
	}
	h.mu.Unlock()
	var sending sync.WaitGroup
	sending.Go(func() {
		for x := range s.queue {
			switch x := x.(type) {
			case []byte:
				conn.Write(context.Background(), websocket.MessageBinary, x)
			case flow.Ending:
				conn.Close(websocket.StatusCode(x.Code), x.Reason)
			}
		}
	})
	for {
		kind, message, err := conn.Read(context.Background())
		h.mu.Lock()
		if err != nil {
			h.room.Leave(id, time.Now())
			delete(h.sockets, id)
			h.mu.Unlock()
			break
		}
		h.room.Message(id, time.Now(), kind == websocket.MessageBinary, message)
		h.mu.Unlock()
		if presents {
			presents = false
			h.comes <- id
		}
	}
	close(s.queue)
	sending.Wait()
}

// viewer connects a viewer.
func (h *host) viewer(ctx context.Context, t *testing.T) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(ctx, h.URL+"/room/a-room/stream", &websocket.DialOptions{Subprotocols: []string{event.Protocol}})
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(event.MaxMessage)
	t.Cleanup(func() { conn.CloseNow() })
	return conn
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
