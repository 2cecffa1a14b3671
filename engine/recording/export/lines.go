package export

import (
	"slotrace/engine/event"
	"slotrace/engine/recording"
)

// lines is an object a line: what it is stands in its field "type".
type lines struct{ out *output }

func (l *lines) begin(s *recording.Summary) {
	l.out.b = append(l.out.b, asJSON(struct {
		Type string `json:"type"`
		*recording.Summary
	}{"recording", s})...)
	l.next()
}

// next ends a line.
func (l *lines) next() {
	l.out.text("\n")
	l.out.line()
}

func (l *lines) head(kind string, at int64, side uint8) {
	o := l.out
	o.text(`{"type":"`)
	o.text(kind)
	o.text(`","at_ns":`)
	o.integer(at)
	o.field("side", uint64(side))
}

func (l *lines) steps(side uint8, lap uint32, records []event.Record) {
	o := l.out
	for i := range records {
		r := &records[i]
		l.head("step", r.At, side)
		o.field("lap", uint64(lap))
		o.field("writer", uint64(r.Thread)+1)
		o.field("store", uint64(r.Number))
		o.text(`,"step":"`)
		o.text(r.Step.String())
		o.text(`","phase":"`)
		o.text(phase(r.Phase))
		o.text(`","value":`)
		o.value(r.Value)
		o.text(`,"collided":`)
		o.flag(r.Collided)
		o.text("}")
		l.next()
	}
}

func (l *lines) gap(g recording.Gap) {
	l.head("gap", g.From, g.Side)
	l.out.text(`,"to_ns":`)
	l.out.integer(g.To)
	l.out.text("}")
	l.next()
}

func (l *lines) totals(at int64, t *event.Totals) {
	o := l.out
	l.head("totals", at, t.Side)
	o.field("lap", uint64(t.Lap))
	o.field("stored", t.Stored)
	o.field("readable", t.Readable)
	o.field("lost", t.Lost)
	o.field("unread", t.Unread)
	o.field("collisions", t.Collisions)
	o.field("collided", t.Collided)
	o.text("}")
	l.next()
}

func (l *lines) lap(at int64, c *event.Cells) {
	o := l.out
	l.head("lap", at, c.Side)
	o.field("lap", uint64(c.Lap))
	o.field("slots", uint64(c.Slots))
	o.field("collided", uint64(c.Collided))
	o.text("}")
	l.next()
}

func (l *lines) loss(at int64, side uint8, e *event.Loss) {
	o := l.out
	l.head("loss", at, side)
	o.field("number", e.Number)
	o.field("lap", uint64(e.Lap))
	o.field("slot", uint64(e.Slot))
	o.field("writer", uint64(e.Writer)+1)
	o.field("store", uint64(e.Store))
	o.text(`,"id":`)
	o.quoted(e.ID)
	o.text(`,"expected":`)
	o.quoted(e.Expected)
	o.text(`,"got":`)
	o.quoted(e.Got)
	o.text("}")
	l.next()
}

func (l *lines) end(ended string) {
	l.out.text(`{"type":"end","ended":`)
	l.out.quoted(ended)
	l.out.text("}")
	l.next()
}

// table is a row a step, with commas between its fields (RFC 4180): none has one in it.
type table struct{ out *output }

func (t *table) begin(*recording.Summary) {
	t.out.text("at_ns,side,lap,writer,store,step,phase,value,collided\n")
	t.out.line()
}

func (t *table) steps(side uint8, lap uint32, records []event.Record) {
	o := t.out
	for i := range records {
		r := &records[i]
		o.integer(r.At)
		for _, n := range [...]uint64{uint64(side), uint64(lap), uint64(r.Thread) + 1, uint64(r.Number)} {
			o.text(",")
			o.number(n)
		}
		o.text(",")
		o.text(r.Step.String())
		o.text(",")
		o.text(phase(r.Phase))
		o.text(",")
		if r.Value != event.NoValue {
			o.number(uint64(r.Value))
		}
		o.text(",")
		o.flag(r.Collided)
		o.text("\n")
		o.line()
	}
}

func (*table) gap(recording.Gap)              {}
func (*table) totals(int64, *event.Totals)    {}
func (*table) lap(int64, *event.Cells)        {}
func (*table) loss(int64, uint8, *event.Loss) {}
func (*table) end(string)                     {}
