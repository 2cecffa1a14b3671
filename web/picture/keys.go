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
	ShowReview
	Help
)

// View is one of the page's views.
type View uint8

// The views there are; as a key's, EveryView is all of them.
const (
	EveryView View = iota
	LiveView
	ReviewView
)

// String is the view's name.
func (v View) String() string { return [...]string{"Everywhere", "Live", "Review"}[v] }

// ViewOf is the view that an address names behind its #. What it does not know is Live.
func ViewOf(fragment string) View {
	if fragment == "#review" {
		return ReviewView
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
	{EveryView, ShowReview, []string{"4"}, "4", "the Review view"},
	{EveryView, Help, []string{"?"}, "?", "this list"},
	{LiveView, RunPause, []string{" "}, "Space", "run, pause, go on"},
	{LiveView, StepOnce, []string{".", "ArrowRight", "PageDown", "PageUp"}, ". or → or PageDown", "one step: pause, and let one writer do one thing"},
	{LiveView, BuggyFixed, []string{"B"}, "Shift + B", "buggy or fixed, while it runs"},
	{LiveView, Compare, []string{"C"}, "Shift + C", "two stores side by side, the same work"},
	{LiveView, NextCollision, []string{"N"}, "Shift + N", "the next collision on the map"},
	{LiveView, ZoomIn, []string{"+", "="}, "+", "zoom the map in"},
	{LiveView, ZoomOut, []string{"-", "_"}, "-", "zoom the map out"},
	{LiveView, ZoomReset, []string{"0"}, "0", "the whole map again"},
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
	case "ArrowRight":
		if f != FocusPage && f != FocusButton {
			return NoCommand
		}
	case "PageDown", "PageUp":
		if f == FocusSlider || f == FocusMap || f == FocusTable {
			return NoCommand
		}
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
