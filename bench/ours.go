package main

import "slotrace/engine"

// ours is the store as it comes, but for what checksums cover: fetch-add, no observer.
type ours struct{ store *engine.Store }

func openOurs(path string, n int, sum engine.Checksum) (*ours, error) {
	s, err := engine.Create(path, engine.Options{Capacity: uint64(n), Embedding: values, Checksum: sum})
	if err != nil {
		return nil, err
	}
	return &ours{s}, nil
}

func (o *ours) clear() error {
	o.store.Reset()
	return nil
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
