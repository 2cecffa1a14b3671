package catalogue

import (
	"fmt"
	"strings"

	"slotrace/engine"
	"slotrace/engine/event"
	"slotrace/engine/verdict"
	"slotrace/engine/visible"
)

// lockOrder is a store under two coarse locks: threads A, C, E, … put memories, and the
// others delete some that were there before.
var lockOrder = &Scenario{
	Name:      "lock-order",
	Call:      "call",
	Invariant: "Every thread ends.",
	Story: "Each holds what the other waits for: a cycle in who waits for whom. Take away one edge of it, by one order for all or by never " +
		"holding one lock while waiting for another, and there is none.",
	Canary:  "content-then-index",
	Threads: 2, Ops: 1, MinThreads: 2, MinOps: 1,
	Variants: []Variant{
		locksVariant("content-then-index", "indexThenContent", "contentThenIndex",
			"enter-index enter-content claim reserve reserve content block commit index leave-content leave-index|"+
				"enter-content enter-index enter-id find previous previous previous clear unlink free free leave-id leave-index leave-content"),
		locksVariant("one-order", "indexThenContent", "indexThenContent",
			"enter-index enter-content claim reserve reserve content block commit index leave-content leave-index|"+
				"enter-index enter-content enter-id find previous previous previous clear unlink free free leave-id leave-content leave-index"),
		locksVariant("no-nesting", "contentAndThenIndex", "indexAndThenContent",
			"enter-content claim reserve reserve content block commit leave-content enter-index index leave-index|"+
				"enter-index enter-id find previous previous previous clear unlink leave-index enter-content free free leave-id leave-content"),
	},
	New: func(v *Variant, threads, ops int, o visible.Observer, begin func(int)) Instance {
		g := newStage(engine.Options{Locks: v.Name}, threads, ops, o, begin)
		return &locking{stage: g, errs: make([]error, threads*ops), ended: make([]bool, threads*ops)}
	},
}

// locksVariant is a discipline, shown as the ways of its puts and deletes, and where these
// follow them.
func locksVariant(name, put, del, steps string) Variant {
	holds := false
	for _, d := range engine.Disciplines {
		holds = holds || d.Name == name && d.Holds
	}
	way := func(name string) event.Source { return function("coarse.go", engine.CoarseSource, "func "+name+"(") }
	deleting := func() event.Source { return function("delete.go", engine.DeleteSource, ") Delete(") }
	return Variant{Name: name, Holds: holds, Steps: steps, Sources: func() []event.Source {
		sources := []event.Source{way(put)}
		if del != put {
			sources = append(sources, way(del))
		}
		return append(sources, putSource(), deleting())
	}, Runs: func(thread int) []event.Source {
		if deletes(thread) {
			return []event.Source{way(del), deleting()}
		}
		return []event.Source{way(put), putSource()}
	}}
}

type locking struct {
	*stage
	errs  []error // by number
	ended []bool  // by number: the call has returned
}

// deletes says whether a thread deletes.
func deletes(thread int) bool { return thread%2 == 1 }

func (l *locking) Reset() {
	l.rewind()
	clear(l.errs)
	clear(l.ended)
	for i := range l.memories {
		if deletes(l.thread(i)) {
			if err := l.aside.Put(&l.memories[i]); err != nil {
				panic(err) // there is a slot for each
			}
		}
	}
}

func (l *locking) Run(t *visible.Thread) {
	for call := range l.ops {
		l.begin(t.ID)
		i := t.ID*l.ops + call
		if deletes(t.ID) {
			l.errs[i] = l.handles[t.ID].Delete(l.memories[i].ID)
		} else {
			l.errs[i] = l.put(t.ID, i)
		}
		l.ended[i] = true
	}
}

func (l *locking) Intact() bool {
	for i, err := range l.errs {
		if _, there := l.store.Lookup(l.memories[i].ID); !l.ended[i] || err != nil || there == deletes(l.thread(i)) {
			return false
		}
	}
	return true
}

// Breach is told of the locks that were taken and not released.
func (l *locking) Breach(events []visible.Event) verdict.Breach {
	b := verdict.Breach{Kind: "deadlock"}
	var has []string
	for t := range l.threads {
		var held []string
		for _, e := range events {
			if int(e.Thread) != t || e.Op.Object != engine.ObjectCoarse {
				continue
			}
			if e.Op.Kind == visible.OpLock {
				held = append(held, l.Object(e.Op))
			} else if len(held) > 0 {
				held = held[:len(held)-1]
			}
		}
		if len(held) > 0 {
			has = append(has, fmt.Sprintf("%s holds the %s and waits for the other's", Letter(t), strings.Join(held, " and the ")))
		}
	}
	b.Why = strings.Join(has, ", ") + ": neither ever goes on."
	if has == nil {
		b.Why = "Not every call came to what it should."
	}
	for i, err := range l.errs {
		switch {
		case !l.ended[i]:
			b.Evidence = append(b.Evidence, verdict.Evidence{ID: l.name(i), Expected: "to end", Got: "waits for ever"})
		case err != nil:
			b.Evidence = append(b.Evidence, verdict.Evidence{ID: l.name(i), Expected: "to end", Got: err.Error()})
		}
	}
	return b
}

// Outcome is what came of each call.
func (l *locking) Outcome(func(o visible.Object, low, high uint64) bool) string {
	var b strings.Builder
	for i, err := range l.errs {
		what := "ended"
		if !l.ended[i] {
			what = "waits"
		} else if err != nil {
			what = err.Error()
		}
		fmt.Fprintf(&b, "%s:%s ", l.name(i), what)
	}
	return strings.TrimSpace(b.String())
}

// Calls are none: the invariant is not about what calls come to.
func (l *locking) Calls() []verdict.Call { return nil }
func (l *locking) Model() *verdict.Model { return nil }
