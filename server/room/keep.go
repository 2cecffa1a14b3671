package room

import (
	"encoding/binary"
	"errors"
	"time"

	"slotrace/engine/event"
	"slotrace/engine/fold"
	"slotrace/server/flow"
)

// keptFrame is how many bytes a piece of a kept picture has at most: less than the
// 128 KiB that a platform may take as one value.
const keptFrame = 100 << 10

// Place is where a viewer is in the stream: it has everything up to the frame of this
// number, which is all there is.
type Place struct {
	Viewer   ID
	Sequence uint32
}

// Kept is a room at rest, for when it is not in memory.
type Kept struct {
	Pieces  [][]byte // who presents, and the picture; none = nobody ever has
	Viewers []Place
}

// Keep returns what has to be kept of the room, if it is at rest (Due has nothing) and
// anything has changed since the last time.
func (r *Room) Keep() (k Kept, ok bool) {
	if _, busy := r.Due(); busy || !r.fresh {
		return k, false
	}
	r.fresh = false
	if r.known {
		k.Pieces = append([][]byte{append(binary.LittleEndian.AppendUint32(nil, r.sequence), r.hello...)}, r.board.Whole(keptFrame)...)
	}
	for id, v := range r.viewers {
		k.Viewers = append(k.Viewers, Place{id, v.flow.Next() - 1})
	}
	return k, true
}

// Restore returns the room that was kept. Those who are still connected as they were
// then, k.Viewers and a presenter if presents, go on where they were. An error says what
// is wrong with what was kept.
func Restore(post Post, k Kept, presenter ID, presents bool, now time.Time) (*Room, error) {
	r := New(post)
	if len(k.Pieces) > 0 {
		first := k.Pieces[0]
		if len(first) < 4 {
			return nil, errors.New("room: what was kept of the presenter has less than 4 bytes")
		}
		session, hello, err := event.ParsePresent(first[4:])
		if err != nil {
			return nil, err
		}
		r.opened(session, first[4:], hello)
		for _, piece := range k.Pieces[1:] {
			f, err := event.ParseFrame(piece)
			if err == nil {
				err = r.show(f)
			}
			if err != nil {
				return nil, err
			}
		}
		r.sequence = binary.LittleEndian.Uint32(first)
		if r.presents, r.presenter = presents, presenter; !presents {
			r.notice = ""
			r.board.Notice(away)
		}
	}
	places := make([]*fold.Viewer, len(k.Viewers))
	for i := range places {
		places[i] = r.board.Join()
	}
	for i, p := range k.Viewers {
		for len(places[i].Append(nil, 1, event.MaxMessage)) > 0 {
			continue // it has that
		}
		r.viewers[p.Viewer] = &viewer{place: places[i], flow: flow.New(now, p.Sequence)}
	}
	r.fresh = false
	return r, nil
}
