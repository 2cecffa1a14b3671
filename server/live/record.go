package live

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"slotrace/engine/event"
	"slotrace/engine/recording"
	"slotrace/server/run"
)

const (
	drainEvery = time.Millisecond // while steps come faster than a viewer is shown them

	// Rings have room for what writers do while the scribe waits for a core, which on a machine
	// that others use can be a tenth of a second: 24 MiB on each side, shared between the writers.
	ringsRecords = 1 << 20
	maxRing      = 1 << 17
	walkRing     = 1 << 12 // of writers that take turns: they are a hundred times slower
)

func (s *side) ringRecords() int {
	if s.walk != nil {
		return walkRing
	}
	return min(maxRing, ringsRecords/len(s.writers))
}

// Why a recording ended.
const (
	endedAsked  = "it was stopped"
	endedRun    = "the run ended"
	endedServer = "the server stopped"
)

// record is a recording of a run, under way or ended. Its clerk shows it what the board
// is shown; of each side a scribe takes the steps to it, and the lead the end of each lap.
type record struct {
	run      *active
	id       string
	writer   *recording.Writer
	recorder *recording.Recorder
	limit    int64
	done     func(keep bool) error // it has ended

	claimed atomic.Bool    // somebody ends it
	stop    chan struct{}  // closed when it is to end
	scribes sync.WaitGroup // they end with stop
	clerk   chan struct{}  // closed when the clerk shows it nothing any more
	over    chan struct{}  // closed when it has ended

	mu      sync.Mutex // guards what follows
	state   string     // as in run.Recording
	failure string
}

// tape is a side's place in a recording; the side's tracing guards it.
type tape struct {
	record  *record
	on      bool   // every step is recorded, from puts that began when it became so
	dropped uint64 // the tracer's count as of the last drain
	scan    scan   // guarded by the side's mu
	loss    uint64 // number of the newest loss shown; guarded by the side's mu
}

// newRecord makes a recording, which nobody shows anything yet.
func newRecord(r *active) (*record, error) {
	shelf := r.options.Recordings
	if shelf == nil {
		why := r.options.Unrecorded
		if why == "" {
			why = "runs cannot be recorded here: there is no folder for recordings"
		}
		return nil, &run.FieldError{Field: "record", Want: why}
	}
	c := r.settings()
	made := time.Now()
	name := c.Allocator
	if c.Compare != "" {
		name += " and " + c.Compare
	}
	h := recording.Header{
		Name: fmt.Sprintf("%s, %d writers, %s", name, c.Writers, made.Format("2 Jan 15:04")),
		Made: made, Version: r.options.Server,
		Machine: fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), runtime.Version()),
		Run: recording.Run{
			Allocator: c.Allocator, Compare: c.Compare, Writers: c.Writers, Slots: c.Slots, Embedding: c.Embedding,
			PaceUS: c.PaceUS, WindowUS: c.WindowUS, Stores: c.Stores, Walk: r.options.Walk, Seed: uint64(r.id),
		},
		Hello: r.board.Hello(false),
	}
	id, folder, room, end, err := shelf.Begin()
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	undo := func(err error) (*record, error) { return nil, errors.Join(err, end(false)) }
	w, err := recording.NewWriter(folder, &h)
	if err != nil {
		return undo(err)
	}
	s := r.shown()
	s.Recording = event.NotRecording
	bounds := r.options.Recording
	bounds.Bytes = min(cmp.Or(bounds.Bytes, recording.Default.Bytes), room)
	recorder, err := recording.NewRecorder(w, &h, s, bounds)
	if err != nil {
		return undo(errors.Join(err, w.Close(err.Error())))
	}
	return &record{
		run: r, id: id, writer: w, recorder: recorder, limit: bounds.Bytes, done: end, state: "recording",
		stop: make(chan struct{}), clerk: make(chan struct{}), over: make(chan struct{}),
	}, nil
}

// startRecord begins a recording if there is none under way.
func (r *active) startRecord() error {
	r.recording.Lock()
	defer r.recording.Unlock()
	r.mu.Lock()
	rec, ending := r.record, r.ending
	r.mu.Unlock()
	if ending {
		return run.ErrEnded
	}
	if rec != nil {
		if !rec.claimed.Load() {
			return nil
		}
		<-rec.over
	}
	rec, err := newRecord(r)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.record = rec
	r.mu.Unlock()
	tapes := make([]*tape, len(r.sides))
	for i, s := range r.sides { // the first frame has the whole picture
		tapes[i] = &tape{record: rec, on: true}
		s.portray(tapes[i])
	}
	for i, s := range r.sides {
		s.throughBarrier(func() { s.tapeOn(tapes[i]) })
		rec.scribes.Go(func() { s.scribe(rec.stop) })
	}
	go rec.keep()
	r.set(func(c *run.Config) { c.Record = true })
	return nil
}

