package tape

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"slotrace/engine/recording"
)

// address is where the film stands, as it is behind the # of the page's address: its id,
// and the seconds from its beginning.
func (f *film) address() string {
	s := "replay"
	if f.id != "" {
		s += "?id=" + f.id
	} else {
		s += "?file"
	}
	return s + "&t=" + seconds(f.want-f.from)
}

// seconds writes nanoseconds without losing any.
func seconds(ns int64) string {
	s := strconv.FormatInt(ns/1e9, 10)
	if rest := ns % 1e9; rest != 0 {
		s += "." + strings.TrimRight(strconv.FormatInt(1e9+rest, 10)[1:], "0")
	}
	return s
}

// parseSeconds reads them.
func parseSeconds(s string) (ns int64, ok bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	n, err := strconv.ParseUint(whole, 10, 32)
	if err != nil || len(fraction) > 9 {
		return 0, false
	}
	if fraction != "" {
		rest, err := strconv.ParseUint((fraction + "000000000")[:9], 10, 32)
		if err != nil {
			return 0, false
		}
		ns = int64(rest)
	}
	return int64(n)*1e9 + ns, true
}

// parseAddress reads an address; at is unset if it names no time.
func parseAddress(fragment string) (id string, at int64, file bool, err error) {
	_, query, _ := strings.Cut(fragment, "?")
	at = unset
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "id":
			id = value
		case "file":
			file = true
		case "t":
			ns, ok := parseSeconds(value)
			if !ok {
				return "", unset, false, errors.New("the address: t is the seconds from the recording's beginning, as in t=12.5")
			}
			at = ns
		}
	}
	if !file && !recording.IsID(id) {
		return "", unset, false, errors.New("the address names no recording: ids have 14 letters and digits")
	}
	return id, at, file, nil
}

// address does what the page's address says, now that it is another.
func (d *Desk) address(fragment string) error {
	d.list.fragment = fragment
	view, _, _ := strings.Cut(fragment, "?")
	switch view {
	case "#replay":
		id, at, file, err := parseAddress(fragment)
		if err != nil {
			d.tell(Out{Kind: OutPlace, Text: "recordings"})
			d.list.fragment = "#recordings"
			return err
		}
		f := d.film
		switch {
		case f != nil && f.id == id:
			if strings.TrimPrefix(fragment, "#") != d.place && at != unset {
				f.stop(d)
				f.seek(d, f.from+at)
			}
		case d.opening != nil && d.opening.id == id:
		case file:
			d.tell(Out{Kind: OutPlace, Text: "recordings"})
			d.list.fragment = "#recordings"
			return errors.New("that recording was opened from a file and not kept: open the file once more")
		default:
			d.open(source{place: anywhere, id: id}, at)
		}
	case "#recordings":
		d.leave()
		d.opening = nil
		d.reload()
	case "#explore", "#review":
		// The replay waits: whoever goes back finds it as it was.
		if d.film != nil {
			d.film.stop(d)
		}
	default:
		d.opening = nil
		d.leave()
	}
	return nil
}

// tellPlace has the address say where the film stands, not more often than browsers let a
// page do that.
func (d *Desk) tellPlace(now time.Time) {
	if f := d.film; f != nil && f.moved && f.resting() && now.Sub(f.movedAt) >= addressEvery {
		d.placeNow()
	}
}

func (d *Desk) placeNow() {
	f := d.film
	f.moved, f.movedAt = false, d.o.Now()
	if !strings.HasPrefix(d.list.fragment, "#replay") {
		return
	}
	if a := f.address(); a != d.place {
		d.place = a
		d.list.fragment = "#" + a
		d.tell(Out{Kind: OutPlace, Text: a})
	}
}
