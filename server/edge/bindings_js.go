package edge

import (
	"fmt"
	"io"
	"io/fs"
	"syscall/js"
	"time"

	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/r2"
)

// Bound returns what wrangler.toml binds to the worker: what is not bound is nil, or "".
func Bound() (bodies Bodies, names Names, uploadToken string) {
	if library, err := r2.NewBucket("RECORDINGS"); err == nil {
		bodies = bucket{library, cloudflare.GetBinding("RECORDINGS")}
	}
	if namespace := cloudflare.GetBinding("NAMES"); namespace.Truthy() {
		names = kv{namespace}
	}
	if secret := cloudflare.GetBinding("UPLOAD_TOKEN"); secret.Type() == js.TypeString {
		uploadToken = secret.String()
	}
	return bodies, names, uploadToken
}

// bucket is an R2 bucket. What the library does not have, parts of a body and one that is put
// without another copy, is asked of the bucket itself.
type bucket struct {
	*r2.Bucket
	js js.Value
}

func (b bucket) Put(key string, size int64, r io.Reader) error {
	body := js.Global().Get("Uint8Array").New(size)
	piece := make([]byte, min(size, pieceBytes))
	for at := int64(0); at < size; {
		n, err := r.Read(piece[:min(int64(len(piece)), size-at)])
		js.CopyBytesToJS(body.Call("subarray", at), piece[:n])
		at += int64(n)
		if err != nil && (err != io.EOF || at < size) {
			return err
		}
	}
	_, err := await(b.js.Call("put", key, body))
	return err
}

func (b bucket) Get(key string, at, n int64) ([]byte, error) {
	object, err := await(b.js.Call("get", key, map[string]any{"range": map[string]any{"offset": at, "length": n}}))
	if err != nil {
		return nil, err
	}
	if object.IsNull() {
		return nil, fs.ErrNotExist
	}
	return bytesOf(object.Call("arrayBuffer"))
}

func (b bucket) List() (some []Body, all bool, err error) {
	objects, err := b.Bucket.List()
	if err != nil {
		return nil, false, err
	}
	for _, o := range objects.Objects {
		some = append(some, Body{o.Key, int64(o.Size), o.Uploaded})
	}
	return some, !objects.Truncated, nil
}

// kv is a KV namespace. The library's makes "<null>" of what is not there.
type kv struct{ js js.Value }

func (n kv) Get(key string) ([]byte, error) {
	value, err := await(n.js.Call("get", key, "arrayBuffer"))
	if err != nil || value.IsNull() {
		return nil, err
	}
	return toBytes(value), nil
}

func (n kv) Put(key string, value []byte, age time.Duration) error {
	body := js.Global().Get("Uint8Array").New(len(value))
	js.CopyBytesToJS(body, value)
	_, err := await(n.js.Call("put", key, body, map[string]any{"expirationTtl": int(age.Seconds())}))
	return err
}

func bytesOf(buffer js.Value) ([]byte, error) {
	b, err := await(buffer)
	if err != nil {
		return nil, err
	}
	return toBytes(b), nil
}

func toBytes(buffer js.Value) []byte {
	array := js.Global().Get("Uint8Array").New(buffer)
	b := make([]byte, array.Length())
	js.CopyBytesToGo(b, array)
	return b
}

// await waits for a promise.
func await(promise js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	done := make(chan outcome, 1)
	kept := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- outcome{value: args[0]}
		return nil
	})
	defer kept.Release()
	broken := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- outcome{err: fmt.Errorf("the platform: %s", js.Global().Get("String").Invoke(args[0]).String())}
		return nil
	})
	defer broken.Release()
	promise.Call("then", kept, broken)
	o := <-done
	return o.value, o.err
}
