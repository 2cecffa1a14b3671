//go:build edge

package edge_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"slotrace/engine/event"
	"slotrace/server/edge/edgetest"
	"slotrace/server/live"
	"slotrace/server/relay"
	"slotrace/server/run"
	"slotrace/server/watch"
)

// watcher is a viewer of a room, which connects again as a page does.
type watcher struct {
	address string
	conn    *websocket.Conn
	watch.Picture
	told  []string // notices, as they changed
	times int      // it has connected
}

// follow takes in what comes until until says so.
func (w *watcher) follow(ctx context.Context, until func() bool) error {
	for !until() {
		if w.conn == nil {
			conn, _, err := websocket.Dial(ctx, w.address, &websocket.DialOptions{Subprotocols: []string{event.Protocol}})
			if err != nil {
				return err
			}
			conn.SetReadLimit(event.MaxMessage)
			w.conn, w.Picture = conn, watch.Picture{}
			w.times++
			continue
		}
		_, m, err := w.conn.Read(ctx)
		if websocket.CloseStatus(err) == 1012 {
			w.conn = nil
			continue
		}
		if err != nil {
			return err
		}
		before := w.Notice
		if err := w.See(m); err != nil {
			return err
		}
		if w.Notice != before {
			w.told = append(w.told, w.Notice)
		}
		if w.Sequence > 0 {
			if err := w.conn.Write(ctx, websocket.MessageBinary, event.AppendAck(nil, w.Sequence)); err != nil {
				return err
			}
		}
	}
	return nil
}

// line is a network to the edge that can be cut.
type line struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func newLine(t *testing.T, to string) *line {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{Listener: listener}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				t.Error(err)
				near.Close()
				return
			}
			l.mu.Lock()
			l.conns = append(l.conns, near, far)
			l.mu.Unlock()
			for _, ends := range [][2]net.Conn{{near, far}, {far, near}} {
				all.Go(func() {
					io.Copy(ends[0], ends[1])
					ends[0].Close()
				})
			}
		}
	})
	t.Cleanup(func() {
		listener.Close()
		l.cut()
		all.Wait()
	})
	return l
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		c.Close()
	}
	l.conns = nil
}

