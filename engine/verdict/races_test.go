package verdict

import (
	"testing"

	"slotrace/engine/visible"
)

// script is an execution: each word is a thread and what it does, to object 1 unless told.
func event(thread int, kind visible.Kind, object visible.Object, low, high, value uint64) visible.Event {
	return visible.Event{Op: visible.Op{Kind: kind, Object: object, Range: visible.Range{Low: low, High: high}}, Thread: uint8(thread), Value: value}
}

func write(thread int, low, high uint64) visible.Event {
	return event(thread, visible.OpWrite, 9, low, high, 0)
}
func read(thread int, low, high uint64) visible.Event {
	return event(thread, visible.OpRead, 9, low, high, 0)
}
func on(thread int, kind visible.Kind, value ...uint64) visible.Event {
	return event(thread, kind, 1, 0, 1, append(value, 0)[0])
}

func TestRaces(t *testing.T) {
	for name, x := range map[string]struct {
		events []visible.Event
		race   bool
	}{
		"two writes":                              {[]visible.Event{write(0, 0, 8), write(1, 4, 12)}, true},
		"a read and a write":                      {[]visible.Event{read(0, 0, 8), write(1, 0, 8)}, true},
		"two reads":                               {[]visible.Event{read(0, 0, 8), read(1, 0, 8)}, false},
		"writes side by side":                     {[]visible.Event{write(0, 0, 8), write(1, 8, 16)}, false},
		"one thread":                              {[]visible.Event{write(0, 0, 8), write(0, 0, 8)}, false},
		"an add, and a load behind it":            {[]visible.Event{write(0, 0, 8), on(0, visible.OpAdd, 1), on(1, visible.OpLoad, 1), write(1, 0, 8)}, false},
		"a load before the add":                   {[]visible.Event{on(1, visible.OpLoad), write(0, 0, 8), on(0, visible.OpAdd, 1), write(1, 0, 8)}, true},
		"two loads do not order":                  {[]visible.Event{write(0, 0, 8), on(0, visible.OpLoad), on(1, visible.OpLoad), write(1, 0, 8)}, true},
		"adds pass on what adds before released":  {[]visible.Event{write(0, 0, 8), on(0, visible.OpAdd, 1), on(2, visible.OpAdd, 2), on(1, visible.OpLoad, 2), write(1, 0, 8)}, false},
		"a store passes on nothing of the others": {[]visible.Event{write(0, 0, 8), on(0, visible.OpStore, 1), on(2, visible.OpStore, 2), on(1, visible.OpLoad, 2), write(1, 0, 8)}, true},
		"locked":                                            {[]visible.Event{on(0, visible.OpLock), write(0, 0, 8), on(0, visible.OpUnlock), on(1, visible.OpLock), write(1, 0, 8)}, false},
		"a swap that failed releases nothing":               {[]visible.Event{write(0, 0, 8), on(0, visible.OpCompareAndSwap, visible.Missing), on(1, visible.OpLoad), write(1, 0, 8)}, true},
		"a swap that failed still sees":                     {[]visible.Event{write(0, 0, 8), on(0, visible.OpAdd), on(1, visible.OpCompareAndSwap, visible.Missing), write(1, 0, 8)}, false},
		"an entry, and who looks it up":                     {[]visible.Event{write(0, 0, 8), on(0, visible.OpMapInsert, visible.Missing), on(1, visible.OpMapLoad, 3), read(1, 0, 8)}, false},
		"an insert that came too late":                      {[]visible.Event{write(0, 0, 8), on(0, visible.OpMapInsert, 3), on(1, visible.OpMapLoad, 3), read(1, 0, 8)}, true},
		"a try that got no lock, which was released before": {[]visible.Event{write(0, 0, 8), on(0, visible.OpLock), on(0, visible.OpUnlock), on(2, visible.OpLock), on(1, visible.OpTryLock, visible.Missing), write(1, 0, 8)}, true},
		"a try that got the lock":                           {[]visible.Event{on(0, visible.OpLock), write(0, 0, 8), on(0, visible.OpUnlock), on(1, visible.OpTryLock), write(1, 0, 8)}, false},
		"a delete of nothing":                               {[]visible.Event{write(0, 0, 8), on(0, visible.OpMapDelete, visible.Missing), on(1, visible.OpMapLoad, visible.Missing), write(1, 0, 8)}, true},
		"a delete, and who finds nothing":                   {[]visible.Event{write(0, 0, 8), on(0, visible.OpMapDelete, 3), on(1, visible.OpMapLoad, visible.Missing), write(1, 0, 8)}, false},
		"a try that got no lock":                            {[]visible.Event{on(0, visible.OpLock), write(0, 0, 8), on(1, visible.OpTryLock, visible.Missing), write(1, 0, 8)}, true},
	} {
		var r Races
		race, found := r.Find(3, x.events, 0)
		if found != x.race {
			t.Errorf("%s: %v, %v", name, race, found)
		}
		if all := r.All(x.events); (len(all) > 0) != x.race || found && all[0] != race {
			t.Errorf("%s: all are %v", name, all)
		}
		for kept := range x.events { // what is known of the beginning stays right
			if again, found := r.Find(3, x.events, kept); again != race || found != x.race {
				t.Errorf("%s, with %d kept: %v, %v", name, kept, again, found)
			}
		}
	}
}

func TestSwitchedFromOneExecutionToAnother(t *testing.T) {
	var r Races
	race := []visible.Event{on(0, visible.OpLoad), write(0, 0, 8), write(1, 0, 8)}
	none := []visible.Event{on(0, visible.OpLoad), write(0, 0, 8), on(0, visible.OpAdd, 1)}
	for range 2 {
		if _, found := r.Find(2, race, 2); !found {
			t.Error("the race is not found")
		}
		if got, found := r.Find(2, none, 2); found {
			t.Errorf("a race is left from the execution before: %v", got)
		}
	}
}
