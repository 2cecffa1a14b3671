package explore

import (
	"fmt"
	"strconv"
	"strings"

	"slotrace/engine/catalogue"
	"slotrace/engine/lab"
)

// place is what an address says: what is explored, along which schedule, at which step of it.
type place struct {
	lab.Setup
	schedule string
	step     int
}

// address is the place as it stands behind the # of the page's address.
func (p place) address() string {
	a := "explore?scenario=" + p.Scenario + "&variant=" + p.Variant + "&threads=" + strconv.Itoa(p.Threads) + "&ops=" + strconv.Itoa(p.Ops)
	if p.schedule != "" {
		a += "&schedule=" + p.schedule + "&step=" + strconv.Itoa(p.step)
	}
	return a
}

// bare says whether an address names the view alone.
func bare(fragment string) bool {
	_, query, _ := strings.Cut(fragment, "?")
	return query == ""
}

// parseAddress reads an address, by hand or not. What it does not say is as a scenario is
// shown first. Of what is off the first is said in the error, and what would do; the place
// is what the rest says. Whether the schedule fits is not known here; step is -1 if the
// address names none.
func parseAddress(fragment string) (p place, err error) {
	off := func(format string, values ...any) {
		if err == nil {
			err = fmt.Errorf(format, values...)
		}
	}
	_, query, _ := strings.Cut(fragment, "?")
	words, ok := parseQuery(query)
	if !ok {
		off("the address cannot be read whole: behind a %% there have to be two hexadecimal digits")
	}
	scenario := catalogue.All[0]
	if name := words["scenario"]; name != "" {
		if s := scenarioOf(name); s != nil {
			scenario = s
		} else {
			_, _, why := catalogue.Find(name, "")
			off("the address: %v", why)
		}
	}
	p = place{Setup: lab.Default(scenario), step: -1}
	if name := words["variant"]; name != "" {
		if scenario.Variant(name) != nil {
			p.Variant = name
		} else {
			_, _, why := catalogue.Find(scenario.Name, name)
			off("the address: %v", why)
		}
	}
	number := func(name string, low, high, otherwise int) int {
		text := words[name]
		if text == "" {
			return otherwise
		}
		n, bad := strconv.Atoi(text)
		if bad != nil || n < low || n > high {
			off("the address: %s is %q, %d to %d would do", name, catalogue.Clip(text), low, high)
			return otherwise
		}
		return n
	}
	p.Threads = number("threads", 1, lab.MaxThreads, p.Threads)
	p.Ops = number("ops", 1, lab.MaxOps, p.Ops)
	p.schedule = words["schedule"]
	p.step = number("step", 0, 1<<16, -1)
	return p, err
}

// parseQuery reads what an address has behind its ?; of words that come twice the first
// counts. Package url would do more, and cost the browser 25 KB.
func parseQuery(query string) (words map[string]string, ok bool) {
	words, ok = map[string]string{}, true
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		var b strings.Builder
		for i := 0; i < len(value); i++ {
			c := value[i]
			if c == '%' {
				n, bad := strconv.ParseUint(value[i+1:min(i+3, len(value))], 16, 8)
				if bad != nil || i+3 > len(value) {
					ok = false
					continue
				}
				c, i = byte(n), i+2
			}
			b.WriteByte(c)
		}
		if _, twice := words[name]; !twice {
			words[name] = b.String()
		}
	}
	return words, ok
}

func scenarioOf(name string) *catalogue.Scenario {
	for _, s := range catalogue.All {
		if s.Name == name {
			return s
		}
	}
	return nil
}
