package room

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"slotrace/engine/event"
	"slotrace/engine/fold"
	"slotrace/server/flow"
	"slotrace/server/watch"
)

var greeting = event.Hello{Server: "slotrace of a test", Control: true, Allocators: []event.Allocator{{Name: "check-then-act"}, {Name: "fetch-add", Holds: true}}}

// world is a room and those in it. Its time is its own.
type world struct {
	t       *testing.T
	room    *Room
	now     time.Time
	last    ID
	viewers map[ID]*guest
	closed  map[ID]flow.Ending
	inbox   map[ID][][]byte // of whoever presents
}

// guest is a viewer.
type guest struct {
	watch.Picture
	mute    bool // it acknowledges nothing
	pending [][]byte
	bytes   int
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.Unix(1000, 0), viewers: make(map[ID]*guest), closed: make(map[ID]flow.Ending), inbox: make(map[ID][][]byte)}
	w.room = New(w)
	return w
}

// Send implements Post.
func (w *world) Send(to ID, message []byte) {
	message = slices.Clone(message)
	if g := w.viewers[to]; g != nil {
		g.pending = append(g.pending, message)
	} else {
		w.inbox[to] = append(w.inbox[to], message)
	}
}

// Close implements Post.
func (w *world) Close(to ID, end flow.Ending) {
	if _, twice := w.closed[to]; twice {
		w.t.Errorf("connection %d is closed twice", to)
	}
	if len(end.Reason) > 123 {
		w.t.Errorf("a reason of %d bytes", len(end.Reason))
	}
	w.closed[to] = end
}

func (w *world) join() *guest {
	w.last++
	g := &guest{}
	w.viewers[w.last] = g
	w.room.Join(w.last, w.now)
	return g
}

// hear has the viewers take in what they got, and acknowledge it.
func (w *world) hear() {
	for id, g := range w.viewers {
		for len(g.pending) > 0 {
			m := g.pending[0]
			g.pending = g.pending[1:]
			g.bytes += len(m)
			if err := g.See(m); err != nil {
				w.t.Fatalf("viewer %d: %v", id, err)
			}
			if _, closed := w.closed[id]; g.Sequence > 0 && !g.mute && !closed {
				w.room.Message(id, w.now, true, event.AppendAck(nil, g.Sequence))
			}
		}
	}
}

// settle lets time go by until the room is at rest.
func (w *world) settle() {
	w.t.Helper()
	for range 10_000 {
		w.hear()
		at, ok := w.room.Due()
		if !ok {
			return
		}
		if at.After(w.now) {
			w.now = at
		}
		w.room.Tick(w.now)
	}
	w.t.Fatal("the room does not come to rest")
}

// presenter is a slotrace that presents, without a network.
type presenter struct {
	w       *world
	id      ID
	session event.Session
	board   *fold.Board
	place   *fold.Viewer
	marks   map[uint32]fold.Mark
	sent    uint32
}

func (w *world) presenter(session byte, board *fold.Board) *presenter {
	return &presenter{w: w, session: event.Session{session}, board: board, marks: make(map[uint32]fold.Mark)}
}

func (p *presenter) connect() {
	p.w.t.Helper()
	p.w.last++
	p.id = p.w.last
	p.w.room.Present(p.id, p.w.now)
	p.w.room.Message(p.id, p.w.now, true, event.AppendPresent(nil, p.session, p.board.Hello(true)))
	if len(p.w.inbox[p.id]) == 0 {
		p.w.t.Fatalf("no answer to a presenter: %+v", p.w.closed[p.id])
	}
	n, err := event.ParseAck(p.w.inbox[p.id][0])
	if err != nil {
		p.w.t.Fatal(err)
	}
	mark, known := p.marks[n]
	if n > 0 && !known {
		p.w.t.Fatalf("the room has frame %d, which was not sent", n)
	}
	if n == 0 {
		p.place = p.board.Join()
	} else {
		p.place = p.board.Rejoin(mark)
	}
	p.sent = n
}

