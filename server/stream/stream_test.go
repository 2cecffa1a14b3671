package stream_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"slotrace/engine/event"
	"slotrace/engine/fold"
)

func TestHandshakesThatAreRefused(t *testing.T) {
	s := loopback(t, newBoard(), 0)
	for _, c := range []struct {
		name   string
		header map[string]string
		host   string
		code   int
		says   string
	}{
		{"no subprotocol", map[string]string{"Sec-WebSocket-Protocol": ""}, "", 400, "slotrace.v1"},
		{"another subprotocol", map[string]string{"Sec-WebSocket-Protocol": "slotrace.v2, chat"}, "", 400, "slotrace.v1"},
		{"a foreign origin", map[string]string{"Origin": "http://evil.example"}, "", 403, "http://evil.example"},
		{"a foreign host", nil, "evil.example", 403, "evil.example"},
		{"no websocket", map[string]string{"Upgrade": ""}, "", 426, "Upgrade"},
		{"an old version", map[string]string{"Sec-WebSocket-Version": "8"}, "", 400, "13"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+s.address+"/api/stream", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = c.host
			for name, value := range map[string]string{
				"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
				"Sec-WebSocket-Protocol": "slotrace.v1", "Origin": "http://" + s.address,
			} {
				if v, ok := c.header[name]; ok {
					value = v
				}
				r.Header.Set(name, value)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if answer.StatusCode != c.code || err != nil || !strings.Contains(string(body), c.says) {
				t.Errorf("%s %q, %v; want %d and %q", answer.Status, body, err, c.code, c.says)
			}
		})
	}
	if f, p := s.figure(t, `refused_total{why="foreign"}`), s.figure(t, `refused_total{why="protocol"}`); f != 2 || p != 4 {
		t.Errorf("%v foreign and %v protocol refusals were counted", f, p)
	}
}

// wantClose reads until the connection ends, which must be with the code and say why.
func wantClose(t *testing.T, c *client, code websocket.StatusCode, says string) {
	t.Helper()
	ctx := bounded(t)
	for {
		err := c.next(ctx)
		if err == nil {
			continue
		}
		var closed websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != code || !strings.Contains(closed.Reason, says) {
			t.Errorf("ended with %v, want %d and %q", err, code, says)
		}
		return
	}
}

func TestWhatEndsAConnection(t *testing.T) {
	binaryMessage := func(b ...byte) func(t *testing.T, c *client) error {
		return func(t *testing.T, c *client) error { return c.conn.Write(t.Context(), websocket.MessageBinary, b) }
	}
	ack := func(numbers ...uint32) func(t *testing.T, c *client) error {
		return func(t *testing.T, c *client) error {
			var err error
			for _, n := range numbers {
				err = errors.Join(err, c.send(t.Context(), n))
			}
			return err
		}
	}
	for _, c := range []struct {
		name string
		send func(t *testing.T, c *client) error
		code websocket.StatusCode
		says string
	}{
		{"text", func(t *testing.T, c *client) error {
			return c.conn.Write(t.Context(), websocket.MessageText, []byte{1, 3, 1, 0, 0, 0})
		}, 1003, "text"},
		{"a long text", func(t *testing.T, c *client) error {
			return c.conn.Write(t.Context(), websocket.MessageText, make([]byte, 100))
		}, 1003, "text"},
		{"65 bytes", binaryMessage(make([]byte, 65)...), 1009, "over 64 bytes"},
		{"20,000 bytes", binaryMessage(make([]byte, 20_000)...), 1009, "over 64 bytes"},
		{"in fragments", func(t *testing.T, c *client) error {
			w, err := c.conn.Writer(t.Context(), websocket.MessageBinary)
			for range 10 {
				if err == nil {
					_, err = w.Write(make([]byte, 10))
				}
			}
			return errors.Join(err, w.Close())
		}, 1009, "over 64 bytes"},
		{"64 bytes", binaryMessage(append([]byte{1, 3}, make([]byte, 62)...)...), 1002, "64 bytes where 6 were due"},
		{"nothing", binaryMessage(), 1002, "acknowledgement"},
		{"a frame", binaryMessage(1, 2, 1, 0, 0, 0), 1002, "kind 2"},
		{"too short", binaryMessage(1, 3, 1, 0, 0), 1002, "5 bytes where 6 were due"},
		{"of a frame to come", ack(9), 1002, "sequence number 9"},
		{"of no frame", ack(0), 1002, "sequence number 0"},
		{"twice", ack(1, 1), 1002, "1 was acknowledged before"},
		{"backwards", ack(1, 0), 1002, "sequence number 0"},
		{"the next version", binaryMessage(2, 3, 1, 0, 0, 0), 4001, "version 2"},
		{"a byte of the next version", binaryMessage(2), 4001, "version 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := loopback(t, newBoard(), 0)
			v := s.greeted(t)
			if err := c.send(t, v); err != nil {
				t.Fatal(err)
			}
			wantClose(t, v, c.code, c.says)
		})
	}
}

