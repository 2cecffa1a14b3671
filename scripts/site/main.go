// Site writes the page into a folder that any host of files can serve.
//
//	site -live FILE DIR
//
// FILE is the program that stands in for a server, wasm/live.
package main

import (
	"flag"
	"fmt"
	"os"

	"slotrace/static"
)

func main() {
	program := flag.String("live", "", "the program that stands in for a server")
	flag.Parse()
	if *program == "" || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "site: call it as in: site -live FILE DIR")
		os.Exit(2)
	}
	live, err := os.ReadFile(*program)
	if err == nil {
		err = static.Write(flag.Arg(0), live)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}
