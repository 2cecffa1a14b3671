package picture

// Command is what a key asks for.
type Command uint8

// The commands there are.
const (
	NoCommand Command = iota
	RunPause
	StepOnce
	BuggyFixed
	Compare
	NextCollision
	ZoomIn
	ZoomOut
	ZoomReset
	ReviewStart
	ShowLive
	ShowExplore
	ShowReview
	ShowRecordings
	Help
	LabBack
	LabOn
	LabRun
	LabFirst
	LabLast
	LabFind
	LabProve
	LabArrows
	LabOther
	LabCancel
	LabTake // the step of thread A; those of the others follow
)

// orders are the commands of the Explore view, as its program is told them.
var orders = [...]string{"back", "on", "run", "first", "last", "find", "prove", "arrows", "other", "cancel"}

// Order is what the explorer's program is told to do; "" if the command is none of its.
func (c Command) Order() string {
	switch {
	case c >= LabTake:
		return "take " + string(rune('A'+c-LabTake))
	case c >= LabBack:
		return orders[c-LabBack]
	}
	return ""
}

// View is one of the page's views.
type View uint8

// The views there are; as a key's, EveryView is all of them.
const (
	EveryView View = iota
	LiveView
	ExploreView
	ReviewView
	RecordingsView
)

// String is the view's name.
func (v View) String() string {
	return [...]string{"Everywhere", "Live", "Explore", "Review", "Recordings"}[v]
}

// ViewOf is the view that an address names behind its #. What it does not know is Live.
// Behind a ? there is what the view makes of it.
func ViewOf(fragment string) View {
	for i := 0; i < len(fragment); i++ {
		if fragment[i] == '?' {
			fragment = fragment[:i]
		}
	}
	switch fragment {
	case "#explore":
		return ExploreView
	case "#review":
		return ReviewView
	case "#recordings":
		return RecordingsView
	}
	return LiveView
}

// Binding is one command, its keys and what it does.
type Binding struct {
	View    View // in which it is a key
	Command Command
	Keys    []string // as KeyboardEvent.key names them
	Shown   string   // as people read them
	Does    string
}

// Bindings lists the keys there are, view by view. They are bound by what they mean, not
// by where they are, so that they are the same on AZERTY; a letter takes Shift.
var Bindings = [...]Binding{
	{EveryView, ShowLive, []string{"1"}, "1", "the Live view"},
	{EveryView, ShowExplore, []string{"2"}, "2", "the Explore view"},
	{EveryView, ShowReview, []string{"4"}, "4", "the Review view"},
	{EveryView, ShowRecordings, []string{"5"}, "5", "the Recordings view"},
	{EveryView, Help, []string{"?"}, "?", "this list"},
	{LiveView, RunPause, []string{" "}, "Space", "run, pause, go on"},
	{LiveView, StepOnce, []string{".", "ArrowRight", "PageDown", "PageUp"}, ". or → or PageDown", "one step: pause, and let one writer do one thing"},
	{LiveView, BuggyFixed, []string{"B"}, "Shift + B", "buggy or fixed, while it runs"},
	{LiveView, Compare, []string{"C"}, "Shift + C", "two stores side by side, the same work"},
	{LiveView, NextCollision, []string{"N"}, "Shift + N", "the next collision on the map"},
	{LiveView, ZoomIn, []string{"+", "="}, "+", "zoom the map in"},
	{LiveView, ZoomOut, []string{"-", "_"}, "-", "zoom the map out"},
	{LiveView, ZoomReset, []string{"0"}, "0", "the whole map again"},
	{ExploreView, LabTake, nil, "a, b, c …", "that thread takes one step"},
	{ExploreView, LabBack, []string{"Backspace", "ArrowLeft", "PageUp"}, "Backspace or ←", "one step back"},
	{ExploreView, LabOn, []string{".", "ArrowRight", "PageDown"}, ". or →", "one step on, as the schedule says"},
	{ExploreView, LabRun, []string{" "}, "Space", "run to the end"},
	{ExploreView, LabFirst, []string{"Home"}, "Home", "before the first step"},
	{ExploreView, LabLast, []string{"End"}, "End", "behind the last step"},
	{ExploreView, LabFind, []string{"F"}, "Shift + F", "find the shortest schedule that breaks it"},
	{ExploreView, LabProve, []string{"P"}, "Shift + P", "prove that none does, or find one"},
	{ExploreView, LabOther, []string{"B"}, "Shift + B", "buggy or fixed"},
	{ExploreView, LabArrows, []string{"H"}, "Shift + H", "what happens before what, as arrows"},
	{ExploreView, LabCancel, []string{"Escape"}, "Escape", "cancel the search"},
	{ReviewView, ReviewStart, []string{" "}, "Space", "start or cancel the review"},
}

// Focus is what kind of element has the keyboard.
type Focus uint8

// Elements that keep keys for themselves.
const (
	FocusPage   Focus = iota
	FocusText         // a text field: every key
	FocusChoice       // a select: every key but the bare minimum
	FocusButton       // a button or link: Space and Enter
	FocusRadio        // a radio button: arrows
	FocusSlider       // a range: arrows and pages
	FocusMap          // the slot map: arrows, pages and Enter
	FocusTable        // something that scrolls: arrows and pages
)

// KeyCommand is the command of a key in a view, given what has the focus and whether
// Ctrl, Alt or Meta is held.
func KeyCommand(v View, key string, f Focus, modified bool) Command {
	if modified || f == FocusText || f == FocusChoice {
		return NoCommand
	}
	switch key {
	case " ":
		if f == FocusButton {
			return NoCommand
		}
	case "ArrowRight", "ArrowLeft":
		if f != FocusPage && f != FocusButton {
			return NoCommand
		}
	case "PageDown", "PageUp", "Home", "End":
		if f == FocusSlider || f == FocusMap || f == FocusTable {
			return NoCommand
		}
	}
	if v == ExploreView && len(key) == 1 && key[0] >= 'a' && key[0] <= 'z' {
		return LabTake + Command(key[0]-'a')
	}
	for i := range Bindings {
		b := &Bindings[i]
		if b.View != EveryView && b.View != v {
			continue
		}
		for _, k := range b.Keys {
			if k == key {
				return b.Command
			}
		}
	}
	return NoCommand
}
