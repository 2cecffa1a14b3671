//go:build js && wasm

// Command edge is the program of the worker at the edge: an instance of it answers one request
// of the API, or holds a room.
package main

import (
	"runtime/debug"

	"github.com/syumai/workers"

	"slotrace/server/edge"
	"slotrace/server/edge/object"
)

func main() {
	// Of 128 MB, which requests at a time share with each other and with JavaScript: rather collected more often than ended.
	debug.SetMemoryLimit(40 << 20)
	if object.Asked() {
		object.Hold()
	}
	workers.Serve(edge.Handler(edge.Bound()))
}
