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
	Help
)

// Binding is one command, its keys and what it does.
type Binding struct {
	Command Command
	Keys    []string // as KeyboardEvent.key names them
	Shown   string   // as people read them
	Does    string
}

// Bindings lists the keys of the Live view. They are bound by what they mean, not
// by where they are, so that they are the same on AZERTY; a letter takes Shift.
var Bindings = [...]Binding{
	{RunPause, []string{" "}, "Space", "run, pause, go on"},
	{StepOnce, []string{".", "ArrowRight", "PageDown", "PageUp"}, ". or → or PageDown", "one step: pause, and let one writer do one thing"},
	{BuggyFixed, []string{"B"}, "Shift + B", "buggy or fixed, while it runs"},
	{Compare, []string{"C"}, "Shift + C", "two stores side by side, the same work"},
	{NextCollision, []string{"N"}, "Shift + N", "the next collision on the map"},
	{ZoomIn, []string{"+", "="}, "+", "zoom the map in"},
	{ZoomOut, []string{"-", "_"}, "-", "zoom the map out"},
	{ZoomReset, []string{"0"}, "0", "the whole map again"},
	{Help, []string{"?"}, "?", "this list"},
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

// KeyCommand is the command of a key, given what has the focus and whether Ctrl,
// Alt or Meta is held.
func KeyCommand(key string, f Focus, modified bool) Command {
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
		for _, k := range Bindings[i].Keys {
			if k == key {
				return Bindings[i].Command
			}
		}
	}
	return NoCommand
}
