package lab

import (
	"strings"
	"testing"
)

func TestASessionStepsForwardAndBack(t *testing.T) {
	s, err := NewSession(allocation("check-then-act", 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, thread := range []int{0, 1, 1, 1, 0, 0} {
		if err := s.Take(thread); err != nil {
			t.Fatal(err)
		}
	}
	x := s.State()
	if x.Schedule != "A1B3A2" || x.Step != 6 || !x.Complete || !x.Fault || !strings.HasPrefix(x.Why, "B looked between A's look and A's tell") {
		t.Errorf("%+v", x)
	}
	for i, want := range []string{"load count → 0", "load count → 0", "write slot 0", "add count → 1", "write slot 0", "add count → 2"} {
		if x.Rows[i].Text != want {
			t.Errorf("row %d: %q", i, x.Rows[i].Text)
		}
	}
	if x.Lamps[0].Good || x.Lamps[1].Good || x.Lamps[2].Good || !x.Lamps[3].Good || x.Lamps[0].Text != "a-0: expected A's block 0, got B's block 0" && x.Lamps[0].Text != "b-0: expected B's block 0, got A's block 0" {
		t.Errorf("%+v", x.Lamps)
	}
	if err := s.Take(0); err == nil {
		t.Error("A goes on behind its end")
	}
	if err := s.Go(4); err != nil {
		t.Fatal(err)
	}
	x = s.State()
	if x.Step != 4 || x.Schedule != "A1B3A2" || x.Next[0].Text != "writes slot 0." || x.Next[1].Text != "is done." || x.Next[0].Line != "engine/alloc/check_then_act.go:17" || x.View.Values[0].Text != "1" {
		t.Errorf("%+v", x.Next)
	}
	if err := s.Take(0); err != nil || s.State().Schedule != "A1B3A2" || s.State().Step != 5 {
		t.Errorf("going on along the schedule: %v, %+v", err, s.State())
	}
	if err := s.Go(0); err != nil {
		t.Fatal(err)
	}
	if err := s.Take(1); err != nil {
		t.Fatal(err)
	}
	if x = s.State(); x.Schedule != "B1" || x.Complete || !x.Lamps[0].Open {
		t.Errorf("%+v", x)
	}
	if err := s.Finish(); err != nil || s.State().Schedule != "B3A3" {
		t.Errorf("%v %s", err, s.State().Schedule)
	}
	for schedule, why := range map[string]string{
		"A1X1": "there is no thread X", "A4": "A has ended", "A1 B2": "character 3", "A3B4": "every thread has ended",
		"A0": "takes no operation", "A1B3A2A1": "every thread has ended", "A99999999": "more than",
	} {
		if err := s.Load(schedule); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %q", schedule, err, why)
		}
	}
	if s.State().Schedule != "B3A3" {
		t.Error("a schedule that is off replaced the one there")
	}
}

// In a deadlock those who wait are not done, and what they hold is still theirs.
func TestASessionShowsWhoWaitsForEver(t *testing.T) {
	s, err := NewSession(Setup{"lock-order", "content-then-index", 2, 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Load("A1B1"); err != nil {
		t.Fatal(err)
	}
	x := s.State()
	for i, want := range []Next{{false, "waits for the content lock, which B holds.", "enter-content", "engine/coarse.go:"}, {false, "waits for the index lock, which A holds.", "enter-index", "engine/coarse.go:"}} {
		if n := x.Next[i]; n.Can || n.Text != want.Text || n.Step != want.Step || !strings.HasPrefix(n.Line, want.Line) {
			t.Errorf("%+v, want %+v", n, want)
		}
	}
	if !x.Complete || !x.Fault || len(x.Deadlock) != 2 {
		t.Errorf("%+v", x)
	}
}

func TestASwapSaysOnlyWhatItSaw(t *testing.T) {
	s, err := NewSession(Setup{"content-offset", "bump", 2, 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Load("A2"); err != nil {
		t.Fatal(err)
	}
	if got := s.State().Rows[1].Text; got != "compare-and-swap length: it was 0 still" { // and is 4
		t.Error(got)
	}
}
