package catalogue

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"slotrace/engine"
	"slotrace/engine/alloc"
	"slotrace/engine/event"
	"slotrace/engine/verdict"
	"slotrace/engine/visible"
	"slotrace/engine/visible/index"
)

// stage is a small store on the heap, with what its threads may put into it and get out
// of it: memories with numbers, of which thread t's call i has number t*ops+i.
type stage struct {
	threads, ops int
	begin        func(int)
	store        *engine.Store
	block        uint64           // bytes in one
	handles      []*engine.Handle // of the threads
	aside        *engine.Handle   // of whoever looks when no thread runs
	memories     []engine.Memory
	embedding    []float32
	content      []byte
	observer     visible.Observer
	looks        bool     // a put writes into the slot that it saw free, without claiming it
	took         []uint64 // by number: the slot that was claimed for it, untaken before
	wrote        []bool   // by number: its block is written
	now          []int    // by thread: the number of what it puts now, -1 if nothing
}

// unseen are the steps at which nothing is announced here: each thread comes in by a door
// of its own, to a store that stays the same one. Nobody else ever waits for it there.
var unseen = visible.AllBut() &^ visible.AllBut(visible.Pin, visible.Unpin)

// newStage opens a store with these options and, if they say nothing else, a slot for
// each memory.
func newStage(o engine.Options, threads, ops int, watched visible.Observer, begin func(int)) *stage {
	n := threads * ops
	g := &stage{threads: threads, ops: ops, begin: begin, embedding: make([]float32, 1), content: make([]byte, 0, 64), memories: make([]engine.Memory, n), took: make([]uint64, n), wrote: make([]bool, n), now: make([]int, threads)}
	if o.Capacity == 0 {
		o.Capacity = uint64(n)
	}
	o.Embedding, o.Content = 1, uint64(n+1)*16
	s, err := engine.New(o)
	if err != nil {
		panic(err) // the options are the catalogue's own, and tested
	}
	kind := alloc.Find(o.Allocator)
	g.looks = kind != nil && !kind.Holds
	g.store, g.block = s, s.Stats().BlockBytes
	if watched != nil {
		g.observer = watched
		watched = g
	}
	for t := range threads {
		h := s.Handle(t, watched)
		h.Ignore(unseen)
		g.handles = append(g.handles, h)
	}
	g.aside = s.Handle(threads, nil)
	for i := range g.memories {
		id := g.name(i)
		g.memories[i] = engine.Memory{ID: id, Content: []byte(id), Embedding: []float32{float32(i + 1)}, Confidence: float32(i + 1)}
	}
	return g
}

func (g *stage) name(i int) string { return Stored(i/g.ops, i%g.ops) }
func (g *stage) thread(i int) int  { return i / g.ops }
func (g *stage) call(i int) int    { return i%g.ops + 1 }

// rewind makes the store as it was at first.
func (g *stage) rewind() {
	if err := g.store.Rewind(); err != nil {
		panic(err)
	}
	clear(g.wrote)
	for i := range g.took {
		g.took[i] = untaken
	}
	for t := range g.now {
		g.now[t] = -1
	}
}

// put has thread t put memory i.
func (g *stage) put(t, i int) error {
	g.now[t] = i
	err := g.handles[t].Put(&g.memories[i])
	g.now[t] = -1
	return err
}

// What get returns where it is not the number of a memory, which comes whole.
const (
	nothing = -1
	broken  = -2 // damaged, or a mixture of several
)

// get has a handle get memory i, and returns the number of the one that it got.
func (g *stage) get(h *engine.Handle, embedding []float32, content []byte, i int) int {
	m, err := h.GetInto(g.memories[i].ID, embedding, content)
	if errors.Is(err, engine.ErrNotFound) {
		return nothing
	}
	if err != nil && !errors.Is(err, engine.ErrClobbered) {
		return broken
	}
	for j := range g.memories {
		if w := &g.memories[j]; m.ID == w.ID {
			if m.Embedding[0] == w.Embedding[0] && m.Confidence == w.Confidence && slices.Equal(m.Content, w.Content) {
				return j
			}
			break
		}
	}
	return broken
}

// got says in words what get returned.
func (g *stage) got(i int) string {
	switch i {
	case nothing:
		return "nothing"
	case broken:
		return "a broken entry"
	}
	return g.name(i)
}

// torn says whether the block that memory i's id leads to may be a mixture.
func (g *stage) torn(i int, torn func(o visible.Object, low, high uint64) bool) bool {
	slot, ok := g.store.Lookup(g.memories[i].ID)
	if !ok {
		return false
	}
	return torn(engine.ObjectBlocks, slot*g.block, (slot+1)*g.block)
}

// function is the excerpt of a file of the engine that is a function, such as ") Put(".
func function(file, text, name string) event.Source {
	at := max(strings.Index(text, name), 0)
	if end := strings.Index(text[at:], "\n}\n"); end >= 0 {
		text = text[:at+end+len("\n}")]
	}
	return excerpt("engine/"+file, text, name, "")
}

