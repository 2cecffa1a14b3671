package recording

import (
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/hack-pad/hackpadfs"
)

// Writer writes a recording's segments, in a goroutine of its own that Close ends.
// One goroutine hands them over; any may ask how it goes.
type Writer struct {
	fsys  hackpadfs.FS
	queue chan *draft
	done  chan struct{}

	mu       sync.Mutex
	taken    sync.Cond // a segment was taken from the queue, or whoever waits is to look again
	pending  int       // segments that are not written yet
	manifest Manifest
	listed   int   // segments that the manifest's file has
	listing  int64 // bytes of that file, about
	bytes    int64
	events   uint64
	err      error
}

// queued is how many segments may wait to be written.
const queued = 2

// NewWriter begins a recording in fsys, which is its folder and must be empty.
func NewWriter(fsys hackpadfs.FS, h *Header) (*Writer, error) {
	if err := writeHeader(fsys, h); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	w := &Writer{fsys: fsys, queue: make(chan *draft, queued), done: make(chan struct{})}
	w.taken.L = &w.mu
	go w.run()
	return w, nil
}

func (w *Writer) run() {
	defer close(w.done)
	for d := range w.queue {
		w.wake()
		var err error
		if w.Err() == nil {
			err = w.write(d)
		}
		w.mu.Lock()
		if err != nil {
			w.err = fmt.Errorf("recording: segment %d: %w", d.Number, err)
		}
		w.pending--
		w.taken.Broadcast()
		w.mu.Unlock()
	}
}

// Flush waits until what has been handed over is written, or has failed.
func (w *Writer) Flush() { w.await(func() bool { return w.pending == 0 }) }

func (w *Writer) write(d *draft) error {
	w.mu.Lock()
	d.Number = len(w.manifest.Segments) + 1
	w.mu.Unlock()
	b, err := d.file()
	if err == nil {
		err = write(w.fsys, segmentName(d.Number), b)
	}
	if err != nil {
		return err
	}
	d.Bytes, d.CRC32 = int64(len(b)), crc32.ChecksumIEEE(b)
	w.mu.Lock()
	w.manifest.Segments = append(w.manifest.Segments, d.Segment)
	w.bytes += d.Bytes
	w.events += d.Events
	w.listing += int64(d.summary)
	m := w.manifest // its segments are only appended to
	due := len(m.Segments)-w.listed > len(m.Segments)/listEvery
	if due {
		w.listed = len(m.Segments)
	}
	w.mu.Unlock()
	if !due {
		return nil
	}
	return writeManifest(w.fsys, &m)
}

// listEvery bounds what is written of manifests: each lists all there is, so a recording of a day
// would have hundreds of GB written if there were one a segment. Segments behind it are found by
// their names.
const listEvery = 32

// full says whether the recording has so many bytes, or a manifest as long as any that is read.
func (w *Writer) full(bytes int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bytes+w.listing >= bytes || w.listing >= maxManifest/2
}

// add hands a segment over, and waits while too many wait to be written.
func (w *Writer) add(d *draft) {
	w.mu.Lock()
	w.pending++
	w.mu.Unlock()
	w.queue <- d
}

// busy says that a segment that is handed over would have to wait.
func (w *Writer) busy() bool { return len(w.queue) == cap(w.queue) }

// await waits until ok, which may change whenever a segment is taken or wake is called.
func (w *Writer) await(ok func() bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !ok() {
		w.taken.Wait()
	}
}

func (w *Writer) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken.Broadcast()
}

// Err is what the writing has failed with.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Written is how much has been written.
func (w *Writer) Written() (segments int, events uint64, bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.manifest.Segments), w.events, w.bytes
}

// Close writes what has been handed over and why the recording ended, and returns what
// the writing has failed with.
func (w *Writer) Close(ended string) error {
	close(w.queue)
	<-w.done
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		ended = w.err.Error()
	}
	w.manifest.Ended = inLine(ended)
	if err := writeManifest(w.fsys, &w.manifest); err != nil && w.err == nil {
		w.err = fmt.Errorf("recording: manifest: %w", err)
	}
	return w.err
}
