package review

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slotrace/engine"
	"slotrace/engine/alloc"
	"slotrace/engine/review/report"
	"slotrace/engine/visible"
)

func newStage(t *testing.T) *stage {
	s := &stage{ctx: t.Context(), options: &Options{Allocator: "fetch-add", Heap: true}, random: rand.New(rand.NewPCG(1, 1))}
	if err := s.create(100, 0); err != nil {
		t.Fatal(err)
	}
	return s
}

func wantFailure(t *testing.T, s *stage, says string) {
	t.Helper()
	if !strings.Contains(s.found.Failure, says) || (says == "") != (s.found.Failure == "") {
		t.Errorf("it failed with %q, want %q", s.found.Failure, says)
	}
}

func TestContentsMustLieBehindEachOther(t *testing.T) {
	for _, c := range []struct {
		ranges []contentRange
		bytes  uint64
		says   string
	}{
		{nil, 0, ""},
		{[]contentRange{{10, 20}, {0, 10}, {20, 21}}, 21, ""},
		{[]contentRange{{0, 10}, {9, 20}}, 20, "two contents overlap: one begins at 9"},
		{[]contentRange{{0, 10}, {2, 4}}, 12, "overlap"},
		{[]contentRange{{0, 10}, {11, 20}}, 19, "the contents take 20 bytes where 19 were stored"},
		{[]contentRange{{0, 10}}, 12, "10 bytes where 12"},
	} {
		s := &stage{ranges: c.ranges, bytes: c.bytes}
		s.wantRanges()
		wantFailure(t, s, c.says)
	}
}

func TestContentOffsetsOfAThreadMustGrow(t *testing.T) {
	s := &stage{}
	s.collect(&burst{}, &worker{number: 3, watch: &watch{ranges: []contentRange{{0, 5}, {9, 12}, {5, 9}}}})
	wantFailure(t, s, "went backwards in thread 3: 5 after 9")
}