// stopRecord ends the recording that is under way, if there is one, and waits until it has ended.
func (r *active) stopRecord(why string) {
	r.recording.Lock() // one that is beginning is to have begun
	rec := r.record
	r.recording.Unlock()
	if rec == nil {
		return
	}
	if rec.claimed.CompareAndSwap(false, true) {
		rec.end(why, true)
	}
	<-rec.over
}

// releaseRecord has nobody wait any more for the disk that a recording is on.
func (r *active) releaseRecord() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.record != nil {
		r.record.recorder.Release()
	}
}

// keep is the clerk: it shows the recording what the board is shown, until it is to end or
// may not go on.
func (rec *record) keep() {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for goesOn := true; goesOn; {
		select {
		case <-rec.stop:
			goesOn = false
		case <-tick.C:
			goesOn = rec.show()
		}
	}
	close(rec.clerk)
	if rec.claimed.CompareAndSwap(false, true) {
		why := fmt.Sprintf("it has the size that it may have, %d MiB", rec.limit>>20)
		if err := rec.writer.Err(); err != nil {
			why = err.Error()
		}
		rec.end(why, false)
	}
}

// show shows the recording how the run is, and says whether it may go on.
func (rec *record) show() bool {
	for _, s := range rec.run.sides {
		s.tracing.Lock()
		t := s.tape
		s.tracing.Unlock()
		if t != nil && t.record == rec {
			s.portray(t)
		}
	}
	rec.recorder.State(rec.portrayed())
	return rec.recorder.Tick()
}

// portrayed is the run's state as the recording tells it: when the run ends, so does this.
func (rec *record) portrayed() event.State {
	r := rec.run
	s := r.shown()
	s.Recording = event.NotRecording
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ending {
		s.State = event.Finished
		if r.err != nil {
			s.State = event.Failed
		}
	}
	return s
}

// end ends the recording; whoever has claimed that calls it. What is recorded of a side ends at
// its barrier if that is to be waited for.
func (rec *record) end(why string, barrier bool) {
	rec.recorder.Release()
	close(rec.stop)
	rec.scribes.Wait()
	<-rec.clerk
	for _, s := range rec.run.sides {
		if barrier {
			s.throughBarrier(func() { s.tapeOff(rec) })
		} else {
			s.tapeOff(rec)
		}
	}
	rec.recorder.State(rec.portrayed())
	full := rec.recorder.Full()
	err := rec.recorder.Close(why)
	rec.mu.Lock()
	switch {
	case err != nil:
		rec.state, rec.failure = "failed", strings.ReplaceAll(err.Error(), "\n", "; ")
	case full && why != endedAsked && why != endedRun && why != endedServer:
		rec.state, rec.failure = "full", why
	default:
		rec.state = "done"
	}
	rec.mu.Unlock()
	rec.run.set(func(c *run.Config) { c.Record = false })
	if err := rec.done(true); err != nil {
		rec.run.options.Log.Warn("a recording that has ended", "recording", rec.id, "failure", err)
	}
	if err != nil {
		rec.run.options.Log.Warn("a recording failed", "recording", rec.id, "failure", err)
	}
	close(rec.over)
}

// status tells how the recording goes.
func (rec *record) status() *run.Recording {
	rec.mu.Lock()
	st := run.Recording{ID: rec.id, State: rec.state, Failure: rec.failure}
	rec.mu.Unlock()
	st.Events, st.LeftOut, st.Gaps, st.Bytes = rec.recorder.Progress()
	st.Whole = st.Gaps == 0 && st.LeftOut == 0
	return &st
}

// wire is what viewers are told of it.
func (rec *record) wire() event.Recording {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	switch rec.state {
	case "recording":
		return event.BeingRecorded
	case "done":
		return event.NotRecording
	}
	return event.RecordingFailed
}

