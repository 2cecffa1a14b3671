//go:build js && wasm

// Command tape is the program of recordings and replays, as the page's worker runs it.
package main

import "slotrace/web/drive"

func main() { drive.Run() }
