// Command slotrace shows a concurrency bug as it happens: it runs a real store
// under writers that race, and serves a page that follows every step.
package main

import (
	"fmt"
	"io"
	"os"
)

// What the command's exit says.
const (
	exitOK      = 0
	exitFound   = 1 // a test failed, a store is damaged
	exitUsage   = 2 // the words of the call are off
	exitBounded = 3 // it was ended before a verdict
	exitFailed  = 4 // it could not be done
)

func main() { os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr)) }

// command is a word that slotrace can be followed by.
type command struct {
	name, does string
	do         func(args []string, stdout, stderr io.Writer) int
}

func commands() []command {
	return []command{
		{"serve", "serve the page, the API and the stream (what slotrace alone does)", runServe},
		{"review", "run the seven tests that found the bug on an allocator", runReview},
		{"explore", "search the schedules of a scenario for one that breaks it", runExplore},
		{"replay", "run one schedule of a scenario, step by step", runReplay},
		{"play", "tell what a recording came to", runPlay},
		{"export", "write a recording for other tools: Perfetto, JSON, CSV", runExport},
		{"check", "verify a store at rest, entry by entry", runCheck},
		{"bench", "measure the store, in ratios", runBench},
		{"version", "print the version", runVersion},
	}
}

// execute does what args, the command line behind the program's name, say. Results go
// to stdout, all else to stderr.
func execute(args []string, stdout, stderr io.Writer) int {
	word := "serve"
	if len(args) > 0 && (args[0] == "" || args[0][0] != '-') {
		word, args = args[0], args[1:]
	} else if len(args) == 1 {
		switch args[0] {
		case "-h", "-help", "--help":
			word, args = "help", nil
		case "-version", "--version":
			word, args = "version", nil
		}
	}
	if word == "help" {
		return runHelp(args, stdout, stderr)
	}
	for _, c := range commands() {
		if c.name == word {
			return c.do(args, stdout, stderr)
		}
	}
	return misused(stderr, "slotrace", fmt.Sprintf("there is no command %.40q; there are %s, help", word, names()))
}

func names() (list string) {
	for i, c := range commands() {
		if i > 0 {
			list += ", "
		}
		list += c.name
	}
	return list
}

func runHelp(args []string, stdout, stderr io.Writer) int {
	if len(args) == 1 {
		switch args[0] {
		case "-h", "-help", "--help", "help":
			return runHelp(nil, stdout, stderr)
		}
		for _, c := range commands() {
			if c.name == args[0] {
				return c.do([]string{"--help"}, stdout, stderr)
			}
		}
	}
	if len(args) > 0 {
		return misused(stderr, "slotrace", fmt.Sprintf("there is no help about %.40q, but about %s", args[0], names()))
	}
	fmt.Fprint(stdout, "slotrace shows a concurrency bug as it happens.\n\nusage: slotrace [command] [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(stdout, "  %-9s %s\n", c.name, c.does)
	}
	fmt.Fprintf(stdout, "  %-9s %s\n", "help", "this, or more about a command: slotrace help serve")
	return exitOK
}

// misused tells in one line what is off in the words of a call.
func misused(stderr io.Writer, command, what string) int {
	fmt.Fprintf(stderr, "%s: %s; see %s --help\n", command, what, command)
	return exitUsage
}
