//go:build js && wasm

// Command tape is the program of recordings and replays, as the page's worker runs it.
package main

import (
	"runtime/debug"

	"slotrace/web/drive"
)

func main() {
	// A segment is some large pieces without pointers, and there is one thread to collect in.
	debug.SetGCPercent(300)
	drive.Run()
}
