package fold

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"slotrace/engine/event"
)

// picture is what a viewer makes of its frames, as WIRE.md has it.
type picture struct {
	state    event.State
	notice   string
	totals   [event.MaxSides]event.Totals
	cells    [event.MaxSides]event.Cells
	steps    [event.MaxSides][]event.Record
	leftOut  [event.MaxSides]int
	burst    [event.MaxSides]event.Steps
	evidence [event.MaxSides][]event.Loss
	lost     [event.MaxSides]uint64
}

func (p *picture) see(t interface{ Fatalf(string, ...any) }, message []byte, sequence uint32) *event.Frame {
	f, err := event.ParseFrame(message)
	if err != nil {
		t.Fatalf("frame %d: %v", sequence, err)
	}
	if f.Sequence != sequence {
		t.Fatalf("frame %d says that it is %d", sequence, f.Sequence)
	}
	if f.State != nil {
		if f.State.Run != p.state.Run {
			*p = picture{notice: p.notice}
		}
		p.state = *f.State
	}
	if f.Noticed {
		p.notice = f.Notice
	}
	for _, x := range f.Totals {
		p.totals[x.Side] = x
	}
	for _, x := range f.Cells {
		c := &p.cells[x.Side]
		cells := c.Cells
		if x.Lap != c.Lap || cells == nil {
			cells = make([]byte, x.Slots)
		}
		copy(cells[x.First:], x.Cells)
		*c = x
		c.Cells = cells
	}
	for _, x := range f.Steps {
		if x.Burst {
			p.burst[x.Side] = x
			continue
		}
		if len(x.Records) > 0 && slices.MinFunc(x.Records, func(a, b event.Record) int { return int(a.At - b.At) }).At != x.Base {
			t.Fatalf("no record lies on base %d", x.Base)
		}
		p.steps[x.Side] = append(p.steps[x.Side], x.Records...)
		p.leftOut[x.Side] += int(x.LeftOut)
	}
	for _, x := range f.Evidence {
		p.evidence[x.Side] = append(p.evidence[x.Side], x.Items...)
		p.lost[x.Side] = x.Total
	}
	return f
}

// follower is a viewer and the picture that it has.
type follower struct {
	board    *Board
	viewer   *Viewer
	seen     picture
	sequence uint32
}

// frame gives the follower its next frame, of at most room bytes; nil: nothing is new.
func (f *follower) frame(t *rapid.T, room int) *event.Frame {
	b := f.viewer.Append([]byte("kept"), f.sequence+1, room)
	if !bytes.HasPrefix(b, []byte("kept")) || len(b)-4 > room {
		t.Fatalf("frame of %d bytes where there was room for %d", len(b)-4, room)
	}
	if len(b) == 4 {
		return nil
	}
	f.sequence++
	return f.seen.see(t, b[4:], f.sequence)
}

