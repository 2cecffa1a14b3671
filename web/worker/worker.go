//go:build js && wasm

package worker

import (
	"strconv"
	"syscall/js"
	"time"

	"slotrace/web/explore"
)

const (
	// slice is how long a search runs before messages are looked at.
	slice = 25 * time.Millisecond
	// showEvery is how often the page is shown how far a search is.
	showEvery = 100 * time.Millisecond
)

// Run serves the page until the worker ends.
func Run() {
	w := &worker{desk: explore.New(time.Now), lines: make(chan string, 1024), awake: make(chan struct{}, 1)}
	global := js.Global()
	wake := js.FuncOf(func(js.Value, []js.Value) any {
		select {
		case w.awake <- struct{}{}:
		default:
		}
		return nil
	})
	// A message to oneself comes behind those of the page that are waiting, and at once: a
	// timer would wait 4 ms.
	channel := global.Get("MessageChannel").New()
	channel.Get("port1").Set("onmessage", wake)
	w.self = channel.Get("port2")
	global.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		w.lines <- args[0].Get("data").String()
		return wake.Invoke()
	}))
	w.wake = wake
	w.send(nil) // the page may ask now
	for {
		<-w.awake
		w.turn()
	}
}

type worker struct {
	desk  *explore.Desk
	lines chan string
	awake chan struct{}
	self  js.Value
	wake  js.Func
	shown time.Time
}

// turn does what has been asked for, searches for a while and shows what has changed.
func (w *worker) turn() {
	asked := false
	for more := true; more; {
		select {
		case line := <-w.lines:
			w.desk.Do(line)
			if body := w.desk.Request(); body != "" {
				w.ask(body)
			}
			asked = true
		default:
			more = false
		}
	}
	if asked { // before the search goes on, so that the answer does not wait for it
		w.show()
	}
	now := time.Now()
	searching := w.desk.Searching()
	more := w.desk.Advance(now.Add(slice))
	switch {
	case more:
		if now.Sub(w.shown) >= showEvery {
			w.show()
		}
		w.self.Call("postMessage", 0)
	case searching:
		w.show()
	}
	if owes := w.desk.Owes(); owes > 0 && !more {
		js.Global().Call("setTimeout", w.wake, owes.Milliseconds()+1)
		if !asked && !searching {
			w.show()
		}
	}
}

// ask has the server run a schedule; its answer is a line, as if the page had sent it.
func (w *worker) ask(body string) {
	if js.Global().Get("serverless").Truthy() { // static/folder.go: nobody of ours is there to be asked
		w.lines <- "ran 0 "
		w.wake.Invoke()
		return
	}
	var answered, failed, read js.Func
	done := func(line string) {
		w.lines <- line
		w.wake.Invoke()
		answered.Release()
		failed.Release()
		read.Release()
	}
	status := 0
	failed = js.FuncOf(func(js.Value, []js.Value) any { done("ran 0 "); return nil })
	read = js.FuncOf(func(_ js.Value, args []js.Value) any {
		done("ran " + strconv.Itoa(status) + " " + args[0].String())
		return nil
	})
	answered = js.FuncOf(func(_ js.Value, args []js.Value) any {
		status = args[0].Get("status").Int()
		args[0].Call("text").Call("then", read, failed)
		return nil
	})
	js.Global().Call("fetch", "/api/schedules", map[string]any{
		"method": "POST", "body": body, "headers": map[string]any{"Content-Type": "application/json"},
	}).Call("then", answered, failed)
}

func (w *worker) show() {
	w.shown = time.Now()
	w.send(w.desk.Answer())
}

// send hands a patch over to the page, also an empty one: it is an answer.
func (w *worker) send(patch []byte) {
	array := js.Global().Get("Uint8Array").New(len(patch))
	js.CopyBytesToJS(array, patch)
	buffer := array.Get("buffer")
	js.Global().Call("postMessage", buffer, []any{buffer})
}
