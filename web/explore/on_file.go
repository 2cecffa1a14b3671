package explore

import (
	"encoding/json"
	"errors"
	"strconv"

	"slotrace/engine/lab"
)

// onFile is what the schedule came to on a real file, on the server.
type onFile struct {
	setup    lab.Setup
	schedule string
	asking   bool
	ran      lab.FileRun
}

// askFile asks the server to run the schedule.
func (d *Desk) askFile() error {
	if !d.state.Complete {
		return errors.New("on a file a schedule has to lead to the end: run it to the end first")
	}
	body, err := json.Marshal(struct {
		lab.Setup
		Schedule string `json:"schedule"`
	}{d.state.Setup, d.state.Schedule})
	if err != nil {
		return err
	}
	d.onFile = &onFile{setup: d.state.Setup, schedule: d.state.Schedule, asking: true}
	d.request = string(body)
	d.said = "Running it on the real file …"
	return nil
}

// Request is what the server is to be asked, POST /api/schedules; "" = nothing. It is asked
// once. What it answers comes to Do as "ran STATUS BODY", with the status 0 if it could not
// be reached.
func (d *Desk) Request() string {
	r := d.request
	d.request = ""
	return r
}

// fileRan takes over what the server answered.
func (d *Desk) fileRan(status int, body string) error {
	f := d.onFile
	if f == nil || !f.asking {
		return nil
	}
	d.onFile = nil
	var failure struct{ Error string }
	switch {
	case status == 200:
		if json.Unmarshal([]byte(body), &f.ran) == nil {
			f.asking = false
			d.onFile = f
			d.said = fileText(f)
			return nil
		}
	case json.Unmarshal([]byte(body), &failure) == nil && failure.Error != "":
		return errors.New("on the server's file: " + failure.Error)
	}
	return errors.New("there is no server here that has a file to run it on; slotrace, started on your machine, has one")
}

// fileResult is a line about the schedule on the file; nil = nobody has asked.
func (d *Desk) fileResult() *node {
	f := d.onFile
	if f == nil || f.setup != d.state.Setup || f.schedule != d.state.Schedule {
		return nil
	}
	classes := "on-file"
	switch {
	case f.asking:
		classes += " quiet"
	case f.ran.Agrees:
		classes += " agrees"
	default:
		classes += " bad"
	}
	return txt("p", classes, fileText(f)).Named("on file")
}

func fileText(f *onFile) string {
	if f.asking {
		return "Real goroutines run it on a mapped file …"
	}
	text := "✓ On a real mapped file, by goroutines that took turns as it says, it came to the same: " + plural(len(f.ran.Steps), "step")
	if !f.ran.Agrees {
		return "✕ On the real file it came to something else: " + f.ran.Difference + "."
	}
	for i, e := range f.ran.Evidence {
		if i == 2 {
			text += ", and " + strconv.Itoa(len(f.ran.Evidence)-i) + " more"
			break
		}
		text += "; " + e.ID + " was stored as “" + e.Expected + "” and reads “" + e.Got + "”"
	}
	if len(f.ran.Evidence) == 0 {
		text += ", and all of it reads back"
	}
	return text + "."
}
