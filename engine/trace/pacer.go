package trace

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"slotrace/engine/visible"
)

// StepBeat is the beat by which single steps move a run's clock when no pace
// gives another.
const StepBeat = 300 * time.Millisecond

// Pacer holds threads at their visible operations: for a while each (slow
// motion), for a while between a claim and the write of its block (a widened
// window), or until they are told to go (pause and single step). It holds
// whatever lock its threads hold, so who needs them between puts calls Hurry first.
//
// An observer that composes it asks it last, so that the others see a thread arrive.
type Pacer struct {
	open     atomic.Bool // real speed, no window, not paused: the one thing a fast thread looks at
	settings atomic.Pointer[settings]
	clock    *Clock
	threads  []pacing

	mu      sync.Mutex // guards what follows, and changes of settings
	waiting []*waiter
	arrived chan struct{} // holds a token when somebody may have begun to wait
	random  *rand.Rand
}

type settings struct {
	pace, window time.Duration
	paused       bool
	hurry        bool
	gather       bool
	changed      chan struct{} // closed when these settings are replaced
}

// pacing is what belongs to one thread. Threads of equal ID in two runs of equal
// seed are paced alike: that is what makes two allocators comparable.
type pacing struct {
	random  *rand.Rand
	rested  bool          // at least once
	stepped chan struct{} // not nil while the thread takes a single step
	holds   atomic.Uint64 // the lock it took at a step it can be held at, as its object plus 1; 0 = none. There is one at a time
}

type waiter struct {
	op      visible.Op
	granted chan chan struct{} // receives the channel to close when the step is done
}

// beats is how long each step is stretched, in beats of the pace. Steps that are
// not here (event.Stretched) pass at once, in slow motion and when stepped.
var beats = [visible.Steps]float64{
	visible.Enter: 0.5, visible.Look: 0.5, visible.Claim: 0.5, visible.Leave: 0.25,
	visible.Block: 1.5, visible.Index: 0.5,
	visible.EnterTell: 0.25, visible.Tell: 0.5, visible.LeaveTell: 0.25,
}

// finest is about the shortest time that a timer keeps.
const finest = 100 * time.Microsecond

// restBeats is how long a paced thread rests between two puts. It decides how
// often puts overlap in slow motion: with eight writers about every second one,
// where real speed on two cores loses every third or fourth.
const restBeats = 18

// NewPacer returns a pacer for threads with IDs below threads that holds nobody.
func NewPacer(clock *Clock, threads int, seed uint64) *Pacer {
	p := &Pacer{
		clock:   clock,
		threads: make([]pacing, threads),
		arrived: make(chan struct{}, 1),
		random:  rand.New(rand.NewPCG(seed, 0)),
	}
	for i := range p.threads {
		p.threads[i].random = rand.New(rand.NewPCG(seed, uint64(i)+1))
	}
	p.settings.Store(&settings{changed: make(chan struct{})})
	p.open.Store(true)
	return p
}

// Set changes the beat and the window. A beat of 0 is real speed.
func (p *Pacer) Set(pace, window time.Duration) {
	p.change(func(s *settings) { s.pace, s.window = pace, window })
}

// Pause holds every thread at its next visible operation, or lets them go.
func (p *Pacer) Pause(paused bool) { p.change(func(s *settings) { s.paused = paused }) }

// Gather ends rests, and lets there be none until it is called with false.
func (p *Pacer) Gather(gather bool) { p.change(func(s *settings) { s.gather = gather }) }

// Hurry lets threads pass, whatever was set, until it is called with false.
func (p *Pacer) Hurry(hurry bool) { p.change(func(s *settings) { s.hurry = hurry }) }

func (p *Pacer) change(edit func(*settings)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.settings.Load()
	s := *old
	s.changed = make(chan struct{})
	edit(&s)
	p.open.Store(s.hurry || s.pace == 0 && s.window == 0 && !s.paused)
	p.settings.Store(&s)
	close(old.changed)
}

// Open says that threads pass at real speed.
func (p *Pacer) Open() bool { return p.open.Load() }

// Point implements visible.Observer: it returns when t may go on.
func (p *Pacer) Point(t *visible.Thread, op visible.Op) {
	if p.open.Load() || beats[op.Step] == 0 {
		return
	}
	p.hold(t, op, beats[op.Step])
}

