package picture

import (
	"strconv"

	"slotrace/engine/event"
	"slotrace/engine/visible"
)

// Hint is the sentence that greets a newcomer.
const Hint = "Press Run and watch the light boxes: two writers look at the same free slot before either has told. Both write it, one memory is gone, and nobody gets an error."

// AllocatorLabel is what a switch calls an allocator: a short name, and what it
// does. One that this page does not know yet goes by its own name.
func AllocatorLabel(name string, holds bool) (title, what string) {
	switch name {
	case "check-then-act":
		return "Buggy", "check, then act"
	case "lock-each-step":
		return "Buggy too", "a lock each step"
	case "fetch-add":
		return "Fix A", "add first"
	case "mutex":
		return "Fix B", "one lock"
	case "compare-and-swap":
		return "Fix C", "compare & swap"
	}
	if holds {
		return "Fix", name
	}
	return "Buggy", name
}

// Verdict says a side's figures in one sentence, as a live region tells them.
func Verdict(state event.RunState, t *event.Totals) string {
	if t.Stored == 0 {
		return stateWord(state) + ": nothing stored yet."
	}
	s := stateWord(state) + ": " + Grouped(t.Stored) + " stored, " + Grouped(t.Readable) + " read back right, " + Grouped(t.Lost) + " lost without an error"
	if t.Collided > 0 {
		s += ", " + plural(t.Collided, "slot", "slots") + " taken twice"
	}
	if t.RecentStored > 0 {
		s += "; " + Odds(t) + " of the stores collide"
	}
	return s + "."
}

// Odds says how likely a store collides with the settings as they are now.
func Odds(t *event.Totals) string { return OneIn(t.RecentCollisions, t.RecentStored) }

func stateWord(s event.RunState) string {
	switch s {
	case event.Running:
		return "Running"
	case event.Paused:
		return "Paused"
	case event.Finished:
		return "Done"
	case event.Failed:
		return "Failed"
	case event.Replay:
		return "Replay"
	}
	return "Ready"
}

// StateAttribute is the state as the page's data-state has it: a run that failed
// is done, and its failure is said beside.
func StateAttribute(s event.RunState) string {
	if s == event.Failed {
		s = event.Finished
	}
	return s.String()
}

// Narrate says what a writer did, for single steps.
func Narrate(r event.Record) string {
	w, v := WriterName(int(r.Thread)), strconv.FormatUint(uint64(r.Value), 10)
	if r.Phase != event.Done {
		return w + " is about to " + aboutTo(r.Step) + "."
	}
	switch r.Step {
	case visible.Enter:
		return w + " has the lock."
	case visible.Look:
		return w + " looks: the count says " + v + "."
	case visible.Claim:
		if r.Value == event.NoValue {
			return w + " tries to claim and fails: somebody was faster. It looks again."
		}
		return w + " claims slot " + v + "."
	case visible.Leave, visible.LeaveTell:
		return w + " lets go of the lock."
	case visible.Reserve:
		return w + " has room for its content."
	case visible.Content:
		return w + " has written its content."
	case visible.Block:
		return w + " has written its block into slot " + v + "."
	case visible.Commit:
		return w + " has committed its block."
	case visible.Index:
		return w + " is in the index."
	case visible.EnterTell:
		return w + " has the lock again."
	case visible.Tell:
		return w + " tells: the count is now " + v + "."
	}
	return w + " has done " + r.Step.String() + "."
}

func aboutTo(s visible.Step) string {
	switch s {
	case visible.Enter, visible.EnterTell:
		return "take the lock"
	case visible.Look:
		return "look at the count"
	case visible.Claim:
		return "claim a slot"
	case visible.Leave, visible.LeaveTell:
		return "let go of the lock"
	case visible.Reserve:
		return "take room for its content"
	case visible.Content:
		return "write its content"
	case visible.Block:
		return "write its block"
	case visible.Commit:
		return "commit its block"
	case visible.Index:
		return "enter its id into the index"
	case visible.Tell:
		return "tell"
	}
	return s.String()
}

// StillNote says what a burst is a picture of, in a run of that pace.
func StillNote(s *Still, pace uint32) string {
	note := Duration(s.Length)
	if pace == 0 {
		note += " of real time"
	} else {
		note += " of the run"
	}
	if s.OneIn > 1 {
		note += ", 1 part in " + Grouped(uint64(s.OneIn)) + " shown"
	}
	if s.LeftOut > 0 {
		note += ", " + Grouped(uint64(s.LeftOut)) + " steps left out"
	}
	return note
}

// CloseReason says why the server ended a connection, by its close code.
func CloseReason(code int, reason string) string {
	switch code {
	case 1001:
		return "the server is stopping"
	case 1008:
		return "the server heard nothing from this page for too long"
	case 1012: // server/room/ROOM.md
		return "the room begins anew"
	case 1013:
		return "too many are watching"
	case 4010: // static/site.js
		return reason
	case event.CloseVersion:
		return "the server is of another version: reload this page"
	case 1002, 1003, 1009:
		if reason != "" {
			return "the server did not understand this page: " + reason
		}
		return "the server did not understand this page"
	}
	return "the server is not there"
}
