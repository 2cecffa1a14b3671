package page

import "slotrace/engine/event"

// settings are what the controls stand on.
type settings struct {
	allocator, compare string // compare "" = one side
	writers, slots     int
	pace, window       int // microseconds
}

// field names one of the settings, by its name in the API.
type field string

const (
	fieldAllocator field = "allocator"
	fieldCompare   field = "compare"
	fieldWriters   field = "writers"
	fieldSlots     field = "slots"
	fieldPace      field = "pace_us"
	fieldWindow    field = "window_us"
)

// wishes are the settings as the controls show them: the run's, but for those
// that a person has set and the run does not have yet.
type wishes struct {
	settings
	touched map[field]bool
}

// follow takes over what the run has, for all that nobody touched.
func (w *wishes) follow(has settings) {
	keep := w.settings
	w.settings = has
	if w.touched[fieldAllocator] {
		w.allocator = keep.allocator
	}
	if w.touched[fieldCompare] {
		w.compare = keep.compare
	}
	if w.touched[fieldWriters] {
		w.writers = keep.writers
	}
	if w.touched[fieldSlots] {
		w.slots = keep.slots
	}
	if w.touched[fieldPace] {
		w.pace = keep.pace
	}
	if w.touched[fieldWindow] {
		w.window = keep.window
	}
}

// lanes is how many writers can be shown of those that are wished for, until the
// server has said what it thinks of the wish.
func (w *wishes) lanes() int { return min(max(w.writers, 1), event.MaxWriters) }

func (w *wishes) touch(f field) {
	if w.touched == nil {
		w.touched = make(map[field]bool)
	}
	w.touched[f] = true
}

// granted forgets that the fields were touched: the run has them now.
func (w *wishes) granted(fields ...field) {
	for _, f := range fields {
		delete(w.touched, f)
	}
}

// settingsOf reads the settings of a run out of its state.
func settingsOf(s *event.State, allocators []event.Allocator) settings {
	name := func(i uint8) string {
		if int(i) < len(allocators) {
			return allocators[i].Name
		}
		return ""
	}
	has := settings{
		allocator: name(s.Allocators[0]),
		writers:   int(s.Writers), slots: int(s.Slots), pace: int(s.Pace), window: int(s.Window),
	}
	if s.Sides > 1 {
		has.compare = name(s.Allocators[1])
	}
	return has
}

// opposite is what to compare an allocator with, and to switch to with one key:
// the first that holds if it does not, else the first that does not.
func opposite(name string, allocators []event.Allocator) string {
	holds := false
	for _, a := range allocators {
		if a.Name == name {
			holds = a.Holds
		}
	}
	for _, a := range allocators {
		if a.Holds != holds {
			return a.Name
		}
	}
	return name
}
