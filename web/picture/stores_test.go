package picture

import (
	"testing"

	"slotrace/engine/event"
	"slotrace/engine/visible"
)

// script feeds records, a time and a step each, to one Stores.
type script struct {
	*Stores
	t   *testing.T
	lap uint32
	now int64
}

func play(t *testing.T) *script { return &script{Stores: NewStores(100), t: t, lap: 1} }

func (s *script) arrive(w uint8, n uint32, step visible.Step) *script {
	s.now += 10
	s.Apply(s.lap, event.Record{At: s.now, Thread: w, Number: n, Step: step, Phase: event.Arrive, Value: event.NoValue}, 0)
	return s
}

func (s *script) done(w uint8, n uint32, step visible.Step, value uint32) *script {
	s.now += 10
	s.Apply(s.lap, event.Record{At: s.now, Thread: w, Number: n, Step: step, Phase: event.Done, Value: value}, 0)
	return s
}

// look and write are what a put of the buggy allocator does up to its tell.
func (s *script) look(w uint8, n, slot uint32) *script {
	return s.arrive(w, n, visible.Look).done(w, n, visible.Look, slot).arrive(w, n, visible.Reserve)
}

func (s *script) store(w uint8, n int) *Store {
	s.t.Helper()
	if len(s.Of(int(w))) <= n {
		s.t.Fatalf("%s has %d stores, want number %d", WriterName(int(w)), len(s.Of(int(w))), n)
	}
	return s.Of(int(w))[n]
}

func TestTwoThatLookBeforeEitherTellsCollide(t *testing.T) {
	s := play(t).look(0, 0, 37).look(1, 0, 37)
	a, b := s.store(0, 0), s.store(1, 0)
	if !a.Collided() || !b.Collided() || b.clash != a || a.clash != nil {
		t.Fatalf("collided %t and %t; the second is tied to %v", a.Collided(), b.Collided(), b.clash)
	}
	if a.clashAt != b.claimed || b.clashAt != b.claimed {
		t.Errorf("they collide at %d and %d, want the later claim, %d", a.clashAt, b.clashAt, b.claimed)
	}
	if got := s.Sharing(8); len(got) != 2 {
		t.Errorf("writers %v hold one slot, want two of them", got)
	}
}

func TestAThirdOnTheSameSlotIsTiedToTheSecond(t *testing.T) {
	s := play(t).look(0, 0, 4).look(1, 0, 4).look(2, 0, 4)
	if c := s.store(2, 0); c.clash != s.store(1, 0) {
		t.Error("the chain of ties is broken")
	}
	if s.Clashes() != 2 {
		t.Errorf("%d clashes, want 2", s.Clashes())
	}
}

func TestOneAfterTheOtherDoNotCollide(t *testing.T) {
	s := play(t).look(0, 0, 1).done(0, 0, visible.Tell, 2).look(1, 0, 2)
	if s.store(0, 0).Collided() || s.store(1, 0).Collided() || len(s.Sharing(8)) != 0 {
		t.Error("a collision where there is none")
	}
}

func TestTheSameSlotInAnotherLapIsNoCollision(t *testing.T) {
	s := play(t).look(0, 0, 5)
	s.lap = 2
	s.look(1, 0, 5)
	if s.store(1, 0).Collided() || len(s.Sharing(8)) != 0 {
		t.Error("a collision across laps")
	}
}

func TestALookIsNoClaimWhereAClaimFollows(t *testing.T) {
	// Two that look at one count, and one whose compare-and-swap then fails.
	s := play(t).
		arrive(0, 0, visible.Look).done(0, 0, visible.Look, 7).arrive(0, 0, visible.Claim).
		arrive(1, 0, visible.Look).done(1, 0, visible.Look, 7).arrive(1, 0, visible.Claim).
		done(0, 0, visible.Claim, 7).arrive(0, 0, visible.Reserve).
		done(1, 0, visible.Claim, event.NoValue).
		arrive(1, 0, visible.Look).done(1, 0, visible.Look, 8).arrive(1, 0, visible.Claim).done(1, 0, visible.Claim, 8).arrive(1, 0, visible.Reserve)
	a, b := s.store(0, 0), s.store(1, 0)
	if a.Collided() || b.Collided() || a.Slot != 7 || b.Slot != 8 {
		t.Errorf("slots %d and %d, collided %t and %t", a.Slot, b.Slot, a.Collided(), b.Collided())
	}
	if len(b.failed) != 1 {
		t.Errorf("%d failed tries, want 1", len(b.failed))
	}
}

func TestAnAllocatorWithLocksClaimsWhereItLooked(t *testing.T) {
	s := play(t).arrive(0, 0, visible.Enter).done(0, 0, visible.Enter, event.NoValue).arrive(0, 0, visible.Look).done(0, 0, visible.Look, 3)
	looked := s.now
	if s.store(0, 0).Claimed() {
		t.Fatal("it may still claim")
	}
	s.arrive(0, 0, visible.Leave)
	if st := s.store(0, 0); !st.Claimed() || st.Slot != 3 || st.claimed != looked {
		t.Errorf("slot %d claimed at %d, want 3 at %d", st.Slot, st.claimed, looked)
	}
}

func TestAClaimAboveAFullStoreIsRefused(t *testing.T) {
	s := play(t).arrive(0, 0, visible.Claim).done(0, 0, visible.Claim, 100)
	if s.store(0, 0).Claimed() {
		t.Error("slot 100 of 100 was claimed")
	}
}