// Whatever happens on a board and whatever room its frames get, no frame is larger
// than its room, and a viewer that is given frames until there is no more has the
// board's picture: late, never wrong. So has one of another board that takes the
// frames, and both of them when frames are lost and the viewer joins anew.
func TestAViewerEndsWithTheBoardsPicture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const room = 40 << 10
		board := NewBoard(event.Hello{}, event.State{Writers: 1, Sides: 1})
		var want picture
		want.state = event.State{Writers: 1, Sides: 1}
		var made [event.MaxSides][]event.Record
		clock := int64(0)
		laps := [event.MaxSides]uint32{}
		numbers := [event.MaxSides]uint64{}
		claims := [event.MaxSides][]byte{}
		bursts := [event.MaxSides]event.Steps{}

		first := follower{board: board, viewer: board.Join()}
		second := follower{board: NewBoard(event.Hello{}, event.State{Writers: 1, Sides: 1})}
		second.viewer = second.board.Join()
		pass := func(t *rapid.T, room int) bool {
			f := first.frame(t, room)
			if f == nil {
				return false
			}
			if err := second.board.Take(f); err != nil {
				t.Fatalf("frame %d: %v", f.Sequence, err)
			}
			return true
		}
		side := func(t *rapid.T) int {
			if want.state.Run == 0 {
				t.Skip("there is no run yet")
			}
			return rapid.IntRange(0, int(want.state.Sides)-1).Draw(t, "side")
		}

		t.Repeat(map[string]func(*rapid.T){
			"begin": func(t *rapid.T) {
				want = picture{notice: want.notice, state: event.State{
					Run: want.state.Run + 1, State: event.Running, Writers: 4,
					Sides: uint8(rapid.IntRange(1, 2).Draw(t, "sides")), Slots: uint32(rapid.IntRange(1, 20_000).Draw(t, "slots")),
				}}
				bursts = [event.MaxSides]event.Steps{}
				made, laps, numbers = [event.MaxSides][]event.Record{}, [event.MaxSides]uint32{}, [event.MaxSides]uint64{}
				for i := range want.state.Sides {
					claims[i] = make([]byte, want.state.Slots)
					want.cells[i] = event.Cells{Side: i, Slots: want.state.Slots, Cells: slices.Clone(claims[i])}
				}
				board.Begin(want.state)
			},
			"state": func(t *rapid.T) {
				want.state.Pace = rapid.Uint32Range(0, 3).Draw(t, "pace")
				board.State(want.state)
			},
			"notice": func(t *rapid.T) {
				want.notice = rapid.StringMatching("[a-z]{1,9}").Draw(t, "notice")
				board.Notice(want.notice)
			},
			"totals": func(t *rapid.T) {
				i := side(t)
				want.totals[i] = event.Totals{Side: uint8(i), Stored: rapid.Uint64().Draw(t, "stored")}
				board.Totals(want.totals[i])
			},
			"cells": func(t *rapid.T) {
				i := side(t)
				if laps[i] == 0 || rapid.Bool().Draw(t, "next lap") {
					laps[i]++
					clear(claims[i])
				}
				from := rapid.IntRange(0, len(claims[i])-1).Draw(t, "from")
				for k := from; k < min(len(claims[i]), from+rapid.IntRange(0, 5000).Draw(t, "claimed")); k++ {
					claims[i][k] += rapid.SampledFrom([]byte{1, 127}).Draw(t, "by")
				}
				c := &want.cells[i]
				*c = event.Cells{
					Side: uint8(i), Lap: laps[i], Ended: rapid.Bool().Draw(t, "ended"), Slots: want.state.Slots,
					Cells: slices.Clone(claims[i]),
				}
				for _, cell := range c.Cells {
					if cell&event.CellCollided != 0 {
						c.Collided++
					}
				}
				board.Cells(i, c.Lap, c.Ended, 0, len(claims[i]), func(k int) byte { return claims[i][k] })
			},
			"steps": func(t *rapid.T) {
				i := side(t)
				records := make([]event.Record, rapid.IntRange(0, 3000).Draw(t, "records"))
				lap := max(1, laps[i]) + rapid.Uint32Range(0, 1).Draw(t, "lap")
				every := rapid.Int64Range(0, 1e9).Draw(t, "every")
				for k := range records {
					records[k] = event.Record{At: clock + rapid.Int64Range(-5, 5).Draw(t, "skew")*1e8, Number: uint32(len(made[i]) + k)}
					clock += every
				}
				made[i] = append(made[i], records...)
				board.Steps(i, lap, records)
			},
			"evidence": func(t *rapid.T) {
				i := side(t)
				var latest []event.Loss
				for range rapid.IntRange(1, 40).Draw(t, "losses") {
					numbers[i]++
					latest = append(latest, event.Loss{Number: numbers[i], ID: "w1-m1", Expected: "Writer 1 content 1", Got: "Writer 2 content 1"})
				}
				want.lost[i] = numbers[i]
				board.Evidence(i, numbers[i], latest)
			},
			"burst": func(t *rapid.T) {
				i := side(t)
				bursts[i] = event.Steps{
					Side: uint8(i), Lap: max(1, laps[i]), Burst: true, Base: clock, Length: 1000, OneIn: 7,
					Records: make([]event.Record, rapid.IntRange(0, 3000).Draw(t, "burst")),
				}
				for k := range bursts[i].Records {
					bursts[i].Records[k] = event.Record{At: clock, Number: uint32(k)}
				}
				board.Burst(bursts[i])
			},
			"frame":       func(t *rapid.T) { pass(t, rapid.IntRange(0, room).Draw(t, "room")) },
			"frame of it": func(t *rapid.T) { second.frame(t, rapid.IntRange(0, room).Draw(t, "room")) },
			"loss of frames": func(t *rapid.T) {
				mark := first.viewer.Mark()
				for range rapid.IntRange(0, 3).Draw(t, "frames") {
					first.viewer.Append(nil, 0, rapid.IntRange(0, room).Draw(t, "room"))
				}
				first.viewer.Leave()
				first.viewer = board.Rejoin(mark)
			},
			"": func(*rapid.T) {},
		})

		for frames := 0; pass(t, rapid.IntRange(minFrame, room).Draw(t, "room")); frames++ {
			if frames == 1000 {
				t.Fatal("the board does not come to rest")
			}
		}
		for frames := 0; second.frame(t, rapid.IntRange(minFrame, room).Draw(t, "room")) != nil; frames++ {
			if frames == 1000 {
				t.Fatal("the board that takes frames does not come to rest")
			}
		}
		want.state.Watching = 1
		for name, seen := range map[string]*picture{"viewer": &first.seen, "viewer of the second board": &second.seen} {
			if seen.state != want.state || seen.notice != want.notice || seen.totals != want.totals || seen.lost != want.lost {
				t.Fatalf("the %s saw %+v %+v %q %v\nwant %+v %+v %q %v", name, seen.state, seen.totals, seen.notice, seen.lost, want.state, want.totals, want.notice, want.lost)
			}
			for i := range int(want.state.Sides) {
				if seen.state.Run == 0 {
					break
				}
				got, want := seen.cells[i], want.cells[i]
				if !bytes.Equal(got.Cells, want.Cells) || got.Lap != want.Lap || got.Ended != want.Ended || got.Collided != want.Collided || got.Slots != want.Slots {
					t.Fatalf("the %s, side %d: the map differs: lap %d, ended %v, collided %d of %d; want %d, %v, %d of %d",
						name, i, got.Lap, got.Ended, got.Collided, got.Slots, want.Lap, want.Ended, want.Collided, want.Slots)
				}
				if len(seen.steps[i])+seen.leftOut[i] != len(made[i]) {
					t.Fatalf("the %s, side %d: %d records seen and %d left out, of %d", name, i, len(seen.steps[i]), seen.leftOut[i], len(made[i]))
				}
				for k, r := range seen.steps[i] {
					if r != made[i][r.Number] || k > 0 && r.Number <= seen.steps[i][k-1].Number {
						t.Fatalf("the %s, side %d: record %d is %+v, want %+v", name, i, r.Number, r, made[i][r.Number])
					}
				}
				burst := seen.burst[i]
				if n := len(burst.Records); n+int(burst.LeftOut) != len(bursts[i].Records) || !slices.Equal(burst.Records, bursts[i].Records[:n]) {
					t.Fatalf("the %s, side %d: the last burst has %d records and %d left out, of %d", name, i, n, burst.LeftOut, len(bursts[i].Records))
				}
				if n := min(numbers[i], 2); len(seen.evidence[i]) < int(n) { // there is always room for that
					t.Fatalf("the %s, side %d: %d losses, of %d", name, i, len(seen.evidence[i]), numbers[i])
				}
				newest := uint64(0)
				for _, l := range seen.evidence[i] { // a viewer that joined anew gets the latest again
					newest = max(newest, l.Number)
				}
				if newest != numbers[i] {
					t.Fatalf("the %s, side %d: the newest loss is %d of %d", name, i, newest, numbers[i])
				}
				for k, l := range second.seen.evidence[i] {
					if k > 0 && l.Number <= second.seen.evidence[i][k-1].Number {
						t.Fatalf("side %d: loss %d came after %d", i, l.Number, second.seen.evidence[i][k-1].Number)
					}
				}
			}
		}
		first.viewer.Leave()
		second.viewer.Leave()
	})
}

