package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"slotrace/server/guard"
	"slotrace/server/relay"
	"slotrace/server/shelf"
)

const serveHelp = `usage: slotrace [serve] [flags]

Serves the page, and runs what it shows. The address is printed when it is ready.
Ctrl-C ends it; a second one ends it at once.

  --addr HOST:PORT   listen there (127.0.0.1:8080); port 0 takes any that is free,
                     and no HOST is every address of this machine
  --data DIR         keep the stores' files and the recordings in DIR, which is made
                     if it is missing (a fresh temporary folder, removed at the end)
  --host NAME        answer to NAME too, a name or address of this machine, or to
                     NAME:PORT; can be given again
  --keep-mb N        keep recordings of at most so many MiB together (4096)
  --keep-count N     and at most so many of them (1000)
  --keep-days N      remove a recording after so many days (30); 0 keeps it for good
  --upload-mb N      take in recordings of at most so many MiB each (512)
  --relay URL        present in a room at the edge, too, as https://HOST/room/NAME is;
                     whoever opens that address watches
  --token T          the PRESENTER_TOKEN of the room's deployment; in SLOTRACE_TOKEN
                     it does not show in the list of processes

Whoever reaches the address can watch, and fetch a recording whose address they were
given; only from this machine can anything be changed, and recordings be listed.
`

// serveWords are what the flags of serve say.
type serveWords struct {
	host  string // to listen on, "" being all
	port  string
	data  string // "" is a temporary folder
	hosts []string
	keep  shelf.Options
	relay *relay.Room // nil is none
	token string
}

// errHelp asks for serveHelp.
var errHelp = flag.ErrHelp

// tokenVariable is where a token may be that is no word of the call.
const tokenVariable = "SLOTRACE_TOKEN"

func parseServe(args []string, getenv func(string) string) (serveWords, error) {
	var w serveWords
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	addr := flags.String("addr", "127.0.0.1:8080", "")
	flags.Func("data", "", func(s string) error {
		if s == "" {
			return errors.New("a folder is due")
		}
		w.data = s
		return nil
	})
	flags.Func("host", "", func(s string) error {
		if _, err := guard.ParseHost(s); err != nil {
			return err
		}
		w.hosts = append(w.hosts, s)
		return nil
	})
	keepMB := within(flags, "keep-mb", shelf.Default.Bytes>>20, 1, 1<<30)
	keepCount := within(flags, "keep-count", int64(shelf.Default.Count), 1, 100_000)
	keepDays := within(flags, "keep-days", 30, 0, 36_500)
	uploadMB := within(flags, "upload-mb", shelf.Default.One>>20, 1, 1<<20)
	flags.Func("relay", "", func(s string) error {
		room, err := relay.ParseRoom(s)
		w.relay = &room
		return err
	})
	flags.Func("token", "", func(s string) error {
		w.token = s
		return relay.ParseToken(s)
	})
	if err := flags.Parse(args); err != nil {
		return w, flagError(err, serveFlags)
	}
	w.keep = shelf.Options{Bytes: *keepMB << 20, Count: int(*keepCount), Age: time.Duration(*keepDays) * 24 * time.Hour, One: *uploadMB << 20}
	if flags.NArg() > 0 {
		return w, fmt.Errorf("%.40q is one word too many; there are the flags %s", flags.Arg(0), serveFlags)
	}
	switch from := getenv(tokenVariable); {
	case w.relay == nil && w.token != "":
		return w, errors.New("--token is for a room, which --relay https://HOST/room/NAME names")
	case w.relay != nil && w.token == "" && from == "":
		return w, errors.New("--relay needs the room's token, in --token or in " + tokenVariable)
	case w.relay != nil && w.token == "":
		if err := relay.ParseToken(from); err != nil {
			return w, fmt.Errorf("%s: %w", tokenVariable, err)
		}
		w.token = from
	}
	var err error
	if w.host, w.port, err = net.SplitHostPort(*addr); err != nil {
		return w, fmt.Errorf("--addr %.60q must be HOST:PORT, as 127.0.0.1:8080 is", *addr)
	}
	if _, err := strconv.ParseUint(w.port, 10, 16); err != nil {
		return w, fmt.Errorf("--addr %.60q: the port must be a number from 0 to 65535", *addr)
	}
	return w, nil
}

const serveFlags = "--addr, --data, --host, --keep-mb, --keep-count, --keep-days, --upload-mb, --relay, --token"

// within adds a flag for a whole number from low to top.
func within(flags *flag.FlagSet, name string, otherwise, low, top int64) *int64 {
	n := otherwise
	flags.Func(name, "", func(s string) error {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil || v < low || v > top {
			return fmt.Errorf("a whole number from %d to %d would do", low, top)
		}
		n = v
		return nil
	})
	return &n
}

// flagError puts what package flag says into this command's words, which has the flags
// there.
func flagError(err error, there string) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		return fmt.Errorf("there is no flag --%.40s; there are %s", strings.TrimLeft(name, "-"), there)
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return fmt.Errorf("%s needs a value behind it", dashed(name))
	}
	if _, rest, ok := strings.Cut(text, " for flag -"); ok { // invalid value "x" for flag -host: why
		name, why, _ := strings.Cut(rest, ": ")
		return fmt.Errorf("%s: %s", dashed(name), why)
	}
	if _, rest, ok := strings.Cut(text, " for -"); ok { // invalid boolean value "x" for -json: why
		name, _, _ := strings.Cut(rest, ":")
		return fmt.Errorf("--%s takes no value", name)
	}
	return err
}

// dashed is a flag as the help has it.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
