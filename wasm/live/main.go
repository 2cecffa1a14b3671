//go:build js && wasm

// Command live stands in for a server where there is none, in a worker of the page.
package main

import "slotrace/web/local"

func main() { local.Serve() }
