package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

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
// changed, either, if there is no room for the new file, or if an entry is damaged: that is
// an error, as what is left of it would be lost. DropDamaged lets go of it.
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
	defer h.leave(&err)
	if err := lockWithin(ctx, s.whole, t); err != nil {
		return fmt.Errorf("compact: another has the whole store: %w", err)
	}
	resume, err := s.stop(ctx, t, false)
	if err != nil {
		err = fmt.Errorf("compact: a put or delete under way has not ended: %w", err)
	} else {
		if err = s.rewriteAlone(ctx, t, capacity, content); err != nil {
			err = fmt.Errorf("compact: %w", err)
		}
		resume()
	}
	left := slices.Clone(s.old)
	s.whole.Unlock(t, visible.Resume)
	if err != nil {
		return err
	}
	return s.release(ctx, t, left)
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
	if s.damaged.Load() > 0 {
		if err := s.firstDamaged(old); err != nil {
			return err
		}
	}
	next, err := s.newFile(old, to)
	if err != nil {
		return err
	}
	next.setArea(s.area)
	return s.switchTo(ctx, t, old, next)
}

// firstDamaged says which entry the first one is that is damaged. The index need not lead to it.
func (s *Store) firstDamaged(g *generation) (err error) {
	defer onFault(func(any) { err = fmt.Errorf("%s: %w", g.name(), ErrTruncated) }, g)()
	for slot := range g.capacity {
		if state, id, _, why := g.inspect(slot); state == entryDamaged {
			return damagedEntry(slot, string(id), why)
		}
	}
	return nil
}

func damagedEntry(slot uint64, id, why string) error {
	return fmt.Errorf("slot %d, %.60q: %w: %s; DropDamaged lets go of it", slot, id, ErrDamaged, why)
}

// DropDamaged verifies every entry, as Open does, and takes those that are damaged out of the
// store, for good: their slots are free again. It returns how many there were. Nobody is in
// the store meanwhile.
func (s *Store) DropDamaged() (dropped uint64, err error) {
	err = s.alone(func(g *generation) error {
		listed := s.free.numbers()
		count := s.shared.Count.Peek()
		leads := make(map[uint64][]string)
		for _, e := range s.list() {
			leads[e.slot] = append(leads[e.slot], e.id)
		}
		for slot := range g.capacity {
			if state, _, _, _ := g.inspect(slot); state != entryDamaged {
				continue
			}
			for _, id := range leads[slot] {
				s.index.Delete(&visible.Thread{}, visible.Unlink, id)
			}
			word := g.commit(slot)
			word.Poke(uint64(slotEmpty))
			if slot < count && !listed[slot] { // else it is somebody's to take already
				s.free.undo(freeSlot{number: slot})
			}
			dropped++
		}
		s.damaged.Store(0)
		return nil
	})
	return dropped, err
}

// newFile makes a generation that does not count yet.
func (s *Store) newFile(old *generation, to geometry) (*generation, error) {
	if s.folder == nil {
		m, err := onHeap(to)
		if err != nil {
			return nil, err
		}
		to.putHeader(m.Bytes(), old.created)
		return adopt(m, to, ""), nil
	}
	number, _ := numbered(old.path)
	path := s.folder.file(number + 1)
	m, err := mapping.Create(path, int64(to.fileBytes()))
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(old.path); err == nil {
		os.Chmod(path, info.Mode()) // who may read the one may read the other
	}
	to.putHeader(m.Bytes(), old.created)
	return adopt(m, to, path), nil
}

