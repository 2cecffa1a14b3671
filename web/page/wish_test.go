package page

import (
	"testing"

	"slotrace/engine/event"
)

var allocators = []event.Allocator{{Name: "check-then-act"}, {Name: "lock-each-step"}, {Name: "fetch-add", Holds: true}, {Name: "mutex", Holds: true}}

func TestControlsFollowTheRunButForWhatWasJustSet(t *testing.T) {
	run := settings{allocator: "check-then-act", writers: 8, slots: 10_000, pace: 300_000}
	w := wishes{settings: run}
	w.pace = 1000
	w.touch(fieldPace)
	other := run
	other.writers, other.allocator = 16, "mutex"
	w.follow(other)
	if w.pace != 1000 || w.writers != 16 || w.allocator != "mutex" {
		t.Fatalf("%+v, want the pace that was set and the run's other settings", w.settings)
	}
	w.granted(fieldPace)
	w.follow(other)
	if w.settings != other {
		t.Errorf("%+v, want the run's %+v", w.settings, other)
	}
}

func TestEveryFieldCanBeWished(t *testing.T) {
	for _, f := range []field{fieldAllocator, fieldCompare, fieldWriters, fieldSlots, fieldPace, fieldWindow} {
		mine := settings{allocator: "a", compare: "b", writers: 1, slots: 2, pace: 3, window: 4}
		w := wishes{settings: mine}
		w.touch(f)
		w.follow(settings{})
		changed := 0
		for _, same := range []bool{w.allocator == "", w.compare == "", w.writers == 0, w.slots == 0, w.pace == 0, w.window == 0} {
			if !same {
				changed++
			}
		}
		if changed != 1 {
			t.Errorf("%s: %d fields were kept, want it alone", f, changed)
		}
	}
}

func TestSettingsAreReadOutOfTheState(t *testing.T) {
	got := settingsOf(&event.State{Writers: 3, Sides: 2, Allocators: [2]uint8{1, 2}, Slots: 10, Pace: 20, Window: 30}, allocators)
	if want := (settings{"lock-each-step", "fetch-add", 3, 10, 20, 30}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	got = settingsOf(&event.State{Sides: 1, Allocators: [2]uint8{200, event.NoAllocator}}, allocators)
	if got.allocator != "" || got.compare != "" {
		t.Errorf("%+v: an allocator that is not in the list", got)
	}
}

func TestTheOppositeOfABugIsAFix(t *testing.T) {
	for from, want := range map[string]string{"check-then-act": "fetch-add", "lock-each-step": "fetch-add", "mutex": "check-then-act", "fetch-add": "check-then-act"} {
		if got := opposite(from, allocators); got != want {
			t.Errorf("%s: %s, want %s", from, got, want)
		}
	}
	if got := opposite("only", []event.Allocator{{Name: "only"}}); got != "only" {
		t.Errorf("with nothing to choose from: %q", got)
	}
}

func TestAWishOutOfBoundsIsShownWithinThem(t *testing.T) {
	for wished, shown := range map[int]int{-1: 1, 0: 1, 1: 1, 64: 64, 65: 64, 999: 64} {
		if w := (wishes{settings: settings{writers: wished}}); w.lanes() != shown {
			t.Errorf("%d writers: %d lanes, want %d", wished, w.lanes(), shown)
		}
	}
}
