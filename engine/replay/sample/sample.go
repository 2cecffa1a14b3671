// Package sample makes recordings of runs that were made up, for tests: writers take
// turns at random, and whatever they come to is recorded as a run's is.
package sample

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hack-pad/hackpadfs"
	"github.com/hack-pad/hackpadfs/mem"

	"slotrace/engine/alloc"
	"slotrace/engine/event"
	"slotrace/engine/recording"
	"slotrace/engine/visible"
)

// Options say what runs.
type Options struct {
	Name      string
	Allocator string // "" = check-then-act
	Compare   string
	Writers   int   // 0 = 4
	Slots     int   // 0 = 100
	Puts      int   // on each side; 0 = 500
	Step      int64 // nanoseconds that a step takes on average; 0 = 25 times the writers
	Frame     int64 // between two frames; 0 = 20,000
	Pause     int   // puts after which a stretch is not recorded; 0 = none
	Seed      uint64
	Short     bool // its segments are short
	Unended   bool // it was cut off
}

// Open opens the recording of a run, in memory.
func Open(o Options) (*recording.Recording, error) {
	folder, err := mem.NewFS()
	if err != nil {
		return nil, err
	}
	if err := Record(folder, o); err != nil {
		return nil, err
	}
	return recording.Open(folder)
}

// Record records a run in an empty folder.
func Record(folder hackpadfs.FS, o Options) error {
	o.Writers = cmp.Or(o.Writers, 4)
	o.Slots = cmp.Or(o.Slots, 100)
	o.Puts = cmp.Or(o.Puts, 500)
	o.Step = cmp.Or(o.Step, int64(25*o.Writers))
	o.Frame = cmp.Or(o.Frame, 20_000)
	o.Allocator = cmp.Or(o.Allocator, "check-then-act")
	o.Name = cmp.Or(o.Name, "A run")

	hello := event.Hello{Server: "a sample", Put: event.Source{File: "engine/put.go", First: 1, Lines: []string{"package engine"}}}
	index := func(name string) uint8 { return uint8(max(alloc.Index(name), 0)) }
	for i := range alloc.Kinds {
		k := &alloc.Kinds[i]
		source, err := event.ParseSource("engine/alloc/"+k.File, k.Source(), ") Claim(", ") Refuse(")
		if err != nil {
			return err
		}
		hello.Allocators = append(hello.Allocators, event.Allocator{Name: k.Name, Holds: k.Holds, Source: source})
	}
	h := &recording.Header{
		Name: o.Name, Made: time.Date(2025, 11, 5, 14, 30, 0, 0, time.UTC), Version: "test", Machine: "a test's",
		Run:   recording.Run{Allocator: o.Allocator, Compare: o.Compare, Writers: o.Writers, Slots: o.Slots, Embedding: 16},
		Hello: event.AppendHello(nil, &hello),
	}
	if o.Step >= 1_000_000 {
		h.Run.PaceUS = int(o.Step / 1000)
	}
	state := event.State{Run: 7, State: event.Running, Writers: uint8(o.Writers), Sides: uint8(h.Run.Sides()), Slots: uint32(o.Slots), Pace: uint32(h.Run.PaceUS),
		Allocators: [2]uint8{index(o.Allocator), event.NoAllocator}}
	sides := []*side{newSide(&o, o.Allocator, 0)}
	if o.Compare != "" {
		state.Allocators[1] = index(o.Compare)
		sides = append(sides, newSide(&o, o.Compare, 1))
	}
	w, err := recording.NewWriter(folder, h)
	if err != nil {
		return err
	}
	limits := recording.Options{Burst: 1 << 40, Bytes: 1 << 40, Oldest: time.Hour}
	if o.Short {
		limits.Segment = 4 << 10
	}
	r, err := recording.NewRecorder(w, h, state, limits)
	if err != nil {
		return err
	}
	for _, s := range sides {
		s.show(r, 0)
	}
	r.Frame()
	for until, more := o.Frame, true; more; until += o.Frame {
		more = false
		for _, s := range sides {
			if s.run(until) {
				more = true
			}
			if o.Pause > 0 && int(s.totals.Stored)/o.Pause%2 == 1 {
				s.records = s.records[:0]
				r.Skip(s.number, until)
			}
			s.show(r, until)
		}
		w.Flush() // so that segments are the same each time
		r.Frame()
		if o.Unended && !more {
			w.Flush()
			return nil
		}
	}
	return r.Close("it was stopped")
}

// side is a store: slots, and writers that put into them.
type side struct {
	o       *Options
	number  int
	breaks  bool
	random  *rand.Rand
	now     int64
	writers []writer
	left    int
	count   uint32  // the allocator's
	claims  [][]int // by slot: the writers who claimed it in this lap
	lap     uint32
	totals  event.Totals
	losses  []event.Loss
	lost    uint64
	records []event.Record
	laps    []uint32 // of the records
}

type writer struct {
	at     int // steps of its put that it has taken
	next   int64
	slot   uint32
	number uint32
	idle   bool
}

var putsSteps = [...]visible.Step{visible.Look, visible.Block, visible.Index, visible.Tell}

