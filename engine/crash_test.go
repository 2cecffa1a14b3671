//go:build unix

package engine

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"slotrace/engine/visible"
)

// The test binary is also the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SLOTRACE_CRASH_DIR"); dir != "" {
		write, allocator := writeUntilKilled, os.Getenv("SLOTRACE_CRASH_ALLOCATOR")
		if name, ok := strings.CutPrefix(allocator, "shared "); ok {
			write, allocator = shareUntilKilled, name
		}
		fmt.Fprintln(os.Stderr, write(dir, allocator, os.Getenv("SLOTRACE_CRASH_SEED")))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const (
	crashWriters  = 3
	crashIDs      = 6 // of each writer
	crashCapacity = crashWriters*crashIDs + 5
)

// crashMemory is the version of an id, of a length that the version decides. Version
// 0 is no memory.
func crashMemory(id string, version int) *Memory {
	m := &Memory{ID: id, Embedding: make([]float32, testEmbedding), Flags: uint16(version)}
	m.Content = append(fmt.Appendf(nil, "%s version %d ", id, version), bytes.Repeat([]byte{'x'}, version*7%90)...)
	for i := range m.Embedding {
		m.Embedding[i] = float32(version*10 + i)
	}
	return m
}

func crashID(w, i int) string { return fmt.Sprintf("w%d-m%d", w, i) }

// writeUntilKilled puts, replaces, deletes and compacts as fast as it can. Each writer
// says in a log of its own what it begins and what has returned: "b" or "e", id, version.
func writeUntilKilled(dir, allocator, seed string) error {
	s, err := Open(filepath.Join(dir, "store"), allocator)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(seed, 10, 64)
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	failed := make(chan error, crashWriters)
	for w := range crashWriters {
		log, err := os.OpenFile(filepath.Join(dir, "log"+strconv.Itoa(w)), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return err
		}
		all.Go(func() {
			random := rand.New(rand.NewPCG(n, uint64(w)))
			h := s.Handle(w, dawdler{random})
			for version := int(n)*100_000 + 1; ; version++ {
				id := crashID(w, random.IntN(crashIDs))
				say := func(what string, version int) {
					if _, err := fmt.Fprintf(log, "%s %s %d\n", what, id, version); err != nil {
						failed <- err
					}
				}
				if random.IntN(4) == 0 {
					say("b", 0)
					if err := h.Delete(id); err != nil && !errors.Is(err, ErrNotFound) {
						failed <- err
						return
					}
					say("e", 0)
					continue
				}
				say("b", version)
				err := h.Put(crashMemory(id, version))
				if errors.Is(err, ErrContentFull) || w == 0 && random.IntN(100) == 0 {
					if err := h.Compact(context.Background()); err != nil {
						failed <- err
						return
					}
				}
				if err == nil {
					say("e", version)
				} else if !errors.Is(err, ErrFull) {
					failed <- err
					return
				}
			}
		})
	}
	fmt.Println("ready")
	return <-failed
}

// dawdler stays for a while in front of some operations, so that many a kill comes
// between two steps and not in the log.
type dawdler struct{ random *rand.Rand }

func (d dawdler) Point(*visible.Thread, visible.Op) {
	if d.random.IntN(8) == 0 {
		for began := time.Now(); time.Since(began) < 50*time.Microsecond; {
			runtime.Gosched()
		}
	}
}
func (dawdler) Done(*visible.Thread, visible.Op, uint64) {}

// kills is how often the harness kills, which the soak raises.
func kills(t *testing.T) int {
	n := 200
	if s := os.Getenv("SLOTRACE_KILLS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatalf("SLOTRACE_KILLS: %v", err)
		}
	}
	return n
}

