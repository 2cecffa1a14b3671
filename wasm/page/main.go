//go:build js && wasm

// Command page is the page's program, as browsers run it.
package main

import "slotrace/web/page"

func main() {
	page.Open()
	select {} // everything else happens in the browser's events
}
