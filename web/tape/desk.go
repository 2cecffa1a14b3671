package tape

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"slotrace/engine/recording"
	"slotrace/web/tree"
)

type node = tree.Node

var el, txt = tree.New, tree.Words

// Options are what the desk has to do with.
type Options struct {
	Now func() time.Time

	// Browser opens the place where this browser keeps recordings. It may take a while.
	Browser func() (*recording.Shelf, error)
	// Session is a place for as long as the page is open, for where the browser keeps nothing.
	Session func() (*recording.Shelf, error)
	// Pause waits a moment; nil if nobody has to be waited for.
	Pause func()
	// Server is nil where there is none.
	Server Server
}

// Server is where recordings are kept beside the browser. Its methods wait for it.
type Server interface {
	List() ([]Kept, error)
	Open(id string) (*recording.Recording, error)
	Rename(id, name string) error
	Remove(id string) error
	Upload(zip Zip, step func(bytes int64) error) (id string, err error)
}

// Kept is what a server tells of a recording: server/run's, without what is not shown.
type Kept struct {
	ID    string `json:"id"`
	State string `json:"state"`
	recording.Summary
	Size int64 `json:"size"`
}

// Zip is a recording as one file.
type Zip struct {
	Name    string
	WriteTo func(w io.Writer) error
}

// ErrRefused is for a server that does not tell everybody what it has.
var ErrRefused = errors.New("refused")

// Out is something for the page to do.
type Out struct {
	Kind  string // see the constants
	Text  string
	Bytes []byte
	Zip   *Zip
}

// The kinds there are.
const (
	OutShelf   = "shelf"   // a patch of the Recordings view, in Bytes
	OutBar     = "bar"     // a patch of the replay's bar, in Bytes
	OutMessage = "message" // of the stream, in Bytes
	OutOpened  = "opened"  // a replay is there: connect to it
	OutClosed  = "closed"  // it is no more: connect to the server
	OutMoving  = "moving"  // Text "yes" or "no": whether frames are wanted
	OutGo      = "go"      // to the address in Text, behind the #
	OutPlace   = "place"   // the same, in place of the present one
	OutCopy    = "copy"    // the address in Text, from the page's own
	OutSave    = "save"    // Zip
	OutChoose  = "choose"  // a file
	OutAnswer  = "answer"  // to a question about a slot: its number, and JSON
)

// Desk is the program. One goroutine at a time may use it; what takes long it hands out as
// Work.
type Desk struct {
	o       Options
	shelf   tree.Sender
	bar     tree.Sender
	out     []Out
	work    []Work
	browser *recording.Shelf
	lasting bool   // what the browser keeps is there tomorrow
	why     string // it does not

	list    list
	film    *film
	opening *source // that is being opened
	start   func()  // what waits until it is known what the browser has; nil = it is known, or nothing waits
	started bool
	wrong   string
	said    string
	dirty   bool

	moving   atomic.Bool     // time goes on or is dragged about: what can wait does
	room     map[string]size // of what is drawn in
	tasks    []*task
	numbered int    // tasks so far
	place    string // the address that the page has been given for the film
}

type size struct{ width, height float64 }

// Work is something that takes a while; what it returns is done at the desk.
type Work func() (then func())

// New is a desk.
func New(o Options) *Desk {
	d := &Desk{o: o, room: map[string]size{"map": {1200, 32}, "line": {1200, 44}}, dirty: true}
	d.list.asked = map[string]bool{}
	d.later(func() func() {
		shelf, err := o.Browser()
		lasting := err == nil
		why := ""
		if err != nil {
			why = sentence(err)
			shelf, err = o.Session()
		}
		return func() {
			d.browser, d.lasting, d.why = shelf, lasting, why
			if err != nil {
				d.wrong = sentence(err)
			}
			d.started = true
			d.keepByItself()
			d.reload()
			if d.start != nil {
				d.start()
			}
		}
	})
	return d
}

func (d *Desk) later(w Work) { d.work = append(d.work, w) }

// Works returns what is to be done beside, since it was called last. Each is done in any
// goroutine; what it returns is handed to Then.
func (d *Desk) Works() []Work {
	w := d.work
	d.work = nil
	return w
}

// Then does what came of a Work.
func (d *Desk) Then(then func()) {
	if then != nil {
		then()
		d.dirty = true
	}
}

func (d *Desk) tell(o Out) { d.out = append(d.out, o) }

// Do does what a line asks for.
func (d *Desk) Do(line string) {
	verb, object, _ := strings.Cut(line, " ")
	switch verb {
	case "tick":
		d.tick()
		return
	case "ack":
		n, _ := strconv.ParseUint(object, 10, 32)
		d.acknowledged(uint32(n))
		return
	case "size":
		d.resize(object)
		return
	}
	d.dirty = true
	switch verb {
	case "address", "watch", "list": // what the page does by itself
	default:
		d.wrong = ""
	}
	d.shelf.Insist, d.bar.Insist = true, true
	if err := d.do(verb, object); err != nil {
		d.wrong, d.said = sentence(err), ""
	}
}

func (d *Desk) do(verb, object string) error {
	switch verb {
	case "address":
		return d.address(object)
	case "watch":
		d.watch()
	case "list":
		d.reload()
	case "open":
		place, id, _ := strings.Cut(object, " ")
		d.open(source{place: place, id: id}, unset)
	case "choose":
		d.tell(Out{Kind: OutChoose})
	case "rename", "name", "delete", "spare", "download", "share":
		return d.change(verb, object)
	case "cancel":
		d.cancel(object)
	case "keep":
		d.keep()
	case "slot":
		d.slot(object)
	default:
		if d.film == nil {
			return nil
		}
		return d.film.do(d, verb, object)
	}
	return nil
}

func (d *Desk) resize(object string) {
	f := strings.Fields(object)
	if len(f) != 3 {
		return
	}
	w, err := strconv.ParseFloat(f[1], 64)
	h, err2 := strconv.ParseFloat(f[2], 64)
	if err != nil || err2 != nil || w < 1 || h < 1 || w > 1<<14 || h > 1<<14 {
		return
	}
	d.room[f[0]] = size{w, h}
	d.dirty = true
}

// Take returns what the page is to do since it was called last.
func (d *Desk) Take() []Out {
	if d.film != nil {
		d.film.pump(d)
	}
	if d.dirty {
		d.dirty = false
		d.shelf.Render(d.viewShelf())
		if p := d.shelf.Take(); len(p) > 0 {
			d.tell(Out{Kind: OutShelf, Bytes: p})
		}
		d.bar.Render(d.viewBar())
		if p := d.bar.Take(); len(p) > 0 {
			d.tell(Out{Kind: OutBar, Bytes: p})
		}
	}
	out := d.out
	d.out = nil
	return out
}

// Owes is in how long Due is to be called although nothing happens; 0 = it need not be.
func (d *Desk) Owes() time.Duration {
	if len(d.tasks) > 0 {
		return 200 * time.Millisecond
	}
	if f := d.film; f != nil && f.moved && f.resting() {
		return max(addressEvery-d.o.Now().Sub(f.movedAt), time.Millisecond)
	}
	return 0
}

// Due shows what has become due: how far tasks are, and where the replay stands.
func (d *Desk) Due() {
	d.dirty = d.dirty || len(d.tasks) > 0
	d.tellPlace(d.o.Now())
}
