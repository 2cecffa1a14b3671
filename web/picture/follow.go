package picture

import (
	"slotrace/engine/event"
)

// Follower turns the steps of one side, as they come, into the stores as of a
// given time. Steps of different writers come out of order by some milliseconds,
// and before their time comes on the page's clock; they wait here until it does.
type Follower struct {
	slots   uint32
	paced   *Stores
	pending []timed
	still   *Still
	lost    map[uint64]struct{}
}

type timed struct {
	event.Record
	lap uint32
}

// Still is a burst: everything that happened within a short stretch of a run at
// real speed.
type Still struct {
	Stores  *Stores
	From    int64
	Length  int64
	OneIn   uint32
	LeftOut uint32
}

// mostPending bounds what waits. More can only come while nobody looks.
const mostPending = 1 << 16

// NewFollower follows a side of so many slots.
func NewFollower(slots uint32) *Follower {
	return &Follower{slots: slots, paced: NewStores(slots), lost: make(map[uint64]struct{})}
}

// Take takes a section in. Its records become visible when Advance reaches them;
// a burst is there at once, in place of the one before.
func (f *Follower) Take(s *event.Steps) {
	if s.Anew {
		*f = *NewFollower(f.slots)
		return
	}
	if s.Burst {
		if still := burst(s, f.slots); still != nil || f.still == nil {
			f.still = still
		} // else nobody came by in so short a time: the one before tells more
		return
	}
	for _, r := range s.Records {
		if r.Phase == event.Done && event.Stretched(r.Step) {
			f.still = nil // steps are being taken; until then the last burst is what there is to see
		}
		i := len(f.pending)
		f.pending = append(f.pending, timed{r, s.Lap})
		for ; i > 0 && f.pending[i-1].At > r.At; i-- {
			f.pending[i], f.pending[i-1] = f.pending[i-1], f.pending[i]
		}
	}
	if over := len(f.pending) - mostPending; over > 0 {
		f.Advance(f.pending[over-1].At)
	}
}

// burst makes a still of a section, or nil if nothing happened in its time.
// Recording begins when writers come by: until then there is nothing to show.
func burst(s *event.Steps, slots uint32) *Still {
	end := s.Base + int64(s.Length)
	first := end
	for _, r := range s.Records {
		first = min(first, r.At)
	}
	if first >= end {
		return nil
	}
	begin := max(first-int64(s.Length)/50, s.Base)
	still := &Still{Stores: NewStores(slots), From: begin, Length: end - begin, OneIn: max(s.OneIn, 1), LeftOut: s.LeftOut}
	for _, r := range s.Records {
		if r.At <= end {
			still.Stores.Apply(s.Lap, r, begin)
		}
	}
	return still
}

// Advance moves on to a time, and returns the records that became visible; they
// are good until the next Take.
func (f *Follower) Advance(now int64) []timed {
	n := 0
	for n < len(f.pending) && f.pending[n].At <= now {
		r := &f.pending[n]
		f.paced.Apply(r.lap, r.Record, r.At)
		n++
	}
	shown := f.pending[:n:n]
	f.pending = f.pending[n:]
	return shown
}

// Waiting reports whether records wait for their time.
func (f *Follower) Waiting() bool { return len(f.pending) > 0 }

// Stores are those of a paced run, as of the last Advance.
func (f *Follower) Stores() *Stores { return f.paced }

// Still is the newest burst, or nil if every step is told by now.
func (f *Follower) Still() *Still { return f.still }

// Lose notes that a memory is lost: the evidence says so.
func (f *Follower) Lose(writer uint8, number uint32) {
	const most = 1 << 14
	if len(f.lost) >= most { // lanes show the newest stores, whose losses come again or are just coming
		clear(f.lost)
	}
	f.lost[uint64(writer)<<32|uint64(number)] = struct{}{}
}

// Lost reports whether a memory is known to be lost.
func (f *Follower) Lost(writer uint8, number uint32) bool {
	_, lost := f.lost[uint64(writer)<<32|uint64(number)]
	return lost
}
