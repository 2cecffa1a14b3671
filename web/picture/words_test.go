package picture

import (
	"strings"
	"testing"

	"slotrace/engine/event"
	"slotrace/engine/visible"
)

func TestTheVerdictIsOneSentenceOfTheFigures(t *testing.T) {
	got := Verdict(event.Running, &event.Totals{Stored: 1284, Readable: 1197, Lost: 87, Collided: 61, RecentStored: 150, RecentCollisions: 10})
	want := "Running: 1,284 stored, 1,197 read back right, 87 lost without an error, 61 slots taken twice; 1 in 15 of the stores collide."
	if got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
	if got := Verdict(event.Idle, &event.Totals{}); got != "Ready: nothing stored yet." {
		t.Errorf("%q", got)
	}
}

func TestEveryStepOfAPutIsNarrated(t *testing.T) {
	for step := visible.Enter; step <= visible.LeaveTell; step++ {
		for _, phase := range []event.Phase{event.Arrive, event.Done} {
			s := Narrate(event.Record{Thread: 2, Step: step, Phase: phase, Value: 37})
			if !strings.HasPrefix(s, "W3 ") || !strings.HasSuffix(s, ".") || strings.Contains(s, "unknown") {
				t.Errorf("%s, phase %d: %q", step, phase, s)
			}
		}
	}
	if got := Narrate(event.Record{Thread: 2, Step: visible.Look, Phase: event.Done, Value: 37}); got != "W3 looks: the count says 37." {
		t.Errorf("%q", got)
	}
}

func TestAFailedRunIsDoneForScripts(t *testing.T) {
	for s, want := range map[event.RunState]string{event.Idle: "idle", event.Running: "running", event.Paused: "paused", event.Finished: "done", event.Failed: "done"} {
		if got := StateAttribute(s); got != want {
			t.Errorf("%v: %q, want %q", s, got, want)
		}
	}
}

func TestEveryAllocatorHasALabelOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range []string{"check-then-act", "lock-each-step", "fetch-add", "mutex", "compare-and-swap", "one-of-tomorrow"} {
		title, what := AllocatorLabel(name, true)
		if title == "" || what == "" || seen[title] {
			t.Errorf("%s: %q, %q", name, title, what)
		}
		seen[title] = true
	}
}

func TestKeysAreLeftToWhoeverNeedsThem(t *testing.T) {
	for _, c := range []struct {
		key   string
		focus Focus
		held  bool
		want  Command
	}{
		{" ", FocusPage, false, RunPause}, {" ", FocusButton, false, NoCommand}, {" ", FocusRadio, false, RunPause}, {" ", FocusSlider, false, RunPause}, {" ", FocusText, false, NoCommand},
		{".", FocusPage, false, StepOnce}, {".", FocusRadio, false, StepOnce}, {".", FocusText, false, NoCommand}, {".", FocusChoice, false, NoCommand}, {".", FocusPage, true, NoCommand},
		{"ArrowRight", FocusPage, false, StepOnce}, {"ArrowRight", FocusRadio, false, NoCommand}, {"ArrowRight", FocusSlider, false, NoCommand}, {"ArrowRight", FocusMap, false, NoCommand},
		{"PageDown", FocusPage, false, StepOnce}, {"PageDown", FocusButton, false, StepOnce}, {"PageDown", FocusTable, false, NoCommand},
		{"B", FocusPage, false, BuggyFixed}, {"b", FocusPage, false, NoCommand}, {"C", FocusMap, false, Compare}, {"C", FocusPage, true, NoCommand}, {"N", FocusPage, false, NextCollision},
		{"+", FocusPage, false, ZoomIn}, {"-", FocusMap, false, ZoomOut}, {"0", FocusPage, false, ZoomReset}, {"?", FocusButton, false, Help}, {"x", FocusPage, false, NoCommand},
	} {
		if got := KeyCommand(LiveView, c.key, c.focus, c.held); got != c.want {
			t.Errorf("%q with focus %d: command %d, want %d", c.key, c.focus, got, c.want)
		}
	}
}

