//go:build js && wasm

package link

import (
	"errors"
	"syscall/js"

	"slotrace/engine/event"
)

// Viewer is told what comes over a stream. Its methods run on the browser's
// thread and must not wait.
type Viewer interface {
	Hello(h *event.Hello)
	// Frame returns when the frame was dealt with; then it is acknowledged.
	Frame(f *event.Frame)
	// Lost says that the connection ended, why (a close code), and in how many
	// milliseconds it is tried again; below 0: it is not.
	Lost(code int, reason string, retry float64)
}

// Stream connects to the server and stays connected.
type Stream struct {
	viewer  Viewer
	socket  js.Value
	open    bool // a hello came
	tried   int  // connections that failed in a row
	timer   js.Value
	retry   js.Func
	discard []js.Func // handlers of the socket that is gone
	buffer  []byte
	ack     js.Value
}

// Follow connects, and connects again whenever the connection is lost.
func Follow(v Viewer) *Stream {
	s := &Stream{viewer: v, ack: js.Global().Get("Uint8Array").New(6), timer: js.Null()}
	s.retry = js.FuncOf(func(js.Value, []js.Value) any {
		s.connect()
		return nil
	})
	// Whoever puts another server in the place of the one there was (static/tape.js) has the page connect to it.
	js.Global().Get("slotrace").Set("connect", s.retry)
	s.connect()
	return s
}

func (s *Stream) connect() {
	js.Global().Call("clearTimeout", s.timer) // it may be that nobody waited for it
	s.timer = js.Null()
	s.release()
	location := js.Global().Get("location")
	scheme := "ws:"
	if location.Get("protocol").String() == "https:" {
		scheme = "wss:"
	}
	s.socket = js.Global().Get("slotrace").Get("WebSocket").New(scheme+"//"+location.Get("host").String()+"/api/stream", event.Protocol)
	s.socket.Set("binaryType", "arraybuffer")
	s.open = false
	socket := s.socket
	s.on("message", func(e js.Value) { s.message(e.Get("data")) })
	s.on("close", func(e js.Value) {
		if socket.Equal(s.socket) {
			s.closed(e.Get("code").Int(), e.Get("reason").String())
		}
	})
}

func (s *Stream) on(kind string, f func(js.Value)) {
	handler := js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	})
	s.discard = append(s.discard, handler)
	s.socket.Set("on"+kind, handler)
}

func (s *Stream) release() {
	if len(s.discard) > 0 {
		s.socket.Set("onmessage", nil)
		s.socket.Set("onclose", nil)
	}
	for _, f := range s.discard {
		f.Release()
	}
	s.discard = s.discard[:0]
}

func (s *Stream) message(data js.Value) {
	if data.Type() != js.TypeObject {
		s.refuse(1003, "a text message")
		return
	}
	array := js.Global().Get("Uint8Array").New(data)
	n := array.Length()
	if cap(s.buffer) < n {
		s.buffer = make([]byte, max(n, event.MaxMessage))
	}
	b := s.buffer[:n]
	js.CopyBytesToGo(b, array)
	if !s.open {
		h, err := event.ParseHello(b)
		if err != nil {
			s.unreadable(err)
			return
		}
		s.open, s.tried = true, 0
		s.viewer.Hello(h)
		return
	}
	f, err := event.ParseFrame(b)
	if err != nil {
		s.unreadable(err)
		return
	}
	s.viewer.Frame(f)
	b = event.AppendAck(s.buffer[:0], f.Sequence)
	js.CopyBytesToJS(s.ack, b)
	s.socket.Call("send", s.ack)
}

func (s *Stream) unreadable(err error) {
	code := 4002
	if errors.Is(err, event.ErrVersion) {
		code = event.CloseVersion
	}
	s.refuse(code, err.Error())
}

// refuse ends the connection from this side: what the server sends cannot be read.
func (s *Stream) refuse(code int, reason string) {
	s.socket.Call("close", max(code, 3000), reason)
	s.closed(code, reason)
	s.release()
}

// closed waits a while that doubles, from 0.4 to 3.2 seconds, give or take a
// third, so that many pages do not all come back at once.
func (s *Stream) closed(code int, reason string) {
	if code == event.CloseVersion {
		s.viewer.Lost(code, reason, -1)
		return
	}
	wait := 400 * float64(int(1)<<min(s.tried, 3))
	wait *= 0.67 + 0.66*js.Global().Get("Math").Call("random").Float()
	s.tried++
	s.timer = js.Global().Call("setTimeout", s.retry, wait)
	s.viewer.Lost(code, reason, wait)
}
