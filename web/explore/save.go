package explore

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"slotrace/engine/catalogue"
	"slotrace/engine/lab"
)

// save hands the schedule out as a file.
func (d *Desk) save(as string) error {
	if len(d.state.Rows) == 0 {
		return errors.New("there is no schedule yet: a thread's letter lets it take a step, and Shift + F finds one that breaks it")
	}
	name := d.state.Scenario + "-" + d.state.Variant + "-" + clipName(d.state.Schedule)
	switch as {
	case "svg":
		d.sender.Save(name+".svg", "image/svg+xml", d.still())
	case "json":
		d.sender.Save(name+".json", "application/json", d.trace())
	case "test":
		source, err := lab.GoTest(d.state.Setup, d.state.Schedule)
		if err != nil {
			return err
		}
		d.sender.Save(strings.ReplaceAll(name, "-", "_")+"_test.go", "text/x-go", source)
	default:
		return errors.New("it can be saved as svg, json or test")
	}
	d.said = "Saved."
	return nil
}

func clipName(s string) string {
	if len(s) > 40 {
		return s[:40]
	}
	return s
}

// trace is the schedule with each step as it was taken.
func (d *Desk) trace() string {
	x := &d.state
	var steps []lab.Step
	for i := range x.Rows {
		steps = append(steps, x.Rows[i].Step)
	}
	b, err := json.MarshalIndent(struct {
		lab.Setup
		Schedule    string     `json:"schedule"`
		Complete    bool       `json:"complete"`
		Preemptions int        `json:"preemptions"`
		Verdict     string     `json:"verdict"`
		Why         string     `json:"why,omitempty"`
		Deadlock    []lab.Wait `json:"deadlock,omitempty"`
		Steps       []lab.Step `json:"steps"`
	}{x.Setup, x.Schedule, x.Complete, preempted(x.Rows), d.verdict(), x.Why, x.Deadlock, steps}, "", "  ")
	if err != nil {
		panic(err) // it is made of strings and numbers
	}
	return string(b) + "\n"
}

// okabeIto are the threads' colours, as in the stylesheet.
var okabeIto = [...]string{"#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#8a9bff", "#bcc6d0"}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace

// still is the schedule as a picture by itself, for a slide or a report.
func (d *Desk) still() string {
	x := &d.state
	const column, row, left, top = 230, 34, 60, 96
	width := max(left+column*x.Threads+24, 620)
	var b strings.Builder
	n := strconv.Itoa
	text := func(px, py int, attributes, s string) {
		b.WriteString(`<text x="` + n(px) + `" y="` + n(py) + `"` + attributes + `>` + escape(s) + "</text>\n")
	}
	y := top
	for i := range x.Rows {
		if x.Rows[i].Switch {
			y += 26
		}
		y += row
	}
	height := y + 24
	if x.Why != "" {
		height += 34
	}
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" width="` + n(width) + `" height="` + n(height) + `" viewBox="0 0 ` + n(width) + " " + n(height) + `" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="15" fill="#17202a">` + "\n")
	b.WriteString(`<rect width="100%" height="100%" fill="#ffffff"/>` + "\n")
	text(24, 34, ` font-size="18" font-weight="700"`, x.Scenario+" · "+x.Variant+" · "+sizes(x.Setup))
	text(24, 58, ` fill="#5a6775"`, catalogue.Clip(x.Schedule)+" · "+plural(len(x.Rows), "step")+", "+preemptions(x.Rows))
	for t := range x.Threads {
		b.WriteString(`<rect x="` + n(left+t*column) + `" y="72" width="26" height="22" rx="11" fill="` + okabeIto[t%len(okabeIto)] + `"/>` + "\n")
		text(left+t*column+13, 88, ` text-anchor="middle" font-weight="700" fill="#0b0e12"`, catalogue.Letter(t))
	}
	y = top
	for i := range x.Rows {
		r := &x.Rows[i]
		if r.Switch {
			b.WriteString(`<rect x="24" y="` + n(y+3) + `" width="` + n(width-48) + `" height="22" fill="#e6f1f8"/>` + "\n")
			text(36, y+18, ` font-size="12" font-weight="700" fill="#005a94"`, switching(x, i))
			y += 26
		}
		ink := ""
		if r.Races {
			b.WriteString(`<rect x="24" y="` + n(y+2) + `" width="` + n(width-48) + `" height="` + n(row-4) + `" fill="#fbeeee"/>` + "\n")
			ink = ` fill="#c62828" font-weight="700"`
		}
		text(36, y+22, ` fill="#5a6775"`, n(i+1))
		text(left+r.Thread*column, y+22, ` font-family="ui-monospace, 'DejaVu Sans Mono', monospace" font-size="14"`+ink, r.Text)
		y += row
	}
	if x.Why != "" {
		text(24, y+28, ` fill="#c62828" font-weight="700"`, x.Why)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
