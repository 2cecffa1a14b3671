//go:build unix

package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

const (
	sharedIDs     = 4 // that all want
	sharedWriters = 3
	sharedSlots   = 12
)

// shareUntilKilled has writers put and delete the same few ids as fast as they can while another
// gets them, and the store is compacted and resized. Each says in a log of its own what it begins
// ("b", kind, id, version, time) and what came of it ("e", outcome, time).
func shareUntilKilled(dir, allocator, seed string) error {
	s, err := Open(filepath.Join(dir, "store"), allocator)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(seed, 10, 64)
	if err != nil {
		return err
	}
	var clock atomic.Int64
	var all sync.WaitGroup
	failed := make(chan error, sharedWriters+1)
	for w := range sharedWriters + 1 {
		log, err := os.OpenFile(filepath.Join(dir, "log"+strconv.Itoa(w)), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return err
		}
		all.Go(func() {
			random := rand.New(rand.NewPCG(n, uint64(w)))
			sharer := &sharer{log: log, clock: &clock}
			if w < sharedWriters {
				sharer.h = s.Handle(w, dawdler{random})
			} else {
				sharer.h = s.Handle(w, nil)
			}
			for version := int(n)*1_000_000 + w*200_000; sharer.err == nil; {
				version++
				kind := "get"
				if w < sharedWriters {
					kind = []string{"put", "put", "delete", "get"}[random.IntN(4)]
				}
				full := sharer.do(kind, fmt.Sprintf("m%d", random.IntN(sharedIDs)), version)
				if sharer.err == nil && (full || w == 0 && random.IntN(60) == 0) {
					slots := uint64(0)
					if random.IntN(2) == 0 {
						slots = sharedSlots + uint64(random.IntN(8))
					}
					if err := sharer.h.Resize(context.Background(), slots, 0); !errors.Is(err, ErrFull) {
						sharer.err = err
					}
				}
			}
			failed <- sharer.err
		})
	}
	fmt.Println("ready")
	return <-failed
}

// sharer does things to a store, and writes them down.
type sharer struct {
	h     *Handle
	log   *os.File
	clock *atomic.Int64
	err   error
}

func (s *sharer) say(format string, args ...any) {
	if _, err := fmt.Fprintf(s.log, format+" %d\n", append(args, s.clock.Add(1))...); err != nil {
		s.err = err
	}
}

func (s *sharer) do(kind, id string, version int) (full bool) {
	s.say("b %s %s %d", kind, id, version)
	var err error
	outcome := "-"
	switch kind {
	case "put":
		err = s.h.Put(crashMemory(id, version))
	case "delete":
		err = s.h.Delete(id)
	case "get":
		var m Memory
		if m, err = s.h.Get(id); err == nil {
			var of string
			var v int
			if _, e := fmt.Sscanf(string(m.Content), "%s version %d ", &of, &v); e != nil || of != id {
				err = fmt.Errorf("%s is %q", id, m.Content)
			}
			outcome = strconv.Itoa(v)
		}
	}
	switch {
	case errors.Is(err, ErrNotFound):
		outcome = "none"
	case errors.Is(err, ErrFull):
		outcome, full = "full", true
	case err != nil:
		s.err = err
		return false
	}
	s.say("e %s", outcome)
	return full
}

// version is an outcome as a log has it, whose words are not to be empty.
func version(outcome string) string {
	if outcome == "none" {
		return ""
	}
	return outcome
}

// readShared adds what a writer wrote down to a history.
func readShared(t *testing.T, history []porcupine.Operation, w int, b []byte) []porcupine.Operation {
	t.Helper()
	var op *porcupine.Operation
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for line := range strings.Lines(string(b)) {
		switch f := strings.Fields(line); {
		case !strings.HasSuffix(line, "\n"): // the kill came while it was written
		case len(f) == 5 && f[0] == "b":
			do := operation(slices.Index(operations, f[1]))
			op = &porcupine.Operation{ClientId: w, Input: asked{do, f[2], f[3]}, Call: number(f[4])}
		case len(f) == 3 && f[0] == "e" && op != nil:
			op.Output, op.Return = version(f[1]), number(f[2])
			if f[1] != "full" { // then it has done nothing
				history = append(history, *op)
			}
			op = nil
		default:
			t.Fatalf("log: %q", line)
		}
	}
	if op != nil {
		op.Output, op.Return = unknown{}, math.MaxInt64
		history = append(history, *op)
	}
	return history
}