func TestClosesAreCountedByCode(t *testing.T) {
	board := newBoard()
	s := loopback(t, board, 0)
	watching := s.greeted(t)
	if err := s.greeted(t).conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	if err := s.greeted(t).conn.Close(3456, "whatever"); err != nil {
		t.Error(err)
	}
	v := s.greeted(t)
	if err := v.send(t.Context(), 99); err != nil {
		t.Error(err)
	}
	wantClose(t, v, 1002, "")
	broken := s.greeted(t)
	board.Notice("two are watching")
	if err := watching.follow(bounded(t), func() bool { return len(watching.notices) == 1 }); err != nil {
		t.Fatal(err)
	}
	broken.conn.CloseNow()
	if err := watching.follow(bounded(t), func() bool { return watching.state.watching == 1 }); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(bounded(t)) }()
	wantClose(t, watching, websocket.StatusGoingAway, "")
	if err := <-stopped; err != nil { // all handlers have returned
		t.Error(err)
	}
	for _, code := range []string{"1000", "1001", "1002", "1006", "other"} {
		if n := s.figure(t, `closed_total{code="`+code+`"}`); n != 1 {
			t.Errorf("%s was counted %v times, want once", code, n)
		}
	}
	if n := s.figure(t, "viewers"); n != 0 {
		t.Errorf("%v viewers are left", n)
	}
	if n := s.figure(t, "frames_total"); n < 4 {
		t.Errorf("%v frames were counted", n)
	}
}

func TestTooManyViewers(t *testing.T) {
	board := newBoard()
	s := loopback(t, board, 2)
	a, b := s.greeted(t), s.greeted(t)
	wantClose(t, s.dial(t), websocket.StatusTryAgainLater, "there are 2 viewers already")
	if n := s.figure(t, `refused_total{why="full"}`); n != 1 {
		t.Errorf("%v were refused", n)
	}
	if err := a.conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	// The place is free once the others see one viewer fewer.
	if err := b.follow(bounded(t), func() bool { return b.state.watching == 1 }); err != nil {
		t.Fatal(err)
	}
	for {
		c := s.dial(t)
		err := c.next(bounded(t))
		if err == nil {
			return
		}
		if websocket.CloseStatus(err) != websocket.StatusTryAgainLater { // the handler is on its last line
			t.Fatal(err)
		}
	}
}

func TestStoppingTellsAndCloses(t *testing.T) {
	board := newBoard()
	s := loopback(t, board, 0)
	v := s.greeted(t)
	board.Notice("the server is about to stop")
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(bounded(t)) }()
	wantClose(t, v, websocket.StatusGoingAway, "the server is stopping")
	if len(v.notices) != 1 || v.notices[0] != "the server is about to stop" {
		t.Errorf("notices: %q", v.notices)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if _, answer, err := websocket.Dial(t.Context(), s.url, &websocket.DialOptions{Subprotocols: []string{"slotrace.v1"}}); err == nil || answer.StatusCode != 503 {
		t.Errorf("after the stop: %v, %v", answer, err)
	}
	if board.Watching() != 0 {
		t.Errorf("%d viewers are left on the board", board.Watching())
	}
}