// A run that is paused changes nothing but its steps when one is taken.
func TestStepsAloneMakeAFrame(t *testing.T) {
	board := NewBoard(event.Hello{}, event.State{Writers: 1, Sides: 1})
	board.Begin(event.State{Run: 1, Writers: 1, Sides: 1, Slots: 10})
	v := board.Join()
	defer v.Leave()
	v.Append(nil, 1, 64<<10)
	board.Steps(0, 1, []event.Record{{At: 7}})
	f, err := event.ParseFrame(v.Append(nil, 2, 64<<10))
	if err != nil || len(f.Steps) != 1 || len(f.Steps[0].Records) != 1 {
		t.Fatalf("%+v, %v", f, err)
	}
	if b := v.Append(nil, 3, 64<<10); len(b) != 0 {
		t.Errorf("a frame of %d bytes about nothing", len(b))
	}
}

// The slowest run there is has steps seconds apart, and laps of one slot.
func TestManyLapsOfStepsKeepToTheRoom(t *testing.T) {
	board := NewBoard(event.Hello{}, event.State{Writers: 1, Sides: 1})
	board.Begin(event.State{Run: 1, Writers: 1, Sides: 1, Slots: 1})
	v := board.Join()
	defer v.Leave()
	const laps = 2000
	for lap := range uint32(laps) {
		board.Steps(0, lap+1, []event.Record{{At: int64(lap) * 5e9, Number: lap}})
	}
	seen := 0
	for sequence := uint32(1); ; sequence++ {
		b := v.Append(nil, sequence, 4<<10)
		if len(b) == 0 {
			break
		}
		if len(b) > 4<<10 {
			t.Fatalf("a frame of %d bytes", len(b))
		}
		f, err := event.ParseFrame(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range f.Steps {
			seen += len(s.Records) + int(s.LeftOut)
		}
	}
	if seen != laps {
		t.Errorf("%d of %d records were seen or counted as left out", seen, laps)
	}
}

// A record's time is 32 bits from its section's base, and threads come one after
// the other.
func TestTimesOutlastASection(t *testing.T) {
	board := NewBoard(event.Hello{}, event.State{Writers: 1, Sides: 1})
	board.Begin(event.State{Run: 1, Writers: 2, Sides: 1, Slots: 1})
	v := board.Join()
	defer v.Leave()
	times := []int64{1e9, 49e8, 0, 100e9, 1}
	var records []event.Record
	for i, at := range times {
		records = append(records, event.Record{At: at, Number: uint32(i)})
	}
	board.Steps(0, 1, records)
	var seen picture
	seen.see(t, v.Append(nil, 1, 64<<10), 1)
	if !slices.Equal(seen.steps[0], records) {
		t.Errorf("%+v\nwant %+v", seen.steps[0], records)
	}
}

func TestLongTextsAreCutBetweenRunes(t *testing.T) {
	board := NewBoard(event.Hello{}, event.State{Writers: 1, Sides: 1})
	board.Notice("x" + strings.Repeat("ü", 70_000))
	board.State(event.State{Writers: 1, Sides: 1, Failure: strings.Repeat("€", 70_000)})
	v := board.Join()
	defer v.Leave()
	b := v.Append(nil, 1, minFrame)
	f, err := event.ParseFrame(b)
	if err != nil || len(b) > minFrame {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	for _, text := range []string{f.Notice, f.State.Failure} {
		if !utf8.ValidString(text) || len(text) > keptText || len(text) < keptText-3 {
			t.Errorf("%d bytes: …%q", len(text), text[len(text)-5:])
		}
	}
}

func TestViewersAreCounted(t *testing.T) {
	board := NewBoard(event.Hello{}, event.State{Writers: 1, Sides: 1})
	a, b := board.Join(), board.Join()
	if board.Watching() != 2 {
		t.Errorf("%d viewers, want 2", board.Watching())
	}
	a.Leave()
	f, err := event.ParseFrame(b.Append(nil, 1, minFrame))
	if err != nil || f.State.Watching != 1 {
		t.Errorf("%+v, %v", f, err)
	}
	b.Leave()
	if board.Watching() != 0 {
		t.Errorf("%d viewers, want none", board.Watching())
	}
}