// Done implements visible.Observer.
func (p *Pacer) Done(t *visible.Thread, op visible.Op, _ uint64) {
	own := &p.threads[t.ID]
	if beats[op.Step] == 0 {
		return
	}
	switch op.Kind {
	case visible.OpLock:
		own.holds.Store(uint64(op.Object) + 1)
	case visible.OpUnlock:
		own.holds.Store(0)
	}
}

// Leave says that t goes on to what is no operation, where it may wait: a single step is over.
func (p *Pacer) Leave(t *visible.Thread) {
	if own := &p.threads[t.ID]; own.stepped != nil {
		close(own.stepped)
		own.stepped = nil
	}
}

// Rest is the time a paced thread takes between two puts; its first is shorter, so
// that a run begins at once and not all together. A paused thread does not rest: it
// is to be found at its first operation.
func (p *Pacer) Rest(t *visible.Thread) {
	own := &p.threads[t.ID]
	p.Leave(t)
	stretch := float64(restBeats)
	if !own.rested {
		stretch *= own.random.Float64() / 2
		own.rested = true
	}
	if s := p.settings.Load(); s.pace > 0 && !s.paused {
		p.hold(t, visible.Op{}, stretch)
	}
}

func (p *Pacer) hold(t *visible.Thread, op visible.Op, stretch float64) {
	own := &p.threads[t.ID]
	p.Leave(t)
	stretch *= 0.5 + own.random.Float64()
	resting := op.Step == visible.NoStep
	var held time.Duration
	for {
		s := p.settings.Load()
		switch {
		case s.hurry || resting && (s.paused || s.gather):
			return
		case s.paused:
			if own.stepped = p.await(s, op); own.stepped != nil {
				return
			}
		default:
			due := time.Duration(stretch * float64(s.pace))
			if op.Step == visible.Block {
				due += s.window
			}
			began := time.Now()
			if wait(due-held, s.changed) {
				return
			}
			held += time.Since(began)
		}
	}
}

// wait returns true after d, or false when changed is closed before.
func wait(d time.Duration, changed <-chan struct{}) bool {
	if d < finest { // a timer would oversleep
		for began := time.Now(); time.Since(began) < d; {
			runtime.Gosched()
		}
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-changed:
		return false
	}
}

// await waits to be stepped, and returns the channel to close when the step is
// done; or nil when the settings have changed.
func (p *Pacer) await(s *settings, op visible.Op) chan struct{} {
	w := &waiter{op, make(chan chan struct{}, 1)}
	p.mu.Lock()
	p.waiting = append(p.waiting, w)
	p.mu.Unlock()
	select {
	case p.arrived <- struct{}{}:
	default:
	}
	select {
	case done := <-w.granted:
		return done
	case <-s.changed:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.waiting {
		if p.waiting[i] == w {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			return nil
		}
	}
	return <-w.granted // the step came first
}

// enabled says whether a thread that waits at op could do it: nobody holds the lock
// that it takes.
func (p *Pacer) enabled(op visible.Op) bool {
	if op.Kind == visible.OpLock {
		for i := range p.threads {
			if p.threads[i].holds.Load() == uint64(op.Object)+1 {
				return false
			}
		}
	}
	return true
}

// Step lets one thread, chosen at random among those that wait and could go on, do
// one operation while the run is paused, and returns when it has come to where it is
// held next, or to its Rest, or has left: what the step came to has been counted by then.
// One that must wait for a lock all the same, somewhere behind its operation, is not waited for.
func (p *Pacer) Step(ctx context.Context) error {
	for {
		if done := p.grant(); done != nil {
			locked := time.NewTimer(100 * time.Millisecond)
			defer locked.Stop()
			select {
			case <-done:
			case <-locked.C:
			case <-ctx.Done():
			}
			return ctx.Err()
		}
		select {
		case <-p.arrived:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *Pacer) grant() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	var able []int
	for i, w := range p.waiting {
		if p.enabled(w.op) {
			able = append(able, i)
		}
	}
	if len(able) == 0 {
		return nil // whoever holds the lock is on its way to its next operation
	}
	i := able[p.random.IntN(len(able))]
	w := p.waiting[i]
	p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
	beat := p.settings.Load().pace
	if beat == 0 {
		beat = StepBeat
	}
	p.clock.Advance(time.Duration(beats[w.op.Step] * float64(beat)))
	done := make(chan struct{})
	w.granted <- done
	return done
}
