package live

import (
	"errors"
	"testing"

	"slotrace/engine"
	"slotrace/server/run"
)

func TestAPausedRunWithFewerStoresThanWritersWaitsToBeStepped(t *testing.T) {
	l := newLive(t, onHeap())
	st := begin(t, l, run.Config{Allocator: "fetch-add", Writers: 8, Slots: 2, Embedding: 4, Stores: 5, Paused: true})
	side, _ := l.side(st.ID, 0)
	for steps := 0; ; steps++ {
		st, _ = l.Status(st.ID)
		if st.State == "done" {
			if steps < 5*2 || st.Sides[0].Stored != 5 || st.Sides[0].Lap < 3 {
				t.Errorf("done after %d steps: %+v", steps, st)
			}
			return
		}
		if n := int(st.Sides[0].Stored); n > steps/2 {
			t.Fatalf("%d stores after %d steps, of which a put takes three", n, steps)
		}
		select {
		case <-side.ended:
			<-side.run.done
		default:
			if _, err := l.Change(t.Context(), st.ID, run.Change{Step: new(1)}); err != nil && !errors.Is(err, run.ErrEnded) {
				t.Fatal(err)
			}
		}
	}
}

// A change that steps for long has the token that changes are made with.
func TestStoppingDoesNotWaitForChanges(t *testing.T) {
	for name, stop := range map[string]func(l *Live, id uint32) error{
		"stop":  func(l *Live, id uint32) error { _, err := l.Stop(t.Context(), id); return err },
		"close": func(l *Live, _ uint32) error { return l.Close() },
		"start": func(l *Live, _ uint32) error { _, err := l.Start(t.Context(), fast("mutex", 1)); return err },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(t, onHeap())
			id := begin(t, l, run.Config{Allocator: "mutex", Writers: 64, Slots: 1000, Embedding: 4, Paused: true}).ID
			r, _ := l.find(id)
			<-l.changing
			stopped := make(chan error, 1)
			go func() { stopped <- stop(l, id) }()
			<-r.done // while the token is somebody else's
			l.changing <- struct{}{}
			if err := <-stopped; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestASideThatHasEndedKeepsItsName(t *testing.T) {
	l := newLive(t, onHeap())
	st := finish(t, l, begin(t, l, fast("fetch-add", 10)).ID)
	ended, _ := l.side(st.ID, 0)
	if err := ended.order(func() error { t.Error("it was done"); return nil }); !errors.Is(err, run.ErrEnded) {
		t.Errorf("%v", err)
	}
	if err := ended.step(t.Context()); err != nil { // another side may go on
		t.Errorf("a step of a side that has ended: %v", err)
	}
	if st, _ := l.Status(st.ID); st.Allocator != "fetch-add" {
		t.Errorf("%+v", st)
	}
}

// While the run stands still in the middle of a lap.
func TestTheSweeperFindsLossesBeforeTheLapEnds(t *testing.T) {
	l := newLive(t, onFile(t))
	c := buggy("check-then-act", 0)
	c.Slots = 100_000
	id := begin(t, l, c).ID
	until(t, func() bool { st, _ := l.Status(id); return st.Sides[0].Collisions > 20 })
	change(t, l, id, run.Change{Pause: new(true)})
	until(t, func() bool { st, _ := l.Status(id); return st.Sides[0].Unread == 0 })
	st, _ := l.Status(id)
	s := st.Sides[0]
	if wantSums(t, s); s.Lap != 1 || s.Lost == 0 {
		t.Errorf("%+v", st)
	}
	// What two have claimed and both have written is lost to one of them at least.
	until(t, func() bool { st, _ := l.Status(id); return st.Sides[0].Lost+uint64(c.Writers) >= st.Sides[0].Collided })
}

func TestFiguresGoOnWhenWritersComeAndGo(t *testing.T) {
	l := newLive(t, onFile(t))
	c := buggy("check-then-act", 0)
	id := begin(t, l, c).ID
	side, _ := l.side(id, 0)
	until(t, func() bool { // all writers have come by
		st, _ := l.Status(id)
		return st.Sides[0].Collisions > 20 && st.Sides[0].Stored > 10_000
	})
	before, _ := l.Status(id)
	after := change(t, l, id, run.Change{Writers: new(1)})
	if after.Sides[0].Collisions < before.Sides[0].Collisions {
		t.Errorf("%d collisions, then %d", before.Sides[0].Collisions, after.Sides[0].Collisions)
	}
	change(t, l, id, run.Change{Writers: new(4)})
	if _, err := l.Stop(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if w, next := side.writers[3], side.run.numbers[0][3]; w.next < next {
		t.Errorf("writer 4 left at store %d and goes on before it, at %d", next, w.next)
	}
}

func TestTheOddsAreThoseSinceTheLastChange(t *testing.T) {
	l := newLive(t, onFile(t))
	id := begin(t, l, buggy("check-then-act", 0)).ID
	side, _ := l.side(id, 0)
	until(t, func() bool { return side.totals().RecentCollisions > 20 })
	change(t, l, id, run.Change{Allocator: new("mutex")})
	until(t, func() bool { return side.totals().RecentStored > 100 })
	if x := side.totals(); x.RecentCollisions != 0 || x.Collisions == 0 || x.RecentStored >= x.Stored {
		t.Errorf("%+v", x)
	}
}

func TestBurstsAndTheMapGoOnLapAfterLap(t *testing.T) {
	l := newLive(t, onHeap())
	id := begin(t, l, fast("fetch-add", 0)).ID
	side, _ := l.side(id, 0)
	look := func() (burst int64, shown uint32) {
		side.tracing.Lock()
		defer side.tracing.Unlock()
		side.mu.Lock()
		defer side.mu.Unlock()
		return side.burst.last, side.shown.number
	}
	for range 2 {
		burst, shown := look()
		until(t, func() bool { b, s := look(); return b > burst && s > shown })
		change(t, l, id, run.Change{WindowUS: new(1)}) // in the middle of whatever burst there is
	}
}

func TestWhatIsLostStaysLost(t *testing.T) {
	for _, c := range []struct {
		reads          []findingKind
		readable, lost uint64
	}{
		{nil, 0, 0},
		{[]findingKind{intact}, 1, 0},
		{[]findingKind{intact, intact}, 1, 0},
		{[]findingKind{replaced}, 0, 1},
		{[]findingKind{intact, torn, torn}, 0, 1},
		{[]findingKind{missing, intact}, 0, 1},
		{[]findingKind{torn, replaced}, 0, 1},
	} {
		l := newLap(1, 1)
		l.logs[0].add(0)
		newly := 0
		for _, k := range c.reads {
			if l.found(l.logs[0].at(0), k) {
				newly++
			}
		}
		stored, readable, lost := l.counts()
		if stored != 1 || readable != c.readable || lost != c.lost || newly != int(c.lost) {
			t.Errorf("%v: stored %d, readable %d, lost %d, newly %d times", c.reads, stored, readable, lost, newly)
		}
	}
}

func TestAReadTellsWhatItFound(t *testing.T) {
	const embedding = 8
	m := func(w int, i uint32, e func([]float32)) *engine.Memory {
		v := make([]float32, embedding)
		embed(v, w, i)
		e(v)
		return &engine.Memory{ID: string(appendID(nil, w, i)), Content: appendContent(nil, w, i), Embedding: v}
	}
	store, err := engine.New(engine.Options{Capacity: 8, Embedding: embedding})
	if err != nil {
		t.Fatal(err)
	}
	h := store.Handle(0, nil)
	other := m(0, 3, func([]float32) {})
	other.Content = appendContent(nil, 17, 0)
	for _, x := range []*engine.Memory{
		m(0, 1, func([]float32) {}),
		m(0, 2, func(v []float32) { v[3], v[4], v[5] = 18, 18, 18 }),
		other,
	} {
		if err := h.Put(x); err != nil {
			t.Fatal(err)
		}
	}
	r := newReader(store, embedding)
	for i, want := range []finding{
		1: {intact, ""},
		2: {torn, "Writer 1 content 2, torn: values 3 to 5 of its embedding are Writer 18's"},
		3: {replaced, "Writer 18 content 0"},
		4: {missing, `get "w1-m4": no such memory`},
	} {
		if i == 0 {
			continue
		}
		if got := r.read(0, uint32(i)); got != want {
			t.Errorf("%d: %+v, want %+v", i, got, want)
		}
	}
}

// Whoever comes to the barrier with the last store must be heard, whatever the
// barrier was for.
func TestARunEndsThoughItIsChangedAtItsEnd(t *testing.T) {
	l := newLive(t, onHeap())
	for i := range 300 {
		id := begin(t, l, fast("fetch-add", int64(1+i%40))).ID
		for {
			if _, err := l.Change(t.Context(), id, run.Change{Allocator: new("mutex")}); err != nil {
				if !errors.Is(err, run.ErrEnded) {
					t.Fatal(err)
				}
				break
			}
		}
		if st := finish(t, l, id); st.State != "done" || st.Sides[0].Stored != uint64(1+i%40) {
			t.Fatalf("%+v", st)
		}
	}
}
