package stream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"slotrace/engine/event"
	"slotrace/engine/visible"
	"slotrace/server/api"
	"slotrace/server/guard"
	"slotrace/server/live"
	"slotrace/server/run"
	"slotrace/server/stream"
)

func TestAClientFollowsAScript(t *testing.T) {
	board := newBoard()
	s := loopback(t, board, 0)
	c := s.dial(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	follow := func(until func() bool) {
		t.Helper()
		if err := c.follow(ctx, until); err != nil {
			t.Fatal(err)
		}
	}

	follow(func() bool { return c.frame == 1 })
	hello := &clientHello{
		server: "slotrace of a test", control: true,
		allocators: []clientAllocator{
			{name: "check-then-act", source: clientSource{file: "a.go", first: 10, lines: []string{"look", "\tclaim"}, marks: map[byte]int{2: 10, 3: 11}}},
			{name: "fetch-add", holds: true, source: clientSource{file: "b.go", first: 1, lines: []string{"ü"}, marks: map[byte]int{}}},
		},
		put: clientSource{file: "put.go", first: 3, lines: []string{"put"}, marks: map[byte]int{}},
	}
	if !reflect.DeepEqual(c.hello, hello) {
		t.Errorf("hello %+v\nwant %+v", c.hello, hello)
	}
	idle := clientState{writers: 8, sides: 1, allocators: [2]byte{0, 255}, slots: 10_000, pace: 300_000, watching: 1}
	if c.state != idle {
		t.Errorf("state %+v\nwant %+v", c.state, idle)
	}

	state := event.State{
		Run: 5, State: event.Running, Writers: 3, Sides: 2, Allocators: [2]uint8{0, 1}, Slots: 600, Pace: 7, Window: 8, Stores: 1 << 33, Failure: "none",
	}
	board.Begin(state)
	totals := event.Totals{
		Side: 1, Clock: 1 << 40, Lap: 2, Stored: 60, Readable: 30, Lost: 20, Unread: 10, Collisions: 4, Collided: 5, RecentStored: 6,
		RecentCollisions: 7, Rate: 8, P50: 9, P99: 10, P999: 11, Dropped: 12,
	}
	board.Totals(totals)
	board.Cells(1, 2, false, 0, 600, func(i int) byte { return map[int]byte{0: 1, 299: 0x82, 599: 0x83}[i] })
	board.Steps(1, 2, []event.Record{
		{At: 1<<40 + 9, Value: event.NoValue, Number: 3, Thread: 2, Step: visible.Look, Phase: event.Arrive},
		{At: 1<<40 + 5, Value: 17, Number: 4, Thread: 1, Step: visible.Claim, Phase: event.Done},
	})
	board.Evidence(1, 20, []event.Loss{{Number: 20, Slot: 299, Lap: 2, Writer: 1, Store: 6, ID: "w2-m6", Expected: "Writer 2 content 6", Got: "Writer 3 content 1"}})
	board.Notice("mind the gap")
	follow(func() bool { return c.state.run == 5 && len(c.notices) == 1 && len(c.sides[1].evidence) == 1 })

	if want := (clientState{
		run: 5, state: 1, writers: 3, sides: 2, allocators: [2]byte{0, 1}, slots: 600, pace: 7, window: 8, stores: 1 << 33, watching: 1, failure: "none",
	}); c.state != want {
		t.Errorf("state %+v\nwant %+v", c.state, want)
	}
	cells := make([]byte, 600)
	cells[0], cells[299], cells[599] = 1, 0x82, 0x83
	want := clientSide{
		clock: 1 << 40, lap: 2, stored: 60, readable: 30, lost: 20, unread: 10, collisions: 4, collided: 5, recentStored: 6, recentCollision: 7,
		rate: 8, p50: 9, p99: 10, p999: 11, dropped: 12,
		mapLap: 2, mapCollided: 2, cells: cells,
		steps: []clientStep{
			{at: 1<<40 + 9, lap: 2, value: 0xFFFFFFFF, store: 3, writer: 2, step: 2, phase: 0},
			{at: 1<<40 + 5, lap: 2, value: 17, store: 4, writer: 1, step: 3, phase: 1},
		},
		evidence: map[uint64]clientLoss{20: {slot: 299, lap: 2, writer: 1, store: 6, id: "w2-m6", expected: "Writer 2 content 6", got: "Writer 3 content 1"}},
		lostSeen: 20,
	}
	if !reflect.DeepEqual(c.sides[1], want) {
		t.Errorf("side 1 %+v\nwant %+v", c.sides[1], want)
	}
	if n := c.sides[1].countCollided(); n != 2 {
		t.Errorf("%d collided cells were counted", n)
	}

	// The next lap's map is empty but for what is sent; a lap may end, and a burst come.
	board.Cells(1, 3, true, 0, 600, func(i int) byte { return map[int]byte{300: 3}[i] })
	board.Burst(event.Steps{Side: 1, Lap: 3, Burst: true, Base: 77, Length: 64_000, OneIn: 512, LeftOut: 9, Records: []event.Record{{At: 78}}})
	follow(func() bool { return c.sides[1].mapLap == 3 && c.sides[1].bursts == 1 })
	cells = make([]byte, 600)
	cells[300] = 3
	if side := &c.sides[1]; !slices.Equal(side.cells, cells) || !side.mapEnded || side.leftOut != 9 || side.steps[len(side.steps)-1] != (clientStep{at: 78, lap: 3}) {
		t.Errorf("%+v", side)
	}

	// A run of one side follows.
	board.Begin(event.State{Run: 6, State: event.Paused, Writers: 1, Sides: 1, Allocators: [2]uint8{1, event.NoAllocator}, Slots: 10})
	follow(func() bool { return c.state.run == 6 && len(c.sides[0].cells) == 10 })
	if c.state.allocators != [2]byte{1, 255} || c.sides[1].cells != nil {
		t.Errorf("%+v", c.state)
	}
}

// A real run, over the handlers as a server has them: what a client counts is what
// the run's figures say.
func TestAClientFollowsARealRun(t *testing.T) {
	for _, c := range []struct {
		name   string
		config string
		breaks []bool // by side
		steps  bool
	}{
		{"the bug at real speed", `{"allocator":"check-then-act","writers":4,"slots":2000,"embedding":64,"pace_us":0,"window_us":20,"stores":5000}`, []bool{true}, false},
		{"the bug without a data race", `{"allocator":"lock-each-step","writers":4,"slots":2000,"embedding":64,"pace_us":0,"window_us":20,"stores":5000}`, []bool{true}, false},
		{"the bug beside the fix", `{"allocator":"check-then-act","compare":"fetch-add","writers":2,"slots":1500,"embedding":16,"pace_us":0,"window_us":20,"stores":4000}`, []bool{true, false}, false},
		{"the fix, paced", `{"allocator":"mutex","writers":3,"slots":1000,"embedding":16,"pace_us":2000,"stores":60}`, []bool{false}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := live.New(live.Options{Dir: t.TempDir(), Server: "slotrace of a test"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			})
			mux := http.NewServeMux()
			server := httptest.NewUnstartedServer(mux)
			g, err := guard.New("127.0.0.1", uint16(server.Listener.Addr().(*net.TCPAddr).Port))
			if err != nil {
				t.Fatal(err)
			}
			server.Config.Handler = g.Handler(mux)
			viewers := stream.New(l.Board(), g, stream.Options{})
			mux.Handle("/api/stream", viewers)
			mux.Handle("/api/", api.New(api.Host{Runs: l}))
			server.Start()
			t.Cleanup(server.Close)
			t.Cleanup(func() { viewers.Shutdown(context.Background()) })

			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			v, err := dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http")+"/api/stream", nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { v.conn.CloseNow() })
			var status run.Status
			call(t, "POST", server.URL+"/api/runs", c.config, &status)
			err = v.follow(ctx, func() bool {
				if v.state.run != status.ID || v.state.state != 3 {
					return false
				}
				for i := range c.breaks {
					s := &v.sides[i]
					if s.unread > 0 || !s.mapEnded || s.countCollided() != s.mapCollided || s.lostSeen != s.lost {
						return false
					}
				}
				return true
			})
			if err != nil {
				t.Fatalf("%v\n%+v", err, v.state)
			}

			call(t, "GET", server.URL+"/api/runs/1", "", &status)
			if v.state.failure != "" || len(v.hello.allocators) != 5 || !v.hello.control {
				t.Errorf("%+v, %d allocators, control: %v", v.state, len(v.hello.allocators), v.hello.control)
			}
			for i, breaks := range c.breaks {
				s, want := &v.sides[i], status.Sides[i]
				if s.stored != want.Stored || s.readable != want.Readable || s.lost != want.Lost || s.collisions != want.Collisions || s.collided != want.Collided {
					t.Errorf("side %d: %+v\nwant %+v", i, s, want)
				}
				if v.hello.allocators[v.state.allocators[i]].name != want.Allocator || v.hello.allocators[v.state.allocators[i]].holds == breaks {
					t.Errorf("side %d: allocator %d, want %s", i, v.state.allocators[i], want.Allocator)
				}
				if breaks != (s.lost > 0) || breaks != (s.collisions > 0) || s.stored != v.state.stores {
					t.Errorf("side %d: stored %d, lost %d, collisions %d", i, s.stored, s.lost, s.collisions)
				}
				var evidence run.Evidence
				call(t, "GET", fmt.Sprintf("%s/api/runs/1/evidence?side=%d&limit=1000", server.URL, i), "", &evidence)
				wantEvidence(t, s, evidence)
				if c.steps {
					wantSteps(t, s, int(v.state.writers), int(want.Stored))
				}
			}
		})
	}
}