// crashStore makes the store that processes are killed over, in a folder where their logs are, too.
func crashStore(t *testing.T, dir string, slots uint64) (path string) {
	t.Helper()
	path = filepath.Join(dir, "store")
	s, err := Create(path, Options{Capacity: slots, Embedding: testEmbedding, Content: slots * 160})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// What had returned before a process was killed is there when the store is opened,
// what was under way is there whole or not at all, and nothing is damaged.
func TestKill9LosesNothingThatWasAcknowledged(t *testing.T) {
	dir := t.TempDir()
	path := crashStore(t, dir, crashCapacity)
	state := map[string]int{} // the version of each id
	random := rand.New(rand.NewPCG(9, 9))
	acknowledged, pending := 0, 0
	for kill := range kills(t) {
		name := holding()[kill%len(holding())]
		killAt(t, dir, name, kill, time.Duration(random.IntN(25_000))*time.Microsecond)
		may := map[string][]int{} // versions that an id may have
		for w := range crashWriters {
			log := filepath.Join(dir, "log"+strconv.Itoa(w))
			b, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			os.Remove(log)
			acked, begun := readLog(t, b)
			acknowledged += len(acked)
			for _, x := range acked {
				state[x.id] = x.version
			}
			if begun != nil {
				pending++
				may[begun.id] = append(may[begun.id], begun.version)
			}
		}
		if r, err := Check(path); err != nil || r.DamagedAll > 0 {
			t.Fatalf("kill %d: check: %+v, %v", kill, r, err)
		}
		s, err := Open(path, name)
		if err != nil {
			t.Fatalf("kill %d: %v", kill, err)
		}
		h := s.Handle(0, nil)
		for w := range crashWriters {
			for i := range crashIDs {
				id := crashID(w, i)
				found := readVersion(t, h, id)
				if found != state[id] && !slices.Contains(may[id], found) {
					t.Fatalf("kill %d, %s: %s has version %d, acknowledged was %d, under way %v", kill, name, id, found, state[id], may[id])
				}
				state[id] = found
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, %d operations acknowledged before them, %d cut off", kills(t), acknowledged, pending)
	if acknowledged == 0 || pending == 0 {
		t.Error("nothing was under way when the processes were killed")
	}
}

// killAt starts a process that writes, and kills it some time after it has begun.
func killAt(t *testing.T, dir, allocator string, seed int, after time.Duration) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "SLOTRACE_CRASH_DIR="+dir, "SLOTRACE_CRASH_ALLOCATOR="+allocator, "SLOTRACE_CRASH_SEED="+strconv.Itoa(seed+1))
	var complaint bytes.Buffer
	c.Stderr = &complaint
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		c.Wait()
		t.Fatalf("the writing process: %q, %v: %s", line, err, &complaint)
	}
	<-time.After(after)
	c.Process.Kill()
	c.Wait()
	if complaint.Len() > 0 {
		t.Fatalf("the writing process failed: %s", &complaint)
	}
}

type logged struct {
	id      string
	version int
}

// readLog returns what was acknowledged, in order, and what was under way at the end.
// A put that was refused is begun and not ended before the next begins.
func readLog(t *testing.T, b []byte) (acked []logged, begun *logged) {
	t.Helper()
	for line := range strings.Lines(string(b)) {
		var what string
		var x logged
		if _, err := fmt.Sscanf(line, "%s %s %d\n", &what, &x.id, &x.version); err != nil {
			t.Fatalf("log: %q: %v", line, err)
		}
		if what == "e" {
			acked, begun = append(acked, x), nil
		} else {
			begun = &x
		}
	}
	return acked, begun
}

// readVersion reads which version of an id is there, and checks that it is whole.
func readVersion(t *testing.T, h *Handle, id string) int {
	t.Helper()
	m, err := h.Get(id)
	if errors.Is(err, ErrNotFound) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	var of string
	var version int
	if _, err := fmt.Sscanf(string(m.Content), "%s version %d ", &of, &version); err != nil {
		t.Fatalf("%s: %q", id, m.Content)
	}
	want := crashMemory(id, version)
	if string(m.Content) != string(want.Content) || !equal(m.Embedding, want.Embedding) || m.Flags != want.Flags {
		t.Fatalf("%s: %q, %v, want version %d whole", id, m.Content, m.Embedding, version)
	}
	return version
}
