package relay

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"slotrace/engine/event"
	"slotrace/engine/fold"
	"slotrace/server/watch"
)

var greeting = event.Hello{Server: "slotrace of a test", Allocators: []event.Allocator{{Name: "check-then-act"}}}

func started() *fold.Board {
	b := fold.NewBoard(greeting, event.State{Writers: 1, Sides: 1})
	b.Begin(event.State{Run: 1, State: event.Running, Writers: 8, Sides: 1, Slots: 5000, Allocators: [2]uint8{0, event.NoAllocator}})
	return b
}

// running is a relay that runs.
type running struct {
	log  *lines
	stop context.CancelFunc
	done chan error
}

func run(t *testing.T, board *fold.Board, address, token string) *running {
	t.Helper()
	room, err := ParseRoom(address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{log: &lines{}, stop: cancel, done: make(chan error, 1)}
	transport := &http.Transport{}
	relay := New(board, Options{Room: room, Token: token, Log: slog.New(slog.NewTextHandler(r.log, nil)), Client: &http.Client{Transport: transport}})
	go func() { r.done <- relay.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		transport.CloseIdleConnections()
	})
	return r
}

func (r *running) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(time.Minute):
		t.Fatalf("the relay does not end\n%s", r.log)
		return nil
	}
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func own(t *testing.T, board *fold.Board) *watch.Picture {
	t.Helper()
	p := &watch.Picture{}
	for _, m := range append([][]byte{board.Hello(false)}, board.Whole(64<<10)...) {
		if err := p.See(m); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// follow takes in what a viewer gets until until says so.
func follow(ctx context.Context, conn *websocket.Conn, p *watch.Picture, until func() bool) error {
	for !until() {
		_, m, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		if err := p.See(m); err != nil {
			return err
		}
		if p.Sequence > 0 {
			if err := conn.Write(ctx, websocket.MessageBinary, event.AppendAck(nil, p.Sequence)); err != nil {
				return err
			}
		}
	}
	return nil
}

// The presenter's connection breaks again and again: it comes back into the same room,
// and in the end everybody has the picture, every step once or counted.
func TestAPresenterThatDropsComesBack(t *testing.T) {
	h := newHost(t)
	board := started()
	r := run(t, board, h.URL+"/room/a-room", secret)
	presenter := <-h.comes
	ctx := bounded(t)
	const viewers, last = 5, 900
	var pictures [viewers]watch.Picture
	var watching sync.WaitGroup
	for i := range pictures {
		p := &pictures[i]
		conn := h.viewer(ctx, t)
		watching.Go(func() {
			if err := follow(ctx, conn, p, func() bool { return p.Sides[0].Totals.Stored == last }); err != nil {
				t.Error(err)
			}
		})
	}
	through := h.viewer(ctx, t)
	var heard watch.Picture
	number := uint32(0)
	for i := uint64(1); i <= last; i++ {
		records := make([]event.Record, 5)
		for k := range records {
			records[k] = event.Record{At: int64(i)*1e6 + int64(k), Number: number}
			number++
		}
		board.Steps(0, 1, records)
		board.Cells(0, 1, i == last, 0, 5000, func(k int) byte { return byte(min(uint64(k), i) % 0x7f) })
		if i == last {
			board.Evidence(0, 1, []event.Loss{{Number: 1, ID: "w1-m1"}})
		}
		board.Totals(event.Totals{Clock: int64(i), Lap: 1, Stored: i, Unread: i, Collisions: 3 * i})
		switch i % 300 {
		case 100, 200: // something has come through by then, and something is under way
			if err := follow(ctx, through, &heard, func() bool { return heard.Sides[0].Totals.Stored >= i-50 }); err != nil {
				t.Fatal(err)
			}
		case 150:
			h.drop(presenter)
			presenter = <-h.comes
		}
	}
	watching.Wait()
	want := own(t, board)
	for i := range pictures {
		if diff := pictures[i].Differs(want); diff != "" {
			t.Errorf("viewer %d: %s", i, diff)
		}
	}

	// The end is told: what is new goes out before the connection closes.
	var late watch.Picture
	conn := h.viewer(ctx, t)
	if err := follow(ctx, conn, &late, func() bool { return late.Sides[0].Totals.Stored == last }); err != nil {
		t.Fatal(err)
	}
	board.Totals(event.Totals{Clock: last + 1, Lap: 1, Stored: last + 1, Unread: last + 1})
	r.stop()
	if err := r.end(t); err != nil {
		t.Error(err)
	}
	if err := follow(ctx, conn, &late, func() bool { return strings.Contains(late.Notice, "away") }); err != nil {
		t.Fatal(err)
	}
	if late.Sides[0].Totals.Stored != last+1 {
		t.Errorf("the last that was heard is %d stored, not %d", late.Sides[0].Totals.Stored, last+1)
	}
	if board.Watching() != 0 {
		t.Errorf("%d still watch the board", board.Watching())
	}
	if strings.Contains(r.log.String(), secret) {
		t.Error("the token is in the log")
	}
}

// Where another try would only fail again, there is none, and one says what would do.
func TestWhatIsHopelessIsNotTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		path, token string
		refuse      func(w http.ResponseWriter, r *http.Request) bool
		want        string
	}{
		"wrong token": {path: "/room/a-room", token: "guess", want: "does not take this token; the PRESENTER_TOKEN of its deployment would do"},
		"no room":     {path: "/room/elsewhere", token: secret, want: "there is no room at http"},
		"moved": {path: "/room/a-room", token: secret, want: `points elsewhere, to "/sign-in"`, refuse: func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "/sign-in", http.StatusFound)
			return true
		}},
		"no websocket": {path: "/room/a-room", token: secret, want: `answers 200 "hello"; a room of slotrace.v1 would do`, refuse: func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprintln(w, "hello")
			return true
		}},
		"another subprotocol": {path: "/room/a-room", token: secret, want: "is a websocket, but none of slotrace.v1", refuse: func(w http.ResponseWriter, r *http.Request) bool {
			if conn, err := websocket.Accept(w, r, nil); err == nil {
				conn.Read(r.Context())
				conn.CloseNow()
			}
			return true
		}},
		"another version": {path: "/room/a-room", token: secret, want: "speaks another version than slotrace.v1", refuse: says(event.CloseVersion)},
		"its answer is of another version": {path: "/room/a-room", token: secret, want: "speaks another version than slotrace.v1", refuse: func(w http.ResponseWriter, r *http.Request) bool {
			if conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{event.Protocol}}); err == nil {
				conn.Write(r.Context(), websocket.MessageBinary, []byte{2, 9})
				conn.Read(r.Context())
				conn.CloseNow()
			}
			return true
		}},
		"replaced": {path: "/room/a-room", token: secret, want: "another slotrace presents in http", refuse: says(event.CloseReplaced)},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.refuse = c.refuse
			r := run(t, started(), h.URL+c.path, c.token)
			err := r.end(t)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v\nwant … %s …", err, c.want)
			}
		})
	}
}