// churn changes all cells every 50 ms until ctx is done.
func churn(ctx context.Context, board *fold.Board, slots uint32) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for n := byte(0); ; n++ {
		board.Cells(0, 1, false, 0, int(slots), func(int) byte { return n%64 + 1 })
		board.Totals(event.Totals{Lap: 1, Clock: int64(n)})
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// bubble runs a test in a bubble, with a board that changes all the time.
func bubble(t *testing.T, slots uint32, f func(t *testing.T, s *serving)) {
	synctest.Test(t, func(t *testing.T) {
		board := started(slots)
		ctx, cancel := context.WithCancel(t.Context())
		var churning sync.WaitGroup
		churning.Go(func() { churn(ctx, board, slots) })
		defer churning.Wait()
		defer cancel()
		f(t, inMemory(t, board, 0))
	})
}

func TestNoSecondHasMoreThanItsMessagesAndBytes(t *testing.T) {
	bubble(t, 100_000, func(t *testing.T, s *serving) {
		type message struct {
			at    time.Time
			bytes int
		}
		var got []message
		total := 0
		c := s.dial(t)
		began := time.Now()
		for time.Since(began) < 4*time.Second {
			if err := c.next(t.Context()); err != nil {
				t.Fatal(err)
			}
			if c.frame > 0 {
				if err := c.acknowledge(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			got = append(got, message{time.Now(), c.bytes})
			total += c.bytes
			messages, bytes := 0, 0
			for i := len(got) - 1; i >= 0 && got[len(got)-1].at.Sub(got[i].at) <= time.Second; i-- {
				messages++
				bytes += got[i].bytes
			}
			if messages > 60 || bytes > 256<<10 || c.bytes > 128<<10 {
				t.Fatalf("%d messages and %d bytes in a second, the last of %d", messages, bytes, c.bytes)
			}
		}
		if total < 4*(180<<10) {
			t.Errorf("only %d bytes came in 4 s", total)
		}
		if len(got) < 4*29 {
			t.Errorf("only %d messages came in 4 s", len(got))
		}
	})
}

func TestFourFramesAreOnTheWayAtTheMost(t *testing.T) {
	bubble(t, 1000, func(t *testing.T, s *serving) {
		c := s.greeted(t)
		for range 3 {
			if err := c.next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		quiet := func() {
			t.Helper()
			before := s.figure(t, "frames_total")
			time.Sleep(2 * time.Second) // the bubble's
			if n := s.figure(t, "frames_total"); n != before {
				t.Errorf("%v frames came without an acknowledgement", n-before)
			}
		}
		quiet()
		if n := s.figure(t, "held_back_total"); n < 55 {
			t.Errorf("%v ticks were counted as held back in 2 s", n)
		}
		if err := c.send(t.Context(), 3); err != nil { // frames 1 to 3 are dealt with
			t.Fatal(err)
		}
		for range 3 {
			if err := c.next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		quiet()
		if c.frame != 7 {
			t.Errorf("frame %d came last, want 7", c.frame)
		}
	})
}

func TestAViewerThatAcknowledgesNothingIsClosed(t *testing.T) {
	bubble(t, 1000, func(t *testing.T, s *serving) {
		c := s.greeted(t)
		began := time.Now()
		wantClose(t, c, websocket.StatusPolicyViolation, "nothing was acknowledged for 30 s")
		if d := time.Since(began); d < 30*time.Second || d > 31*time.Second {
			t.Errorf("it was closed after %v", d)
		}
	})
}

// Whoever has acknowledged all is owed nothing, for however long.
func TestAViewerOfAStillBoardStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := newBoard()
		s := inMemory(t, board, 0)
		c := s.greeted(t)
		if err := c.acknowledge(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // the bubble's
		board.Notice("still there?")
		if err := c.next(t.Context()); err != nil || len(c.notices) != 1 {
			t.Errorf("%q, %v", c.notices, err)
		}
	})
}

// One viewer takes nothing from its connection, not even the hello, and one reads but
// acknowledges nothing. A third gets its frames at every tick nevertheless, and after
// 30 s it is the only one left.
func TestASlowViewerSlowsNobody(t *testing.T) {
	bubble(t, 100_000, func(t *testing.T, s *serving) {
		s.shakeHands(t)
		silent := s.greeted(t)
		fast := s.dial(t)
		if err := fast.next(t.Context()); err != nil { // hello
			t.Fatal(err)
		}
		last := time.Now()
		began := last
		for {
			if err := fast.next(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := fast.acknowledge(t.Context()); err != nil {
				t.Fatal(err)
			}
			if gap := time.Since(last); gap > 70*time.Millisecond {
				t.Fatalf("a frame came %v after the one before", gap)
			}
			last = time.Now()
			if fast.frame == 20 && fast.state.watching != 3 {
				t.Errorf("%d are watching, want 3", fast.state.watching)
			}
			if time.Since(began) > 3*time.Second {
				break
			}
		}
		// The rest without the large maps that the first seconds were about.
		go func() {
			for silent.next(t.Context()) == nil {
			}
		}()
		if err := fast.follow(t.Context(), func() bool { return fast.state.watching == 1 }); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d < 29*time.Second || d > 42*time.Second {
			t.Errorf("the slow viewers were gone after %v", d)
		}
		synctest.Wait()
		if n := s.figure(t, `closed_total{code="1008"}`); n != 2 {
			t.Errorf("%v viewers were closed as silent, want 2", n)
		}
	})
}

// A viewer that takes nothing does not hold up a server that stops.
func TestStoppingDropsWhoeverDoesNotListen(t *testing.T) {
	bubble(t, 1000, func(t *testing.T, s *serving) {
		s.shakeHands(t)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it ended with %v", err)
		}
		if d := time.Since(began); d != 3*time.Second {
			t.Errorf("it took %v", d)
		}
	})
}
