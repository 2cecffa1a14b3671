//go:build js && wasm

// Command edge is the API's program, as a worker at the edge runs it for each request.
package main

import (
	"github.com/syumai/workers"

	"slotrace/server/edge"
)

func main() { workers.Serve(edge.Handler()) }
