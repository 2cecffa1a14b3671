package picture

import (
	"testing"

	"slotrace/engine/event"
	"slotrace/engine/visible"
)

// lengths of the commands, by their number.
var lengths = [...]int{2, 5, 6, 6, 6, 5, 6, 6, 2, 2}

type drawn struct {
	style int
	v     []float32 // with the command's number
}

func draw(t *testing.T, v LaneView, s *Stores) []drawn {
	t.Helper()
	var c Commands
	v.Draw(s, &c)
	var all []drawn
	style := -1
	n := c.Numbers()
	for i := 0; i < len(n); {
		op := int(n[i])
		if op < 0 || op >= len(lengths) || i+lengths[op] > len(n) {
			t.Fatalf("command %v at %d of %d", n[i], i, len(n))
		}
		one := n[i : i+lengths[op]]
		if op == 0 {
			if int(one[1]) <= style {
				t.Fatalf("style %v after %d: a colour is set twice", one[1], style)
			}
			style = int(one[1])
		} else {
			all = append(all, drawn{style, one})
		}
		if (op == 6 || op == 7) && (int(one[1]) >= len(c.Texts) || int(one[3]) >= len(c.Texts)) {
			t.Fatalf("a text of %v is none of the %d", one, len(c.Texts))
		}
		i += lengths[op]
	}
	return all
}

func of(all []drawn, style int, op float32) (found []drawn) {
	for _, d := range all {
		if d.style == style && d.v[0] == op {
			found = append(found, d)
		}
	}
	return found
}

var desk = LaneView{Width: 800, Height: 320, Scale: 1, Writers: 8, To: 1000, Now: 960}

func TestACollisionIsHatchedInBothLanesAndTied(t *testing.T) {
	s := play(t).look(1, 0, 37).look(4, 0, 37)
	all := draw(t, desk, s.Stores)
	boxes := of(all, StyleHatch, 2)
	if len(boxes) != 2 {
		t.Fatalf("%d hatched boxes, want 2", len(boxes))
	}
	ties := of(all, styleError, 5)
	if len(ties) != 1 {
		t.Fatalf("%d ties, want 1", len(ties))
	}
	upper, lower, tie := boxes[0].v, boxes[1].v, ties[0].v
	if tie[2] != upper[2]+upper[4] || tie[3] != lower[2] {
		t.Errorf("the tie goes from %v to %v, want from the foot of one box, %v, to the top of the other, %v", tie[2], tie[3], upper[2]+upper[4], lower[2])
	}
	if tie[1] != lower[1] {
		t.Errorf("the tie is at %v, want at the later claim, %v", tie[1], lower[1])
	}
}

func TestACollisionIsNotShownBeforeItHappens(t *testing.T) {
	s := play(t).look(1, 0, 37).look(4, 0, 37)
	v := desk
	v.Now = s.store(4, 0).claimed - 1
	all := draw(t, v, s.Stores)
	if len(of(all, StyleHatch, 2)) != 0 || len(of(all, styleError, 5)) != 0 {
		t.Error("it is")
	}
}

func TestNothingIsDrawnAfterNow(t *testing.T) {
	s := play(t).look(0, 0, 1).look(1, 0, 1).look(2, 0, 2).done(2, 0, visible.Commit, 0).arrive(2, 0, visible.Index)
	v := desk
	v.Now = 45
	l := lanes{LaneView: v, left: 38, right: 798}
	l.perNanosecond = (l.right - l.left) / float64(v.To-v.From)
	now := float32(l.x(v.Now))
	for _, d := range draw(t, v, s.Stores) {
		if d.style >= styleFaint && d.style <= styleError && (d.v[0] == 1 || d.v[0] == 2) && d.v[1]+d.v[3] > now+1 {
			t.Errorf("a box of style %d ends at %v, after now at %v", d.style, d.v[1]+d.v[3], now)
		}
	}
}

func TestALostStoreSaysSo(t *testing.T) {
	s := play(t).look(1, 0, 37).look(4, 0, 37)
	v := desk
	v.To, v.Now = 200, 100
	v.Lost = func(w uint8, n uint32) bool { return w == 1 && n == 0 }
	all := draw(t, v, s.Stores)
	lost := of(all, styleLost, 7)
	if len(lost) != 1 || lost[0].v[1] != textLost {
		t.Fatalf("%d stores say that they are lost, want 1", len(lost))
	}
	if len(of(all, styleStrike, 1)) != 1 {
		t.Error("its number is not struck out")
	}
}