// switchTo fills the generation next and makes it the store's, or discards it: whatever
// happens, one of the two is the store, in memory as on the disk.
func (s *Store) switchTo(ctx context.Context, t *visible.Thread, old, next *generation) (err error) {
	var c copied
	defer func() {
		if s.current.Peek() == next { // from here on there is no way back
			old.void()
			for _, id := range c.gone {
				s.index.Delete(&visible.Thread{}, visible.Unlink, id)
			}
			s.free.reset(c.free)
			*s.shared.Count = next.count()
			s.shared.Capacity = next.capacity
			s.allocator = s.kind.New(s.shared)
			s.old = append(s.old, old)
			s.damaged.Store(0)
			next.ahead = newAhead(next, c.used)
			return
		}
		err = errors.Join(err, s.abandon(next))
	}()
	defer onFault(func(any) { err = fmt.Errorf("%s: %w", old.name(), ErrTruncated) }, old, next)()
	if c, err = s.copyEntries(ctx, old, next); err != nil {
		return err
	}
	count := next.count()
	count.Poke(c.used)
	if err := s.sync(next); err != nil { // before it counts
		return err
	}
	number, _ := old.nextNumber()
	next.setNumber(number)
	if err := s.sync(next); err != nil {
		return err
	}
	s.current.Store(t, visible.Switch, next) // switch: from here on the new file is the store's
	return nil
}

// void has a file count no more, even if it stays: it must never be taken for the store when
// the one that followed it is damaged. Who still reads it has its number.
func (g *generation) void() {
	defer onFault(func(any) {}, g)()
	mark := visible.NewCounter(0, 0, word(g.mapping.Bytes(), generationAt))
	mark.Poke(0)
}

// sync returns when a generation of a store with files would survive the loss of power.
func (s *Store) sync(g *generation) error {
	if s.folder == nil {
		return nil
	}
	return errors.Join(g.sync(), s.folder.sync())
}

// abandon discards a generation that is not to be the store's. Even if its file stays
// it does not count.
func (s *Store) abandon(g *generation) error {
	g.void()
	return s.folder.discard(g)
}

// copied is what copying entries to another file came to.
type copied struct {
	used uint64     // slots
	free []freeSlot // of these
	gone []string   // ids that lead to no entry any more, after collisions
}

// copyEntries copies what the index leads to into a new generation, slots to the same
// slots and contents one behind the other.
func (s *Store) copyEntries(ctx context.Context, old, next *generation) (c copied, err error) {
	number, _ := old.nextNumber()
	entries := s.list()
	slices.SortFunc(entries, func(a, b found) int { return cmp.Compare(a.slot, b.slot) })
	end := uint64(0)
	b, from := next.mapping.Bytes(), old.mapping.Bytes()
	for i, e := range entries {
		if i%1024 == 0 && ctx.Err() != nil {
			return c, context.Cause(ctx)
		}
		slot := e.slot
		state, id, p, why := old.inspect(slot)
		switch {
		case state == entryIntact && string(id) == e.id:
		case state == entryEmpty: // after a collision another's entry there was deleted
			c.gone = append(c.gone, e.id)
			continue
		case state == entryDamaged || s.kind.Holds:
			if why == "" {
				why = "its slot holds another"
			}
			return c, damagedEntry(slot, e.id, why)
		default: // a collision has put another's there
			c.gone = append(c.gone, e.id)
			continue
		}
		n := p.bytes
		if slot >= next.capacity || n > next.geometry.content-end {
			return c, fmt.Errorf("%w: slot %d and %d bytes of content are in use, of %d slots and %d bytes", ErrFull, slot, end+n, next.capacity, next.geometry.content)
		}
		for ; c.used < slot; c.used++ {
			c.free = append(c.free, freeSlot{number: c.used})
		}
		c.used = slot + 1
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
	return c, nil
}

// release removes files that were the store's, once nobody looks at them.
func (s *Store) release(ctx context.Context, t *visible.Thread, left []*generation) (err error) {
	for _, d := range *s.doors.Load() {
		if lockWithin(ctx, &d.reading, t) != nil {
			return nil // somebody looks for longer: the next one will see to it
		}
		d.reading.Unlock(t, visible.Resume)
	}
	s.whole.Lock(t, visible.Stop)
	defer s.whole.Unlock(t, visible.Resume)
	for _, g := range left {
		if i := slices.Index(s.old, g); i >= 0 { // or Close, or another Compact, has done it
			s.old = slices.Delete(s.old, i, i+1)
			err = errors.Join(err, s.folder.discard(g))
		}
	}
	if err != nil {
		return fmt.Errorf("compact: it is done, but for the old file: %w", err)
	}
	return nil
}
