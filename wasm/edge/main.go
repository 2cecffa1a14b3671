//go:build js && wasm

// Command edge is the API's program, as a worker at the edge runs it for each request.
package main

import (
	"runtime/debug"

	"github.com/syumai/workers"

	"slotrace/server/edge"
)

func main() {
	// Of 128 MB, which requests at a time share with each other and with JavaScript: rather collected more often than ended.
	debug.SetMemoryLimit(40 << 20)
	workers.Serve(edge.Handler(edge.Bound()))
}
