package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"

	"slotrace/engine/event"
	"slotrace/engine/fold"
	"slotrace/server/flow"
)

// ending is how a viewer's connection ends.
type ending struct {
	code   websocket.StatusCode
	reason string // at most 123 bytes
	gone   bool   // the viewer went, and there is nobody to tell
}

var (
	goingAway = ending{code: websocket.StatusGoingAway, reason: "the server is stopping"}
	silent    = told(flow.Silent)
	vanished  = ending{code: websocket.StatusAbnormalClosure, gone: true}
)

func told(e flow.Ending) ending {
	return ending{code: websocket.StatusCode(e.Code), reason: e.Reason}
}

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
	fault    chan ending   // what the receiver found wrong, once
	received chan struct{} // closed when the receiver has ended
	end      ending        // how the connection ended for the receiver, once it has

	buf []byte

	mu   sync.Mutex // guards flow
	flow *flow.Flow
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
	hello := v.stream.board.Hello(control)
	v.flow.Spend(time.Now(), len(hello)) // the receiver has nothing to acknowledge yet
	if err := v.write(ctx, hello); err != nil {
		return v.unsent(err)
	}
	ticker := time.NewTicker(flow.Tick)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case end := <-v.fault:
			return end
		case <-v.received:
			return v.end
		case <-v.stream.stopping:
			if flying, _ := v.flying(); flying < flow.InFlight {
				v.frame(ctx, place, 0) // the notice, if there is one; the connection ends either way
			}
			return goingAway
		}
		switch flying, overdue := v.flying(); {
		case overdue:
			return silent
		case flying >= flow.InFlight:
			v.stream.figures.heldBack.Inc()
			continue
		}
		if err := v.frame(ctx, place, flow.Reserve); err != nil {
			return v.unsent(err)
		}
	}
}

// flying is how many frames are on the way, and whether they are for too long.
func (v *viewer) flying() (frames int, overdue bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.flow.Flying(), v.flow.Silent(time.Now())
}

// frame sends a frame, if there is something new and room for it.
func (v *viewer) frame(ctx context.Context, place *fold.Viewer, reserve int) error {
	now := time.Now()
	v.mu.Lock()
	v.buf = place.Append(v.buf[:0], v.flow.Next(), v.flow.Room(now, reserve))
	if len(v.buf) > 0 {
		v.flow.Send(now, len(v.buf)) // before it is sent: the answer may be quick
	}
	v.mu.Unlock()
	if len(v.buf) == 0 {
		return nil
	}
	v.stream.figures.frames.Inc()
	return v.write(ctx, v.buf)
}

func (v *viewer) write(ctx context.Context, message []byte) error {
	ctx, cancel := context.WithTimeout(ctx, flow.Patience)
	defer cancel()
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
	v.mu.Lock()
	defer v.mu.Unlock()
	end, ok := v.flow.Ack(time.Now(), kind == websocket.MessageBinary, message)
	return told(end), ok
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
