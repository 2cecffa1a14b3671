package engine

import (
	"context"
	"errors"
	"fmt"

	"slotrace/engine/mapping"
	"slotrace/engine/visible"
)

// Compact writes the store's entries into a new file, without the content of those
// that were deleted or replaced, and makes that file the store's in one step: a reader
// sees the old one whole or the new one whole. Puts and deletes wait meanwhile, reads do
// not. Compact then waits for those who still look at the old file, and removes it; a ctx
// that ends by then leaves that to the next Compact or to Close.
//
// ctx bounds the wait for puts under way, too; then nothing has changed. Nothing has
// changed, either, if there is no room for the new file, or if an entry is found to be
// damaged: that is an error, and deleting the entry would do.
func (h *Handle) Compact(ctx context.Context) error { return h.rewrite(ctx, 0, 0) }

// Resize is Compact into a file of another size: capacity slots and content bytes; 0 is
// as it was. It is an error if what the store holds does not fit. Slots that an entry
// holds, and all below them, stay.
func (h *Handle) Resize(ctx context.Context, capacity, content uint64) error {
	return h.rewrite(ctx, capacity, content)
}

func (h *Handle) rewrite(ctx context.Context, capacity, content uint64) (err error) {
	s, t := h.store, &h.thread
	if err := h.ready(); err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			t.Abandon()
			panic(p)
		}
	}()
	if err := lockWithin(ctx, s.whole, t); err != nil {
		return fmt.Errorf("compact: another has the whole store: %w", err)
	}
	defer s.whole.Unlock(t, visible.Resume)
	resume, err := s.stop(ctx, t, false)
	if err != nil {
		return fmt.Errorf("compact: a put or delete under way has not ended: %w", err)
	}
	err = s.rewriteAlone(ctx, t, capacity, content)
	resume()
	if err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	return s.release(ctx, t)
}

// rewriteAlone is rewrite while nobody changes the store.
func (s *Store) rewriteAlone(ctx context.Context, t *visible.Thread, capacity, content uint64) error {
	old := s.current.Peek()
	if old == nil {
		return ErrClosed
	}
	to := old.geometry
	if capacity > 0 {
		to.capacity = capacity
	}
	if content > 0 {
		to.content = content
	}
	if err := to.check(); err != nil {
		return err
	}
	next, err := s.newFile(old, to)
	if err != nil {
		return err
	}
	used, err := s.copyEntries(ctx, old, next)
	if err == nil && s.folder != nil {
		err = next.mapping.Sync() // before it counts
	}
	if err != nil {
		return errors.Join(err, s.folder.discard(next))
	}
	number, _ := old.nextNumber()
	next.setNumber(number)
	if s.folder != nil {
		if err := errors.Join(next.mapping.Sync(), s.folder.sync()); err != nil {
			return errors.Join(err, s.folder.discard(next))
		}
	}
	next.ahead = newAhead(next, used)
	count := next.count()
	count.Poke(used)
	*s.shared.Count = count
	s.current.Store(t, visible.Switch, next) // switch: from here on the new file is the store's
	s.old = append(s.old, old)
	s.damaged.Store(0)
	return nil
}

// newFile makes a generation that does not count yet.
func (s *Store) newFile(old *generation, to geometry) (*generation, error) {
	if s.folder == nil {
		m := mapping.Heap(int(to.fileBytes()))
		to.putHeader(m.Bytes(), old.created)
		return adopt(m, to, ""), nil
	}
	number, _ := numbered(old.path)
	path := s.folder.file(number + 1)
	m, err := mapping.Create(path, int64(to.fileBytes()))
	if err != nil {
		return nil, err
	}
	to.putHeader(m.Bytes(), old.created)
	return adopt(m, to, path), nil
}

// copyEntries copies what the index has into a new generation, slots to the same
// slots and contents one behind the other, and makes the list of free slots anew.
func (s *Store) copyEntries(ctx context.Context, old, next *generation) (used uint64, err error) {
	defer onFault(func(any) { err = fmt.Errorf("%s: %w", old.name(), ErrTruncated) }, old, next)()
	number, _ := old.nextNumber()
	var free []freeSlot
	end := uint64(0)
	b := next.mapping.Bytes()
	for slot := range old.capacity {
		if slot%1024 == 0 && ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		state, id, p, why := old.inspect(slot)
		if state == entryEmpty || state == entryOld {
			continue
		}
		at, indexed := s.index.Peek(string(id))
		if !indexed || at != slot {
			continue // opening had found it damaged, or has lost it to a collision
		}
		if state == entryDamaged {
			return 0, fmt.Errorf("slot %d, %q: %w: %s", slot, id, ErrDamaged, why)
		}
		n := p.bytes
		if slot >= next.capacity || n > next.geometry.content-end {
			return 0, fmt.Errorf("%w: slot %d and %d bytes of content are in use, of %d slots and %d bytes", ErrFull, slot, end+n, next.capacity, next.geometry.content)
		}
		for ; used < slot; used++ {
			free = append(free, freeSlot{number: used})
		}
		used = slot + 1
		from := old.mapping.Bytes()
		entry := b[next.contentAt()+end:][:n]
		copy(entry, from[old.contentAt()+p.at:])
		block := headerBytes + slot*next.blockBytes()
		copy(b[block:], from[headerBytes+slot*old.blockBytes():][:old.blockBytes()-commitBytes])
		meta := next.meta(slot)
		le.PutUint64(meta[entryAt:], end)
		end += n
		sum := next.sum(meta[:], nil, entry, b[block:block+next.embeddingBytes()])
		was, is := old.commit(slot), next.commit(slot)
		is.Poke(uint64(live(number, commitWord(was.Peek()).version(), sum)))
	}
	next.contentEnd.Poke(end)
	s.free.reset(free)
	return used, nil
}

// release removes the files that were the store's, once nobody looks at them.
func (s *Store) release(ctx context.Context, t *visible.Thread) (err error) {
	for _, d := range *s.doors.Load() {
		if lockWithin(ctx, &d.reading, t) != nil {
			return nil // somebody looks for longer: the next one will see to it
		}
		d.reading.Unlock(t, visible.Resume)
	}
	for _, g := range s.old {
		err = errors.Join(err, s.folder.discard(g))
	}
	s.old = nil
	return err
}