func TestAPutIsDrawnAsItsPhasesWithoutGaps(t *testing.T) {
	s := play(t).look(0, 0, 9).done(0, 0, visible.Reserve, 0).
		arrive(0, 0, visible.Block).done(0, 0, visible.Block, 9).done(0, 0, visible.Commit, 1).
		arrive(0, 0, visible.Index).done(0, 0, visible.Index, 0).
		arrive(0, 0, visible.Tell).done(0, 0, visible.Tell, 10)
	st := s.store(0, 0)
	last := unset
	for _, p := range []Part{Looking, Writing, Indexing} {
		from, to := st.Span(p)
		if from == unset || to < from || last != unset && from != last {
			t.Errorf("part %d is from %d to %d, the one before ended at %d", p, from, to, last)
		}
		last = to
	}
	if from, to := st.Span(Telling); from < last || to != s.now {
		t.Errorf("telling is from %d to %d", from, to)
	}
	if s.Token(0).Known {
		t.Error("between puts a writer stands nowhere")
	}
}

func TestAStoreUnderWayWhenRecordsBeginIsDrawnFromTheirBeginning(t *testing.T) {
	s := play(t)
	s.Apply(1, event.Record{At: 50, Thread: 2, Number: 9, Step: visible.Block, Phase: event.Done, Value: 12}, 40)
	st := s.store(2, 0)
	if from, to := st.Span(Writing); from != 40 || to != 50 || st.Slot != 12 || !st.Claimed() {
		t.Errorf("writing slot %d from %d to %d, want 12 from 40 to 50", st.Slot, from, to)
	}
	if from, _ := st.Span(Looking); from != unset {
		t.Error("it was never seen to look")
	}
}

func TestWhatNoPictureKnowsIsLeftOut(t *testing.T) {
	s := play(t)
	s.Apply(1, event.Record{Thread: 64, Step: visible.Look}, 0)
	s.Apply(1, event.Record{Thread: 0, Step: visible.Fetch}, 0)
	s.Apply(1, event.Record{Thread: 0, Step: 200}, 0)
	if len(s.Of(0)) != 0 {
		t.Error("a get, or what is unknown, became a store")
	}
}

func TestForgettingKeepsWhatIsStillToBeSeen(t *testing.T) {
	s := play(t)
	for n := range uint32(5) {
		s.look(0, n, n).done(0, n, visible.Commit, 0).done(0, n, visible.Index, 0).done(0, n, visible.Tell, n+1)
	}
	s.look(0, 5, 5) // and this one is under way
	cut := s.store(0, 3).Last(s.now)
	s.Forget(cut)
	if got := s.store(0, 0).Number; got != 3 {
		t.Errorf("the oldest is number %d, want 3", got)
	}
	s.Forget(s.now * 10)
	if got := s.Of(0); len(got) != 1 || got[0].Number != 5 {
		t.Errorf("%d stores are left, want the one under way", len(got))
	}
}

func TestTokensStandOnTheLinesOfTheirSteps(t *testing.T) {
	source := &event.Source{First: 10, Lines: make([]string, 12), Marks: []event.Mark{{Step: visible.Look, Line: 13}, {Step: visible.Block, Line: 17}, {Step: visible.Tell, Line: 20}}}
	s := play(t).look(0, 0, 3).arrive(0, 0, visible.Block).look(1, 0, 3).arrive(1, 0, visible.Block).arrive(2, 0, visible.Look)
	lines := Tokens(s.Stores, 8, source)
	at := make(map[int]CodeLine)
	for _, l := range lines {
		at[l.Line] = l
	}
	if l := at[13]; len(l.Writers) != 1 || l.Writers[0] != 2 || !l.Danger {
		t.Errorf("line 13: %+v, want W3 there and danger: W1 and W2 hold slot 3", l)
	}
	if l := at[17]; len(l.Writers) != 2 {
		t.Errorf("line 17: %+v, want W1 and W2", l)
	}
	s.done(0, 0, visible.Tell, 4)
	for _, l := range Tokens(s.Stores, 8, source) {
		if l.Danger {
			t.Error("one has told, and it is still said to be dangerous")
		}
	}
}

func TestWritersOnDifferentSlotsAreInNoDanger(t *testing.T) {
	if got := play(t).look(0, 0, 3).look(1, 0, 4).Sharing(8); len(got) != 0 {
		t.Errorf("writers %v hold one slot, and they hold two", got)
	}
}

func TestManyTokensAreCounted(t *testing.T) {
	for _, c := range []struct{ n, shown, more int }{{0, 0, 0}, {6, 6, 0}, {7, 5, 2}, {64, 5, 59}} {
		if shown, more := TokensShown(c.n, 6); shown != c.shown || more != c.more {
			t.Errorf("%d: %d and +%d, want %d and +%d", c.n, shown, more, c.shown, c.more)
		}
	}
}

// A put that finds the store full is over, whichever way its allocator finds out.
func TestARefusedPutIsClosed(t *testing.T) {
	const full = 100
	for name, s := range map[string]*script{
		"look":  play(t).arrive(0, 5, visible.Look).done(0, 5, visible.Look, full),
		"claim": play(t).arrive(0, 5, visible.Claim).done(0, 5, visible.Claim, full),
		"lap":   play(t).arrive(0, 5, visible.Enter),
	} {
		if name == "lap" { // it was held at the lock as the lap ended
			s.lap++
			s.arrive(1, 0, visible.Look)
		}
		st := s.store(0, 0)
		if last := st.Last(1 << 40); last == 1<<40 || !st.ended || st.Claimed() {
			t.Errorf("%s: it goes on to %d, ended %v, claimed %v", name, last, st.ended, st.Claimed())
		}
		s.lap = 2
		s.look(0, 5, 0) // the same store, in the next lap
		if again := s.store(0, 1); again.ended || again.Lap != 2 || !again.Claimed() {
			t.Errorf("%s: the next lap's try is %+v", name, again)
		}
	}
}
