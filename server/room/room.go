// Package room is where one presents what others watch, without a network between
// them: a presenter's frames go to a board, and the board's viewers get theirs, each
// as fast as it takes them (ROOM.md beside this file says how they talk). It has
// neither sockets nor a clock: whoever has them says what comes, and when.
package room

import (
	"errors"
	"strconv"
	"time"

	"slotrace/engine/event"
	"slotrace/engine/fold"
	"slotrace/server/flow"
)

// Limits of a room.
const (
	MaxViewers    = 256
	MaxPresenters = 4 // that are connected and have not said what they present yet
)

// ID is the number of a connection, as whoever holds the sockets counts them.
type ID uint32

// Post carries what a room has to say. It is called while the room is, and must not
// call back.
type Post interface {
	// Send keeps nothing of message.
	Send(to ID, message []byte)
	// Close ends a connection; the room has forgotten it.
	Close(to ID, end flow.Ending)
}

// Endings of connections.
var (
	full      = flow.Ending{Code: 1013, Reason: "there are " + strconv.Itoa(MaxViewers) + " viewers already; try again later"}
	crowded   = flow.Ending{Code: 1013, Reason: "others are about to present; try again later"}
	wordless  = flow.Ending{Code: 1008, Reason: "nothing was presented for 30 s"}
	tooLarge  = flow.Ending{Code: 1009, Reason: "a message over " + strconv.Itoa(event.MaxMessage) + " bytes"}
	notBinary = flow.Ending{Code: 1003, Reason: "a text message; all of " + event.Protocol + " is binary"}
	replaced  = flow.Ending{Code: event.CloseReplaced, Reason: "another slotrace presents in this room now"}
	returned  = flow.Ending{Code: 1000, Reason: "this slotrace has come back over another connection"}
	anew      = flow.Ending{Code: 1012, Reason: "another slotrace presents now: connect again"}
)

// What viewers are told about who presents.
const (
	nobody = "Nobody presents in this room yet."
	away   = "The presenter is away: this is the last that was heard. It goes on when the presenter is back."
)

// Room is a room. It belongs to one goroutine.
type Room struct {
	post    Post
	board   *fold.Board
	viewers map[ID]*viewer
	knocked map[ID]time.Time // who may present and has not said what, and when they came
	buf     []byte
	fresh   bool // what is to be kept is other than what was kept last

	presents   bool // somebody is here to present
	presenter  ID
	known      bool // somebody has been: the rest is theirs
	session    event.Session
	sequence   uint32 // of the newest frame that the board shows
	allocators int
	hello      []byte
	notice     string // the presenter's own
}

type viewer struct {
	place *fold.Viewer
	flow  *flow.Flow
	next  time.Time // when there may be another frame
}

// New returns an empty room.
func New(post Post) *Room {
	r := &Room{post: post, viewers: make(map[ID]*viewer), knocked: make(map[ID]time.Time)}
	r.board = fold.NewBoard(event.Hello{Server: "a room"}, event.State{
		Writers: 1, Sides: 1, Slots: 1, Allocators: [event.MaxSides]uint8{event.NoAllocator, event.NoAllocator},
	})
	r.board.Notice(nobody)
	return r
}

// Watching is how many viewers there are.
func (r *Room) Watching() int { return len(r.viewers) }

// Join lets a viewer in.
func (r *Room) Join(id ID, now time.Time) {
	if len(r.viewers) >= MaxViewers {
		r.post.Close(id, full)
		return
	}
	v := &viewer{place: r.board.Join(), flow: flow.New(now, 0)}
	r.viewers[id] = v
	hello := r.board.Hello(false)
	v.flow.Spend(now, len(hello))
	r.post.Send(id, hello)
	r.Tick(now)
}

// Present lets somebody in who may present, and is to say what.
func (r *Room) Present(id ID, now time.Time) {
	if len(r.knocked) >= MaxPresenters {
		r.post.Close(id, crowded)
		return
	}
	r.knocked[id] = now
}

// Leave says that a connection has ended.
func (r *Room) Leave(id ID, now time.Time) {
	r.forget(id)
	r.Tick(now)
}

// Message says that a message has come. Of one from a viewer only the first 65 bytes
// need to be there.
func (r *Room) Message(id ID, now time.Time, binary bool, message []byte) {
	_, knocked := r.knocked[id]
	v := r.viewers[id]
	switch presenter := knocked || r.presents && id == r.presenter; {
	case presenter && !binary:
		r.end(id, notBinary)
	case presenter && len(message) > event.MaxMessage:
		r.end(id, tooLarge)
	case knocked:
		r.begin(id, message)
	case presenter:
		r.take(id, message)
	case v != nil:
		if end, ok := v.flow.Ack(now, binary, message); !ok {
			r.end(id, end)
		} else {
			r.serve(id, v, now) // to the others there is nothing new
		}
		return
	}
	r.Tick(now)
}