func TestABoxBearsItsSlotWhereItFits(t *testing.T) {
	s := play(t).look(3, 0, 21)
	v := desk
	v.To, v.Now = 200, 150
	if l := of(draw(t, v, s.Stores), styleLabel, 6); len(l) != 1 || l[0].v[2] != 21 {
		t.Errorf("labels: %v, want 21", l)
	}
	v.To = 20_000
	v.Now = 40
	if l := of(draw(t, v, s.Stores), styleLabel, 6); len(l) != 0 {
		t.Error("a label in a box of a pixel")
	}
}

func TestAFailedCompareAndSwapShowsAsAnotherLook(t *testing.T) {
	s := play(t).arrive(0, 0, visible.Look).done(0, 0, visible.Look, 7).arrive(0, 0, visible.Claim).done(0, 0, visible.Claim, event.NoValue).
		arrive(0, 0, visible.Look).done(0, 0, visible.Look, 8).arrive(0, 0, visible.Claim).done(0, 0, visible.Claim, 8)
	v := desk
	v.To = 200
	v.Now = 190
	if looks := of(draw(t, v, s.Stores), styleFaint, 2); len(looks) != 2 {
		t.Errorf("%d looks, want 2", len(looks))
	}
}

func TestNamesThinOutInThinLanes(t *testing.T) {
	v := desk
	v.Writers = 64
	names := 0
	for _, d := range draw(t, v, NewStores(10)) {
		if d.style >= styleName && d.style < styleQuiet && d.v[0] == 7 {
			names++
		}
	}
	if names < 16 || names > 40 {
		t.Errorf("%d names of 64 in %v pixels", names, v.Height)
	}
	v.Writers = 8
	if got := of(draw(t, v, NewStores(10)), styleName, 7); len(got) != 1 {
		t.Errorf("the first colour has %d names among eight writers, want 1", len(got))
	}
}

func TestAStillHasAScaleAndNoPresent(t *testing.T) {
	v := LaneView{Width: 800, Height: 320, Scale: 1, Writers: 8, From: 1_000_000, To: 1_064_000, Now: 1_064_000, Still: true}
	all := draw(t, v, NewStores(10))
	if len(of(all, styleNow, 1)) != 0 {
		t.Error("a still has a line for now")
	}
	if marks := of(all, styleQuiet, 6); len(marks) < 2 || len(marks) > 12 {
		t.Errorf("%d times at its foot", len(marks))
	}
}

func TestLanesOfAnySizeAreDrawn(t *testing.T) {
	s := play(t).look(0, 0, 1).look(1, 0, 1)
	for _, v := range []LaneView{
		{}, {Width: 10, Height: 10, Writers: 8, To: 10, Scale: 1}, {Width: 900, Height: 5, Writers: 64, To: 10, Scale: 1},
		{Width: 100, Height: 60, Writers: 64, To: 100, Now: 50, Scale: 1.4}, {Width: 900, Height: 400, Writers: 1, From: 10, To: 10, Scale: 1},
	} {
		draw(t, v, s.Stores)
	}
}

func BenchmarkLanes(b *testing.B) {
	s := NewStores(1_000_000)
	at := int64(0)
	for n := range uint32(6) {
		for w := range uint8(64) {
			at += 5
			for _, step := range []visible.Step{visible.Look, visible.Block, visible.Index, visible.Tell} {
				s.Apply(1, event.Record{At: at, Thread: w, Number: n, Step: step, Phase: event.Arrive}, 0)
				s.Apply(1, event.Record{At: at + 20, Thread: w, Number: n, Step: step, Phase: event.Done, Value: n*64 + uint32(w)/2}, 0)
			}
		}
	}
	v := LaneView{Width: 1300, Height: 460, Scale: 1, Writers: 64, To: at + 40, Now: at + 20}
	var c Commands
	for b.Loop() {
		v.Draw(s, &c)
		c.Numbers()
	}
}