// throughBarrier has do done at the barrier, or at once if the side has ended or if its
// writers may be long in coming: a run that is paused or paced is not hurried for the sake
// of a recording.
func (s *side) throughBarrier(do func()) {
	if _, fast := s.bursts(); fast && s.led.Load() {
		if s.order(func() error { do(); return nil }) == nil {
			return
		}
	}
	do()
}

// tapeOn begins to record the side, as it stands now, and then the steps of puts that begin from
// now on.
func (s *side) tapeOn(t *tape) {
	recorder := t.record.recorder
	s.tracing.Lock()
	s.follow() // what there was is not of it
	t.dropped = s.tracer.Dropped()
	recorder.Start(s.number, s.run.clock.Now())
	s.tape = t
	s.tracer.Span()
	s.aim()
	s.tracing.Unlock()
	s.portray(t)
	recorder.Tick()
}

// tapeOff ends what is recorded of the side.
func (s *side) tapeOff(rec *record) {
	s.tracing.Lock()
	t := s.tape
	if t == nil || t.record != rec {
		s.tracing.Unlock()
		return
	}
	s.follow()
	s.tape = nil
	s.aim()
	s.tracing.Unlock()
	s.portray(t)
}

// scribe takes the side's steps to the recording until stop is closed.
func (s *side) scribe(stop <-chan struct{}) {
	timer := time.NewTimer(drainEvery)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-stop:
			return
		}
		every := tickEvery
		if _, fast := s.bursts(); fast {
			every = drainEvery
		}
		s.tracing.Lock()
		s.follow()
		s.tracing.Unlock()
		timer.Reset(every)
	}
}

// keepSteps shows a recording the records that have come, of which those before early are of puts
// that had begun before; tracing is held.
func (s *side) keepSteps(records []event.Record, early int) {
	t := s.tape
	recorder := t.record.recorder
	dropped := s.tracer.Dropped()
	leftOut := dropped - t.dropped
	t.dropped = dropped
	now := s.run.clock.Now()
	if t.on {
		t.on = recorder.Steps(s.number, s.cur.number, now, leftOut+uint64(early), records[early:])
		if !t.on {
			s.aim()
		}
		return
	}
	wants := recorder.Wants()
	recorder.Miss(s.number, now, leftOut, records)
	if wants {
		t.on = true
		s.tracer.Span()
		s.aim()
	}
}

// portray shows the recording the side as it is: of a lap that has ended, the totals come before
// the map.
func (s *side) portray(t *tape) {
	recorder := t.record.recorder
	s.mu.Lock()
	defer s.mu.Unlock()
	totals := s.figures()
	recorder.Totals(totals)
	recorder.Ran(s.number, s.allocators(totals.Stored))
	showCells(recorder, s.number, s.slots, s.cur, &t.scan)
	if l := &s.losses; l.total > t.loss {
		recorder.Evidence(s.number, l.total, l.since(max(t.loss, l.total-min(l.total, latestShown)), latestShown))
		t.loss = l.total
	}
}

// keepSwitch tells the recording at the barrier that the side has another allocator from now on.
func (s *side) keepSwitch() {
	s.tracing.Lock()
	t := s.tape
	if t != nil {
		s.follow() // those steps are the other's
	}
	s.tracing.Unlock()
	if t != nil {
		s.portray(t)
		t.record.recorder.State(t.record.portrayed())
		t.record.recorder.Tick()
	}
}

// keepLap shows the recording the lap that has ended and been read back, whole and exact. It
// waits for the disk. The lead calls it at the barrier.
func (s *side) keepLap() {
	s.tracing.Lock()
	t := s.tape
	s.tracing.Unlock()
	if t != nil {
		s.portray(t)
		t.record.recorder.Frame()
	}
}

// resize gives the writers the rings that they need; the lead calls it at the barrier.
func (s *side) resize() {
	s.tracing.Lock()
	defer s.tracing.Unlock()
	_, fast := s.bursts()
	switch {
	case s.tape == nil:
		s.tracer.Rings(0, 0)
		s.roomy = false
	case fast || s.roomy:
		s.tracer.Rings(len(s.writers), s.ringRecords())
		s.roomy = true
	}
}

// makeRoom has the sides whose rings are too small for what is now recorded come to the barrier.
func (r *active) makeRoom() {
	for _, s := range r.sides {
		s.tracing.Lock()
		small := s.tape != nil && !s.roomy
		s.tracing.Unlock()
		if small {
			s.throughBarrier(func() {})
		}
	}
}