// call asks the API and decodes its answer.
func call(t *testing.T, method, url, body string, v any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, url, answer.Status)
	}
	if err := json.NewDecoder(answer.Body).Decode(v); err != nil {
		t.Fatal(err)
	}
}

// wantEvidence compares the losses that came over the stream with those that the
// API has, and both with what the page says of them.
func wantEvidence(t *testing.T, s *clientSide, e run.Evidence) {
	t.Helper()
	if e.Total != s.lost || s.lost > 0 && len(s.evidence) == 0 {
		t.Errorf("%d lost, %d with evidence on the stream, %d by the API", s.lost, len(s.evidence), e.Total)
	}
	for _, number := range slices.Sorted(maps.Keys(s.evidence)) {
		got := s.evidence[number]
		if got.id != fmt.Sprintf("w%d-m%d", got.writer+1, got.store) || !strings.Contains(got.expected, "content") || got.got == "" || got.got == got.expected {
			t.Errorf("loss %d: %+v", number, got)
		}
		i, found := slices.BinarySearchFunc(e.Items, number, func(l run.Loss, n uint64) int { return int(l.Number) - int(n) })
		if !found {
			if len(e.Items) < 1000 {
				t.Errorf("loss %d is not in the API's list", number)
			}
			continue
		}
		if want := e.Items[i]; got.id != want.ID || got.slot != want.Slot || got.lap != want.Lap || got.expected != want.Expected || got.got != want.Got {
			t.Errorf("loss %d: %+v, by the API %+v", number, got, want)
		}
	}
}

// wantSteps wants each of the stores from its claim to its end, in order.
func wantSteps(t *testing.T, s *clientSide, writers, stored int) {
	t.Helper()
	if s.leftOut > 0 || s.dropped > 0 || s.bursts > 0 {
		t.Fatalf("%d left out, %d dropped, %d bursts", s.leftOut, s.dropped, s.bursts)
	}
	claims, last := 0, make(map[byte]uint64)
	for _, r := range s.steps {
		if int(r.writer) >= writers || r.at < last[r.writer] {
			t.Fatalf("%+v after %d", r, last[r.writer])
		}
		last[r.writer] = r.at
		if r.step == 3 && r.phase == 1 {
			claims++
		}
	}
	if claims != stored {
		t.Errorf("%d claims were shown of %d stores", claims, stored)
	}
}
