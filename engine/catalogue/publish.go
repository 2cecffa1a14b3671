package catalogue

import (
	"fmt"
	"strings"

	"slotrace/engine"
	"slotrace/engine/event"
	"slotrace/engine/verdict"
	"slotrace/engine/visible"
)

// publish is one thread that puts, and others that get each memory once meanwhile.
var publish = &Scenario{
	Name:      "publish",
	Call:      "call",
	Invariant: "A reader sees a whole entry, or none.",
	Story: "Reservation is not publication: a place that is reserved is nobody else's to write, but whoever finds the way there reads " +
		"what is not there yet. Copy first, publish last.",
	Canary:  engine.IndexBeforeCopy,
	Threads: 2, Ops: 1, MinThreads: 2, MinOps: 1,
	Variants: []Variant{
		{Name: engine.IndexBeforeCopy, Steps: "claim reserve reserve commit index content block|find fetch fetch fetch", Sources: func() []event.Source {
			return []event.Source{function("index_before_copy.go", engine.IndexBeforeCopySource, ") indexBeforeCopy("), putSource(), getSource()}
		}},
		{Name: engine.CopyBeforeIndex, Holds: true, Steps: "claim reserve reserve content block commit index|find fetch fetch fetch", Sources: func() []event.Source {
			return []event.Source{putSource(), getSource()}
		}},
	},
	New: func(v *Variant, threads, ops int, o visible.Observer, begin func(int)) Instance {
		g := newStage(engine.Options{Publish: v.Name}, threads, ops, o, begin)
		p := &publishing{stage: g, errs: make([]error, ops), got: make([]int, threads*ops)}
		for range threads {
			p.readers = append(p.readers, reader{make([]float32, 1), make([]byte, 0, 64)})
		}
		return p
	},
}

func getSource() event.Source { return function("get.go", engine.GetSource, ") GetInto(") }

type publishing struct {
	*stage
	errs    []error // of the first thread's puts
	got     []int   // what the others' gets came to, by number; the first thread's are not used
	readers []reader
}

// reader is what a thread gets into.
type reader struct {
	embedding []float32
	content   []byte
}

func (p *publishing) Reset() {
	p.rewind()
	clear(p.errs)
	for i := range p.got {
		p.got[i] = nothing
	}
}

func (p *publishing) Run(t *visible.Thread) {
	for call := range p.ops {
		p.begin(t.ID)
		if t.ID == 0 {
			p.errs[call] = p.put(0, call)
			continue
		}
		r := &p.readers[t.ID]
		p.got[t.ID*p.ops+call] = p.get(p.handles[t.ID], r.embedding, r.content, call)
	}
}

// gets has do see every get: its number, that of the memory it was to get, and of what it
// got.
func (p *publishing) gets(do func(i, want, got int)) {
	for i := p.ops; i < len(p.got); i++ {
		do(i, i%p.ops, p.got[i])
	}
}

func (p *publishing) Intact() bool {
	for _, err := range p.errs {
		if err != nil {
			return false
		}
	}
	for i := p.ops; i < len(p.got); i++ {
		if p.got[i] != nothing && p.got[i] != i%p.ops {
			return false
		}
	}
	return true
}

func (p *publishing) Breach([]visible.Event) verdict.Breach {
	b := verdict.Breach{Kind: "torn"}
	p.gets(func(i, want, got int) {
		if got == nothing || got == want {
			return
		}
		if b.Why == "" {
			b.Why = fmt.Sprintf("%s got %s between A's index and A's block: the id led to a slot that counted, and what was put was not there yet.", Letter(p.thread(i)), p.name(want))
		}
		b.Evidence = append(b.Evidence, verdict.Evidence{ID: p.name(want), Expected: p.name(want), Got: p.stage.got(got)})
	})
	if b.Why == "" {
		b.Why = "A reader found nothing where an entry had been put before it looked, or the other way round."
	}
	return b
}

// Outcome is what each get came to.
func (p *publishing) Outcome(func(o visible.Object, low, high uint64) bool) string {
	var b strings.Builder
	for i, err := range p.errs {
		if err != nil {
			fmt.Fprintf(&b, "%s:failed ", p.name(i))
		}
	}
	p.gets(func(i, want, got int) {
		fmt.Fprintf(&b, "%s got %s: %s. ", Letter(p.thread(i)), p.name(want), p.stage.got(got))
	})
	return strings.TrimSpace(b.String())
}

func (p *publishing) Calls() []verdict.Call {
	var calls []verdict.Call
	for i, err := range p.errs {
		calls = append(calls, verdict.Call{Number: i + 1, Kind: callPut, In: uint64(i), Out: failed(err)})
	}
	p.gets(func(i, want, found int) {
		calls = append(calls, verdict.Call{Thread: p.thread(i), Number: p.call(i), Kind: callGet, In: uint64(want), Out: got(found)})
	})
	return calls
}

func (p *publishing) Model() *verdict.Model { return memoriesModel }
