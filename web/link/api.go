//go:build js && wasm

package link

import (
	"strconv"
	"syscall/js"
)

// Fields are the fields of a request, and of an answer as Go values know them.
type Fields = map[string]any

// Ask sends a request to the API and calls done with the answer: its value, or
// what went wrong in words for people. A nil body sends none.
func Ask(method, path string, body Fields, done func(answer js.Value, failure string)) {
	options := Fields{"method": method, "headers": Fields{"Accept": "application/json"}}
	if body != nil {
		options["headers"] = Fields{"Accept": "application/json", "Content-Type": "application/json"}
		options["body"] = js.Global().Get("JSON").Call("stringify", body)
	}
	var release func()
	finish := func(answer js.Value, failure string) {
		release()
		done(answer, failure)
	}
	var status int
	gotText := js.FuncOf(func(_ js.Value, args []js.Value) any {
		answer, ok := parse(args[0])
		switch {
		case status < 400 && ok:
			finish(answer, "")
		case ok && answer.Type() == js.TypeObject && answer.Get("error").Type() == js.TypeString:
			finish(js.Undefined(), answer.Get("error").String())
		default:
			finish(js.Undefined(), "the server answered "+strconv.Itoa(status))
		}
		return nil
	})
	gotAnswer := js.FuncOf(func(_ js.Value, args []js.Value) any {
		status = args[0].Get("status").Int()
		return args[0].Call("text")
	})
	failed := js.FuncOf(func(js.Value, []js.Value) any {
		finish(js.Undefined(), "the server is not there")
		return nil
	})
	release = func() {
		gotText.Release()
		gotAnswer.Release()
		failed.Release()
	}
	js.Global().Get("slotrace").Call("fetch", path, options).Call("then", gotAnswer).Call("then", gotText, failed)
}

// parse reads JSON; an empty answer is read as null.
func parse(text js.Value) (v js.Value, ok bool) {
	defer func() {
		if recover() != nil {
			v, ok = js.Undefined(), false
		}
	}()
	if text.String() == "" {
		return js.Null(), true
	}
	return js.Global().Get("JSON").Call("parse", text), true
}
