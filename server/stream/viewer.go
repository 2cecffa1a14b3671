package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"slotrace/engine/event"
	"slotrace/engine/fold"
)

// ending is how a viewer's connection ends.
type ending struct {
	code   websocket.StatusCode
	reason string // at most 123 bytes
	gone   bool   // the viewer went, and there is nobody to tell
}

var (
	goingAway = ending{code: websocket.StatusGoingAway, reason: "the server is stopping"}
	silent    = ending{code: websocket.StatusPolicyViolation, reason: "nothing was acknowledged for 30 s while a frame was on the way"}
	vanished  = ending{code: websocket.StatusAbnormalClosure, gone: true}
)

// label is the code among few: a viewer may send any of some thousand.
func (e ending) label() string {
	switch {
	case !e.gone, e.code == websocket.StatusNormalClosure, e.code == websocket.StatusGoingAway, e == vanished:
		return strconv.Itoa(int(e.code))
	}
	return "other"
}

// viewer is one connection. One goroutine sends, a second receives.
type viewer struct {
	stream   *Stream
	conn     *websocket.Conn
	sent     atomic.Uint32 // the newest frame that is on the way
	acked    atomic.Uint32 // the newest frame that was dealt with
	fault    chan ending   // what the receiver found wrong, once
	received chan struct{} // closed when the receiver has ended
	end      ending        // how the connection ended for the receiver, once it has

	budget budget
	buf    []byte
}

// serve serves the viewer until either side ends the connection.
func (v *viewer) serve(control bool) ending {
	ctx, cancel := context.WithCancel(v.stream.hard)
	defer cancel()
	go func() {
		defer close(v.received)
		v.end = v.receive(ctx)
	}()
	end := v.send(ctx, control)
	if end.gone {
		v.conn.CloseNow()
	} else {
		v.conn.Close(end.code, end.reason)
	}
	cancel()
	<-v.received
	return end
}

// send sends hello, and then a frame a tick if there is something new.
func (v *viewer) send(ctx context.Context, control bool) ending {
	place := v.stream.board.Join()
	defer place.Leave()
	v.budget = newBudget(time.Now())
	if err := v.write(ctx, v.stream.board.Hello(control)); err != nil {
		return v.unsent(err)
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	acked, since := uint32(0), time.Now() // since when an acknowledgement is due, if one is
	for {
		select {
		case <-ticker.C:
		case end := <-v.fault:
			return end
		case <-v.received:
			return v.end
		case <-v.stream.stopping:
			if v.sent.Load()-v.acked.Load() < inFlight {
				v.frame(ctx, place, 0) // the notice, if there is one; the connection ends either way
			}
			return goingAway
		}
		now := time.Now()
		if a := v.acked.Load(); a != acked {
			acked, since = a, now
		}
		flying := v.sent.Load() - acked
		switch {
		case flying == 0:
			since = now
		case now.Sub(since) >= patience:
			return silent
		case flying >= inFlight:
			v.stream.figures.heldBack.Inc()
			continue
		}
		if err := v.frame(ctx, place, reserve); err != nil {
			return v.unsent(err)
		}
	}
}

// frame sends a frame, if there is something new and room for it.
func (v *viewer) frame(ctx context.Context, place *fold.Viewer, reserve int) error {
	room := min(v.budget.room(time.Now())-reserve, event.MaxMessage)
	number := v.sent.Load() + 1
	v.buf = place.Append(v.buf[:0], number, room)
	if len(v.buf) == 0 {
		return nil
	}
	v.sent.Store(number) // before it is: the answer may be quick
	v.stream.figures.frames.Inc()
	return v.write(ctx, v.buf)
}

func (v *viewer) write(ctx context.Context, message []byte) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	v.budget.spend(time.Now(), len(message))
	v.stream.figures.bytes.Add(float64(len(message)))
	err := v.conn.Write(ctx, websocket.MessageBinary, message)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// unsent is how a connection ends on which a message could not be sent.
func (v *viewer) unsent(err error) ending {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return silent // it took nothing either
	case errors.Is(err, context.Canceled):
		return goingAway
	}
	v.conn.CloseNow()
	<-v.received
	if v.end.gone {
		return v.end
	}
	return vanished
}

// receive takes acknowledgements until the connection ends. It goes on reading past
// a fault, so that the viewer's own close is seen.
func (v *viewer) receive(ctx context.Context) ending {
	buf := make([]byte, event.MaxReply+1)
	faulty := false
	for {
		kind, message, err := v.conn.Reader(ctx)
		if err != nil {
			return endOf(err)
		}
		n := 0
		if kind == websocket.MessageBinary {
			if n, err = io.ReadFull(message, buf); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return endOf(err)
			}
		}
		if _, err = io.Copy(io.Discard, message); err != nil {
			return endOf(err)
		}
		if faulty {
			continue
		}
		if end, ok := v.take(kind, buf[:n]); !ok {
			faulty = true
			v.fault <- end
		}
	}
}

// take takes one message.
func (v *viewer) take(kind websocket.MessageType, message []byte) (_ ending, ok bool) {
	protocol := func(reason string) (ending, bool) {
		return ending{code: websocket.StatusProtocolError, reason: fmt.Sprintf("%.120s", reason)}, false
	}
	switch {
	case kind != websocket.MessageBinary:
		return ending{code: websocket.StatusUnsupportedData, reason: "a text message; all of " + event.Protocol + " is binary"}, false
	case len(message) > event.MaxReply:
		return ending{code: websocket.StatusMessageTooBig, reason: fmt.Sprintf("a message over %d bytes; an acknowledgement has 6", event.MaxReply)}, false
	}
	number, err := event.ParseAck(message)
	switch acked, sent := v.acked.Load(), v.sent.Load(); {
	case errors.Is(err, event.ErrVersion):
		return ending{code: event.CloseVersion, reason: fmt.Sprintf("version %d; this server speaks %s", message[0], event.Protocol)}, false
	case err != nil:
		return protocol(err.Error())
	case number > sent:
		return protocol(fmt.Sprintf("acknowledgement: sequence number %d, where the newest frame is %d", number, sent))
	case number <= acked:
		return protocol(fmt.Sprintf("acknowledgement: sequence number %d, and %d was acknowledged before", number, acked))
	}
	v.acked.Store(number)
	return ending{}, true
}

// endOf is how the connection ended, from the error of reading from it.
func endOf(err error) ending {
	var network net.Error
	switch code := websocket.CloseStatus(err); {
	case code != -1:
		return ending{code: code, gone: true}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed),
		errors.Is(err, context.Canceled), errors.As(err, &network):
		return vanished
	}
	return ending{code: websocket.StatusProtocolError, reason: fmt.Sprintf("%.120s", err)} // of RFC 6455, rather than ours
}
