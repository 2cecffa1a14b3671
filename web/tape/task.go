package tape

import (
	"errors"
	"strconv"
	"strings"
	"sync/atomic"

	"slotrace/engine/recording"
)

// task is something that takes a while, and that can be given up.
type task struct {
	number int
	what   string
	whole  int64
	done   atomic.Int64
	ended  atomic.Bool // it is to be given up
}

var errCancelled = errors.New("it was cancelled")

// step is told how far the task has come.
func (t *task) step(bytes int64) error {
	t.done.Store(bytes)
	if t.ended.Load() {
		return errCancelled
	}
	return nil
}

func (t *task) view() *node {
	return el("div", "task", txt("p", "", t.what), t.progress(), t.ending()).Named("task " + strconv.Itoa(t.number))
}

func (t *task) progress() *node {
	part := int64(0)
	if t.whole > 0 {
		part = min(t.done.Load()*100/t.whole, 100)
	}
	return el("progress", "").Set("max", "100").Set("value", strconv.FormatInt(part, 10)).Set("aria-label", t.what)
}

func (t *task) ending() *node {
	return txt("button", "small", "Cancel").Set("type", "button").Set("data-tape", "cancel "+strconv.Itoa(t.number))
}

// task begins a task: do is done beside, and then at the desk.
func (d *Desk) task(what string, whole int64, do func(t *task) error, then func(err error)) *task {
	d.numbered++
	t := &task{number: d.numbered, what: what, whole: whole}
	d.tasks = append(d.tasks, t)
	d.later(func() func() {
		err := do(t)
		return func() {
			for i := range d.tasks {
				if d.tasks[i] == t {
					d.tasks = append(d.tasks[:i], d.tasks[i+1:]...)
					break
				}
			}
			then(err)
		}
	})
	return t
}

func (d *Desk) cancel(object string) {
	for _, t := range d.tasks {
		if strconv.Itoa(t.number) == object {
			t.ended.Store(true)
		}
	}
}

// keep keeps in this browser what was opened from a file.
func (d *Desk) keep() {
	f := d.film
	if f == nil || f.place != inFile || d.browser == nil || f.keeping != nil {
		return
	}
	r := f.recording
	var id string
	size := r.Summary().Bytes
	f.keeping = d.task("Keeping “"+r.Name+"” in this browser", size, func(t *task) error {
		var err error
		id, err = keep(d.browser, r, func(bytes int64) error {
			for d.moving.Load() && d.o.Pause != nil && !t.ended.Load() {
				d.o.Pause()
			}
			return t.step(bytes)
		})
		return err
	}, func(err error) {
		f.keeping = nil
		switch {
		case errors.Is(err, errCancelled):
			d.said = "Not kept."
		case err != nil:
			d.wrong = "It could not be kept in this browser: " + lower(sentence(err)) + " It plays on; the file that you have is all of it."
		default:
			f.id, f.place, f.moved = id, inBrowser, true
			d.said = "Kept in this browser."
			if d.film == f {
				d.placeNow()
			}
		}
		d.reload()
	})
}

// keep copies a recording onto a shelf; what fails leaves nothing behind.
func keep(shelf *recording.Shelf, r *recording.Recording, step func(int64) error) (id string, err error) {
	id, folder, err := shelf.Make()
	if err != nil {
		return "", err
	}
	if err := r.CopyTo(folder, step); err != nil {
		return "", errors.Join(err, removed(shelf, id))
	}
	return id, nil
}

// removed removes a recording that was not whole; that its header is not there yet is no
// failure.
func removed(shelf *recording.Shelf, id string) error {
	if err := shelf.Remove(id); err != nil && !errors.Is(err, recording.ErrUnknown) {
		return err
	}
	return nil
}

// keeping is what the bar has to say of that.
func (d *Desk) keeping(f *film) *node {
	switch {
	case f.keeping != nil:
		return el("div", "task", f.keeping.progress(), f.keeping.ending().Set("title", f.keeping.what)).Named("keeping")
	case f.place == inFile && d.browser != nil:
		return txt("button", "", "Keep").Set("type", "button").Set("data-tape", "keep").Set("title", "Keep it in this browser").Named("keep")
	}
	return nil
}

// opened opens a recording that is listed.
func (d *Desk) opened(it item) (*recording.Recording, error) {
	if it.place == onServer {
		return d.o.Server.Open(it.ID)
	}
	return d.browser.Open(it.ID)
}

// zipOf is a recording as one file.
func zipOf(r *recording.Recording) Zip {
	return Zip{Name: saved(r.Name), WriteTo: r.WriteZip}
}

// saved is what a recording's file is called.
func saved(name string) string {
	name = strings.Map(func(c rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, c) || c < ' ' {
			return '-'
		}
		return c
	}, name)
	if name = strings.TrimLeft(strings.TrimSpace(name), ".- "); name == "" {
		name = "recording"
	}
	return name + ".slotrace.zip"
}

func (d *Desk) download(it item) {
	var z Zip
	d.later(func() func() {
		r, err := d.opened(it)
		if err == nil {
			z = zipOf(r)
		}
		return func() {
			if err != nil {
				d.wrong = sentence(err)
				return
			}
			d.tell(Out{Kind: OutSave, Zip: &z})
			d.said = z.Name + " is being saved."
		}
	})
}

// upload has the server keep a recording of this browser, so that it has a link.
func (d *Desk) upload(it item) error {
	var id string
	d.task("Sending “"+it.Name+"” to the server", it.Size, func(t *task) error {
		r, err := d.opened(it)
		if err != nil {
			return err
		}
		id, err = d.o.Server.Upload(zipOf(r), t.step)
		return err
	}, func(err error) {
		switch {
		case errors.Is(err, errCancelled):
			d.said = "Not sent."
		case err != nil:
			d.wrong = "It could not be shared: " + lower(sentence(err))
		default:
			d.copyLink(id)
		}
		d.reload()
	})
	return nil
}