func putSource() event.Source { return function("put.go", engine.PutSource, ") Put(") }

// Point implements visible.Observer.
func (g *stage) Point(t *visible.Thread, op visible.Op) { g.observer.Point(t, op) }

// Done implements visible.Observer. It notes which slots were taken and written.
func (g *stage) Done(t *visible.Thread, op visible.Op, value uint64) {
	if i := g.now[t.ID]; i >= 0 {
		switch {
		case op.Step == visible.Block:
			g.took[i], _ = g.store.BlockSlot(op)
			g.wrote[i] = true
		case op.Step == visible.Look && g.looks, op.Step == visible.Claim && op.Kind == visible.OpCompareAndSwap && value != visible.Missing:
			g.took[i] = value
		case op.Step == visible.Claim && op.Kind == visible.OpAdd:
			g.took[i] = value - 1
		}
	}
	g.observer.Done(t, op, value)
}

// The calls that histories are made of.
const (
	callPut = iota // Out is 0 if it was made
	callGet        // Out is what got came to, plus 2
)

// memoriesModel is a store of memories that are put once: a get finds its own memory, or
// nothing if it was not put.
var memoriesModel = &verdict.Model{
	Plain: func(calls []verdict.Call) bool {
		var few [64]bool
		there := few[:]
		for _, c := range calls {
			for int(c.In) >= len(there) {
				there = append(there, make([]bool, len(there))...)
			}
			ok, next := memoryStep(there[c.In], c)
			if !ok {
				return false
			}
			there[c.In] = next
		}
		return true
	},
	Key:  func(c verdict.Call) uint64 { return c.In },
	Init: func() any { return false },
	Step: func(state any, c verdict.Call) (bool, any) {
		ok, next := memoryStep(state.(bool), c)
		return ok, next
	},
	Equal: func(a, b any) bool { return a == b },
}

// memoryStep has a call find its memory there, or not, and says whether that explains what
// it came to, and whether the memory is there then.
func memoryStep(there bool, c verdict.Call) (ok, next bool) {
	switch {
	case c.Kind == callPut:
		return c.Out == 0, true
	case there:
		return c.Out == got(int(c.In)), there
	}
	return c.Out == got(nothing), there
}

func got(i int) uint64 { return uint64(i + 2) }

func failed(err error) uint64 {
	if err != nil {
		return 1
	}
	return 0
}

// View is the store as it is in memory.
func (g *stage) View() View {
	p := g.store.Picture()
	v := View{Values: []Value{{"count", fmt.Sprint(p.Count)}, {"content", fmt.Sprint(p.ContentTaken)}}}
	for slot := range p.Slots {
		s := Slot{Name: fmt.Sprintf("slot %d", slot)}
		for i, took := range g.took {
			if took == uint64(slot) {
				s.Has = append(s.Has, Writer{g.thread(i), g.call(i), g.name(i), g.wrote[i]})
			}
		}
		s.Broken = len(s.Has) > 1
		slices.SortStableFunc(s.Has, func(x, y Writer) int { // the latest last
			return boolInt(x.Text == p.Slots[slot]) - boolInt(y.Text == p.Slots[slot])
		})
		v.Slots = append(v.Slots, s)
	}
	for i := range g.memories {
		slot, ok := g.store.Lookup(g.memories[i].ID)
		if !ok {
			continue
		}
		e := Entry{ID: g.name(i), To: fmt.Sprintf("slot %d", slot)}
		if holds := p.Slots[slot]; holds != e.ID {
			e.Broken = true
			if holds == "" {
				holds = "nothing"
			}
			e.To += " holds " + holds
		}
		v.Index = append(v.Index, e)
	}
	return v
}

// Object says what in a store an operation works on.
func (g *stage) Object(op visible.Op) string {
	if slot, ok := g.store.BlockSlot(op); ok {
		return fmt.Sprintf("slot %d", slot)
	}
	switch op.Object {
	case engine.ObjectCount:
		return "count"
	case engine.ObjectLock:
		return "lock"
	case engine.ObjectBlocksLock:
		return "blocks' lock"
	case engine.ObjectContentEnd:
		return "content's end"
	case engine.ObjectContent:
		return fmt.Sprintf("content %d to %d", op.Low, op.High-1)
	case engine.ObjectCommit:
		return fmt.Sprintf("commit word %d", op.Low)
	case engine.ObjectIndex:
		for i := range g.memories {
			if id := g.memories[i].ID; op.Low == index.Hash(id) {
				return "index of " + id
			}
		}
		return "index"
	case engine.ObjectIDs:
		return fmt.Sprintf("id lock %d", op.Low)
	case engine.ObjectFreeList:
		return "free list"
	case engine.ObjectCoarse:
		return [...]string{"index lock", "content lock"}[op.Low]
	}
	return fmt.Sprintf("object %d", op.Object)
}