func TestWhatThreadsRunIntoFailsTheTest(t *testing.T) {
	s := newStage(t)
	if err := s.burst(burst{threads: 2, do: func(w *worker) { panic("a " + string('a'+rune(w.number))) }}); err != nil {
		t.Fatal(err)
	}
	wantFailure(t, s, "thread 0 panicked: a a.")

	s = newStage(t)
	err := s.burst(burst{threads: 1, writers: 1, do: func(w *worker) {
		w.put("", nil)
		for i := range 101 {
			w.put(string(rune('a'+i)), nil)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	wantFailure(t, s, "a store was refused: put: an id has 1 to")

	s = newStage(t)
	s.wantCount(1)
	wantFailure(t, s, "0 stores of 1 succeeded")

	s = newStage(t)
	s.stored = 1
	s.wantCount(1)
	wantFailure(t, s, "the index holds 0 memories where 1")

	s = newStage(t)
	k := newStock(1, func(int) string { return "it" })
	if err := s.wantAll(k.all(), 1); err != nil {
		t.Fatal(err)
	}
	wantFailure(t, s, "1 of 1 memories were stored without an error")
	if e := s.found.Evidence; len(e) != 1 || e[0].Expected != "it" || !strings.Contains(e[0].Got, engine.ErrNotFound.Error()) {
		t.Errorf("%+v", e)
	}
}

func TestThreadsThatDoNotEndAreADeadlock(t *testing.T) {
	s := newStage(t)
	locked, ended := make(chan struct{}), make(chan struct{})
	err := s.burstWithin(burst{threads: 1, do: func(*worker) { <-locked; close(ended) }}, time.Nanosecond)
	if !errors.Is(err, errStuck) || !s.stuck {
		t.Errorf("%v", err)
	}
	if err := s.close(); err != nil || s.store.Stats().Capacity != 100 {
		t.Errorf("the store was closed under its threads, %v", err)
	}
	close(locked)
	<-ended

	ctx, cancel := context.WithCancel(t.Context())
	s = newStage(t)
	s.ctx = ctx
	cancel() // the threads see it, and end
	if err := s.burst(burst{threads: 3, writers: 3, do: func(w *worker) {
		for w.put("id", nil) {
		}
	}}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}

	was := tests[3].run
	defer func() { tests[3].run = was }()
	tests[3].run = func(*stage) error { return errStuck }
	r, err := New(Options{Allocator: "mutex", Heap: true})
	if err == nil {
		err = r.RunTest(t.Context(), 4)
	}
	if err != nil {
		t.Fatal(err)
	}
	if x := r.Report().Tests[3]; x.State != report.Done || x.Pass || !strings.Contains(x.Failure, "a deadlock") {
		t.Errorf("%+v", x)
	}
}

func TestContentsAreShownByTheirBeginning(t *testing.T) {
	for _, c := range []struct {
		content string
		shown   int
		want    string
	}{
		{"x", rowShown, "x (1 byte)"},
		{"xxx", rowShown, "xxx (3 bytes)"},
		{strings.Repeat("x", 365), rowShown, "xxx… (365 bytes)"},
		{"", textShown, " (0 bytes)"},
		{"a\x00\x1b[2J\xff", textShown, "a··[2J·"},
		{"Content from thread 0", textShown, "Content from thread 0"},
		{strings.Repeat("y", textShown+1), textShown, strings.Repeat("y", textShown) + "… (49 bytes)"},
	} {
		if got := show([]byte(c.content), c.shown); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestAPutWaitsOnceForAnotherAndHoldsNoLockThen(t *testing.T) {
	count := visible.Op{Kind: visible.OpLoad, Object: engine.ObjectCount}
	lock, unlock := visible.Op{Kind: visible.OpLock, Object: engine.ObjectLock}, visible.Op{Kind: visible.OpUnlock, Object: engine.ObjectLock}
	w := newWindow(t.Context(), 2)
	w.bound = time.Hour
	waits := func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.waiting != nil
	}
	one, other := &watch{window: w}, &watch{window: w}
	passed := make(chan struct{})
	go func() {
		for range 2 { // puts
			one.begin()
			for _, op := range []visible.Op{lock, count, count, unlock, count, {Kind: visible.OpWrite, Object: engine.ObjectContent, Range: visible.Range{Low: 3, High: 5}}, count} {
				one.Done(nil, op, 0)
			}
			passed <- struct{}{}
		}
		w.leave()
		close(passed)
	}()
	for range 2 {
		for !waits() {
			runtime.Gosched()
		}
		if one.held != 0 {
			t.Error("it waits and holds a lock")
		}
		other.begin()
		other.Done(nil, count, 0) // comes second, and so waits for nobody
		<-passed
		other.Done(nil, count, 0) // has waited in this put
	}
	<-passed
	other.begin()
	other.Done(nil, count, 0) // nobody else will come
	if len(one.ranges) != 2 || one.ranges[0] != (contentRange{3, 5}) {
		t.Errorf("contents were seen at %v", one.ranges)
	}
}

func TestNobodyWaitsInTheWindowForEver(t *testing.T) {
	w := newWindow(t.Context(), 2)
	w.bound = time.Nanosecond
	w.meet()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w = newWindow(ctx, 2)
	w.bound = time.Hour
	w.meet()
	if w.waiting != nil {
		t.Error("somebody still waits")
	}
}

func TestRapidsSettingsAreGivenBack(t *testing.T) {
	was := flag.Lookup("rapid.checks").Value.String()
	tried := 0
	problem, err := check(t.Context(), 7, 1, func(t *rapid.T) {
		tried++
		if rapid.IntRange(0, 100).Draw(t, "n"); tried == 3 {
			t.Fatal("it fails")
		}
	})
	if err != nil || !strings.Contains(problem, "flaky") {
		t.Errorf("%q, %v", problem, err)
	}
	tried = 0
	if problem, err := check(t.Context(), 7, 1, func(*rapid.T) { tried++ }); tried != 7 || problem != "" || err != nil {
		t.Errorf("%d cases, %q, %v", tried, problem, err)
	}
	if now := flag.Lookup("rapid.checks").Value.String(); now != was {
		t.Errorf("rapid.checks is %s and was %s", now, was)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	<-rapidTurn // somebody else has it
	defer func() { rapidTurn <- struct{}{} }()
	if _, err := check(ctx, 7, 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// early fails the test if a block is written before the window has been there.
type early struct {
	*watch
	t    *testing.T
	name string
	seen int
}

func (e *early) Point(th *visible.Thread, op visible.Op) {
	if op.Step == visible.Block {
		e.seen++
		if !e.met {
			e.t.Errorf("%s: the block is written, and the window has not been", e.name)
		}
	}
	e.watch.Point(th, op)
}

func TestTheWindowIsBetweenTheClaimAndTheBlock(t *testing.T) {
	for _, k := range alloc.Kinds {
		s, err := engine.New(engine.Options{Capacity: 2, Embedding: 1, Allocator: k.Name})
		if err != nil {
			t.Fatal(err)
		}
		e := &early{watch: &watch{window: newWindow(t.Context(), 1)}, t: t, name: k.Name}
		h := s.Handle(0, e)
		for _, id := range []string{"a", "b"} {
			e.begin()
			if err := h.Put(&engine.Memory{ID: id, Embedding: []float32{1}}); err != nil {
				t.Error(err)
			}
		}
		if e.seen != 2 {
			t.Errorf("%s: %d blocks were written", k.Name, e.seen)
		}
		s.Close()
	}
}
