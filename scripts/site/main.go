// Site writes the page into a folder that any host of files can serve.
//
//	site [-edge] -live FILE DIR
//
// FILE is the program that stands in for a server, wasm/live. With -edge the folder is for a host that takes its headers
// from a file in it.
package main

import (
	"flag"
	"fmt"
	"os"

	"slotrace/static"
)

func main() {
	program := flag.String("live", "", "the program that stands in for a server")
	edge := flag.Bool("edge", false, "for a host that takes its headers from a file")
	flag.Parse()
	if *program == "" || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "site: call it as in: site [-edge] -live FILE DIR")
		os.Exit(2)
	}
	live, err := os.ReadFile(*program)
	if err == nil {
		write := static.Write
		if *edge {
			write = static.WriteEdge
		}
		err = write(flag.Arg(0), live)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}
