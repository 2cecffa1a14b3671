package lab

import (
	"fmt"
	"strings"

	"slotrace/engine/catalogue"
	"slotrace/engine/explore"
	"slotrace/engine/visible"
)

// steps are the events of the execution, in words.
func (t *trial) steps() []Step {
	events := t.machine.Events()
	lines := t.lines()
	steps := make([]Step, len(events))
	for i, e := range events {
		steps[i] = Step{
			Thread: catalogue.Letter(int(e.Thread)), Operation: e.Op.Kind.String(), Object: t.instance.Object(e.Op),
			Step: e.Op.Step.String(), Line: lines[e.Op.Step], Preempts: explore.IsPreemption(events, i),
		}
		if v, ok := number(&e); ok {
			steps[i].Value = &v
		}
	}
	return steps
}

// number is the number that an operation saw or left, if it is about one.
func number(e *visible.Event) (int64, bool) {
	switch e.Op.Kind {
	case visible.OpLoad, visible.OpStore, visible.OpAdd, visible.OpCompareAndSwap, visible.OpMapLoad, visible.OpMapStore, visible.OpMapInsert, visible.OpMapDelete:
		return int64(e.Value), e.Value != visible.Missing && e.Value < 1<<53
	}
	return 0, false
}

// lines is where in the source each step is: file:line, or the excerpt's file.
func (t *trial) lines() (lines [visible.Steps]string) {
	sources := t.variant.Sources()
	for i := len(sources) - 1; i >= 0; i-- { // the first source says most
		for _, m := range sources[i].Marks {
			lines[m.Step] = fmt.Sprintf("%s:%d", sources[i].File, m.Line)
		}
	}
	return lines
}

// told is an operation that was taken, in a few words: "load count → 0".
func told(operation, object string, e *visible.Event) string {
	text := operation + " " + object
	v, ok := number(e)
	switch {
	case ok && e.Op.Kind == visible.OpCompareAndSwap:
		return text + fmt.Sprintf(": it was %d still", v)
	case ok:
		return text + fmt.Sprintf(" → %d", v)
	case e.Value == visible.Missing:
		switch e.Op.Kind {
		case visible.OpCompareAndSwap:
			return text + ": it had changed"
		case visible.OpTryLock:
			return text + ": held"
		case visible.OpMapInsert:
			return text + ": entered"
		case visible.OpMapLoad, visible.OpMapDelete:
			return text + ": not there"
		}
	}
	return text
}

// will is what a thread is about to do, in a sentence; e is the operation as it turns out.
func will(object string, e *visible.Event) string {
	v, ok := number(e)
	switch e.Op.Kind {
	case visible.OpLoad:
		if ok {
			return fmt.Sprintf("looks at %s: it says %d.", object, v)
		}
		return "looks at " + object + "."
	case visible.OpStore:
		if ok {
			return fmt.Sprintf("sets %s to %d.", object, v)
		}
		return "writes " + object + "."
	case visible.OpAdd:
		return fmt.Sprintf("adds to %s: it will say %d.", object, v)
	case visible.OpCompareAndSwap:
		if ok {
			return fmt.Sprintf("swaps %s if it is still %d, which it is.", object, v)
		}
		return fmt.Sprintf("tries to swap %s, which has changed since it looked.", object)
	case visible.OpLock:
		return "takes the " + bare(object) + "."
	case visible.OpTryLock:
		return "tries to take the " + bare(object) + "."
	case visible.OpUnlock:
		return "releases the " + bare(object) + "."
	case visible.OpRead:
		return "reads " + object + "."
	case visible.OpWrite:
		return "writes " + object + "."
	case visible.OpMapLoad:
		return "looks up " + object + "."
	case visible.OpMapStore, visible.OpMapInsert:
		return "enters " + object + " into the index."
	case visible.OpMapDelete:
		return "takes " + object + " out of the index."
	}
	return e.Op.Kind.String() + " " + object + "."
}

func bare(lock string) string { return strings.TrimPrefix(lock, "the ") }