// send sends all that is new; with lost, what would be the room's is lost on the way.
func (p *presenter) send(lost bool) {
	for {
		b := p.place.Append(nil, p.sent+1, 32<<10)
		if len(b) == 0 {
			return
		}
		p.sent++
		p.marks[p.sent] = p.place.Mark()
		if !lost {
			p.w.room.Message(p.id, p.w.now, true, b)
		}
	}
}

func (p *presenter) drop() {
	p.place.Leave()
	p.w.room.Leave(p.id, p.w.now)
}

// engine makes a board move as one does that runs.
type engine struct {
	board  *fold.Board
	random *rand.Rand
	state  event.State
	totals event.Totals
	cells  []byte
	lap    uint32
	steps  uint32
}

func newEngine() *engine {
	e := &engine{random: rand.New(rand.NewPCG(1, 2)), state: event.State{Writers: 8, Sides: 1, Slots: 5000, Allocators: [2]uint8{0, event.NoAllocator}}}
	e.board = fold.NewBoard(greeting, e.state)
	return e
}

func (e *engine) begin() {
	e.state.Run++
	e.state.State = event.Running
	e.totals, e.lap, e.steps = event.Totals{}, 1, 0
	e.cells = make([]byte, e.state.Slots)
	e.board.Begin(e.state)
}

func (e *engine) turn() {
	n := uint64(e.random.IntN(3000))
	e.totals.Clock += 33e6
	e.totals.Stored += n
	e.totals.Unread += n
	if e.random.IntN(10) == 0 {
		e.lap++
		clear(e.cells)
		e.totals.Lost++
		e.totals.Readable += e.totals.Unread - 1 + n - n
		e.totals.Unread = 0
		if e.totals.Stored == 0 {
			e.totals = event.Totals{Clock: e.totals.Clock}
		} else {
			e.board.Evidence(0, e.totals.Lost, []event.Loss{{Number: e.totals.Lost, ID: fmt.Sprintf("w1-m%d", e.totals.Lost), Expected: "a", Got: "b"}})
		}
	}
	for range n {
		i := e.random.IntN(len(e.cells))
		if e.cells[i] == 0 {
			e.cells[i] = byte(1 + e.random.IntN(8))
		} else {
			e.totals.Collisions++
			e.cells[i] |= event.CellCollided
		}
	}
	e.totals.Lap = e.lap
	e.board.Totals(e.totals)
	e.board.Cells(0, e.lap, false, 0, len(e.cells), func(i int) byte { return e.cells[i] })
	records := make([]event.Record, e.random.IntN(60))
	for i := range records {
		records[i] = event.Record{At: e.totals.Clock + int64(i), Number: e.steps, Thread: uint8(i % 8)}
		e.steps++
	}
	e.board.Steps(0, e.lap, records)
}

