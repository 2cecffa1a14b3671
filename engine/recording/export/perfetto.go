package export

import (
	"strconv"
	"strings"

	"slotrace/engine/event"
	"slotrace/engine/recording"
	"slotrace/engine/visible"
)

// perfetto is the Trace Event Format, in its form as a JSON object, which
// https://ui.perfetto.dev and chrome://tracing open. A side is a process, a writer a
// thread, a put a slice with its phases in it; a collision is an instant, and a flow from
// the store that held the slot to the one that took it as well.
//
// What must hold, as Perfetto reads it: slices of a thread nest; events of one time are taken
// in the order of the file; a flow begins and ends in the slice that is open at its time on
// its thread, so it comes behind both slices, at the times at which they begin.
type perfetto struct {
	out   *output
	first bool
	sides [event.MaxSides]traced
	flow  uint64
	gaps  uint64
}

type traced struct {
	lap     uint32
	writers [event.MaxWriters]thread
	held    []holder // by slot: the store of this lap that claimed it last
}

// holder is a store that claimed a slot.
type holder struct {
	at     int64 // its write begins
	store  uint32
	writer uint8
	taken  bool
	orphan bool // it collided, and the store that it collided with has not been seen yet
}

// thread is a writer, in a put or between two.
type thread struct {
	in    bool
	store uint32
	from  int64 // its first record
	last  int64 // the latest
	slot  uint32
	held  bool // slot is known
	parts []stretch
	clash []clash
	flows []arrow // of collisions with this put, to be drawn when both are over
}

// stretch is a time in a phase.
type stretch struct {
	part     part
	from, to int64
}

// clash is a collision as it happened.
type clash struct {
	at   int64
	with holder
}

// arrow goes from the store that held a slot to the one that took it as well.
type arrow struct{ from, to holder }

type part uint8

// The phases of a put.
const (
	looking part = iota
	writing
	indexing
	telling
	parts
)

var partNames = [parts]string{"look", "write", "index", "tell"}

// partOf is the phase that a step belongs to.
func partOf(s visible.Step) (part, bool) {
	switch s {
	case visible.Enter, visible.Look, visible.Claim, visible.Leave:
		return looking, true
	case visible.Reserve, visible.Content, visible.Block, visible.Commit, visible.EnterBlock, visible.LeaveBlock,
		visible.Length, visible.EnterArea, visible.LeaveArea, visible.EnterContent, visible.LeaveContent:
		return writing, true
	case visible.Index, visible.EnterIndex, visible.LeaveIndex:
		return indexing, true
	case visible.EnterTell, visible.Tell, visible.LeaveTell:
		return telling, true
	}
	return 0, false
}

func newPerfetto(out *output) *perfetto { return &perfetto{out: out, first: true} }

func (p *perfetto) begin(s *recording.Summary) {
	o := p.out
	o.text(`{"displayTimeUnit":"ns","otherData":`)
	o.b = append(o.b, asJSON(map[string]any{
		"name": s.Name, "made": s.Made, "version": s.Version, "machine": s.Machine, "run": s.Run, "every_step": s.Whole, "ended": s.Ended,
	})...)
	o.text(`,"traceEvents":[`)
	o.line()
	for side := range s.Run.Sides() {
		p.named("process_name", side, -1, strings.Join(s.Allocators(side), ", "))
		for w := range s.Run.Writers {
			p.named("thread_name", side, w, writerName(w))
		}
	}
	for i := range p.sides {
		p.sides[i].held = make([]holder, s.Run.Slots)
	}
}

// writerName is a writer's name as the page has it.
func writerName(w int) string { return "W" + strconv.Itoa(w+1) }

func (p *perfetto) named(what string, side, writer int, name string) {
	p.event("M", side, writer, 0)
	p.out.text(`,"name":"` + what + `","args":{"name":`)
	p.out.quoted(name)
	p.out.text("}}")
	p.out.line()
}

// event begins an event of a side or, from 0, of a writer of it.
func (p *perfetto) event(phase string, side, writer int, at int64) {
	o := p.out
	if !p.first {
		o.text(",")
	}
	p.first = false
	o.text("\n{\"ph\":\"")
	o.text(phase)
	o.text(`","pid":`)
	o.number(uint64(side) + 1)
	if writer >= 0 { // numbers of threads are unique, as a system's are
		o.field("tid", uint64(side+1)*100+uint64(writer)+1)
	}
	if phase != "M" {
		o.text(`,"ts":`)
		p.micro(at)
	}
}

