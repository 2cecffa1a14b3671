package engine

// Picture is a store as it is in memory.
type Picture struct {
	Count, ContentTaken uint64
	Slots               []string // the ids that the entries in them have, "" = no entry that counts
}

// Picture takes no lock and heeds none: it is for whoever knows that no thread runs, and
// that some may stand in the middle of a put. A store that is closed has none.
func (s *Store) Picture() (p Picture) {
	g := s.current.Peek()
	if g == nil {
		return p
	}
	count := g.count()
	p = Picture{count.Peek(), g.contentEnd.Peek(), make([]string, g.capacity)}
	for slot := range p.Slots {
		word := g.commit(uint64(slot))
		if at, err := g.place(g.meta(uint64(slot)), uint64(slot)); err == nil && commitWord(word.Peek()).liveIn(g.number) {
			p.Slots[slot] = string(g.mapping.Bytes()[g.contentAt()+at.at:][:at.id])
		}
	}
	return p
}

// Lookup says which slot an id leads to, unseen.
func (s *Store) Lookup(id string) (slot uint64, ok bool) { return s.index.Peek(id) }
