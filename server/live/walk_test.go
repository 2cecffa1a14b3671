package live

import (
	"errors"
	"math/rand/v2"
	"testing"

	"slotrace/engine/alloc"
	"slotrace/server/run"
)

// On a file, where the race detector does not see what the allocators that break do.
func walking(t *testing.T) Options { return Options{Dir: t.TempDir(), Walk: true} }

func TestAWalkLosesWithEveryAllocatorThatBreaksAndWithNoOther(t *testing.T) {
	for i := range alloc.Kinds {
		k := &alloc.Kinds[i]
		t.Run(k.Name, func(t *testing.T) {
			l := newLive(t, walking(t))
			st := finish(t, l, begin(t, l, fast(k.Name, 5000)).ID)
			s := st.Sides[0]
			if s.Stored != 5000 || s.Unread != 0 || s.Readable+s.Lost != s.Stored || s.Lap < 5 {
				t.Errorf("%+v", st)
			}
			if k.Holds && (s.Lost != 0 || s.Collisions != 0) || !k.Holds && (s.Lost < 500 || s.Collisions < s.Lost) {
				t.Errorf("%s: %d collisions, %d lost", k.Name, s.Collisions, s.Lost)
			}
			if s.P50 != 0 || s.P999 != 0 {
				t.Errorf("it tells that a put takes %d ns", s.P50)
			}
		})
	}
}

func TestAWalkStepsOneAtATimeIntoACollision(t *testing.T) {
	l := newLive(t, walking(t))
	c := buggy("check-then-act", 0)
	c.Paused = true
	st := begin(t, l, c)
	for steps := 0; st.Sides[0].Collisions == 0; steps++ {
		var err error
		if st, err = l.Change(t.Context(), st.ID, run.Change{Step: new(1)}); err != nil || steps > 10_000 {
			t.Fatalf("after %d steps: %v, %+v", steps, err, st)
		}
		if n := int(st.Sides[0].Stored); n > steps/2 {
			t.Fatalf("%d stores after %d steps, of which a put takes three", n, steps)
		}
	}
}

// Whatever is changed, in whatever state, the walk goes on, stands still, and ends.
func TestAWalkNeverHangs(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 0))
		l := newLive(t, walking(t))
		names := alloc.Names()
		c := run.Config{Allocator: names[random.IntN(len(names))], Writers: 1 + random.IntN(16), Slots: 1 + random.IntN(300), Embedding: 4, Paused: random.IntN(2) == 0}
		if random.IntN(2) == 0 {
			c.Compare = names[random.IntN(len(names))]
		}
		id := begin(t, l, c).ID
		for range 60 {
			var ch run.Change
			switch random.IntN(7) {
			case 0:
				ch.Allocator = &names[random.IntN(len(names))]
			case 1:
				ch.Writers = new(1 + random.IntN(run.MaxWriters))
			case 2:
				ch.PaceUS = new([]int{0, 0, 50, 3000, 300_000}[random.IntN(5)])
			case 3:
				ch.WindowUS = new([]int{0, 200, 50_000}[random.IntN(3)])
			case 4:
				ch.Pause = new(true)
			case 5:
				ch.Pause = new(false)
			case 6:
				ch.Step = new(1 + random.IntN(5))
			}
			if _, err := l.Change(t.Context(), id, ch); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if random.IntN(2) == 0 {
			before, _ := l.Status(id)
			if _, err := l.Change(t.Context(), id, run.Change{Pause: new(false), PaceUS: new(0), WindowUS: new(0)}); err != nil {
				t.Fatal(err)
			}
			for st := before; st.Sides[0].Stored < before.Sides[0].Stored+100; st, _ = l.Status(id) {
			}
		}
		st, err := l.Stop(t.Context(), id)
		if err != nil || st.State != "done" {
			t.Fatalf("seed %d: %v, %+v", seed, err, st)
		}
		if _, err := l.Change(t.Context(), id, run.Change{Pause: new(true)}); !errors.Is(err, run.ErrEnded) {
			t.Errorf("seed %d: a change after the end: %v", seed, err)
		}
	}
}
