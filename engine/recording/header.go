package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hack-pad/hackpadfs"

	"slotrace/engine/event"
)

// Header says what ran.
type Header struct {
	Name    string    `json:"name"` // for people, 1-100 characters
	Made    time.Time `json:"made"`
	Version string    `json:"version"` // of the slotrace that recorded it
	Machine string    `json:"machine"` // that it ran on, for people
	Run     Run       `json:"run"`
	Hello   []byte    `json:"hello"` // the stream's first message: the allocators, and the code that ran
}

// Run is what a run was told to do when its recording began.
type Run struct {
	Allocator string `json:"allocator"`
	Compare   string `json:"compare,omitempty"` // the second side's; "" = there is none
	Writers   int    `json:"writers"`           // on each side
	Slots     int    `json:"slots"`
	Embedding int    `json:"embedding"` // float32 values in a block
	PaceUS    int    `json:"pace_us"`   // 0 = real speed
	WindowUS  int    `json:"window_us"`
	Stores    int64  `json:"stores"` // 0 = until stopped
	Walk      bool   `json:"walk"`   // the writers took turns at random: there were no threads
	Seed      uint64 `json:"seed"`   // of that walk, and of the pace's jitter
}

func (h *Header) check() error {
	if err := CheckName(h.Name); err != nil {
		return fmt.Errorf("its name: %w", err)
	}
	hello, err := event.ParseHello(h.Hello)
	if err != nil {
		return err
	}
	known := func(name string) bool {
		for i := range hello.Allocators {
			if hello.Allocators[i].Name == name {
				return true
			}
		}
		return false
	}
	r := &h.Run
	switch {
	case !known(r.Allocator):
		return fmt.Errorf("it has no allocator %.40q", r.Allocator)
	case r.Compare != "" && !known(r.Compare):
		return fmt.Errorf("it has no allocator %.40q", r.Compare)
	case !plain(h.Version) || !plain(h.Machine) || !plain(r.Allocator) || !plain(r.Compare):
		return errors.New("it has no plain text where it says what ran")
	case r.Writers < 1 || r.Writers > event.MaxWriters:
		return fmt.Errorf("%d writers", r.Writers)
	case r.Slots < 1 || r.Slots > maxSlots:
		return fmt.Errorf("%d slots", r.Slots)
	}
	return nil
}

const maxSlots = 1 << 20

// Sides is how many sides the run has.
func (r *Run) Sides() int {
	if r.Compare != "" {
		return 2
	}
	return 1
}

// CheckName says what is wrong with a name.
func CheckName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("name: it is empty; 1 to 100 characters would do")
	case !utf8.ValidString(name):
		return errors.New("name: it is not UTF-8")
	case utf8.RuneCountInString(name) > MaxName:
		return fmt.Errorf("name: it has %d characters; 1 to 100 would do", utf8.RuneCountInString(name))
	case strings.ContainsFunc(name, controls):
		return errors.New("name: it holds control characters; letters, digits and signs would do")
	}
	return nil
}

// controls says whether c does something to a terminal, or to the text around it.
func controls(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) }

// plain says whether a text from a recording may be shown as it is.
func plain(s string) bool {
	return len(s) <= maxText && utf8.ValidString(s) && !strings.ContainsFunc(s, controls)
}

// inLine is why a recording ended, in one line: what failed may have been told in several.
func inLine(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\n", "; ")
	s = strings.Map(func(c rune) rune {
		if controls(c) {
			return '\uFFFD'
		}
		return c
	}, s)
	for i := range s {
		if i > maxText {
			return s[:i] + "…"
		}
	}
	return s
}

func writeHeader(fsys hackpadfs.FS, h *Header) error {
	if err := h.check(); err != nil {
		return err
	}
	b, err := headerFile(h)
	if err != nil {
		return err
	}
	return write(fsys, headerName, b)
}

func headerFile(h *Header) ([]byte, error) {
	b, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return seal(kindHeader, append(begin(), b...)), nil
}

func readHeader(fsys fs.FS) (Header, error) {
	var h Header
	b, err := read(fsys, headerName, kindHeader, 1<<20)
	if err != nil {
		return h, err
	}
	if err = json.Unmarshal(b, &h); err == nil {
		err = h.check()
	}
	if err != nil {
		return h, fmt.Errorf("%s: %w: %w", headerName, ErrDamaged, err)
	}
	return h, nil
}

// Manifest lists a recording's segments. Those behind it, which were written when the
// process was killed, are found by their names.
type Manifest struct {
	Segments []Segment `json:"segments"`
	Ended    string    `json:"ended"` // why the recording ended; "" = it did not come to its end
}

func writeManifest(fsys hackpadfs.FS, m *Manifest) error {
	b, err := manifestFile(m)
	if err != nil {
		return err
	}
	return write(fsys, manifestName, b)
}

func manifestFile(m *Manifest) ([]byte, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return seal(kindManifest, append(begin(), b...)), nil
}

func readManifest(fsys fs.FS) (Manifest, error) {
	var m Manifest
	b, err := read(fsys, manifestName, kindManifest, maxManifest)
	if err != nil {
		return m, err
	}
	if m, err = parseManifest(b); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w: %w", manifestName, ErrDamaged, err)
	}
	return m, nil
}

// parseManifest takes one segment at a time: of an array of millions, each of which is a byte
// or two, nothing is made.
func parseManifest(b []byte) (m Manifest, err error) {
	var outer struct {
		Segments json.RawMessage `json:"segments"`
		Ended    string          `json:"ended"`
	}
	if err := json.Unmarshal(b, &outer); err != nil {
		return m, err
	}
	m.Ended = inLine(outer.Ended)
	if len(outer.Segments) == 0 || outer.Segments[0] != '[' {
		return m, nil
	}
	d := json.NewDecoder(bytes.NewReader(outer.Segments)) // its syntax is known to be right
	d.Token()
	var one json.RawMessage
	for d.More() {
		number := len(m.Segments) + 1
		if number > maxSegments {
			return m, fmt.Errorf("it lists more than %d segments", maxSegments)
		}
		err := d.Decode(&one)
		var s Segment
		if err == nil {
			s, err = parseSegment(one, number)
		}
		if err != nil {
			return m, fmt.Errorf("segment %d: %w", number, err)
		}
		m.Segments = append(m.Segments, s)
	}
	return m, nil
}