// What happened before a process was killed and what is there when the store is opened is one
// history, and a linearizable one: where writers share ids it does not say itself who was last.
func TestKill9LeavesALinearizableHistory(t *testing.T) {
	dir := t.TempDir()
	path := crashStore(t, dir, sharedSlots)
	random := rand.New(rand.NewPCG(1, 9))
	state := map[string]string{}
	done, cut, twice := 0, 0, 0
	for kill := range kills(t) / 2 {
		name := holding()[kill%len(holding())]
		killAt(t, dir, "shared "+name, kill, time.Duration(random.IntN(15_000))*time.Microsecond)
		var history []porcupine.Operation
		for id, version := range state {
			if version != "" {
				history = append(history, porcupine.Operation{ClientId: sharedWriters + 1, Input: asked{putOp, id, version}, Call: -1, Output: "-", Return: 0})
			}
		}
		for w := range sharedWriters + 1 {
			log := filepath.Join(dir, "log"+strconv.Itoa(w))
			b, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(log); err != nil {
				t.Fatal(err)
			}
			history = readShared(t, history, w, b)
		}
		for _, op := range history {
			done++
			if op.Output == (unknown{}) {
				cut++
			}
		}
		r, err := Check(path)
		if err != nil || r.DamagedAll > 0 {
			t.Fatalf("kill %d: check: %+v, %v", kill, r, err)
		}
		for _, note := range r.Notes {
			if strings.Contains(note, "both hold") {
				twice++
			}
		}
		s, err := Open(path, name)
		if err != nil {
			t.Fatal(err)
		}
		h := s.Handle(0, nil)
		for i := range sharedIDs {
			id := fmt.Sprintf("m%d", i)
			state[id] = ""
			if version := readVersion(t, h, id); version != 0 {
				state[id] = strconv.Itoa(version)
			}
			history = append(history, porcupine.Operation{ClientId: sharedWriters + 2, Input: asked{getOp, id, ""}, Call: math.MaxInt64 - 10, Output: state[id], Return: math.MaxInt64 - 9})
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if !porcupine.CheckOperations(memories, history) {
			t.Fatalf("kill %d, %s: what is there, %v, comes of no order of %d operations", kill, name, state, len(history))
		}
	}
	t.Logf("%d operations, of them %d under way when their process was killed; %d replacements cut off", done, cut, twice)
	if cut == 0 {
		t.Error("nothing was under way when the processes were killed")
	}
}

// The model can say no.
func TestASharedHistoryThatCannotBe(t *testing.T) {
	put := func(version string, call, ret int64) porcupine.Operation {
		return porcupine.Operation{Input: asked{putOp, "m0", version}, Call: call, Output: "-", Return: ret}
	}
	get := func(version string) porcupine.Operation {
		return porcupine.Operation{ClientId: 1, Input: asked{getOp, "m0", ""}, Call: 10, Output: version, Return: 11}
	}
	gone := porcupine.Operation{Input: asked{deleteOp, "m0", ""}, Call: 5, Output: "found", Return: 6}
	cut := porcupine.Operation{ClientId: 2, Input: asked{putOp, "m0", "3"}, Call: 5, Output: unknown{}, Return: math.MaxInt64}
	for want, history := range map[bool][][]porcupine.Operation{
		true:  {{put("1", 1, 2), put("2", 3, 4), get("2")}, {put("1", 1, 4), put("2", 2, 3), get("1")}, {put("1", 1, 2), gone, get("")}, {put("1", 1, 2), cut, get("1")}, {put("1", 1, 2), cut, get("3")}},
		false: {{put("1", 1, 2), put("2", 3, 4), get("1")}, {put("1", 1, 2), get("")}, {put("1", 1, 2), gone, get("1")}, {put("1", 1, 2), cut, get("2")}},
	} {
		for _, h := range history {
			if got := porcupine.CheckOperations(memories, h); got != want {
				t.Errorf("%+v: %v", h, got)
			}
		}
	}
}
