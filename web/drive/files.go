//go:build js && wasm

package drive

import (
	"errors"
	"io"
	"syscall/js"
)

// await waits for a promise. Not to be called in the browser's own events.
func await(promise js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	done := make(chan outcome, 1)
	good := js.FuncOf(func(_ js.Value, args []js.Value) any {
		v := js.Undefined()
		if len(args) > 0 {
			v = args[0]
		}
		done <- outcome{v, nil}
		return nil
	})
	bad := js.FuncOf(func(_ js.Value, args []js.Value) any {
		text := "it failed"
		if len(args) > 0 && args[0].Type() == js.TypeObject {
			text = args[0].Get("message").String()
		}
		done <- outcome{js.Undefined(), errors.New(text)}
		return nil
	})
	defer good.Release()
	defer bad.Release()
	promise.Call("then", good, bad)
	o := <-done
	return o.value, o.err
}

// blob reads a file that the page was given, without having all of it in memory.
type blob struct{ js.Value }

func (b blob) ReadAt(p []byte, at int64) (int, error) {
	size := int64(b.Get("size").Float())
	if at >= size {
		return 0, io.EOF
	}
	end := min(at+int64(len(p)), size)
	buffer, err := await(b.Call("slice", float64(at), float64(end)).Call("arrayBuffer"))
	if err != nil {
		return 0, errors.New("the file cannot be read any more: it was moved, changed or removed")
	}
	n := js.CopyBytesToGo(p, js.Global().Get("Uint8Array").New(buffer))
	if n < len(p) {
		err = io.EOF
	}
	return n, err
}

// parts gathers a file in the browser's memory, or wherever it puts it.
type parts struct {
	list []any
	rest []byte
}

const partBytes = 4 << 20

func (b *parts) Write(p []byte) (int, error) {
	b.rest = append(b.rest, p...)
	if len(b.rest) >= partBytes {
		b.flush()
	}
	return len(p), nil
}

func (b *parts) flush() {
	array := js.Global().Get("Uint8Array").New(len(b.rest))
	js.CopyBytesToJS(array, b.rest)
	// As a blob each part may leave the memory.
	b.list = append(b.list, js.Global().Get("Blob").New([]any{array}))
	b.rest = b.rest[:0]
}

func (b *parts) blob() js.Value {
	if len(b.rest) > 0 {
		b.flush()
	}
	return js.Global().Get("Blob").New(b.list, map[string]any{"type": "application/zip"})
}
