// Package stream sends viewers what a board shows, over websockets, in the form of
// engine/event/WIRE.md. A viewer costs the server two goroutines and what its frames
// cost; a slow one holds up nobody, for all that viewers share is the board's mutex
// while a frame is put together.
package stream

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"slotrace/engine/event"
	"slotrace/engine/fold"
	"slotrace/server/flow"
	"slotrace/server/guard"
)

// maxViewers is how many there may be at once where nobody says.
const maxViewers = 256

// Options are what a stream may be told.
type Options struct {
	Viewers int                   // how many there may be at once; 0 = 256
	Metrics prometheus.Registerer // where its figures are registered; nil = nowhere
}

// Stream is the handler of the path that viewers connect to.
type Stream struct {
	board   *fold.Board
	guard   *guard.Guard
	limit   int
	figures *figures

	hard     context.Context // done when connections are to be dropped
	drop     context.CancelFunc
	stopping chan struct{} // closed when viewers are to be told to go

	mu      sync.Mutex // guards what follows
	viewers int
	stopped bool
	all     sync.WaitGroup // of the handlers; not added to once stopped
}

// New returns a stream of board to pages and hosts that g lets in. Shutdown must
// follow.
func New(board *fold.Board, g *guard.Guard, o Options) *Stream {
	if o.Viewers == 0 {
		o.Viewers = maxViewers
	}
	s := &Stream{board: board, guard: g, limit: o.Viewers, figures: newFigures(o.Metrics), stopping: make(chan struct{})}
	s.hard, s.drop = context.WithCancel(context.Background())
	return s
}

// Shutdown sends the viewers what is new once more, tells them that the server is
// going away, and waits until they have gone. When ctx is done first, those that
// are left are dropped. There are no new viewers from then on.
func (s *Stream) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.stopped {
		s.stopped = true
		close(s.stopping)
	}
	s.mu.Unlock()
	stop := context.AfterFunc(ctx, s.drop)
	s.all.Wait()
	s.drop()
	if !stop() {
		return ctx.Err()
	}
	return nil
}

// enter lets a viewer in, unless the server stops; full says that there are too
// many. If it does, leave must follow.
func (s *Stream) enter() (ok, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false, false
	}
	s.all.Add(1)
	if full = s.viewers >= s.limit; !full {
		s.viewers++
	}
	return true, full
}

func (s *Stream) leave(full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !full {
		s.viewers--
	}
	s.all.Done()
}

// ServeHTTP serves one viewer, to the end of its connection.
func (s *Stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := s.guard.Host(r)
	if err == nil {
		err = s.guard.Origin(r)
	}
	if err != nil {
		s.figures.refused.WithLabelValues("foreign").Inc()
		guard.Refuse(w, r, err)
		return
	}
	if !asksFor(r, event.Protocol) {
		s.figures.refused.WithLabelValues("protocol").Inc()
		http.Error(w, "this is a websocket of the subprotocol "+event.Protocol+"; ask for it in Sec-WebSocket-Protocol", http.StatusBadRequest)
		return
	}
	ok, full := s.enter()
	if !ok {
		s.figures.refused.WithLabelValues("stopping").Inc()
		http.Error(w, goingAway.reason, http.StatusServiceUnavailable)
		return
	}
	defer s.leave(full)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{event.Protocol},
		InsecureSkipVerify: true, // of the origin: the guard has seen it, and knows more names
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil { // it has been answered
		s.figures.refused.WithLabelValues("protocol").Inc()
		return
	}
	if full {
		s.figures.refused.WithLabelValues("full").Inc()
		conn.Close(websocket.StatusTryAgainLater, "there are "+strconv.Itoa(s.limit)+" viewers already; try again later")
		return
	}
	s.figures.viewers.Inc()
	defer s.figures.viewers.Dec()
	v := &viewer{stream: s, conn: conn, flow: flow.New(time.Now(), 0), fault: make(chan ending, 1), received: make(chan struct{})}
	end := v.serve(guard.Control(r))
	s.figures.closed.WithLabelValues(end.label()).Inc()
}

func asksFor(r *http.Request, protocol string) bool {
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(name) == protocol {
				return true
			}
		}
	}
	return false
}