func TestNoKeyMeansTwoThings(t *testing.T) {
	for _, v := range []View{LiveView, ExploreView, ReviewView, RecordingsView} {
		seen := map[string]Command{}
		for _, b := range Bindings {
			if b.View != EveryView && b.View != v {
				continue
			}
			for _, k := range b.Keys {
				if other, taken := seen[k]; taken {
					t.Errorf("view %d: %q is command %d and %d", v, k, other, b.Command)
				}
				seen[k] = b.Command
			}
		}
	}
}

func TestAKeyIsForTheViewThatIsSeen(t *testing.T) {
	for _, c := range []struct {
		key          string
		live, review Command
	}{{" ", RunPause, ReviewStart}, {".", StepOnce, NoCommand}, {"PageDown", StepOnce, NoCommand}, {"B", BuggyFixed, NoCommand}, {"+", ZoomIn, NoCommand}, {"1", ShowLive, ShowLive}, {"4", ShowReview, ShowReview}, {"5", ShowRecordings, ShowRecordings}, {"?", Help, Help}} {
		if live, review := KeyCommand(LiveView, c.key, FocusPage, false), KeyCommand(ReviewView, c.key, FocusPage, false); live != c.live || review != c.review {
			t.Errorf("%q: command %d in Live and %d in Review, want %d and %d", c.key, live, review, c.live, c.review)
		}
	}
	for fragment, want := range map[string]View{"": LiveView, "#": LiveView, "#live": LiveView, "#review": ReviewView, "#elsewhere": LiveView, "#explore": ExploreView, "#explore?scenario=store&step=3": ExploreView, "#explorer": LiveView, "#recordings": RecordingsView, "#replay?id=x&t=1": LiveView} {
		if got := ViewOf(fragment); got != want {
			t.Errorf("%q is view %d, want %d", fragment, got, want)
		}
	}
}

func TestInExploreALetterIsAThreadsStepAndCommandsTakeShift(t *testing.T) {
	for _, c := range []struct {
		key   string
		focus Focus
		order string
	}{
		{"a", FocusPage, "take A"}, {"z", FocusButton, "take Z"}, {"b", FocusRadio, "take B"}, {"a", FocusChoice, ""}, {"é", FocusPage, ""},
		{"Backspace", FocusPage, "back"}, {"ArrowLeft", FocusButton, "back"}, {"PageUp", FocusPage, "back"}, {"ArrowLeft", FocusRadio, ""},
		{".", FocusPage, "on"}, {"ArrowRight", FocusPage, "on"}, {"PageDown", FocusPage, "on"}, {" ", FocusPage, "run"}, {" ", FocusButton, ""}, {"Home", FocusPage, "first"}, {"End", FocusPage, "last"}, {"End", FocusTable, ""},
		{"F", FocusPage, "find"}, {"P", FocusPage, "prove"}, {"B", FocusPage, "other"}, {"H", FocusPage, "arrows"}, {"Escape", FocusPage, "cancel"}, {"2", FocusPage, ""},
	} {
		if got := KeyCommand(ExploreView, c.key, c.focus, false).Order(); got != c.order {
			t.Errorf("%q with focus %d: %q, want %q", c.key, c.focus, got, c.order)
		}
	}
	if got := KeyCommand(ExploreView, "a", FocusPage, true); got != NoCommand {
		t.Errorf("Ctrl+A is command %d", got)
	}
	if got := KeyCommand(LiveView, "a", FocusPage, false); got != NoCommand {
		t.Errorf("a in Live is command %d", got)
	}
}

func TestEveryCloseCodeHasWords(t *testing.T) {
	for _, code := range []int{1000, 1001, 1002, 1003, 1006, 1008, 1009, 1013, event.CloseVersion} {
		if CloseReason(code, "") == "" {
			t.Errorf("%d has none", code)
		}
	}
	if got := CloseReason(event.CloseVersion, ""); !strings.Contains(got, "reload") {
		t.Errorf("another version: %q does not say to reload", got)
	}
}
