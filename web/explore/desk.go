package explore

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"slotrace/engine/catalogue"
	"slotrace/engine/event"
	"slotrace/engine/lab"
	"slotrace/web/tree"
)

// Desk is one exploration: a setup, a schedule and a step of it, and what searches came
// to. One goroutine at a time may use it.
type Desk struct {
	sender  tree.Sender
	session *lab.Session
	state   lab.State
	search  *search
	last    *outcome // of this setup; nil = none
	lattice *lattice // of this setup; nil = it is too large
	filled  bool     // a proof or a count has told which states lead to a broken end
	onFile  *onFile  // what the schedule came to on a real file; nil = nobody has asked
	request string   // what the server is to be asked
	arrows  bool
	source  int    // which of the sources is shown, -1 = the one of the step
	wrong   string // what could not be done, in a sentence
	said    string // to whoever does not see it
	copied  bool
	now     func() time.Time
	told    string    // the address that was sent last
	toldAt  time.Time // and when
	sources []event.Source
}

// addressEvery is how often the address may change: browsers let a page do that some
// hundred times in ten seconds, and a key that is held down repeats faster.
const addressEvery = 150 * time.Millisecond

// New is a desk on which nothing lies yet: Do("open …") comes first. now is the clock.
func New(now func() time.Time) *Desk { return &Desk{source: -1, now: now} }

// Close ends what the desk has under way.
func (d *Desk) Close() {
	d.stop()
	if d.session != nil {
		d.session.Close()
	}
}

// Do does what a line asks for. What cannot be done is said on the desk.
func (d *Desk) Do(line string) {
	verb, object, _ := strings.Cut(line, " ")
	d.wrong, d.copied = "", false
	if verb == "open" {
		d.open(object)
		return
	}
	if d.session == nil {
		return
	}
	d.sender.Insist = true
	if err := d.do(verb, object); err != nil {
		d.wrong, d.said = sentence(err), "" // it is read out as an alert
	}
}

func (d *Desk) do(verb, object string) error {
	step := d.state.Step
	switch verb {
	case "take":
		if len(object) != 1 || object[0] < 'A' || int(object[0]-'A') >= d.state.Threads {
			return errors.New("there is no thread " + catalogue.Clip(object) + ": " + d.letters() + " would do")
		}
		if err := d.session.Take(int(object[0] - 'A')); err != nil {
			return err
		}
		d.stepped()
	case "back", "on", "first", "last", "go":
		n, err := strconv.Atoi(object)
		switch verb {
		case "back":
			n = step - 1
		case "on":
			n = step + 1
		case "first":
			n = 0
		case "last":
			n = len(d.state.Rows)
		case "go":
			if err != nil {
				return nil
			}
		}
		if n > len(d.state.Rows) && !d.state.Complete {
			return errors.New("the schedule goes no further: a thread's letter lets it take the next step")
		}
		if err := d.session.Go(n); err != nil {
			return err
		}
		d.stepped()
	case "run": // along the schedule, and on to the end
		if !d.state.Complete {
			if err := d.session.Go(len(d.state.Rows)); err != nil {
				return err
			}
			if err := d.session.Finish(); err != nil {
				return err
			}
		}
		if err := d.session.Go(len(d.session.State().Rows)); err != nil {
			return err
		}
		d.stepped()
	case "scenario":
		s := scenarioOf(object)
		if s == nil {
			return errors.New("there is no scenario " + catalogue.Clip(object))
		}
		return d.begin(lab.Default(s))
	case "variant":
		s := d.state.Setup
		s.Variant = object
		return d.begin(s)
	case "other":
		s := d.state.Setup
		s.Variant = d.other()
		return d.begin(s)
	case "threads", "ops":
		s := d.state.Setup
		n, _ := strconv.Atoi(object)
		if verb == "threads" {
			s.Threads = n
		} else {
			s.Ops = n
		}
		return d.begin(s)
	case "load":
		if err := d.session.Load(strings.TrimSpace(object)); err != nil {
			return err
		}
		d.stepped()
	case lab.Find, lab.Prove, lab.Count:
		return d.start(verb)
	case "cancel":
		d.stop()
	case "arrows":
		d.arrows = !d.arrows
	case "source":
		d.source, _ = strconv.Atoi(object)
	case "copy":
		d.sender.Copy(d.place().address())
		d.copied = true
		d.said = "The link is copied."
	case "save":
		return d.save(object)
	case "file":
		return d.askFile()
	case "ran":
		status, body, _ := strings.Cut(object, " ")
		n, _ := strconv.Atoi(status)
		return d.fileRan(n, body)
	}
	return nil
}

// open shows what an address says. One that names the view alone changes nothing that is there.
func (d *Desk) open(fragment string) {
	fragment = strings.TrimPrefix(fragment, "#")
	if d.session != nil && (bare(fragment) || fragment == d.told) {
		d.told = "" // the address is to say it again
		return
	}
	p, off := parseAddress(fragment)
	if err := d.begin(p.Setup); err != nil {
		d.wrong = sentence(err)
		if d.session == nil {
			d.begin(lab.Default(catalogue.All[0]))
		}
		return
	}
	if p.schedule != "" {
		if err := d.session.Load(p.schedule); err != nil && off == nil {
			off = err
		}
		d.state = d.session.State()
		if p.step < 0 {
			p.step = len(d.state.Rows)
		}
	}
	if p.step > len(d.state.Rows) && off == nil {
		off = errors.New("the address: step is " + strconv.Itoa(p.step) + ", 0 to " + strconv.Itoa(len(d.state.Rows)) + " would do")
	}
	if err := d.session.Go(p.step); err != nil && off == nil {
		off = err
	}
	d.stepped()
	if off != nil {
		d.wrong, d.said = sentence(off), ""
	}
}

// begin begins a setup anew, before the first step.
func (d *Desk) begin(s lab.Setup) error {
	if err := s.Check(); err != nil {
		return err
	}
	session, err := lab.NewSession(s)
	if err != nil {
		return err
	}
	d.stop()
	if d.session != nil {
		d.session.Close()
	}
	d.session, d.last, d.source, d.filled = session, nil, -1, false
	d.sources = session.Source()
	if d.lattice, err = latticeOf(s); err != nil {
		return err
	}
	d.state = session.State()
	d.said = s.Variant + ", " + sizes(s) + "."
	return nil
}

// stepped takes over where the session is now, and says it.
func (d *Desk) stepped() {
	d.state = d.session.State()
	d.said = d.tellStep()
}

// other is the variant to switch to: from one that breaks the first that holds, and back.
func (d *Desk) other() string {
	s := scenarioOf(d.state.Scenario)
	holds := s.Variant(d.state.Variant).Holds
	for _, v := range s.Variants {
		if v.Holds != holds {
			return v.Name
		}
	}
	return d.state.Variant
}

func (d *Desk) place() place { return place{d.state.Setup, d.state.Schedule, d.state.Step} }

// Answer is what makes the page show the desk as it is now.
func (d *Desk) Answer() []byte {
	if d.session == nil {
		return nil
	}
	d.sender.Render(d.view())
	if a := d.place().address(); a != d.told && d.now().Sub(d.toldAt) >= addressEvery {
		d.told, d.toldAt = a, d.now()
		d.sender.Address(a)
	}
	return d.sender.Take()
}

// Owes is how long from now Answer is to be asked again although nothing happens; 0 = it
// need not be.
func (d *Desk) Owes() time.Duration {
	if d.session == nil || d.place().address() == d.told {
		return 0
	}
	return max(time.Millisecond, addressEvery-d.now().Sub(d.toldAt))
}
