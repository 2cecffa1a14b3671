package index

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"
)

// inOneSegment returns n keys that t keeps in one segment.
func inOneSegment(t *Table, n int) (keys []string) {
	for i := 0; len(keys) < n; i++ {
		key := strconv.Itoa(i)
		if t.segment(Hash(key)) == &t.segments[0] {
			keys = append(keys, key)
		}
	}
	return keys
}

// Whatever is done, a table is what Go's map is.
func TestATableIsAMap(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		table, model := NewTable(random.IntN(1000)), map[string]uint64{}
		span := 1 + random.IntN(2000)
		for range 20_000 {
			key, v := strconv.Itoa(random.IntN(span)), random.Uint64N(deleted)
			has, there := model[key]
			var got uint64
			ok := there
			switch do := random.IntN(20_000); {
			case do == 0:
				table.Clear()
				clear(model)
				continue
			case do < 5000:
				got, ok = table.Load(key)
			case do < 8000:
				got, ok = table.Delete(key)
				delete(model, key)
			case do < 16_000:
				if got, ok = table.Insert(key, v); !there {
					has, model[key] = v, v
				}
			default:
				table.Store(key, v)
				model[key], got, has = v, v, v
			}
			if got != has || ok != there {
				t.Fatalf("seed %d: %q gave %d, %v, want %d, %v", seed, key, got, ok, has, there)
			}
		}
		if all := maps.Collect(table.All()); !maps.Equal(all, model) || table.Len() != len(model) {
			t.Fatalf("seed %d: %d entries, it says %d, want %d", seed, len(all), table.Len(), len(model))
		}
	}
}

// Keys of one hash are told apart, also round the end of a segment.
func TestKeysThatHashAlike(t *testing.T) {
	cells := make([]cell, leastCells)
	const h = 1<<63 | (leastCells-1)*segments
	for i := range leastCells - 1 {
		key := strconv.Itoa(i)
		c, there := look(cells, h, key)
		if there || c.hash != 0 {
			t.Fatalf("%q has the cell of %q", key, c.key)
		}
		c.hash, c.key = h, key
	}
	for i := range leastCells - 1 {
		if c, there := look(cells, h, strconv.Itoa(i)); !there || c.key != strconv.Itoa(i) {
			t.Errorf("%d is not found, but %q", i, c.key)
		}
	}
	if _, there := look(cells, h, "another"); there {
		t.Error("a key that nobody entered is there")
	}
}

// Entries that come and go leave no more behind than twice what stays has room for.
func TestWhatIsDeletedNeverFillsATable(t *testing.T) {
	table := NewTable(0)
	keys := inOneSegment(table, 2000)
	stay, pass := keys[:20], keys[20:]
	for i, key := range stay {
		table.Insert(key, uint64(i))
	}
	most := 0
	for range 50 {
		for _, key := range pass {
			if _, there := table.Insert(key, 1); there {
				t.Fatalf("%q is there", key)
			}
			if _, ok := table.Delete(key); !ok {
				t.Fatalf("%q is not there", key)
			}
			most = max(most, len(*table.segments[0].cells.Load()))
		}
	}
	if most > 2*roomFor(len(stay)) {
		t.Errorf("%d cells for %d entries", most, len(stay))
	}
	for i, key := range stay {
		if v, ok := table.Load(key); !ok || v != uint64(i) {
			t.Errorf("%q: %d, %v", key, v, ok)
		}
	}
	for i, key := range stay { // and the room is given back
		table.Delete(key)
		table.Insert(pass[i], 1)
	}
}

func TestEntriesWithinTheHintAllocateNothing(t *testing.T) {
	const n = 10_000
	table, keys := NewTable(n), make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("w%d-m%d", i%2, i/2)
	}
	fill := func() {
		for i, key := range keys {
			table.Insert(key, uint64(i))
		}
	}
	fill()
	if allocated := testing.AllocsPerRun(5, func() {
		table.Clear()
		fill()
	}); allocated > 0 {
		t.Errorf("%v allocations", allocated)
	}
}

