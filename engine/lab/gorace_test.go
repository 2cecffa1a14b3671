//go:build race && unix

package lab

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"slotrace/engine"
	"slotrace/engine/visible"
)

// meeting lets two threads come together before each writes its block, so that nothing
// orders what they write.
type meeting struct{ all sync.WaitGroup }

func (m *meeting) Point(_ *visible.Thread, op visible.Op) {
	if op.Step == visible.Block {
		m.all.Done()
		m.all.Wait()
	}
}

func (m *meeting) Done(*visible.Thread, visible.Op, uint64) {}

// TestCollideOnce is what TestTheRuleOfTheLamp runs in a process of its own.
func TestCollideOnce(t *testing.T) {
	where := os.Getenv("SLOTRACE_COLLIDE")
	if where == "" {
		t.Skip("run by another test")
	}
	allocator := os.Getenv("SLOTRACE_ALLOCATOR")
	o := engine.Options{Capacity: 4, Embedding: 4, Allocator: allocator}
	s, err := engine.New(o)
	if where == "file" {
		s, err = engine.Create(t.TempDir()+"/store", o)
	}
	if err != nil {
		t.Fatal(err)
	}
	var m meeting
	m.all.Add(2)
	var both sync.WaitGroup
	for i, id := range []string{"a", "b"} {
		h := s.Handle(i, &m)
		h.Ignore(visible.AllBut(visible.Block))
		both.Go(func() {
			if err := h.Put(&engine.Memory{ID: id, Embedding: make([]float32, 4)}); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// What the fourth lamp says is a rule: Go's race detector sees a race on the heap, and
// none in a mapped file. Here it is asked.
func TestTheRuleOfTheLamp(t *testing.T) {
	for _, x := range []struct {
		allocator, where string
		reports          bool
	}{{"check-then-act", "heap", true}, {"check-then-act", "file", false}, {"fetch-add", "heap", false}, {"fetch-add", "file", false}} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestCollideOnce$", "-test.count=1", "-test.v")
		cmd.Env = append(os.Environ(), "SLOTRACE_COLLIDE="+x.where, "SLOTRACE_ALLOCATOR="+x.allocator, "GORACE=halt_on_error=0")
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), "TestCollideOnce") || strings.Contains(string(out), "SKIP") {
			t.Fatalf("%+v did not run: %s", x, out)
		}
		if got := strings.Contains(string(out), "DATA RACE"); got != x.reports {
			t.Errorf("%+v: the detector reports: %v\n%.1500s", x, got, out)
		}
	}
}
