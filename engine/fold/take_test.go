package fold

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"slotrace/engine/event"
)

// A frame that cannot follow what the board shows changes nothing of it.
func TestABoardRefusesWhatCannotBe(t *testing.T) {
	run := func(change func(*event.State)) *event.State {
		s := &event.State{Run: 3, State: event.Running, Writers: 2, Sides: 1, Slots: 600}
		change(s)
		return s
	}
	totals := []event.Totals{{Stored: 99}}
	for name, f := range map[string]event.Frame{
		"cells: a map of 7 slots in a run with 600":               {Totals: totals, Cells: []event.Cells{{Lap: 1, Slots: 7, Cells: []byte{1}}}},
		"cells: 601 collided of 600":                              {Totals: totals, Cells: []event.Cells{{Lap: 1, Slots: 600, Collided: 601}}},
		"cells: side 1 of a run with 1":                           {Cells: []event.Cells{{Side: 1, Lap: 1, Slots: 600}}},
		"totals: side 1 of a run with 1":                          {Totals: []event.Totals{{Side: 1}}},
		"steps: side 1 of a run with 1":                           {Totals: totals, Steps: []event.Steps{{Side: 1, OneIn: 1}}},
		"steps: their base is no time of a run":                   {Totals: totals, Steps: []event.Steps{{OneIn: 1, Base: -1 << 63}}},
		"evidence: side 1 of a run with 1":                        {Totals: totals, Evidence: []event.Evidence{{Side: 1}}},
		"state: 1000001 slots, of at most 1000000":                {State: run(func(s *event.State) { s.Run, s.Slots = 4, event.MaxSlots+1 })},
		"state: run 3 has 7 slots on 1 sides, and had 600 on 1":   {State: run(func(s *event.State) { s.Slots = 7 })},
		"state: run 3 has 600 slots on 2 sides, and had 600 on 1": {State: run(func(s *event.State) { s.Sides = 2 }), Totals: totals},
		"totals: side 0 of a run with 0":                          {State: run(func(s *event.State) { s.Run = 0 }), Totals: totals},
	} {
		board := NewBoard(event.Hello{}, event.State{Writers: 1, Sides: 1})
		board.Begin(event.State{Run: 3, State: event.Running, Writers: 2, Sides: 1, Slots: 600})
		board.Totals(event.Totals{Stored: 1})
		before := board.Whole(64 << 10)
		if err := board.Take(&f); err == nil || err.Error() != name {
			t.Errorf("%v\nwant %s", err, name)
		}
		if !slices.EqualFunc(board.Whole(64<<10), before, bytes.Equal) {
			t.Errorf("%s: the board has changed", name)
		}
	}
}

// A map is of one lap, for those who were there before and for those who come later.
func TestANewLapEmptiesTheMap(t *testing.T) {
	board := NewBoard(event.Hello{}, event.State{Writers: 1, Sides: 1})
	v := board.Join()
	defer v.Leave()
	var seen picture
	for i, f := range []event.Frame{
		{State: &event.State{Run: 1, Writers: 1, Sides: 1, Slots: 600}, Cells: []event.Cells{
			{Lap: 1, Slots: 600, First: 0, Cells: []byte{1, 1}}, {Lap: 1, Slots: 600, First: 300, Cells: []byte{1}},
		}},
		{Cells: []event.Cells{{Lap: 2, Slots: 600, First: 1, Cells: []byte{2}}}},
	} {
		if err := board.Take(&f); err != nil {
			t.Fatal(err)
		}
		seen.see(t, v.Append(nil, uint32(i)+1, minFrame), uint32(i)+1)
	}
	late := board.Join()
	defer late.Leave()
	var seenLate picture
	seenLate.see(t, late.Append(nil, 1, minFrame), 1)
	want := make([]byte, 600)
	want[1] = 2
	for name, cells := range map[string][]byte{"who was there": seen.cells[0].Cells, "who came later": seenLate.cells[0].Cells} {
		if !bytes.Equal(cells, want) {
			t.Errorf("%s: % x\nwant % x", name, cells, want)
		}
	}
	if n := len(late.Append(nil, 2, minFrame)); n > 0 {
		t.Errorf("%d bytes more", n)
	}
}

// What was left out before a board is left out for its viewers, even where nothing follows.
func TestWhatWasLeftOutStaysCounted(t *testing.T) {
	board := NewBoard(event.Hello{}, event.State{Writers: 1, Sides: 1})
	v := board.Join()
	defer v.Leave()
	for _, f := range []event.Frame{
		{State: &event.State{Run: 1, Writers: 1, Sides: 1, Slots: 1}, Steps: []event.Steps{{OneIn: 1, LeftOut: 3, Records: []event.Record{{At: 1}}}}},
		{Steps: []event.Steps{{OneIn: 1, LeftOut: 4}}},
	} {
		if err := board.Take(&f); err != nil {
			t.Fatal(err)
		}
	}
	var seen picture
	seen.see(t, v.Append(nil, 1, minFrame), 1)
	if seen.leftOut[0] != 7 || len(seen.steps[0]) != 1 {
		t.Errorf("%d left out and %d seen, want 7 and 1", seen.leftOut[0], len(seen.steps[0]))
	}
	if b := v.Append(nil, 2, minFrame); len(b) > 0 {
		t.Error("and once more")
	}
}

// Whatever comes from outside, what a board passes on parses, keeps to its room, and can be taken again.
func FuzzTake(f *testing.F) {
	source := NewBoard(event.Hello{}, event.State{Writers: 1, Sides: 1})
	source.Begin(event.State{Run: 1, State: event.Running, Writers: 4, Sides: 2, Slots: 700})
	source.Notice("a notice")
	for i := range 2 {
		source.Totals(event.Totals{Side: uint8(i), Stored: 5})
		source.Cells(i, 1, true, 0, 700, func(k int) byte { return byte(k) })
		source.Steps(i, 1, []event.Record{{At: 5}, {At: 9e9}})
		source.Burst(event.Steps{Side: uint8(i), Burst: true, Records: []event.Record{{At: 7}}})
		source.Evidence(i, 2, []event.Loss{{Number: 1, ID: "a", Expected: "b", Got: strings.Repeat("c", 300)}, {Number: 2}})
	}
	start := source.Whole(64 << 10)
	for _, b := range start {
		f.Add(b, true)
	}
	f.Add(event.AppendNotice(event.AppendFrame(nil, 9), ""), false)
	f.Fuzz(func(t *testing.T, message []byte, running bool) {
		parsed, err := event.ParseFrame(message)
		if err != nil {
			return
		}
		board := NewBoard(event.Hello{}, event.State{Writers: 1, Sides: 1})
		if running {
			for _, b := range start {
				p, err := event.ParseFrame(b)
				if err != nil {
					t.Fatal(err)
				}
				if err := board.Take(p); err != nil {
					t.Fatal(err)
				}
			}
		}
		if board.Take(parsed) != nil {
			return
		}
		next := NewBoard(event.Hello{}, event.State{Writers: 1, Sides: 1})
		v := board.Join()
		defer v.Leave()
		for frames := uint32(1); ; frames++ {
			b := v.Append(nil, frames, 8<<10)
			if len(b) == 0 {
				return
			}
			if len(b) > 8<<10 || frames > 1000 {
				t.Fatalf("frame %d has %d bytes", frames, len(b))
			}
			p, err := event.ParseFrame(b)
			if err != nil {
				t.Fatal(err)
			}
			if err := next.Take(p); err != nil {
				t.Fatal(err)
			}
		}
	})
}
