// Package recordingtest makes recordings for tests: of a run that never was, by writers who
// take turns as a seed says.
package recordingtest

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hack-pad/hackpadfs"
	"github.com/hack-pad/hackpadfs/mem"

	"slotrace/engine/event"
	"slotrace/engine/recording"
	"slotrace/engine/visible"
)

// Run is what is recorded. What is 0 is as in Default.
type Run struct {
	Name    string
	Writers int
	Slots   int
	Laps    int
	Compare bool // a second side, whose allocator holds
	Seed    uint64
	Ended   string
	Options recording.Options
}

// Default is a run that collides now and then, in a segment or two.
var Default = Run{Name: "eight writers, one slot", Writers: 8, Slots: 1000, Laps: 3, Ended: "stopped"}

// Made is when every one of them was made.
var Made = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func (r *Run) fill() {
	r.Name = cmp.Or(r.Name, Default.Name)
	r.Writers = cmp.Or(r.Writers, Default.Writers)
	r.Slots = cmp.Or(r.Slots, Default.Slots)
	r.Laps = cmp.Or(r.Laps, Default.Laps)
	r.Ended = cmp.Or(r.Ended, Default.Ended)
}

// Hello names the allocators, without their code.
func Hello() event.Hello {
	return event.Hello{Server: "test", Allocators: []event.Allocator{{Name: "check-then-act"}, {Name: "fetch-add", Holds: true}}}
}

// Write records the run into fsys, which is empty.
func (r Run) Write(fsys hackpadfs.FS) error {
	r.fill()
	h := recording.Header{
		Name: r.Name, Made: Made, Version: "test", Machine: "a machine",
		Run: recording.Run{Allocator: "check-then-act", Writers: r.Writers, Slots: r.Slots, Embedding: 768, Seed: r.Seed},
	}
	hello := Hello()
	h.Hello = event.AppendHello(nil, &hello)
	s := event.State{Run: 1, State: event.Running, Writers: uint8(r.Writers), Sides: 1, Allocators: [2]uint8{0, event.NoAllocator}, Slots: uint32(r.Slots)}
	if r.Compare {
		h.Run.Compare, s.Sides, s.Allocators[1] = "fetch-add", 2, 1
	}
	w, err := recording.NewWriter(fsys, &h)
	if err != nil {
		return err
	}
	rec, err := recording.NewRecorder(w, &h, s, r.Options)
	if err != nil {
		return err
	}
	sides := make([]side, s.Sides)
	for i := range sides {
		sides[i] = side{number: i, holds: i == 1, slots: r.Slots, random: rand.New(rand.NewPCG(r.Seed, uint64(i))), writers: make([]writer, r.Writers)}
	}
	for range r.Laps {
		for i := range sides {
			sides[i].run(rec, w)
		}
		if !rec.Frame() {
			break
		}
	}
	return rec.Close(r.Ended)
}

// Folder is the recording's folder, in memory.
func (r Run) Folder() (hackpadfs.FS, error) {
	fsys, err := mem.NewFS()
	if err != nil {
		return nil, err
	}
	return fsys, r.Write(fsys)
}

// Zip is the recording as one file.
func (r Run) Zip() ([]byte, error) {
	fsys, err := r.Folder()
	if err != nil {
		return nil, err
	}
	rec, err := recording.Open(fsys)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = rec.WriteZip(&b)
	return b.Bytes(), err
}

// side is a store of one lap after the other.
type side struct {
	number  int
	holds   bool
	slots   int
	random  *rand.Rand
	writers []writer
	clock   int64
	totals  event.Totals
	losses  uint64
}

type writer struct {
	at     int64 // of its next step
	step   visible.Step
	slot   uint32
	number uint32
}

// run makes a lap: every writer looks, writes, and tells, until the store is full.
func (s *side) run(rec *recording.Recorder, writer *recording.Writer) {
	t := &s.totals
	t.Side, t.Lap = uint8(s.number), t.Lap+1
	claims, cells := make([]uint8, s.slots), make([]byte, s.slots)
	last := make([]event.Loss, s.slots) // the store that a slot holds
	count, claimed := uint32(0), 0
	var records []event.Record
	var lost []event.Loss
	for i := range s.writers {
		s.writers[i].at, s.writers[i].step = s.clock+s.random.Int64N(20_000), visible.NoStep
	}
	for {
		n := 0
		for i := range s.writers {
			if s.writers[i].at < s.writers[n].at {
				n = i
			}
		}
		w := &s.writers[n]
		s.clock = w.at
		r := event.Record{At: w.at, Thread: uint8(n), Number: w.number, Phase: event.Done}
		switch w.step {
		case visible.NoStep:
			if int(count) >= s.slots {
				w.at = 1 << 62
				claimed++
				break
			}
			r.Step, r.Value = visible.Look, count
			if s.holds {
				r.Step = visible.Claim
				count++
			}
			w.slot, w.step = r.Value, visible.Content
			w.at += 50 + s.random.Int64N(100)
		case visible.Content:
			r.Step, r.Value, w.step = visible.Content, w.slot, visible.Block
			w.at += 100 + s.random.Int64N(200)
		case visible.Block:
			r.Step, r.Value, w.step = visible.Block, w.slot, visible.Index
			r.Collided = claims[w.slot] > 0
			claims[w.slot]++
			cells[w.slot] = byte(n + 1)
			t.Stored++
			t.Readable++
			held := event.Loss{Slot: w.slot, Lap: t.Lap, Writer: uint8(n), Store: w.number, ID: fmt.Sprintf("w%d-m%d", n, w.number), Expected: fmt.Sprintf("Writer %d content %d", n, w.number)}
			if r.Collided {
				cells[w.slot] |= event.CellCollided
				t.Collisions++
				if claims[w.slot] == 2 {
					t.Collided++
				}
				t.Lost++
				t.Readable--
				s.losses++
				lost = append(lost, last[w.slot])
				l := &lost[len(lost)-1]
				l.Number, l.Got = s.losses, held.Expected
			}
			last[w.slot] = held
			w.at += 100 + s.random.Int64N(200)
		case visible.Index:
			r.Step, r.Value, w.step = visible.Index, event.NoValue, visible.Tell
			if w.at += 50; s.holds {
				w.step = visible.NoStep
			}
		case visible.Tell:
			r.Step, r.Value, w.step = visible.Tell, min(count, uint32(s.slots)), visible.NoStep
			count++
		}
		if r.Step != visible.NoStep {
			records = append(records, r)
		}
		if w.step == visible.NoStep && w.at < 1<<62 {
			w.number++
			w.at += 2000 + s.random.Int64N(40_000)
		}
		if len(records) >= 4096 || claimed == len(s.writers) {
			if len(records) > 0 {
				t.Clock = records[len(records)-1].At
			}
			rec.Steps(s.number, t.Lap, t.Clock, 0, records)
			records = records[:0]
			rec.Totals(*t)
			rec.Cells(s.number, t.Lap, claimed == len(s.writers), 0, s.slots, func(i int) byte { return cells[i] })
			if len(lost) > 0 {
				rec.Evidence(s.number, s.losses, lost)
				lost = lost[:0]
			}
			writer.Flush() // so that segments are the same each time
			rec.Frame()
		}
		if claimed == len(s.writers) {
			s.clock = t.Clock
			return
		}
	}
}
