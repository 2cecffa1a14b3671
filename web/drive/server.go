//go:build js && wasm

package drive

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"syscall/js"

	"slotrace/engine/recording"
	"slotrace/web/tape"
)

// server is the server's recordings, through the browser's own fetch.
type server struct{}

const recordings = "/api/recordings"

var errAway = errors.New("the server is not there")

// ask sends a request, and reads the answer into v unless that is nil.
func (server) ask(method, path string, body any, v any) error {
	options := map[string]any{"method": method, "headers": map[string]any{"Accept": "application/json"}}
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		options["headers"] = map[string]any{"Accept": "application/json", "Content-Type": "application/json"}
		options["body"] = string(b)
	}
	answer, err := await(js.Global().Call("fetch", path, options))
	if err != nil {
		return errAway
	}
	text, err := await(answer.Call("text"))
	if err != nil {
		return errAway
	}
	return read(answer.Get("status").Int(), text.String(), v)
}

func read(status int, text string, v any) error {
	if status >= 400 {
		var failure struct {
			Error string `json:"error"`
		}
		switch err := json.Unmarshal([]byte(text), &failure); {
		case status == 404 && err == nil && failure.Error != "":
			return recording.ErrUnknown
		case status == 403 && err == nil:
			return refused{failure.Error}
		case err == nil && failure.Error != "":
			return errors.New(failure.Error)
		}
		return errors.New("the server answered " + strconv.Itoa(status))
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return errors.New("the server's answer cannot be read")
	}
	return nil
}

type refused struct{ why string }

func (r refused) Error() string        { return r.why }
func (r refused) Is(target error) bool { return target == tape.ErrRefused }

func (s server) List() ([]tape.Kept, error) {
	var list struct {
		Recordings []tape.Kept `json:"recordings"`
	}
	err := s.ask("GET", recordings, nil, &list)
	if errors.Is(err, recording.ErrUnknown) {
		err = nil // it is of a version that keeps none
	}
	return list.Recordings, err
}

func (s server) Rename(id, name string) error {
	return s.ask("PATCH", recordings+"/"+id, map[string]string{"name": name}, nil)
}

func (s server) Remove(id string) error { return s.ask("DELETE", recordings+"/"+id, nil, nil) }

func (s server) Open(id string) (*recording.Recording, error) {
	path := recordings + "/" + id
	answer, err := await(js.Global().Call("fetch", path, map[string]any{"method": "HEAD"}))
	if err != nil {
		return nil, errAway
	}
	if status := answer.Get("status").Int(); status == 404 {
		return nil, recording.ErrUnknown
	} else if status >= 400 {
		return nil, errors.New("the server answered " + strconv.Itoa(status))
	}
	size, err := strconv.ParseInt(answer.Get("headers").Call("get", "Content-Length").String(), 10, 64)
	if err != nil || size < 1 {
		return nil, errors.New("the server does not say how large the recording is")
	}
	return recording.OpenZip(tape.Blocks(ranges{path}, size), size)
}

// ranges reads a file of the server's, a part at a time.
type ranges struct{ path string }

func (r ranges) ReadAt(p []byte, at int64) (int, error) {
	span := "bytes=" + strconv.FormatInt(at, 10) + "-" + strconv.FormatInt(at+int64(len(p))-1, 10)
	answer, err := await(js.Global().Call("fetch", r.path, map[string]any{"headers": map[string]any{"Range": span}}))
	if err != nil {
		return 0, errAway
	}
	if status := answer.Get("status").Int(); status != 206 {
		if status == 404 {
			return 0, recording.ErrUnknown
		}
		answer.Get("body").Call("cancel") // all of it would come
		return 0, errors.New("the server does not send parts of a recording")
	}
	buffer, err := await(answer.Call("arrayBuffer"))
	if err != nil {
		return 0, errAway
	}
	n := js.CopyBytesToGo(p, js.Global().Get("Uint8Array").New(buffer))
	if n < len(p) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Upload sends a recording. Fetch would not say how far it has come.
func (s server) Upload(zip tape.Zip, step func(int64) error) (id string, err error) {
	body := &parts{}
	if err := zip.WriteTo(body); err != nil {
		return "", err
	}
	type outcome struct {
		status int
		text   string
	}
	done := make(chan outcome, 1)
	request := js.Global().Get("XMLHttpRequest").New()
	ended := js.FuncOf(func(js.Value, []js.Value) any {
		done <- outcome{request.Get("status").Int(), request.Get("responseText").String()}
		return nil
	})
	progress := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if step(int64(args[0].Get("loaded").Float())) != nil {
			request.Call("abort")
		}
		return nil
	})
	defer ended.Release()
	defer progress.Release()
	request.Get("upload").Set("onprogress", progress)
	request.Set("onloadend", ended)
	request.Call("open", "POST", recordings)
	request.Call("setRequestHeader", "Content-Type", "application/zip")
	request.Call("setRequestHeader", "Accept", "application/json")
	request.Call("send", body.blob())
	o := <-done
	if o.status == 0 {
		if err := step(0); err != nil {
			return "", err
		}
		return "", errAway
	}
	var k tape.Kept
	if err := read(o.status, o.text, &k); err != nil {
		return "", err
	}
	if !recording.IsID(k.ID) {
		return "", errors.New("the server's answer cannot be read: " + strings.TrimSpace(k.ID))
	}
	return k.ID, nil
}
