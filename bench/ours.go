package main

import "slotrace/engine"

// ours is the store as it comes, but for what checksums cover: fetch-add, no observer.
type ours struct {
	store *engine.Store
	keeps bool // entries, which are replaced
}

// openOurs opens a store that n entries fill, and that is emptied for the next ones.
func openOurs(path string, n int, sum engine.Checksum) (*ours, error) {
	s, err := engine.Create(path, engine.Options{Capacity: uint64(n), Embedding: values, Checksum: sum})
	return &ours{store: s}, err
}

// openReplacing opens one that keeps its n entries, and has room to replace them.
func openReplacing(path string, n int, sum engine.Checksum) (*ours, error) {
	s, err := engine.Create(path, engine.Options{Capacity: uint64(n + n/4), Embedding: values, Checksum: sum})
	return &ours{store: s, keeps: true}, err
}

func (o *ours) clear() error {
	if o.keeps {
		return nil
	}
	return o.store.Reset()
}

func (o *ours) put(d *data, writer, writers int) error {
	h := o.store.Handle(writer, nil)
	defer h.Close()
	var m engine.Memory
	for i := writer; i < len(d.ids); i += writers {
		m = *d.memory(i)
		m.ID = d.ids[i]
		if err := h.Put(&m); err != nil {
			return err
		}
	}
	return nil
}

func (o *ours) get(d *data, reader int) (got int, err error) {
	h := o.store.Handle(reader, nil)
	defer h.Close()
	embedding, buffer := make([]float32, values), make([]byte, 0, 256)
	for _, i := range d.order[reader] {
		m, err := h.GetInto(d.ids[i], embedding, buffer)
		if err != nil {
			return 0, err
		}
		got += 4*len(m.Embedding) + len(m.Content)
	}
	return got, nil
}

func (o *ours) close() error { return o.store.Close() }
