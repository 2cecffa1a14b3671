//go:build js && wasm

// Command lab is the explorer's program, as the page's worker runs it.
package main

import "slotrace/web/worker"

func main() { worker.Run() }