// own is the picture of somebody who watched the engine's board itself.
func (e *engine) own(t *testing.T) *watch.Picture {
	t.Helper()
	p := &watch.Picture{}
	if err := p.See(e.board.Hello(false)); err != nil {
		t.Fatal(err)
	}
	for _, b := range e.board.Whole(64 << 10) {
		if err := p.See(b); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestNothingExactIsLostWhenThePresenterDrops(t *testing.T) {
	w := newWorld(t)
	e := newEngine()
	p := w.presenter(1, e.board)
	early := w.join()
	w.settle()
	if early.Notice != nobody {
		t.Errorf("before anybody presents a viewer is told %q", early.Notice)
	}
	p.connect()
	if w.closed[1] != anew {
		t.Errorf("who came early was told %+v", w.closed[1])
	}
	delete(w.viewers, 1)
	for range 49 {
		w.join()
	}
	e.begin()
	tick := func(lost bool) {
		e.turn()
		w.now = w.now.Add(flow.Tick)
		p.send(lost)
		w.room.Tick(w.now)
		w.hear()
	}
	for i := range 400 {
		if i == 200 {
			w.join()
		}
		tick(false)
		if i%90 == 89 {
			for range 3 {
				tick(true) // what was under way when the connection broke
			}
			p.drop()
			w.settle()
			for id, g := range w.viewers {
				if g.Notice != away {
					t.Fatalf("viewer %d is told %q while the presenter is away", id, g.Notice)
				}
			}
			for range 20 {
				e.turn()
			}
			p.connect()
		}
	}
	p.send(false)
	w.settle()
	late := w.join()
	w.settle()
	want := e.own(t)
	if len(w.viewers) != 51 || late.State.Watching != 51 {
		t.Fatalf("%d viewers, %d of them counted", len(w.viewers), late.State.Watching)
	}
	for id, g := range w.viewers {
		if diff := g.Differs(want); diff != "" {
			t.Errorf("viewer %d: %s", id, diff)
		}
		if g.Notice != "" || g.Hello.Control || g.Hello.Server != greeting.Server {
			t.Errorf("viewer %d: notice %q, hello of %q, control %v", id, g.Notice, g.Hello.Server, g.Hello.Control)
		}
	}
	if want.Sides[0].Totals.Collisions == 0 || want.Sides[0].Lost == 0 || want.Sides[0].Records == 0 {
		t.Errorf("nothing happened: %+v", want.Sides[0].Totals)
	}
}

// A viewer gets no more than WIRE.md says, whatever the presenter does.
func TestAViewerGetsNoMoreThanPromised(t *testing.T) {
	w := newWorld(t)
	e := newEngine()
	e.state.Slots = 100_000
	p := w.presenter(1, e.board)
	p.connect()
	e.begin()
	g := w.join()
	mute := w.join()
	mute.mute = true
	muteID := w.last
	var spent []int // in each millisecond
	frames := 0
	for i := range 4000 {
		w.now = w.now.Add(time.Millisecond)
		if i%20 == 0 {
			e.turn()
			p.send(false)
		}
		w.room.Tick(w.now)
		before, was := g.bytes, g.Sequence
		w.hear()
		spent = append(spent, g.bytes-before)
		frames += int(g.Sequence - was)
	}
	sum := 0
	for i, n := range spent {
		sum += n
		if i >= 1000 {
			sum -= spent[i-1000]
		}
		if sum > 256<<10 {
			t.Fatalf("%d bytes within a second", sum)
		}
	}
	if frames > 4*31 || frames < 4*20 {
		t.Errorf("%d frames in 4 s", frames)
	}
	if _, ok := w.room.Keep(); ok {
		t.Error("a room is kept that waits for an acknowledgement")
	}
	if mute.Sequence != flow.InFlight {
		t.Errorf("who acknowledges nothing got %d frames, not %d", mute.Sequence, flow.InFlight)
	}
	w.now = w.now.Add(flow.Patience)
	w.room.Tick(w.now)
	if w.closed[muteID] != flow.Silent {
		t.Errorf("and then %+v", w.closed[muteID])
	}
}

// Another slotrace has runs of its own: who watched the one before begins anew.
func TestAnotherPresenterTakesTheRoom(t *testing.T) {
	w := newWorld(t)
	e := newEngine()
	first := w.presenter(1, e.board)
	first.connect()
	e.begin()
	first.send(false)
	g := w.join()
	w.settle()
	if diff := g.Differs(e.own(t)); diff != "" {
		t.Fatal(diff)
	}
	second := w.presenter(2, newEngine().board)
	second.connect()
	if w.closed[first.id] != replaced || w.closed[2] != anew || w.room.Watching() != 0 {
		t.Errorf("%+v", w.closed)
	}
	w.room.Leave(first.id, w.now) // as its socket closes
	delete(w.viewers, 2)
	g = w.join()
	second.send(false)
	w.settle()
	if g.State.Run != 0 || g.Notice != "" {
		t.Errorf("%+v, %q", g.State, g.Notice)
	}
	again := w.presenter(2, second.board)
	again.marks = second.marks
	again.connect()
	if w.closed[second.id] != returned || w.room.Watching() != 1 {
		t.Errorf("%+v", w.closed)
	}
}

func TestWhatDoesNotParseEndsTheConnection(t *testing.T) {
	presented := event.AppendPresent(nil, event.Session{9}, event.AppendHello(nil, &greeting))
	frame := func(sequence uint32, s event.State) []byte { return s.Append(event.AppendFrame(nil, sequence)) }
	for name, c := range map[string]struct {
		messages [][]byte
		text     bool
		want     flow.Ending
	}{
		"nothing presented":   {[][]byte{{1, 3, 0, 0, 0, 0}}, false, flow.Ending{Code: 1002, Reason: "kind 3 where present, kind 4, was due"}},
		"another version":     {[][]byte{{2, 4}}, false, flow.Ending{Code: 4001, Reason: "version 2; this room speaks slotrace.v1"}},
		"cut short":           {[][]byte{presented[:40]}, false, flow.Ending{Code: 1002, Reason: "hello: it ends in the middle of a field"}},
		"text":                {[][]byte{presented}, true, notBinary},
		"too large":           {[][]byte{make([]byte, event.MaxMessage+1)}, false, tooLarge},
		"a frame cut short":   {[][]byte{presented, {1, 2, 1}}, false, flow.Ending{Code: 1002, Reason: "frame: it ends in the middle of a field"}},
		"a frame left out":    {[][]byte{presented, event.AppendFrame(nil, 1), event.AppendFrame(nil, 3)}, false, flow.Ending{Code: 1002, Reason: "frame: sequence number 3 after 1"}},
		"a frame too large":   {[][]byte{presented, make([]byte, event.MaxMessage+1)}, false, tooLarge},
		"too many slots":      {[][]byte{presented, frame(1, event.State{Run: 1, Writers: 1, Sides: 1, Slots: 1 << 31})}, false, flow.Ending{Code: 1002, Reason: "state: 2147483648 slots, of at most 1000000"}},
		"an allocator's name": {[][]byte{presented, frame(1, event.State{Run: 1, Writers: 1, Sides: 1, Slots: 1, Allocators: [2]uint8{2}})}, false, flow.Ending{Code: 1002, Reason: "state: side 0 has allocator 2, and the hello named 2"}},
	} {
		w := newWorld(t)
		w.room.Present(7, w.now)
		for _, m := range c.messages {
			w.room.Message(7, w.now, !c.text, m)
		}
		if w.closed[7] != c.want {
			t.Errorf("%s: %+v, want %+v", name, w.closed[7], c.want)
		}
		w.room.Message(7, w.now, true, presented) // what comes behind it is of no account
		w.room.Leave(7, w.now)
	}
	for name, c := range map[string]struct {
		message []byte
		code    int
	}{
		"of nothing":      {event.AppendAck(nil, 0), 1002},
		"of what follows": {event.AppendAck(nil, 9), 1002},
		"cut short":       {[]byte{1, 3, 1}, 1002},
		"long":            {make([]byte, 65), 1009},
		"of version 2":    {[]byte{2, 3, 1, 0, 0, 0}, 4001},
	} {
		w := newWorld(t)
		w.join()
		w.room.Message(1, w.now, true, c.message)
		if w.closed[1].Code != c.code || w.room.Watching() != 0 {
			t.Errorf("an acknowledgement %s: %+v", name, w.closed[1])
		}
	}
}

func TestThereIsRoomForSoMany(t *testing.T) {
	w := newWorld(t)
	for range MaxViewers + 1 {
		w.join()
	}
	if w.closed[MaxViewers+1] != full || w.room.Watching() != MaxViewers {
		t.Errorf("%+v, %d viewers", w.closed, w.room.Watching())
	}
	for i := range MaxPresenters + 1 {
		w.room.Present(ID(1000+i), w.now)
	}
	if w.closed[1000+MaxPresenters] != crowded || w.closed[1000] != (flow.Ending{}) {
		t.Errorf("%+v", w.closed)
	}
	w.now = w.now.Add(flow.Patience)
	w.room.Tick(w.now)
	if w.closed[1000] != wordless {
		t.Errorf("who presents nothing: %+v", w.closed[1000])
	}
}

// A room that was not in memory for a while is the one that it was: nobody is sent
// anything again, and nobody misses anything.
func TestARoomSleepsAndWakes(t *testing.T) {
	w := newWorld(t)
	e := newEngine()
	p := w.presenter(1, e.board)
	p.connect()
	e.begin()
	for range 20 {
		w.join()
	}
	for range 30 {
		for range 10 {
			e.turn()
			w.now = w.now.Add(flow.Tick)
			p.send(false)
			w.room.Tick(w.now)
			w.hear()
		}
		w.settle()
		kept, ok := w.room.Keep()
		if !ok {
			t.Fatal("a room at rest is not kept")
		}
		if _, twice := w.room.Keep(); twice {
			t.Fatal("it is kept twice")
		}
		for _, b := range kept.Pieces {
			if len(b) > 120<<10 {
				t.Fatalf("a piece of %d bytes", len(b))
			}
		}
		var err error
		if w.room, err = Restore(w, kept, p.id, true, w.now); err != nil {
			t.Fatal(err)
		}
		if at, due := w.room.Due(); due {
			t.Fatalf("it has something to do at %v", at)
		}
	}
	p.drop()
	w.settle()
	kept, _ := w.room.Keep()
	w.room, _ = Restore(w, kept, 0, false, w.now)
	late := w.join()
	w.settle()
	for id, g := range w.viewers {
		if diff := g.Differs(e.own(t)); diff != "" {
			t.Errorf("viewer %d: %s", id, diff)
		}
		if g.Notice != away {
			t.Errorf("viewer %d is told %q", id, g.Notice)
		}
	}
	if late.State.Watching != 21 {
		t.Errorf("%d watch", late.State.Watching)
	}
	e.turn()
	p.connect()
	p.send(false)
	w.settle()
	if diff := late.Differs(e.own(t)); diff != "" || late.Notice != "" {
		t.Errorf("%s, %q", diff, late.Notice)
	}
}

func TestWhatWasKeptAndIsDamagedIsRefused(t *testing.T) {
	w := newWorld(t)
	e := newEngine()
	p := w.presenter(1, e.board)
	p.connect()
	e.begin()
	e.turn()
	p.send(false)
	kept, ok := w.room.Keep()
	if !ok || len(kept.Pieces) < 2 {
		t.Fatal("nothing was kept")
	}
	for i := range kept.Pieces {
		damaged := Kept{Pieces: slices.Clone(kept.Pieces)}
		damaged.Pieces[i] = damaged.Pieces[i][:3]
		if _, err := Restore(w, damaged, 0, false, w.now); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("piece %d: %v", i, err)
		}
	}
}

// Whoever may present or watch can send what they like: the others get what parses.
func FuzzRoom(f *testing.F) {
	e := newEngine()
	e.begin()
	e.turn()
	f.Add(event.AppendPresent(nil, event.Session{1}, e.board.Hello(true)), e.board.Whole(64 << 10)[0], event.AppendAck(nil, 1))
	f.Add([]byte{1, 4}, []byte{1, 2}, []byte{1, 3})
	f.Fuzz(func(t *testing.T, present, frame, ack []byte) {
		w := newWorld(t)
		w.room.Present(1000, w.now)
		w.room.Message(1000, w.now, true, present)
		g := w.join()
		g.mute = true
		w.room.Message(1000, w.now, true, frame)
		w.room.Message(w.last, w.now, true, ack)
		w.last++
		w.viewers[w.last] = &guest{}
		w.room.Join(w.last, w.now)
		w.now = w.now.Add(time.Second)
		w.room.Tick(w.now)
		for id, g := range w.viewers {
			for _, m := range g.pending {
				if len(m) > event.MaxMessage {
					t.Fatalf("viewer %d got %d bytes", id, len(m))
				}
				if g.Hello == nil {
					if err := g.See(m); err != nil {
						t.Fatalf("viewer %d: %v", id, err)
					}
				} else if _, err := event.ParseFrame(m); err != nil {
					t.Fatalf("viewer %d: %v", id, err)
				}
			}
		}
	})
}
