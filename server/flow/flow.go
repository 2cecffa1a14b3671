// Package flow says when a viewer may get a frame, and how large: the limits that
// engine/event/WIRE.md promises, for whoever sends frames.
package flow

import (
	"errors"
	"strconv"
	"time"

	"slotrace/engine/event"
)

// Limits to what one viewer gets, and is waited for. Whoever sends no more than a
// frame a Tick keeps to them: in any second that is at most burst + rate = 256 KiB,
// and the messages of some 30 ticks.
const (
	Tick     = 33 * time.Millisecond
	Reserve  = 4 << 10 // bytes that are kept for the last frame
	InFlight = 4       // frames that are not acknowledged yet
	Patience = 30 * time.Second
	rate     = 192 << 10 // bytes a second, in the long run
	burst    = 64 << 10  // bytes at once
)

// Ending is why a connection is to be closed: a code of RFC 6455 or of WIRE.md, and at
// most 123 bytes for people.
type Ending struct {
	Code   int
	Reason string
}

// Silent ends a connection whose other side acknowledges nothing.
var Silent = Ending{1008, "nothing was acknowledged for 30 s while a frame was on the way"}

// Flow is that of one connection. It belongs to one goroutine at a time.
type Flow struct {
	budget budget
	sent   uint32    // the newest frame that is on the way
	acked  uint32    // the newest frame that was dealt with
	since  time.Time // since when an acknowledgement is due, if one is
}

// New returns the flow of a connection that begins now, its frames counted on from
// the one numbered sequence.
func New(now time.Time, sequence uint32) *Flow {
	return &Flow{budget: newBudget(now), sent: sequence, acked: sequence, since: now}
}

// Flying is how many frames are on the way.
func (f *Flow) Flying() int { return int(f.sent - f.acked) }

// Acked is the number of the newest frame that was dealt with.
func (f *Flow) Acked() uint32 { return f.acked }

// Silent says whether an acknowledgement is overdue, and SilentAt when it will be.
func (f *Flow) Silent(now time.Time) bool {
	return f.Flying() > 0 && !now.Before(f.SilentAt())
}

// SilentAt means something while a frame is flying.
func (f *Flow) SilentAt() time.Time { return f.since.Add(Patience) }

// Next is the number of the next frame.
func (f *Flow) Next() uint32 { return f.sent + 1 }

// Room is how many bytes the next frame may have, if reserve bytes are to be left.
func (f *Flow) Room(now time.Time, reserve int) int {
	return min(f.budget.room(now)-reserve, event.MaxMessage)
}

// Send notes that the next frame is sent.
func (f *Flow) Send(now time.Time, bytes int) {
	if f.Flying() == 0 {
		f.since = now
	}
	f.sent++
	f.budget.spend(now, bytes)
}

// Spend notes that another message is sent.
func (f *Flow) Spend(now time.Time, bytes int) { f.budget.spend(now, bytes) }

// Ack takes a message, which must be an acknowledgement. Of a long one only the
// first MaxReply+1 bytes need to be there. Where it is anything else it says so.
func (f *Flow) Ack(now time.Time, binary bool, message []byte) (_ Ending, ok bool) {
	protocol := func(reason string) (Ending, bool) {
		return Ending{1002, reason[:min(len(reason), 120)]}, false
	}
	number := func(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
	switch {
	case !binary:
		return Ending{1003, "a text message; all of " + event.Protocol + " is binary"}, false
	case len(message) > event.MaxReply:
		return Ending{1009, "a message over " + number(event.MaxReply) + " bytes; an acknowledgement has 6"}, false
	}
	n, err := event.ParseAck(message)
	switch {
	case errors.Is(err, event.ErrVersion):
		return Ending{event.CloseVersion, "version " + number(uint32(message[0])) + "; this side speaks " + event.Protocol}, false
	case err != nil:
		return protocol(err.Error())
	case n > f.sent:
		return protocol("acknowledgement: sequence number " + number(n) + ", where the newest frame is " + number(f.sent))
	case n <= f.acked:
		return protocol("acknowledgement: sequence number " + number(n) + ", and " + number(f.acked) + " was acknowledged before")
	}
	f.acked, f.since = n, now
	return Ending{}, true
}
