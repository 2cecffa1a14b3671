//go:build unix

package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"

	"slotrace/engine/visible"
)

type operation uint8

const (
	putOp operation = iota
	getOp
	deleteOp
)

var operations = []string{"put", "get", "delete"}

type asked struct {
	do    operation
	id    string
	value string
}

// unknown is the outcome of what was under way when its process was killed.
type unknown struct{}

// memories is what a store is to do, id by id: a register that can be empty. A get's
// answer, and whether a delete found anything, is a value; "" is none.
var memories = porcupine.Model{
	Partition: func(history []porcupine.Operation) (parts [][]porcupine.Operation) {
		at := map[string]int{}
		for _, op := range history {
			id := op.Input.(asked).id
			if _, ok := at[id]; !ok {
				at[id] = len(parts)
				parts = append(parts, nil)
			}
			parts[at[id]] = append(parts[at[id]], op)
		}
		return parts
	},
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		in := input.(asked)
		_, cut := output.(unknown)
		switch in.do {
		case putOp:
			return true, in.value
		case getOp:
			return cut || output == state, state
		default:
			return cut || (output == "") == (state == ""), ""
		}
	},
	DescribeOperation: func(input, output any) string {
		in := input.(asked)
		return fmt.Sprintf("%s %s %s -> %q", operations[in.do], in.id, in.value, output)
	},
}

// switcher lets others go first at some operations.
type switcher struct{ random *rand.Rand }

func (s switcher) Point(*visible.Thread, visible.Op) {
	for s.random.IntN(3) == 0 {
		runtime.Gosched()
	}
}
func (switcher) Done(*visible.Thread, visible.Op, uint64) {}

// history has threads put, get and delete a few ids, and compact now and then, and
// returns what they asked for and got, with the order in which that began and ended.
func history(t *testing.T, s *Store, seed uint64) []porcupine.Operation {
	const threads, each, ids = 4, 8, 3
	var clock atomic.Int64
	var mu sync.Mutex
	var all []porcupine.Operation
	var group sync.WaitGroup
	start := make(chan struct{})
	for w := range threads {
		group.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(w)))
			h := s.Handle(w, switcher{random})
			<-start
			for i := range each {
				in := asked{do: operation(random.IntN(3)), id: strconv.Itoa(random.IntN(ids))}
				if in.do == putOp {
					in.value = fmt.Sprintf("%d-%d", w, i)
				}
				op := porcupine.Operation{ClientId: w, Input: in, Call: clock.Add(1)}
				out := ""
				var err error
				switch in.do {
				case putOp:
					err = h.Put(&Memory{ID: in.id, Content: []byte(in.value), Embedding: []float32{1}})
				case getOp:
					var m Memory
					m, err = h.Get(in.id)
					out = string(m.Content)
				case deleteOp:
					if err = h.Delete(in.id); err == nil {
						out = "found"
					}
				}
				op.Output, op.Return = out, clock.Add(1)
				if errors.Is(err, ErrFull) { // nothing was done
					continue
				}
				if err != nil && !errors.Is(err, ErrNotFound) && (s.kind.Holds || !errors.Is(err, ErrClobbered)) {
					t.Errorf("%v: %v", in, err)
				}
				mu.Lock()
				all = append(all, op)
				mu.Unlock()
				if random.IntN(40) == 0 {
					if err := h.Compact(t.Context()); err != nil && (s.kind.Holds || !errors.Is(err, ErrDamaged)) {
						t.Error(err)
					}
				}
			}
		})
	}
	close(start)
	group.Wait()
	if r := s.current.Peek().verify(); s.kind.Holds && (r.DamagedAll > 0 || len(r.Notes) > 0 || int(r.Entries) != s.index.Len()) {
		t.Errorf("%s, seed %d: the index has %d entries, the file is %+v", s.kind.Name, seed, s.index.Len(), r)
	}
	return all
}

func TestHistoriesAreLinearizable(t *testing.T) {
	n := 1000
	if s := os.Getenv("SLOTRACE_HISTORIES"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	for _, name := range holding() {
		for seed := range uint64(n) {
			s, err := New(Options{Capacity: 3 + seed%3, Embedding: 1, Allocator: name}) // so few that slots are used anew
			if err != nil {
				t.Fatal(err)
			}
			h := history(t, s, seed)
			s.Close()
			if !porcupine.CheckOperations(memories, h) {
				t.Fatalf("%s, seed %d: not linearizable:\n%s", name, seed, tell(h))
			}
		}
	}
	t.Logf("%d histories of 32 operations for each allocator", n)
}

// The checker must be able to say no. In a mapped file, where the race detector does
// not see that the bug is one.
func TestTheBugsHistoriesAreNot(t *testing.T) {
	for _, name := range []string{"check-then-act", "lock-each-step"} {
		rejected := 0
		for seed := range uint64(200) {
			s, err := Create(filepath.Join(t.TempDir(), "store"), Options{Capacity: 64, Embedding: 1, Allocator: name})
			if err != nil {
				t.Fatal(err)
			}
			if !porcupine.CheckOperations(memories, history(t, s, seed)) {
				rejected++
			}
			s.Close()
		}
		t.Logf("%s: %d of 200 histories are not linearizable", name, rejected)
		if rejected == 0 {
			t.Errorf("%s: every history is linearizable", name)
		}
	}
}

func tell(history []porcupine.Operation) (text string) {
	for _, op := range history {
		text += fmt.Sprintf("%3d-%3d thread %d: %s\n", op.Call, op.Return, op.ClientId, memories.DescribeOperation(op.Input, op.Output))
	}
	return text
}
