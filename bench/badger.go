package main

import (
	"github.com/dgraph-io/badger/v4"
)

var badgerEach = &peer{peerWords{
	Name:     "badger",
	Settings: "InMemory, no conflict detection, no metrics, otherwise its defaults; one put, or get, a transaction",
	More:     "transactions over many keys, readers that see one state of all keys, keys in order, values of any size, expiry, and with a folder and SyncWrites what was committed survives the loss of power",
	Less:     "here, in memory, that anything survives the end of the process",
}, openBadger}

type badgers struct{ db *badger.DB }

func openBadger(string) (stored, error) {
	db, err := badger.Open(badger.DefaultOptions("").WithInMemory(true).
		WithDetectConflicts(false).WithMetricsEnabled(false).WithLogger(nil))
	return &badgers{db}, err
}

func (b *badgers) clear() error { return nil }

func (b *badgers) put(d *data, writer, writers int) error {
	for i := writer; i < len(d.keys); i += writers {
		err := b.db.Update(func(t *badger.Txn) error { return t.Set(d.keys[i], d.value(i)) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *badgers) get(d *data, reader int) (got int, err error) {
	var buffer []byte
	for _, i := range d.order[reader] {
		err := b.db.View(func(t *badger.Txn) error {
			item, err := t.Get(d.keys[i])
			if err != nil {
				return err
			}
			return item.Value(func(v []byte) error {
				buffer = append(buffer[:0], v...)
				return nil
			})
		})
		if err != nil {
			return 0, err
		}
		got += len(buffer)
	}
	return got, nil
}

func (b *badgers) close() error { return b.db.Close() }
