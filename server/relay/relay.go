// Package relay presents a board in a room elsewhere (server/room/ROOM.md): it connects
// out, is one more viewer of the board, and passes its frames on. Whatever becomes of the
// connection, the board's own viewers do not notice.
package relay

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"slotrace/engine/event"
	"slotrace/engine/fold"

	"github.com/coder/websocket"
)

// How long what takes.
const (
	dialling  = 15 * time.Second
	farewell  = 2 * time.Second  // for the last frames, when the end has come
	pingEvery = 20 * time.Second // so that a connection that is dead is known to be
	pingWaits = 10 * time.Second
	firstWait = 500 * time.Millisecond // before another try; it doubles
	longest   = 15 * time.Second
)

// Options say where to present.
type Options struct {
	Room   Room
	Token  string
	Log    *slog.Logger
	Client *http.Client // nil = as usual
}

// Relay presents a board. Run does it; nothing else may be called meanwhile.
type Relay struct {
	board   *fold.Board
	options Options
	client  *http.Client

	session event.Session
	marks   map[uint32]fold.Mark // as of frames that were sent: of those not acknowledged, and of the one before them
	said    string               // why it did not work, as was logged last
}

// New returns a relay of board.
func New(board *fold.Board, o Options) *Relay {
	r := &Relay{board: board, options: o, client: &http.Client{}}
	if o.Client != nil {
		*r.client = *o.Client
	}
	// To another host the token must not go, nor would a websocket be there.
	r.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r.begin()
	return r
}

// begin begins a session: the room is to know nothing of what was.
func (r *Relay) begin() {
	rand.Read(r.session[:])
	r.marks = make(map[uint32]fold.Mark)
}

// hopeless is an error that another try would only bring again.
type hopeless struct{ error }

// errEnd says that the relay is to end, and has.
var errEnd = errors.New("the end")

// Run presents until ctx is done; then it sends what is new once more. It connects again
// whenever the connection is lost, and returns early only when that makes no sense: the
// error says why, and what would do.
func (r *Relay) Run(ctx context.Context) error {
	for tried := 0; ; tried++ {
		connected, err := r.connect(ctx)
		var never hopeless
		switch {
		case ctx.Err() != nil || errors.Is(err, errEnd):
			return nil
		case errors.As(err, &never):
			return never.error
		case connected:
			tried = 0
		}
		wait := min(firstWait<<min(tried, 10), longest)
		wait = time.Duration(float64(wait) * (0.67 + 0.66*mathrand.Float64())) // so that many do not all come at once
		if text := err.Error(); text != r.said {                               // once is enough
			r.said = text
			r.options.Log.Warn("not presenting; trying again until it works", "room", r.options.Room.String(), "why", text)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// connect connects and presents until the connection ends, and says why that was.
func (r *Relay) connect(ctx context.Context) (connected bool, _ error) {
	conn, err := r.dial(ctx)
	if err != nil {
		return false, err
	}
	defer conn.CloseNow()
	p := newPresence(r, conn)
	known, err := p.introduce(ctx)
	if err != nil {
		return false, r.ended(err)
	}
	r.said = ""
	r.options.Log.Info("presenting", "room", r.options.Room.String())
	return true, r.ended(p.present(ctx, known))
}

func (r *Relay) dial(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialling)
	defer cancel()
	conn, answer, err := websocket.Dial(ctx, r.options.Room.present(), &websocket.DialOptions{
		HTTPClient:      r.client,
		HTTPHeader:      http.Header{"Authorization": {"Bearer " + r.options.Token}},
		Subprotocols:    []string{event.Protocol},
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, r.refused(answer, err)
	}
	if conn.Subprotocol() != event.Protocol {
		conn.Close(websocket.StatusProtocolError, "not "+event.Protocol)
		return nil, hopeless{fmt.Errorf("%s is a websocket, but none of %s; a room of this version would do", r.options.Room, event.Protocol)}
	}
	conn.SetReadLimit(event.MaxReply)
	return conn, nil
}

// refused says what a handshake that failed means.
func (r *Relay) refused(answer *http.Response, err error) error {
	room := r.options.Room
	if answer == nil || answer.StatusCode == http.StatusSwitchingProtocols {
		var lookup *net.DNSError
		if errors.As(err, &lookup) && lookup.IsNotFound {
			return fmt.Errorf("no host %q is known; check the name, or the network", room.address.Hostname())
		}
		if request := (*url.Error)(nil); errors.As(err, &request) {
			err = request.Err // without what was asked, which is known
		}
		return fmt.Errorf("cannot connect: %s", oneLine(err.Error()))
	}
	text := ""
	if answer.Body != nil {
		b, _ := io.ReadAll(io.LimitReader(answer.Body, 200))
		text = oneLine(string(b))
	}
	switch code := answer.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return hopeless{fmt.Errorf("%s does not take this token; the PRESENTER_TOKEN of its deployment would do, in --token or SLOTRACE_TOKEN", room.address.Host)}
	case code == http.StatusNotFound:
		return hopeless{fmt.Errorf("there is no room at %s; the address of a slotrace at the edge would do, as in https://HOST/room/NAME", room)}
	case code >= 300 && code < 400:
		return hopeless{fmt.Errorf("%s points elsewhere, to %.100q; that address would do if you trust it with the token", room, answer.Header.Get("Location"))}
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		return fmt.Errorf("%s answers %d %q", room.address.Host, code, text)
	default:
		return hopeless{fmt.Errorf("%s answers %d %q; a room of %s would do", room, code, text, event.Protocol)}
	}
}

// ended says what the end of a connection means.
func (r *Relay) ended(err error) error {
	var closed websocket.CloseError
	var never hopeless
	switch {
	case err == errEnd, errors.As(err, &never):
		return err
	case !errors.As(err, &closed):
		for errors.Unwrap(err) != nil {
			err = errors.Unwrap(err) // what it was is of interest, not on which way it came
		}
		return fmt.Errorf("the connection broke: %s", oneLine(err.Error()))
	}
	switch closed.Code {
	case event.CloseReplaced:
		return hopeless{fmt.Errorf("another slotrace presents in %s now; start this one again to take it back", r.options.Room)}
	case event.CloseVersion:
		return hopeless{fmt.Errorf("%s speaks another version than %s; a slotrace of its version would do", r.options.Room, event.Protocol)}
	case websocket.StatusProtocolError, websocket.StatusUnsupportedData, websocket.StatusMessageTooBig:
		r.begin() // what it did not understand, it must not be sent again
	}
	return fmt.Errorf("the room closed the connection: %d %q", closed.Code, oneLine(closed.Reason))
}

func oneLine(s string) string {
	return fmt.Sprintf("%.200s", strings.Join(strings.Fields(s), " "))
}
