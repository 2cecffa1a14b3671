//go:build js && wasm

package drive

import (
	"errors"
	"strings"
	"syscall/js"
	"time"

	"github.com/hack-pad/hackpadfs/mem"

	"slotrace/engine/recording"
	"slotrace/web/database"
	"slotrace/web/tape"
)

// Run serves the page until the worker ends. The page sends lines of text, and files as
// [file]; first of all [whether it may keep anything]. It gets lists of [kind, what].
func Run() {
	w := &worker{awake: make(chan struct{}, 1)}
	global := js.Global()
	w.wake = js.FuncOf(func(js.Value, []js.Value) any {
		w.stir()
		return nil
	})
	global.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		w.heard = append(w.heard, args[0].Get("data"))
		w.stir()
		return nil
	}))
	send([]any{}) // the page may ask now
	for w.desk == nil {
		<-w.awake
		if len(w.heard) > 0 {
			keeps := w.heard[0].Index(0).Bool()
			w.heard = w.heard[1:]
			w.desk = tape.New(w.options(keeps))
		}
	}
	for {
		w.turn()
		<-w.awake
	}
}

type worker struct {
	desk  *tape.Desk
	awake chan struct{}
	wake  js.Func
	heard []js.Value
	done  []func()
	timed bool // a timer is to wake it
}

func (w *worker) stir() {
	select {
	case w.awake <- struct{}{}:
	default:
	}
}

func (w *worker) options(keeps bool) tape.Options {
	o := tape.Options{
		Now:   time.Now,
		Pause: func() { time.Sleep(100 * time.Millisecond) },
		Browser: func() (*recording.Shelf, error) {
			if !keeps {
				return nil, errors.New("it has no IndexedDB here, as in a private window")
			}
			fsys, err := database.Open()
			if err != nil {
				return nil, err
			}
			return recording.NewShelf(fsys), nil
		},
		Session: func() (*recording.Shelf, error) {
			fsys, err := mem.NewFS()
			return recording.NewShelf(fsys), err
		},
	}
	if !js.Global().Get("serverless").Truthy() { // static/folder.go
		o.Server = server{}
	}
	return o
}

// turn does what has been asked for and has been done, and shows what came of it.
func (w *worker) turn() {
	for len(w.heard) > 0 || len(w.done) > 0 {
		done := w.done
		w.done = nil
		for _, then := range done {
			w.desk.Then(then)
		}
		heard := w.heard
		w.heard = nil
		for i, data := range heard {
			w.hear(data, heard[i+1:])
		}
	}
	for _, work := range w.desk.Works() {
		go func() {
			then := work()
			w.done = append(w.done, then) // there is one thread
			w.stir()
		}()
	}
	w.show()
	if owes := w.desk.Owes(); owes > 0 && !w.timed {
		w.timed = true
		js.Global().Call("setTimeout", js.FuncOf(func(this js.Value, _ []js.Value) any {
			w.timed = false
			w.desk.Due()
			w.stir()
			return nil
		}), owes.Milliseconds()+1)
	}
}

// hear takes what the page says. Of a drag only the last place counts.
func (w *worker) hear(data js.Value, behind []js.Value) {
	if data.Type() == js.TypeString {
		line := data.String()
		if strings.HasPrefix(line, "scrub ") && len(behind) > 0 && behind[0].Type() == js.TypeString && strings.HasPrefix(behind[0].String(), "scrub ") {
			return
		}
		w.desk.Do(line)
		return
	}
	file := data.Index(0)
	name := file.Get("name").String()
	go func() {
		size := int64(file.Get("size").Float())
		r, err := recording.OpenZip(tape.Blocks(blob{file}, size), size)
		w.done = append(w.done, func() { w.desk.Opened(name, r, err) })
		w.stir()
	}()
}

func (w *worker) show() {
	outs := w.desk.Take()
	if len(outs) == 0 {
		send([]any{})
		return
	}
	var list, buffers []any
	for _, o := range outs {
		switch {
		case o.Zip != nil:
			z := *o.Zip
			go save(z)
		case o.Bytes != nil:
			array := js.Global().Get("Uint8Array").New(len(o.Bytes))
			js.CopyBytesToJS(array, o.Bytes)
			buffer := array.Get("buffer")
			list, buffers = append(list, []any{o.Kind, buffer}), append(buffers, buffer)
		default:
			list = append(list, []any{o.Kind, o.Text})
		}
	}
	js.Global().Call("postMessage", list, buffers)
}

func send(list []any) { js.Global().Call("postMessage", list) }

// save makes a file of a recording and hands it to the page.
func save(z tape.Zip) {
	b := &parts{}
	if err := z.WriteTo(b); err != nil {
		send([]any{[]any{"failed", err.Error()}})
		return
	}
	send([]any{[]any{"save", z.Name, b.blob()}})
}