// micro writes a time, in microseconds.
func (p *perfetto) micro(ns int64) {
	o := p.out
	o.integer(ns / 1000)
	if rest := ns % 1000; rest > 0 {
		o.b = append(o.b, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
	}
}

func (p *perfetto) steps(number uint8, lap uint32, records []event.Record) {
	s := &p.sides[number]
	if lap != s.lap { // a lap ends with every put done or refused
		p.close(int(number))
		clear(s.held)
		s.lap = lap
	}
	for i := range records {
		r := &records[i]
		in, ok := partOf(r.Step)
		if !ok {
			continue
		}
		t := &s.writers[r.Thread%event.MaxWriters]
		if t.in && t.store != r.Number {
			p.finish(int(number), int(r.Thread))
		}
		if !t.in {
			*t = thread{in: true, store: r.Number, from: r.At, last: r.At, parts: t.parts[:0], clash: t.clash[:0], flows: t.flows[:0]}
		}
		at := max(r.At, t.last)
		if n := len(t.parts); n == 0 || t.parts[n-1].part != in {
			t.parts = append(t.parts, stretch{in, t.last, at})
		} else {
			t.parts[n-1].to = at
		}
		t.last = at
		if r.Phase != event.Done || r.Value == event.NoValue {
			continue
		}
		switch r.Step {
		case visible.Look, visible.Claim:
			t.slot, t.held = r.Value, true
		case visible.Block:
			t.slot, t.held = r.Value, true
			p.claim(s, t, r)
		}
	}
}

// claim is when a put's block is in its slot.
func (p *perfetto) claim(s *traced, t *thread, r *event.Record) {
	if int(r.Value) >= len(s.held) {
		return
	}
	held := &s.held[r.Value]
	own := holder{at: t.parts[len(t.parts)-1].from, store: r.Number, writer: r.Thread, taken: true}
	if own.at == t.last {
		own.at = t.from // the write has no time of its own
	}
	if r.Collided {
		t.clash = append(t.clash, clash{t.last, *held})
	}
	switch {
	case r.Collided && held.taken:
		t.flows = append(t.flows, arrow{*held, own})
	case r.Collided:
		own.orphan = true // of two that came together, the second was told first
	case held.orphan:
		t.flows = append(t.flows, arrow{own, *held})
		held.orphan = false
		return
	}
	*held = own
}

// finish writes a put that is over.
func (p *perfetto) finish(side, writer int) {
	t := &p.sides[side].writers[writer]
	if !t.in {
		return
	}
	t.in = false
	o := p.out
	p.event("X", side, writer, t.from)
	o.text(`,"dur":`)
	p.micro(max(t.last-t.from, 1))
	o.text(`,"name":"put","args":{"store":`)
	o.number(uint64(t.store))
	o.field("lap", uint64(p.sides[side].lap))
	if t.held {
		o.field("slot", uint64(t.slot))
	}
	o.text("}}")
	o.line()
	for _, s := range t.parts {
		if s.to == s.from {
			continue // of a step whose own time was not taken
		}
		p.event("X", side, writer, s.from)
		o.text(`,"dur":`)
		p.micro(s.to - s.from)
		o.text(`,"name":"`)
		o.text(partNames[s.part])
		o.text(`"}`)
		o.line()
	}
	for _, c := range t.clash {
		p.event("i", side, writer, c.at)
		o.text(`,"s":"t","cat":"collision","name":"collision","args":{"slot":`)
		o.number(uint64(t.slot))
		if c.with.taken {
			o.text(`,"with":"`)
			o.text(writerName(int(c.with.writer)))
			o.text(`","its_store":`)
			o.number(uint64(c.with.store))
		}
		o.text("}}")
		o.line()
	}
	for _, a := range t.flows {
		other := a.from
		if int(other.writer) == writer && other.store == t.store {
			other = a.to
		}
		if u := &p.sides[side].writers[other.writer]; u.in && u.store == other.store && int(other.writer) != writer {
			u.flows = append(u.flows, a)
			continue
		}
		p.flow++
		for k, end := range [2]holder{a.from, a.to} {
			p.event([2]string{"s", "f"}[k], side, int(end.writer), end.at)
			o.text(`,"cat":"collision","name":"same slot","id":"`)
			o.number(p.flow)
			o.text([2]string{`"}`, `","bp":"e"}`}[k])
			o.line()
		}
	}
}

// close writes all puts of a side that are under way.
func (p *perfetto) close(side int) {
	for w := range p.sides[side].writers {
		p.finish(side, w)
	}
}

func (p *perfetto) gap(g recording.Gap) {
	p.gaps++
	for k, at := range [2]int64{g.From, g.To} {
		p.event([2]string{"b", "e"}[k], int(g.Side), -1, at)
		p.out.text(`,"cat":"gap","name":"not every step","id":"gap `)
		p.out.number(p.gaps)
		p.out.text(`"}`)
		p.out.line()
	}
}

func (p *perfetto) totals(at int64, t *event.Totals) {
	o := p.out
	p.event("C", int(t.Side), -1, at)
	o.text(`,"name":"memories","args":{"stored":`)
	o.number(t.Stored)
	o.field("lost", t.Lost)
	o.field("collisions", t.Collisions)
	o.text("}}")
	o.line()
}

func (p *perfetto) lap(at int64, c *event.Cells) {
	o := p.out
	p.event("i", int(c.Side), 0, at)
	o.text(`,"s":"p","cat":"lap","name":"lap read back","args":{"lap":`)
	o.number(uint64(c.Lap))
	o.field("collided", uint64(c.Collided))
	o.text("}}")
	o.line()
}

func (*perfetto) loss(int64, uint8, *event.Loss) {}

func (p *perfetto) end(string) {
	for i := range p.sides {
		p.close(i)
	}
	p.out.text("\n]}\n")
	p.out.line()
}
