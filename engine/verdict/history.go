package verdict

import (
	"encoding/binary"

	"github.com/anishathalye/porcupine"

	"slotrace/engine/visible"
)

// Call is one call that a thread made, such as a put, and what came of it. What the
// numbers mean is its model's.
type Call struct {
	Thread int
	Number int // among the calls of its thread, from 1; Final for one that was made when all threads had ended
	Kind   int
	In     uint64
	Out    uint64
}

// Final is the number of calls that are made, in no order, when all threads have ended,
// such as reading back what was stored.
const Final = 0

// Model is what calls may come to when they are made one after the other.
type Model struct {
	// Plain says whether the calls, made in this order, could have come to what they did.
	Plain func(calls []Call) bool
	// AnyOrder says that what calls may come to does not depend on their order: then Plain
	// has said all.
	AnyOrder bool
	// Key, unless it is nil, tells calls apart that know nothing of each other: those of each
	// key are judged by themselves (Herlihy and Wing, theorem 1). Without it, calls that many
	// threads make at once take Porcupine long.
	Key func(c Call) uint64
	// Init, Step and Equal are the same as Plain for Porcupine, of calls of one key: the state before all calls, what a
	// call makes of a state (which it does not change), and whether two states are the same.
	Init  func() any
	Step  func(state any, c Call) (ok bool, next any)
	Equal func(a, b any) bool
}

// Histories judges whether the calls of an execution could have been made one after the
// other, in an order in which a call that had returned before another began comes before
// it: whether the history is linearizable (Herlihy and Wing, TOPLAS 1990). A history that
// is right in the order in which its calls returned is; of the others each is asked of
// Porcupine once.
type Histories struct {
	model *Model
	known map[string]bool
	order []int
	calls []Call
	spans []span
	key   []byte
	first [][]int // by thread and number of a call, its place among the calls, -1 if none
}

// span is from a call's first event to its last.
type span struct{ first, last int }

// NewHistories returns a judge for the model.
func NewHistories(m *Model) *Histories { return &Histories{model: m, known: map[string]bool{}} }

// Linearizable says whether the calls, whose operations are the events, are.
func (h *Histories) Linearizable(calls []Call, events []visible.Event) bool {
	h.spans = h.spans[:0]
	h.order = h.order[:0]
	for i := range calls {
		s := span{-1, len(events)} // one that has no event, or has not returned
		if calls[i].Number == Final {
			s = span{len(events) + 1, len(events) + 1}
		}
		h.spans = append(h.spans, s)
		h.order = append(h.order, i)
	}
	h.place(calls)
	for at := range events {
		e := &events[at]
		if int(e.Thread) >= len(h.first) || int(e.Call) >= len(h.first[e.Thread]) {
			continue
		}
		if i := h.first[e.Thread][e.Call]; i >= 0 && calls[i].Number != Final {
			if h.spans[i].first < 0 {
				h.spans[i].first = at
			}
			h.spans[i].last = at
		}
	}
	for i := 1; i < len(h.order); i++ { // by their returns; there are few
		for j := i; j > 0 && h.spans[h.order[j]].last < h.spans[h.order[j-1]].last; j-- {
			h.order[j], h.order[j-1] = h.order[j-1], h.order[j]
		}
	}
	h.calls = h.calls[:0]
	for _, i := range h.order {
		h.calls = append(h.calls, calls[i])
	}
	if h.model.Plain(h.calls) {
		return true
	}
	if h.model.AnyOrder {
		return false
	}
	h.key = h.key[:0]
	for _, i := range h.order {
		c := &calls[i]
		for _, n := range []int{c.Thread, c.Number, c.Kind, h.returnedBefore(i)} {
			h.key = binary.AppendVarint(h.key, int64(n))
		}
		h.key = binary.AppendUvarint(binary.AppendUvarint(h.key, c.In), c.Out)
	}
	if ok, known := h.known[string(h.key)]; known {
		return ok
	}
	ok := h.ask(calls)
	h.known[string(h.key)] = ok
	return ok
}

// place fills first.
func (h *Histories) place(calls []Call) {
	for i := range h.first {
		h.first[i] = h.first[i][:0]
	}
	for i := range calls {
		c := &calls[i]
		for len(h.first) <= c.Thread {
			h.first = append(h.first, nil)
		}
		of := h.first[c.Thread]
		for len(of) <= c.Number {
			of = append(of, -1)
		}
		of[c.Number] = i
		h.first[c.Thread] = of
	}
}

// returnedBefore is how many calls had returned before call i began. With the order of
// the returns it says of any two calls whether one came before the other.
func (h *Histories) returnedBefore(i int) (n int) {
	for j := range h.spans {
		if h.spans[j].last < h.spans[i].first {
			n++
		}
	}
	return n
}

func (h *Histories) ask(calls []Call) bool {
	model := porcupine.Model{
		Init:  func() any { return h.model.Init() },
		Step:  func(state, in, out any) (bool, any) { return h.model.Step(state, in.(Call)) },
		Equal: h.model.Equal,
	}
	if h.model.Key != nil {
		model.Partition = h.partition
	}
	ops := make([]porcupine.Operation, len(calls))
	for i, c := range calls {
		ops[i] = porcupine.Operation{ClientId: c.Thread, Input: c, Call: int64(2 * h.spans[i].first), Return: int64(2*h.spans[i].last + 1)}
	}
	return porcupine.CheckOperations(model, ops)
}

// partition is the operations of each key.
func (h *Histories) partition(ops []porcupine.Operation) (parts [][]porcupine.Operation) {
	of := map[uint64]int{}
	for _, op := range ops {
		key := h.model.Key(op.Input.(Call))
		i, known := of[key]
		if !known {
			i = len(parts)
			of[key] = i
			parts = append(parts, nil)
		}
		parts[i] = append(parts[i], op)
	}
	return parts
}
