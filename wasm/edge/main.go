//go:build js && wasm

// Command edge is the program of the worker at the edge: an instance of it answers one request
// of the API, or holds a room.
package main

import (
	"github.com/syumai/workers"

	"slotrace/server/edge"
	"slotrace/server/edge/object"
)

func main() {
	if object.Asked() {
		object.Hold()
	}
	workers.Serve(edge.Handler(edge.Bound()))
}
