package recording

import "syscall/js"

// random is what crypto/rand does here, without the rest of that package: some 35 KB that
// a browser would have to fetch.
func random(b []byte) {
	array := js.Global().Get("Uint8Array").New(len(b))
	js.Global().Get("crypto").Call("getRandomValues", array)
	js.CopyBytesToGo(b, array)
}
