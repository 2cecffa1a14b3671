package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"

	"slotrace/engine/event"
	"slotrace/engine/fold"
	"slotrace/server/flow"
)

// presence is one connection. One goroutine sends, a second receives, a third asks now
// and then whether the other side is there.
type presence struct {
	relay *Relay
	conn  *websocket.Conn
	buf   []byte

	mu   sync.Mutex // guards flow
	flow *flow.Flow
}

func newPresence(r *Relay, conn *websocket.Conn) *presence {
	return &presence{relay: r, conn: conn}
}

// introduce says who presents, and returns the number of the newest frame that the room
// has of this session; 0 = none.
func (p *presence) introduce(ctx context.Context) (known uint32, err error) {
	ctx, cancel := context.WithTimeout(ctx, flow.Patience)
	defer cancel()
	// A room makes no controls of what others watch, whoever the hello would be for.
	hello := event.AppendPresent(nil, p.relay.session, p.relay.board.Hello(false))
	if err := p.conn.Write(ctx, websocket.MessageBinary, hello); err != nil {
		return 0, err
	}
	kind, answer, err := p.conn.Read(ctx)
	if err != nil {
		return 0, err
	}
	if kind != websocket.MessageBinary {
		return 0, hopeless{fmt.Errorf("%s answers with text; a room of %s would do", p.relay.options.Room, event.Protocol)}
	}
	known, err = event.ParseAck(answer)
	if errors.Is(err, event.ErrVersion) {
		err = websocket.CloseError{Code: event.CloseVersion}
	}
	return known, err
}

// present sends a frame a tick if there is something new, until the connection ends or
// ctx is done.
func (p *presence) present(ctx context.Context, known uint32) error {
	r := p.relay
	mark, ours := r.marks[known]
	if known > 0 && !ours {
		r.begin()
		p.conn.Close(websocket.StatusNormalClosure, "that frame is not known here")
		return fmt.Errorf("the room has frame %d, which is not known here: beginning anew", known)
	}
	var place *fold.Viewer
	if known > 0 {
		place = r.board.Rejoin(mark)
	} else {
		place = r.board.Join()
	}
	defer place.Leave()
	r.marks = map[uint32]fold.Mark{known: mark}
	p.flow = flow.New(time.Now(), known)

	// The connection outlasts ctx: there is something left to say then.
	alive, cancel := context.WithCancel(context.WithoutCancel(ctx))
	broken := make(chan error, 2)
	var others sync.WaitGroup
	defer others.Wait()
	defer cancel()
	others.Go(func() { broken <- p.receive(alive) })
	others.Go(func() { broken <- p.ping(alive) })

	ticker := time.NewTicker(flow.Tick)
	defer ticker.Stop()
	done := ctx.Done()
	for {
		select {
		case err := <-broken:
			return err
		case <-done:
			done = nil
			timer := time.AfterFunc(farewell, cancel)
			defer timer.Stop()
			continue
		case <-ticker.C:
		}
		now := time.Now()
		p.mu.Lock()
		flying, silent, acked := p.flow.Flying(), p.flow.Silent(now), p.flow.Acked()
		p.mu.Unlock()
		for n := range r.marks {
			if n < acked {
				delete(r.marks, n)
			}
		}
		switch {
		case silent:
			p.conn.Close(websocket.StatusCode(flow.Silent.Code), flow.Silent.Reason)
			return errors.New(flow.Silent.Reason)
		case flying >= flow.InFlight:
			continue
		}
		sent, err := p.frame(alive, place, now)
		if err != nil {
			return err
		}
		if done == nil && !sent && flying == 0 && !place.News() {
			p.conn.Close(websocket.StatusGoingAway, "the presenter is stopping")
			return errEnd
		}
	}
}

// frame sends a frame, if there is something new and room for it.
func (p *presence) frame(ctx context.Context, place *fold.Viewer, now time.Time) (sent bool, _ error) {
	p.mu.Lock()
	n := p.flow.Next()
	p.buf = place.Append(p.buf[:0], n, p.flow.Room(now, 0))
	if len(p.buf) > 0 {
		p.flow.Send(now, len(p.buf)) // before it is sent: the answer may be quick
	}
	p.mu.Unlock()
	if len(p.buf) == 0 {
		return false, nil
	}
	p.relay.marks[n] = place.Mark()
	ctx, cancel := context.WithTimeout(ctx, flow.Patience)
	defer cancel()
	return true, p.conn.Write(ctx, websocket.MessageBinary, p.buf)
}

// receive takes acknowledgements until the connection ends.
func (p *presence) receive(ctx context.Context) error {
	for {
		kind, message, err := p.conn.Read(ctx)
		if err != nil {
			return err
		}
		p.mu.Lock()
		end, ok := p.flow.Ack(time.Now(), kind == websocket.MessageBinary, message)
		p.mu.Unlock()
		if !ok {
			p.conn.Close(websocket.StatusCode(end.Code), end.Reason)
			return errors.New("the room sent " + end.Reason)
		}
	}
}

// ping returns when the other side is not there any more.
func (p *presence) ping(ctx context.Context) error {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if err := p.pong(ctx); err != nil {
			return fmt.Errorf("the room does not answer: %w", err)
		}
	}
}

func (p *presence) pong(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingWaits)
	defer cancel()
	return p.conn.Ping(ctx)
}