// Tick sends the viewers what they may have by now, and ends the connections of those
// who were waited for too long.
func (r *Room) Tick(now time.Time) {
	for id, since := range r.knocked {
		if now.Sub(since) >= flow.Patience {
			r.end(id, wordless)
		}
	}
	for id, v := range r.viewers {
		r.serve(id, v, now)
	}
}

// Due is when Tick has something to do if nothing else happens; when not ok, that is
// never: everybody has everything.
func (r *Room) Due() (at time.Time, ok bool) {
	sooner := func(t time.Time) {
		if !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	for _, since := range r.knocked {
		sooner(since.Add(flow.Patience))
	}
	for _, v := range r.viewers {
		if v.flow.Flying() > 0 {
			sooner(v.flow.SilentAt())
		}
		if v.flow.Flying() < flow.InFlight && v.place.News() {
			sooner(v.next)
		}
	}
	return at, ok
}

// serve sends a viewer what is new, if it may have it.
func (r *Room) serve(id ID, v *viewer, now time.Time) {
	switch {
	case v.flow.Silent(now):
		r.end(id, flow.Silent)
		return
	case v.flow.Flying() >= flow.InFlight, now.Before(v.next), !v.place.News():
		return
	}
	v.next = now.Add(flow.Tick)
	r.buf = v.place.Append(r.buf[:0], v.flow.Next(), v.flow.Room(now, flow.Reserve))
	if len(r.buf) > 0 {
		r.fresh = true
		v.flow.Send(now, len(r.buf))
		r.post.Send(id, r.buf)
	}
}

// begin takes a presenter's first message: what it presents, and whether it has before.
func (r *Room) begin(id ID, message []byte) {
	session, hello, err := event.ParsePresent(message)
	if err != nil {
		r.end(id, unreadable(message, err))
		return
	}
	delete(r.knocked, id)
	back := r.known && session == r.session
	if r.presents {
		end := replaced
		if back {
			end = returned
		}
		r.post.Close(r.presenter, end)
	}
	if !back {
		for id, v := range r.viewers { // hello comes once, and run 1 of this one is another than run 1 of that
			v.place.Leave()
			r.post.Close(id, anew)
		}
		clear(r.viewers)
		r.opened(session, message, hello)
	}
	r.presents, r.presenter, r.fresh = true, id, true
	r.board.Notice(r.notice)
	r.post.Send(id, event.AppendAck(nil, r.sequence))
}

// opened makes the room's picture that of a presenter who has sent no frame yet.
func (r *Room) opened(session event.Session, message []byte, hello *event.Hello) {
	r.known, r.session, r.sequence, r.notice = true, session, 0, ""
	r.hello = append([]byte(nil), message...)
	r.allocators = len(hello.Allocators)
	r.board = fold.NewBoard(*hello, event.State{Writers: 1, Sides: 1, Slots: 1, Allocators: [event.MaxSides]uint8{event.NoAllocator, event.NoAllocator}})
}

// take takes a frame of the presenter's.
func (r *Room) take(id ID, message []byte) {
	f, err := event.ParseFrame(message)
	if err == nil && f.Sequence != r.sequence+1 {
		err = errors.New("frame: sequence number " + strconv.FormatUint(uint64(f.Sequence), 10) + " after " + strconv.FormatUint(uint64(r.sequence), 10))
	}
	if err == nil {
		err = r.show(f)
	}
	if err != nil {
		r.end(id, unreadable(message, err))
		return
	}
	r.sequence = f.Sequence
	r.post.Send(id, event.AppendAck(nil, f.Sequence))
}

// show makes a frame part of the picture.
func (r *Room) show(f *event.Frame) error {
	if s := f.State; s != nil {
		for i, a := range s.Allocators[:s.Sides] {
			if int(a) >= r.allocators && a != event.NoAllocator {
				return errors.New("state: side " + strconv.Itoa(i) + " has allocator " + strconv.Itoa(int(a)) + ", and the hello named " + strconv.Itoa(r.allocators))
			}
		}
	}
	if err := r.board.Take(f); err != nil {
		return err
	}
	if f.Noticed {
		r.notice = f.Notice
	}
	r.fresh = true
	return nil
}

func unreadable(message []byte, err error) flow.Ending {
	if errors.Is(err, event.ErrVersion) {
		return flow.Ending{Code: event.CloseVersion, Reason: "version " + strconv.Itoa(int(message[0])) + "; this room speaks " + event.Protocol}
	}
	text := err.Error()
	return flow.Ending{Code: 1002, Reason: text[:min(len(text), 120)]}
}

// end ends a connection from this side.
func (r *Room) end(id ID, e flow.Ending) {
	if r.forget(id) {
		r.post.Close(id, e)
	}
}

// forget says whether there was such a connection.
func (r *Room) forget(id ID) bool {
	if _, ok := r.knocked[id]; ok {
		delete(r.knocked, id)
		return true
	}
	if r.presents && id == r.presenter {
		r.presents, r.fresh = false, true
		r.board.Notice(away)
		return true
	}
	v, ok := r.viewers[id]
	if ok {
		delete(r.viewers, id)
		v.place.Leave()
		r.fresh = true
	}
	return ok
}
