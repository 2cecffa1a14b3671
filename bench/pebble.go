package main

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const pebblePromises = "atomic batches, snapshots, keys in order, deletion of ranges, values of any size, and far more of them than memory holds; " +
	"with its log on and synced, what was written survives the loss of power"

var pebbleEach = &peer{peerWords{
	Name: "pebble",
	Settings: "DisableWAL, memtable of 64 MB, block cache of 256 MB, files in memory (syncing them would stall the other side's mapping), " +
		"otherwise its defaults: it flushes and compacts as it needs, and what it is at after a round is waited for, in nobody's time; one put a batch",
	More: pebblePromises,
	Less: "here, without its log, that a put survives the death of the process",
}, func(string) (stored, error) { return openPebble(&pebble.Options{MemTableSize: 64 << 20}, false) }}

// pebbleMemory is the kindest to pebble: what is timed is its memtable alone.
var pebbleMemory = &peer{peerWords{
	Name:     "pebble-memtable",
	Settings: "as pebble, but a memtable of 128 MB that is flushed while the clock stands, and no compactions: puts go to memory that was used before, and nothing else happens",
	More:     pebblePromises,
	Less:     "here, that anything survives the end of the process; checksums",
}, func(string) (stored, error) {
	return openPebble(&pebble.Options{MemTableSize: 128 << 20, DisableAutomaticCompactions: true, L0StopWritesThreshold: 1 << 20}, true)
}}

type pebbles struct {
	db    *pebble.DB
	flush bool // before each round
}

// silent keeps what pebble tells of its work to itself.
type silent struct{ pebble.Logger }

func (silent) Infof(string, ...any) {}

func openPebble(o *pebble.Options, flush bool) (stored, error) {
	o.FS, o.DisableWAL, o.CacheSize, o.Logger = vfs.NewMem(), true, 256<<20, silent{pebble.DefaultLogger}
	db, err := pebble.Open("", o)
	return &pebbles{db, flush}, err
}

func (p *pebbles) clear() error {
	if p.flush {
		return p.db.Flush()
	}
	return nil
}

// busy says that it flushes or compacts.
func (p *pebbles) busy() bool {
	m := p.db.Metrics()
	return m.Flush.NumInProgress > 0 || m.Compact.NumInProgress > 0
}

func (p *pebbles) put(d *data, writer, writers int) error {
	for i := writer; i < len(d.keys); i += writers {
		if err := p.db.Set(d.keys[i], d.value(i), pebble.NoSync); err != nil {
			return err
		}
	}
	return nil
}

func (p *pebbles) get(d *data, reader int) (got int, err error) {
	var buffer []byte
	for _, i := range d.order[reader] {
		v, closer, err := p.db.Get(d.keys[i])
		if err != nil {
			return 0, err
		}
		buffer = append(buffer[:0], v...)
		got += len(buffer)
		if err := closer.Close(); err != nil {
			return 0, err
		}
	}
	return got, nil
}

func (p *pebbles) close() error { return p.db.Close() }
