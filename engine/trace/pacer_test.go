package trace

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"slotrace/engine/event"
	"slotrace/engine/visible"
)

// walk has thread id take the operations of a put, as a check-then-act allocator
// makes them, and tells when each was done.
func walk(p *Pacer, id int, took func(s visible.Step)) {
	t := &visible.Thread{ID: id}
	for _, s := range []visible.Step{visible.Look, visible.Reserve, visible.Content, visible.Block, visible.Commit, visible.Index, visible.Tell} {
		op := visible.Op{Step: s}
		p.Point(t, op)
		took(s)
		p.Done(t, op, 0)
	}
}

func TestAnOpenPacerHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPacer(NewClock(), 1, 1)
		began := time.Now()
		walk(p, 0, func(visible.Step) {})
		p.Rest(&visible.Thread{})
		if d := time.Since(began); d != 0 || !p.Open() {
			t.Errorf("it took %v", d)
		}
	})
}

func TestAPaceStretchesEachStepByItsBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pace = 100 * time.Millisecond
		p := NewPacer(NewClock(), 1, 1)
		p.Set(pace, 0)
		last := time.Now()
		walk(p, 0, func(s visible.Step) {
			took := time.Since(last)
			last = time.Now()
			low, high := time.Duration(beats[s]*0.5*float64(pace)), time.Duration(beats[s]*1.5*float64(pace))
			if took < low || took > high {
				t.Errorf("%s took %v, want %v to %v", s, took, low, high)
			}
		})
	})
}

func TestAWindowWidensTheGapBeforeTheBlockAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPacer(NewClock(), 1, 1)
		p.Set(0, time.Second)
		last := time.Now()
		walk(p, 0, func(s visible.Step) {
			want := time.Duration(0)
			if s == visible.Block {
				want = time.Second
			}
			if took := time.Since(last); took != want {
				t.Errorf("%s took %v, want %v", s, took, want)
			}
			last = time.Now()
		})
	})
}

func TestThreadsAreHeldAtTheStepsThatPicturesShow(t *testing.T) {
	for s := range visible.Steps {
		if (beats[s] != 0) != event.Stretched(s) {
			t.Errorf("%s: %v beats", s, beats[s])
		}
	}
}

func TestEqualSeedsPaceAlike(t *testing.T) {
	times := func() (all []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			p := NewPacer(NewClock(), 2, 7)
			p.Set(time.Millisecond, 0)
			began := time.Now()
			walk(p, 1, func(visible.Step) { all = append(all, time.Since(began)) })
		})
		return all
	}
	a, b := times(), times()
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("%v and %v", a, b)
		}
	}
}

func TestAPausedThreadGoesOneStepAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := NewClock()
		p := NewPacer(clock, 1, 1)
		p.Pause(true)
		var mu sync.Mutex
		var taken []visible.Step
		go walk(p, 0, func(s visible.Step) {
			mu.Lock()
			defer mu.Unlock()
			taken = append(taken, s)
		})
		synctest.Wait()
		if len(taken) != 0 {
			t.Fatalf("paused, it took %v", taken)
		}
		for i, want := range [][]visible.Step{
			{visible.Look, visible.Reserve, visible.Content}, // what is not stretched goes along
			{visible.Block, visible.Commit},
			{visible.Index},
			{visible.Tell},
		} {
			before := clock.Now()
			if err := p.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if len(taken) != len(want) {
				t.Fatalf("step %d: it took %v, want %v", i, taken, want)
			}
			taken = nil
			if clock.Now() <= before {
				t.Errorf("step %d: the clock stood still", i)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Step(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a step that nobody could take: %v", err)
		}
	})
}

// What a thread does behind its operation belongs to the step: whoever has stepped reads
// figures that have it.
func TestAStepIsDoneWhenItsThreadIsHeldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPacer(NewClock(), 1, 1)
		p.Pause(true)
		var counted atomic.Int32
		var all sync.WaitGroup
		all.Go(func() {
			th := &visible.Thread{}
			for _, s := range []visible.Step{visible.Look, visible.Tell} {
				p.Point(th, visible.Op{Step: s})
				p.Done(th, visible.Op{Step: s}, 0)
				time.Sleep(5 * time.Millisecond)
				counted.Add(1)
			}
			p.Rest(th)
		})
		for n := range int32(2) {
			began := time.Now()
			if err := p.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(began); counted.Load() != n+1 || d != 5*time.Millisecond {
				t.Errorf("step %d returned after %v, with %d counted", n+1, d, counted.Load())
			}
		}
		all.Wait()
	})
}

func TestChangesReachThreadsThatAreHeld(t *testing.T) {
	for name, free := range map[string]func(*Pacer){
		"resume": func(p *Pacer) { p.Pause(false); p.Set(0, 0) },
		"hurry":  func(p *Pacer) { p.Hurry(true) },
		"pace":   func(p *Pacer) { p.Pause(false); p.Set(time.Millisecond, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := NewPacer(NewClock(), 2, 1)
				p.Set(time.Hour, 0)
				var all sync.WaitGroup
				all.Go(func() { walk(p, 0, func(visible.Step) {}) })
				all.Go(func() { p.Rest(&visible.Thread{ID: 1}) })
				synctest.Wait()
				p.Pause(true)
				synctest.Wait()
				began := time.Now()
				free(p)
				all.Wait()
				if d := time.Since(began); d > time.Second {
					t.Errorf("it took %v", d)
				}
			})
		})
	}
}

func TestAStepGoesToAThreadThatCanTakeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const threads = 4
		p := NewPacer(NewClock(), threads, 1)
		p.Pause(true)
		lock := visible.NewMutex(7, 0)
		inside, puts := 0, 0
		var all sync.WaitGroup
		for id := range threads {
			all.Go(func() {
				th := visible.NewThread(id, p)
				lock.Lock(th, visible.Enter)
				inside++
				lock.Unlock(th, visible.Leave)
				puts++
			})
		}
		synctest.Wait()
		for step := range 2 * threads {
			if err := p.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if inside+puts != step+1 {
				t.Fatalf("after %d steps %d have taken the lock and %d released it", step+1, inside, puts)
			}
		}
		all.Wait()
	})
}

// In real time: a virtual clock stands still while somebody waits for a lock.
func TestAStepIntoALockThatIsHeldDoesNotHang(t *testing.T) {
	p := NewPacer(NewClock(), 1, 1)
	p.Pause(true)
	lock := visible.NewMutex(0, 0)
	outside := &visible.Thread{ID: 9}
	lock.Lock(outside, visible.Enter)
	got := make(chan struct{})
	go func() {
		defer close(got)
		lock.Lock(visible.NewThread(0, p), visible.Enter)
	}()
	if err := p.Step(t.Context()); err != nil {
		t.Error(err)
	}
	lock.Unlock(outside, visible.Leave)
	<-got
}
