package local

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall/js"
	"time"

	"slotrace/engine/event"
	"slotrace/engine/fold"
	"slotrace/server/live"
)

const notice = "There is no server: Live runs in this browser, in memory, its writers by turns that are drawn at random; latencies are hidden."

// What a page gets, as from server/stream, but for the network's sake.
const (
	frameEvery = 33 * time.Millisecond
	inFlight   = 4        // frames that are not acknowledged yet
	room       = 16 << 10 // bytes in a frame
)

// Serve serves the page that has started this worker, until the page ends it.
//
// The page sends the bytes of an acknowledgement, or a request as [number, method, path,
// body]; it gets the bytes of a message of the stream, or an answer as [number, status,
// body].
func Serve() {
	b := newBreath()
	l, err := live.New(live.Options{Heap: true, Walk: true, Yield: b.take, Recordings: shelf(), Server: "this browser"})
	if err != nil {
		panic(err) // the sources are in the program: there is nothing a caller could do
	}
	l.Board().Notice(notice)
	var acked atomic.Uint32
	js.Global().Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		data := args[0].Get("data")
		if data.InstanceOf(js.Global().Get("Uint8Array")) {
			reply := make([]byte, data.Length())
			js.CopyBytesToGo(reply, data)
			if n, err := event.ParseAck(reply); err == nil {
				acked.Store(n)
			}
			return nil
		}
		number, method, path, body := data.Index(0), data.Index(1).String(), data.Index(2).String(), data.Index(3).String()
		go func() { // a request may have to wait for what another one stops
			status, text := Answer(l, method, path, body)
			js.Global().Call("postMessage", []any{number, status, text})
		}()
		return nil
	}))
	send(l.Board().Hello(true))
	show(l.Board(), &acked)
}

// show sends what is new, until the worker ends.
func show(board *fold.Board, acked *atomic.Uint32) {
	place := board.Join()
	defer place.Leave()
	var buf []byte
	sent := uint32(0)
	for range time.Tick(frameEvery) {
		if sent-acked.Load() >= inFlight {
			continue
		}
		if buf = place.Append(buf[:0], sent+1, room); len(buf) > 0 {
			sent++
			send(buf)
		}
	}
}

func send(message []byte) {
	array := js.Global().Get("Uint8Array").New(len(message))
	js.CopyBytesToJS(array, message)
	buffer := array.Get("buffer")
	js.Global().Call("postMessage", buffer, []any{buffer})
}

// breath is what writers take now and then: as long as any goroutine can go on, the
// browser hands the worker no message.
type breath struct {
	self js.Value // a port that leads here: its messages come behind those that wait

	mu   sync.Mutex // guards what follows
	last time.Time
	next chan struct{} // closed when the one under way is over; nil = none is
}

const breathEvery = 10 * time.Millisecond

func newBreath() *breath {
	channel := js.Global().Get("MessageChannel").New()
	b := &breath{self: channel.Get("port2"), last: time.Now()}
	channel.Get("port1").Set("onmessage", js.FuncOf(func(js.Value, []js.Value) any {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.last = time.Now()
		close(b.next)
		b.next = nil
		return nil
	}))
	return b
}

// take yields to the other goroutines, and when it is time to the browser.
func (b *breath) take() {
	b.mu.Lock()
	if b.next == nil {
		if time.Since(b.last) < breathEvery {
			b.mu.Unlock()
			runtime.Gosched()
			return
		}
		b.next = make(chan struct{})
		b.self.Call("postMessage", 0)
	}
	over := b.next
	b.mu.Unlock()
	<-over
}
