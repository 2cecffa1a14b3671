// Site writes the page into a folder that any host of files can serve.
//
//	site DIR
package main

import (
	"fmt"
	"os"

	"slotrace/static"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "site: call it with one folder, as in: site DIR")
		os.Exit(2)
	}
	if err := static.Write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}