// says accepts and closes.
func says(code websocket.StatusCode) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{event.Protocol}})
		if err == nil {
			conn.Close(code, "as said")
		}
		return true
	}
}

// What may pass is tried until it has, and said once.
func TestWhatMayPassIsTriedAgain(t *testing.T) {
	h := newHost(t)
	var mu sync.Mutex
	tries := 0
	h.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		tries++
		switch tries {
		case 1, 2:
			http.Error(w, "starting", http.StatusServiceUnavailable)
		case 3:
			mu.Unlock()
			defer mu.Lock()
			return says(1012)(w, r)
		default:
			return false
		}
		return true
	}
	r := run(t, started(), h.URL+"/room/a-room", secret)
	<-h.comes
	r.stop()
	if err := r.end(t); err != nil {
		t.Error(err)
	}
	if n := strings.Count(r.log.String(), "503"); n != 1 {
		t.Errorf("the same is said %d times\n%s", n, r.log)
	}
	if !strings.Contains(r.log.String(), "1012") {
		t.Errorf("what followed is not said\n%s", r.log)
	}
}

// A room that was put back to an earlier place has a frame that is not known any more: then
// all begins anew.
func TestAFrameThatIsNotKnownBeginsAnew(t *testing.T) {
	h := newHost(t)
	sessions := make(chan event.Session, 2)
	h.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if len(sessions) > 0 {
			return false
		}
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{event.Protocol}})
		if err != nil {
			return true
		}
		defer conn.CloseNow()
		conn.SetReadLimit(event.MaxMessage)
		_, m, err := conn.Read(r.Context())
		if err != nil {
			return true
		}
		session, _, err := event.ParsePresent(m)
		if err != nil {
			t.Error(err)
		}
		sessions <- session
		conn.Write(r.Context(), websocket.MessageBinary, event.AppendAck(nil, 7))
		conn.Read(r.Context())
		return true
	}
	room, err := ParseRoom(h.URL + "/room/a-room")
	if err != nil {
		t.Fatal(err)
	}
	said := &lines{}
	r := New(started(), Options{Room: room, Token: secret, Log: slog.New(slog.NewTextHandler(said, nil))})
	ctx, cancel := context.WithCancel(bounded(t))
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	<-h.comes
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if first := <-sessions; first == r.session {
		t.Error("it came back with the same session")
	}
	if !strings.Contains(said.String(), "frame 7") {
		t.Error(said)
	}
}

