package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

const bboltSettings = "NoSync, NoFreelistSync, NoGrowSync, freelist as a map, mapped at 256 MB from the start"

const bboltPromises = "transactions over many keys that are undone whole; readers see one state of all keys; keys in order; values of any size, " +
	"and as many as the disk holds; with its syncs on, what was committed survives the loss of power"

var bboltEach = &peer{peerWords{
	Name:     "bbolt",
	Settings: bboltSettings + "; one put, or get, a transaction",
	More:     bboltPromises,
	Less:     "checksums of entries",
}, func(dir string) (stored, error) { return openBolt(dir, 1) }}

var bboltThousand = &peer{peerWords{
	Name:     "bbolt-1000",
	Settings: bboltSettings + "; 1,000 puts, or gets, a transaction",
	More:     bboltPromises,
	Less:     "checksums of entries; here, that each put by itself survives the death of the process",
}, func(dir string) (stored, error) { return openBolt(dir, 1000) }}

type bolt struct {
	db    *bbolt.DB
	batch int // operations a transaction
}

var bucket = []byte("memories")

func openBolt(dir string, batch int) (stored, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	db, err := bbolt.Open(filepath.Join(dir, "bolt"), 0o644, &bbolt.Options{
		NoSync: true, NoGrowSync: true, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, InitialMmapSize: 256 << 20,
	})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(t *bbolt.Tx) error { _, err := t.CreateBucket(bucket); return err })
	return &bolt{db, batch}, err
}

func (b *bolt) clear() error { return nil }

func (b *bolt) put(d *data, writer, writers int) error {
	for i := writer; i < len(d.keys); {
		err := b.db.Update(func(t *bbolt.Tx) error {
			bucket := t.Bucket(bucket)
			for n := 0; n < b.batch && i < len(d.keys); n++ {
				if err := bucket.Put(d.keys[i], d.value(i)); err != nil {
					return err
				}
				i += writers
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bolt) get(d *data, reader int) (got int, err error) {
	var buffer []byte
	for order := d.order[reader]; len(order) > 0; {
		err := b.db.View(func(t *bbolt.Tx) error {
			bucket := t.Bucket(bucket)
			for n := 0; n < b.batch && len(order) > 0; n++ {
				v := bucket.Get(d.keys[order[0]])
				if v == nil {
					return fmt.Errorf("%s is not there", d.keys[order[0]])
				}
				buffer = append(buffer[:0], v...)
				got += len(buffer)
				order = order[1:]
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return got, nil
}

func (b *bolt) close() error { return b.db.Close() }