// presents is a native server's run and what relays it, over a line. It returns when the room
// has the presenter.
func presents(t *testing.T, origin, name string) (*live.Live, *line) {
	t.Helper()
	runs, err := live.New(live.Options{Dir: t.TempDir(), Server: "slotrace of a test"})
	if err != nil {
		t.Fatal(err)
	}
	l := newLine(t, strings.TrimPrefix(origin, "http://"))
	room, err := relay.ParseRoom("http://" + l.Addr().String() + "/room/" + name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	transport := &http.Transport{}
	log := &logged{to: t.Output(), presenting: make(chan struct{})}
	go func() {
		ended <- relay.New(runs.Board(), relay.Options{
			Room: room, Token: edgetest.Token, Log: slog.New(slog.NewTextHandler(log, nil)), Client: &http.Client{Transport: transport},
		}).Run(ctx)
	}()
	t.Cleanup(func() {
		if err := runs.Close(); err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		transport.CloseIdleConnections()
	})
	select {
	case <-log.presenting:
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	return runs, l
}

// logged is a log, and when it says first that somebody presents.
type logged struct {
	to         io.Writer
	once       sync.Once
	presenting chan struct{}
}

func (l *logged) Write(b []byte) (int, error) {
	if strings.Contains(string(b), "msg=presenting") {
		l.once.Do(func() { close(l.presenting) })
	}
	return l.to.Write(b)
}

func own(t *testing.T, runs *live.Live) *watch.Picture {
	t.Helper()
	p := &watch.Picture{}
	for _, m := range append([][]byte{runs.Board().Hello(false)}, runs.Board().Whole(64<<10)...) {
		if err := p.See(m); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// A native run, on a mapped store, goes through a room to fifty viewers. The presenter's
// connection is cut twice, once while every step is shown and once at real speed, and what is
// exact is exact for everybody in the end: for those who were there from the beginning, and
// for those who came in the middle.
func TestARoomCarriesALiveRunToFiftyViewers(t *testing.T) {
	origin := edgetest.Serve(t, root)
	runs, line := presents(t, origin, "fifty")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()

	const viewers, late = 50, 10
	var want atomic.Pointer[watch.Picture] // what is to be seen in the end
	all := make([]*watcher, viewers)
	var watching sync.WaitGroup
	differs := func(w *watcher) string {
		p := want.Load()
		if p == nil {
			return "the run goes on"
		}
		return w.Differs(p)
	}
	join := func(i int) {
		w := &watcher{address: origin + "/room/fifty/stream"}
		all[i] = w
		watching.Go(func() {
			if err := w.follow(ctx, func() bool { return differs(w) == "" }); err != nil {
				t.Errorf("viewer %d: %v; %s", i, err, differs(w))
			}
		})
	}
	for i := range viewers - late {
		join(i)
	}
	first := &watcher{address: origin + "/room/fifty/stream"}
	wait := func(what string, until func() bool) {
		t.Helper()
		if err := first.follow(ctx, until); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	side := &first.Sides[0]
	config := run.Config{Allocator: "check-then-act", Writers: 8, Slots: 20_000, Embedding: 8, PaceUS: 3000}
	status, err := runs.Start(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	wait("steps come", func() bool { return side.Records > 500 })
	line.cut()
	wait("the presenter is away", func() bool { return strings.Contains(first.Notice, "away") })
	for i := viewers - late; i < viewers; i++ {
		join(i)
	}
	seen := side.Records
	wait("it is back, and more steps come", func() bool { return first.Notice == "" && side.Records > seen+500 })
	fast := 0
	if _, err := runs.Change(ctx, status.ID, run.Change{PaceUS: &fast}); err != nil {
		t.Fatal(err)
	}
	stored := side.Totals.Stored
	wait("it is fast", func() bool { return side.Totals.Stored > stored+100_000 })
	line.cut()
	wait("the presenter is away again", func() bool { return strings.Contains(first.Notice, "away") })
	stored = side.Totals.Stored
	wait("it is back again", func() bool { return first.Notice == "" && side.Totals.Stored > stored+100_000 })
	if status, err = runs.Stop(ctx, status.ID); err != nil {
		t.Fatal(err)
	}
	p := own(t, runs)
	want.Store(p)
	runs.Board().Notice("that was it") // a frame more, by which everybody looks
	watching.Wait()

	s, told := &p.Sides[0], status.Sides[0]
	if s.Totals.Stored != told.Stored || s.Totals.Collisions != told.Collisions || s.Totals.Lost != told.Lost {
		t.Errorf("the board says %+v, the run %+v", s.Totals, told)
	}
	if told.Collisions == 0 || s.Records == 0 {
		t.Errorf("too little happened: %+v, %d steps", told, s.Records)
	}
	for i, w := range all {
		if i < viewers-late && (w.times > 1 || !strings.Contains(strings.Join(w.told, "|"), "away")) {
			t.Errorf("viewer %d connected %d times and was told %q", i, w.times, w.told)
		}
	}
	t.Logf("%d stored, %d collisions, %d lost, %d steps and %d left out", told.Stored, told.Collisions, told.Lost, s.Records, s.LeftOut)
}

// A room at rest goes from memory, and its sockets stay: when something happens it goes on as
// if it had not been away, for the presenter as for those who watch.
func TestARoomHibernates(t *testing.T) {
	said := make(chan string, 1000)
	origin := edgetest.ServeAnd(t, root, func(line string) { said <- line })
	runs, _ := presents(t, origin, "winter")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	first := &watcher{address: origin + "/room/winter/stream"} // not at the same time as the presenter: workerd issue 6862
	status, err := runs.Start(ctx, run.Config{Allocator: "check-then-act", Writers: 8, Slots: 20_000, Embedding: 8, PaceUS: 300_000, Paused: true})
	if err != nil {
		t.Fatal(err)
	}
	step := func() {
		t.Helper()
		one := 1
		if _, err := runs.Change(ctx, status.ID, run.Change{Step: &one}); err != nil {
			t.Fatal(err)
		}
	}
	step()
	type news struct {
		records int
		differs string
		notice  string
	}
	messages := make(chan news) // what first makes of each
	ended := make(chan error, 1)
	go func() {
		ended <- first.follow(ctx, func() bool {
			select {
			case messages <- news{first.Sides[0].Records, first.Differs(own(t, runs)), first.Notice}:
				return false
			case <-ctx.Done():
				return true
			}
		})
	}()
	// Nothing tells that it has gone: the platform waits some ten seconds, and asking would wake it.
	seen, woken := 0, false
	for rest := 13 * time.Second; !woken && rest < 40*time.Second; rest += 8 * time.Second {
		for end := time.After(rest); end != nil; {
			select {
			case n := <-messages:
				seen = n.records
			case err := <-ended:
				t.Fatal(err)
			case <-end:
				end = nil
			}
		}
		step()
		for more := false; !more; {
			select {
			case n := <-messages:
				more = n.records > seen
			case err := <-ended:
				t.Fatal(err)
			}
		}
		for len(said) > 0 {
			if strings.Contains(<-said, "a room wakes with 2 sockets, 0 of which it has to close") {
				woken = true
			}
		}
	}
	if !woken {
		t.Fatal("the room has never left memory")
	}
	late := &watcher{address: origin + "/room/winter/stream"}
	if err := late.follow(ctx, func() bool { return late.Differs(own(t, runs)) == "" }); err != nil {
		t.Fatalf("%v: %s", err, late.Differs(own(t, runs)))
	}
	const farewell = "that was it"
	runs.Board().Notice(farewell) // with the frame that says so everything else has come
	for last := (news{}); last.notice != farewell; {
		select {
		case last = <-messages:
			if last.notice == farewell && last.differs != "" {
				t.Error(last.differs)
			}
		case err := <-ended:
			t.Fatal(err)
		}
	}
	cancel()
	<-ended
	if first.times > 1 {
		t.Errorf("it connected %d times", first.times)
	}
}

// Nobody is let in who is not to be.
func TestWhoMayComeIntoARoom(t *testing.T) {
	origin := edgetest.Serve(t, root)
	bearer := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
	for _, c := range []struct {
		path     string
		header   http.Header
		protocol string
		want     int
	}{
		{"/room/a/stream", nil, event.Protocol, 101},
		{"/room/a/stream", http.Header{"Origin": {origin}}, event.Protocol, 101},
		{"/room/a/stream", http.Header{"Origin": {"https://elsewhere.example"}}, event.Protocol, 403},
		{"/room/a/stream", nil, "slotrace.v2", 400},
		{"/room/A/stream", nil, event.Protocol, 404},
		{"/room/a%2fb/stream", nil, event.Protocol, 404},
		{"/room/" + strings.Repeat("a", 65) + "/stream", nil, event.Protocol, 404},
		{"/room/" + strings.Repeat("a", 64) + "/stream", nil, event.Protocol, 101},
		{"/room/a/other", nil, event.Protocol, 404},
		{"/room/a/present", nil, event.Protocol, 401},
		{"/room/a/present", bearer("guess"), event.Protocol, 401},
		{"/room/a/present", bearer(edgetest.Token + "x"), event.Protocol, 401},
		{"/room/a/present", bearer(edgetest.Token), event.Protocol, 101},
		{"/room/a/present?token=" + edgetest.Token, nil, event.Protocol, 401},
	} {
		conn, answer, err := websocket.Dial(t.Context(), origin+c.path, &websocket.DialOptions{HTTPHeader: c.header, Subprotocols: []string{c.protocol}})
		if answer == nil {
			t.Fatal(err)
		}
		if answer.StatusCode != c.want {
			t.Errorf("%s %v: %d, want %d", c.path, c.header, answer.StatusCode, c.want)
		}
		if err == nil {
			conn.CloseNow()
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for path, want := range map[string]int{"/room/a": 302, "/room/a/stream": 426, "/room/a/present": 426, "/room/": 404, "/room/a/": 404} {
		answer, err := client.Get(origin + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want || want == 302 && answer.Header.Get("Location") != "/?room=a" {
			t.Errorf("%s: %d, %q", path, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
}

// What does not parse ends its connection with the code of WIRE.md, on the wire, too.
func TestARoomClosesWithTheCodesOfThePage(t *testing.T) {
	origin := edgetest.Serve(t, root)
	presented := event.AppendPresent(nil, event.Session{1}, event.AppendHello(nil, &event.Hello{}))
	dial := func(path string) *websocket.Conn {
		conn, _, err := websocket.Dial(t.Context(), origin+"/room/codes/"+path, &websocket.DialOptions{
			HTTPHeader: http.Header{"Authorization": {"Bearer " + edgetest.Token}}, Subprotocols: []string{event.Protocol},
		})
		if err != nil {
			t.Fatal(err)
		}
		conn.SetReadLimit(event.MaxMessage)
		t.Cleanup(func() { conn.CloseNow() })
		return conn
	}
	for _, c := range []struct {
		path string
		kind websocket.MessageType
		send [][]byte
		want websocket.StatusCode
	}{
		{"stream", websocket.MessageBinary, [][]byte{event.AppendAck(nil, 99)}, 1002},
		{"stream", websocket.MessageText, [][]byte{[]byte("hello")}, 1003},
		{"stream", websocket.MessageBinary, [][]byte{make([]byte, 70_000)}, 1009},
		{"stream", websocket.MessageBinary, [][]byte{{2, 3, 1, 0, 0, 0}}, event.CloseVersion},
		{"present", websocket.MessageBinary, [][]byte{{1, 4, 0}}, 1002},
		{"present", websocket.MessageText, [][]byte{[]byte("hello")}, 1003},
		{"present", websocket.MessageBinary, [][]byte{presented, event.AppendFrame(nil, 2)}, 1002},
		{"present", websocket.MessageBinary, [][]byte{presented, make([]byte, event.MaxMessage+1)}, 1009},
	} {
		conn := dial(c.path)
		for _, m := range c.send {
			if err := conn.Write(t.Context(), c.kind, m); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		for err == nil {
			_, _, err = conn.Read(t.Context())
		}
		if websocket.CloseStatus(err) != c.want {
			t.Errorf("%s, %.20q: %v, want %d", c.path, c.send, err, c.want)
		}
	}
	first, second := dial("present"), dial("present")
	for i, conn := range []*websocket.Conn{first, second} {
		if err := conn.Write(t.Context(), websocket.MessageBinary, event.AppendPresent(nil, event.Session{byte(i + 2)}, event.AppendHello(nil, &event.Hello{}))); err != nil {
			t.Fatal(err)
		}
		if _, m, err := conn.Read(t.Context()); err != nil || string(m) != string(event.AppendAck(nil, 0)) {
			t.Fatalf("% x, %v", m, err)
		}
	}
	if _, _, err := first.Read(t.Context()); websocket.CloseStatus(err) != event.CloseReplaced {
		t.Errorf("who was replaced: %v", err)
	}
	if err := second.Close(websocket.StatusNormalClosure, ""); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Errorf("a handshake to close: %v", err)
	}
}
