package shelf

import (
	"context"
	"sync"

	"slotrace/server/run"
)

// maxPictures is how many pictures are remembered: some MiB.
const maxPictures = 64

// pictures are those that were drawn last. One is drawn at a time: it takes a core.
type pictures struct {
	mu    sync.Mutex
	drawn map[string][]byte // by id and sum
	order []string          // the oldest first
}

// Picture returns what draw made of a recording.
func (s *Shelf) Picture(_ context.Context, k *run.Kept, draw func() ([]byte, error)) ([]byte, error) {
	p := &s.pictures
	p.mu.Lock()
	defer p.mu.Unlock()
	key := k.ID + " " + k.Sum
	if b, ok := p.drawn[key]; ok {
		return b, nil
	}
	b, err := draw()
	if err != nil {
		return nil, err
	}
	if p.drawn == nil {
		p.drawn = make(map[string][]byte)
	}
	if len(p.order) == maxPictures {
		delete(p.drawn, p.order[0])
		p.order = p.order[1:]
	}
	p.drawn[key] = b
	p.order = append(p.order, key)
	return b, nil
}