func TestAnUnknownHostIsSaid(t *testing.T) {
	board := started()
	room, err := ParseRoom("https://no-such-host.invalid/room/a")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	said := &lines{}
	r := New(board, Options{Room: room, Token: "t", Log: slog.New(slog.NewTextHandler(said, nil))})
	_, err = r.connect(ctx)
	cancel()
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Fatalf("%v", err)
	}
	if r.Run(ctx) != nil {
		t.Error("the end is no error")
	}
}

func TestAddressesOfRooms(t *testing.T) {
	for s, want := range map[string]string{
		"https://slots.example/room/monday-9": "https://slots.example/room/monday-9/present",
		"http://127.0.0.1:8787/room/a":        "http://127.0.0.1:8787/room/a/present",
		"http://[::1]:8787/room/a":            "http://[::1]:8787/room/a/present",
		"http://localhost/room/a":             "http://localhost/room/a/present",
	} {
		r, err := ParseRoom(s)
		if err != nil || r.present() != want || r.String() != s {
			t.Errorf("%s: %q %q, %v", s, r, r.present(), err)
		}
	}
	for s, want := range map[string]string{
		"":                                "no address",
		"slots.example/room/a":            "no address",
		"https:///room/a":                 "no address",
		"https://slots.example":           "names no room",
		"https://slots.example/room/":     "names no room",
		"https://slots.example/room/A":    "names no room",
		"https://slots.example/room/a/b":  "names no room",
		"https://slots.example/room/a%2f": "names no room",
		"https://slots.example/room/" + strings.Repeat("a", 65): "names no room",
		"https://slots.example/room/a?token=t":                  "behind the room's name",
		"https://slots.example/room/a#b":                        "behind the room's name",
		"https://me:t@slots.example/room/a":                     "no user",
		"http://slots.example/room/a":                           "https://slots.example/room/a would do",
		"ftp://slots.example/room/a":                            "not of https",
		"https://%zz/room/a":                                    "no address",
	} {
		if _, err := ParseRoom(s); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want … %s …", s, err, want)
		}
	}
	for _, s := range []string{"", "a b", "a\n", "ä", strings.Repeat("a", 257)} {
		if ParseToken(s) == nil {
			t.Errorf("token %q", s)
		}
	}
	if err := ParseToken("aA0-_.~!"); err != nil {
		t.Error(err)
	}
}