func newSide(o *Options, allocator string, number int) *side {
	s := &side{o: o, number: number, breaks: !alloc.Kinds[alloc.Index(allocator)].Holds, random: rand.New(rand.NewPCG(o.Seed, uint64(number))), left: o.Puts, lap: 1}
	s.writers = make([]writer, o.Writers)
	s.claims = make([][]int, o.Slots)
	for i := range s.writers {
		s.writers[i].next = s.random.Int64N(o.Step * 4)
	}
	return s
}

// run goes on up to a time, and says whether there is more to do.
func (s *side) run(until int64) bool {
	for {
		best := -1
		for i := range s.writers {
			if w := &s.writers[i]; !w.idle && (best < 0 || w.next < s.writers[best].next) {
				best = i
			}
		}
		if best < 0 || s.writers[best].next > until {
			s.now = until
			return best >= 0
		}
		s.step(best)
	}
}

func (s *side) step(i int) {
	w := &s.writers[i]
	s.now = w.next
	w.next += 1 + s.random.Int64N(2*s.o.Step)
	if w.at == 0 {
		if s.left == 0 || int(s.count) >= s.o.Slots || s.full() {
			w.idle = true
			s.turn()
			return
		}
		s.left--
	}
	step := putsSteps[w.at]
	r := event.Record{At: s.now, Number: w.number, Thread: uint8(i), Step: step, Phase: event.Done, Value: event.NoValue}
	switch step {
	case visible.Look:
		w.slot = s.count
		if !s.breaks { // it claims as it looks
			s.count++
			r.Step = visible.Claim
		}
		r.Value = w.slot
	case visible.Block:
		r.Value = w.slot
		claims := &s.claims[w.slot]
		if len(*claims) > 0 {
			r.Collided = true
			s.totals.Collisions++
			if len(*claims) == 1 {
				s.totals.Collided++
			}
			other := (*claims)[len(*claims)-1]
			s.lost++
			s.losses = append(s.losses, event.Loss{
				Number: s.lost, Slot: w.slot, Lap: s.lap, Writer: uint8(other), Store: s.writers[other].number, ID: fmt.Sprintf("w%d-m%d", other+1, s.writers[other].number),
				Expected: fmt.Sprintf("Writer %d content %d", other+1, s.writers[other].number), Got: fmt.Sprintf("Writer %d content %d", i+1, w.number),
			})
		}
		*claims = append(*claims, i)
	case visible.Index:
		if !s.breaks { // and that is its put's last
			s.totals.Stored++
		}
	case visible.Tell:
		if s.breaks {
			s.totals.Stored++
			s.count = min(s.count+1, uint32(s.o.Slots))
		}
		r.Value = s.count
	}
	s.records = append(s.records, r)
	s.laps = append(s.laps, s.lap)
	if w.at++; w.at == len(putsSteps) {
		w.at = 0
		w.number++
	}
}

// full says that a put could not be told any more: all that are under way will.
func (s *side) full() bool {
	n := int(s.count)
	for i := range s.writers {
		if s.writers[i].at > 0 && s.breaks {
			n++
		}
	}
	return n >= s.o.Slots
}

// turn begins the next lap when all have come to the barrier.
func (s *side) turn() {
	for i := range s.writers {
		if !s.writers[i].idle {
			return
		}
	}
	if s.left == 0 {
		return
	}
	s.lap++
	s.count = 0
	s.claims = make([][]int, s.o.Slots)
	for i := range s.writers {
		s.writers[i].idle = false
		s.writers[i].next = s.now + 1 + s.random.Int64N(s.o.Step*4)
	}
}

// show shows a recorder how things stand.
func (s *side) show(r *recording.Recorder, until int64) {
	for from := 0; from < len(s.records); {
		to := from
		for to < len(s.records) && s.laps[to] == s.laps[from] {
			to++
		}
		// Rings are drained one behind the other.
		stretch := s.records[from:to]
		slices.SortStableFunc(stretch, func(a, b event.Record) int { return cmp.Compare(a.Thread, b.Thread) })
		r.Steps(s.number, s.laps[from], until, 0, stretch)
		from = to
	}
	r.Steps(s.number, s.lap, until, 0, nil)
	s.records, s.laps = s.records[:0], s.laps[:0]
	t := s.totals
	t.Side, t.Clock, t.Lap = uint8(s.number), until, s.lap
	t.Lost = min(s.lost, t.Stored) // of whose stores some have not returned yet
	t.Readable = t.Stored - t.Lost
	t.Rate = uint32(1e9 / float64(s.o.Step*4) * float64(s.o.Writers))
	t.RecentStored, t.RecentCollisions = t.Stored, t.Collisions
	r.Totals(t)
	r.Cells(s.number, s.lap, false, 0, s.o.Slots, func(i int) byte {
		claims := s.claims[i]
		if len(claims) == 0 {
			return 0
		}
		cell := byte(claims[len(claims)-1] + 1)
		if len(claims) > 1 {
			cell |= event.CellCollided
		}
		return cell
	})
	if len(s.losses) > 0 {
		r.Evidence(s.number, s.lost, s.losses[max(0, len(s.losses)-32):])
		s.losses = s.losses[:0]
	}
}