// Readers find what stays, and never an older value than before, while a segment is
// written anew again and again.
func TestReadersWaitForNobody(t *testing.T) {
	table := NewTable(0)
	keys := inOneSegment(table, 400)
	const stay, rounds = 8, 300
	for _, key := range keys[:stay] {
		table.Store(key, 0)
	}
	var done atomic.Bool
	var all sync.WaitGroup
	var writers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for round := range uint64(rounds) {
				for i, key := range keys[stay:] {
					if i%2 == w {
						table.Insert(key, round)
						table.Delete(key)
					}
				}
				for i, key := range keys[:stay] {
					if i%2 == w {
						table.Store(key, round)
					}
				}
			}
		})
	}
	for range 2 {
		all.Go(func() {
			var last [stay]uint64
			for !done.Load() {
				for i, key := range keys[:stay] {
					v, ok := table.Load(key)
					if !ok || v < last[i] {
						t.Errorf("%q: %d, %v after %d", key, v, ok, last[i])
						return
					}
					last[i] = v
				}
				seen := 0
				for _, v := range table.All() {
					if v < rounds {
						seen++
					}
				}
				if seen < stay || table.Len() < stay {
					t.Errorf("%d entries, or %d, where %d stay", seen, table.Len(), stay)
					return
				}
				runtime.Gosched()
			}
		})
	}
	writers.Wait()
	done.Store(true)
	all.Wait()
}

// asked is an operation on a table: one of load, store, insert and delete.
type asked struct {
	do, key string
	v       uint64
}

type answer struct {
	v  uint64
	ok bool
}

// entries is what a table is to do, key by key.
var entries = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := map[string][]porcupine.Operation{}
		for _, op := range history {
			key := op.Input.(asked).key
			parts[key] = append(parts[key], op)
		}
		all := make([][]porcupine.Operation, 0, len(parts))
		for _, part := range parts {
			all = append(all, part)
		}
		return all
	},
	Init: func() any { return answer{} },
	Step: func(state, input, output any) (bool, any) {
		in, was := input.(asked), state.(answer)
		is := answer{in.v, true}
		switch {
		case in.do == "store":
			return true, is
		case in.do == "insert" && !was.ok:
			return output == is.but(false), is
		case in.do == "delete":
			return output == was, answer{}
		default:
			return output == was, was
		}
	},
}

func (a answer) but(ok bool) answer { return answer{a.v, ok} }

// Few keys in one segment, which others fill and empty meanwhile.
func TestHistoriesAreLinearizable(t *testing.T) {
	n := 2000
	if s := os.Getenv("SLOTRACE_HISTORIES"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	const threads, each, few = 3, 12, 3
	table := NewTable(0)
	keys := inOneSegment(table, 200)
	for seed := range uint64(n) {
		table.Clear()
		var clock atomic.Int64
		var histories [threads][]porcupine.Operation
		var all sync.WaitGroup
		var here atomic.Int32
		for w := range threads {
			all.Go(func() {
				random := rand.New(rand.NewPCG(seed, uint64(w)))
				for here.Add(1); here.Load() < threads; {
					runtime.Gosched()
				}
				for i := range each {
					in := asked{[...]string{"load", "store", "insert", "delete"}[random.IntN(4)], keys[random.IntN(few)], uint64(w*each + i)}
					op := porcupine.Operation{ClientId: w, Input: in, Call: clock.Add(1)}
					var out answer
					switch in.do {
					case "load":
						out.v, out.ok = table.Load(in.key)
					case "store":
						table.Store(in.key, in.v)
					case "insert":
						out.v, out.ok = table.Insert(in.key, in.v)
					case "delete":
						out.v, out.ok = table.Delete(in.key)
					}
					op.Output, op.Return = out, clock.Add(1)
					histories[w] = append(histories[w], op)
					for range random.IntN(4) { // fills the segment
						key := keys[few+random.IntN(len(keys)-few)]
						table.Insert(key, 0)
						table.Delete(key)
					}
					if random.IntN(4) == 0 {
						runtime.Gosched()
					}
				}
			})
		}
		all.Wait()
		if !porcupine.CheckOperations(entries, append(append(histories[0], histories[1]...), histories[2]...)) {
			t.Fatalf("seed %d: not linearizable: %+v", seed, histories)
		}
	}
}
