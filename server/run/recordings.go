package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"slotrace/engine/recording"
)

// Kept is what there is to tell of a recording that is kept.
type Kept struct {
	ID    string `json:"id"`
	State string `json:"state"` // recording, kept, or damaged: "damage" says how
	recording.Summary
	Size    int64  `json:"size"`    // of the recording as one file, bytes
	Kept    string `json:"kept"`    // since when, RFC 3339
	Expires string `json:"expires"` // when it is removed, or ""
	Sum     string `json:"sum"`     // of the recording as one file: another for other bytes
}

// The states of a recording.
const (
	RecordingOn      = "recording"
	RecordingKept    = "kept"
	RecordingDamaged = "damaged"
)

// Opened is a recording that may be read as long as it is kept.
type Opened struct {
	Kept

	// From returns the bytes of the recording as one file, from one on.
	From func(at int64) (io.ReadCloser, error)

	// Frames opens it for what happened in it.
	Frames func() (*recording.Recording, error)
}

// Spool is where an upload is put until it is known to be a recording. It is one
// goroutine's; Close removes what is in it.
type Spool interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// Recordings keeps recordings: in a folder, or in a bucket at the edge. Ids are
// recording.NewID's. What has another form, and what has expired, is not there: the error
// is recording.ErrUnknown. Implementations are safe for concurrent use.
type Recordings interface {
	// List tells of all there are, the newest first. Where ids are secrets from whoever asks it is
	// a RefusedError.
	List(ctx context.Context) ([]Kept, error)

	// Find tells of one, and Open is to read it.
	Find(ctx context.Context, id string) (Kept, error)
	Open(ctx context.Context, id string) (Opened, error)

	// Limit is how many bytes one may have. Spool returns an empty place for so many, or ErrBusy if
	// too many are in use.
	Limit() int64
	Spool() (Spool, error)

	// Keep looks into all of r, which comes from a stranger (Verify and CopyTo do that), and keeps
	// what Zip makes of it. The error is one of the recording (ErrForeign, ErrVersion, ErrDamaged), a
	// LimitError, or about what it is kept in.
	Keep(ctx context.Context, r *recording.Recording) (Kept, error)

	// Rename and Remove change one. Where nobody may they return a RefusedError; while it is still
	// being recorded Remove returns ErrRecording.
	Rename(ctx context.Context, id, name string) (Kept, error)
	Remove(ctx context.Context, id string) error

	// Picture returns what draw made of a recording's present state, as long as that is remembered.
	Picture(ctx context.Context, k *Kept, draw func() ([]byte, error)) ([]byte, error)
}

// Errors of Recordings.
var (
	ErrBusy      = errors.New("too many recordings are being taken in just now; it would do in a moment")
	ErrRecording = errors.New("it is still being recorded; when that has ended it would do")
)

// RefusedError says why something may not be done here.
type RefusedError struct{ Why string }

func (e *RefusedError) Error() string { return e.Why }

// LimitError says that a recording is over a limit. If it is over that of a single one, Single is set:
// it will never be taken.
type LimitError struct {
	Single bool
	Why    string
}

func (e *LimitError) Error() string { return e.Why }

// TooLarge is the LimitError of a recording over so many bytes.
func TooLarge(limit int64) *LimitError {
	return &LimitError{Single: true, Why: fmt.Sprintf("the recording is over %s, which is what one may have", Bytes(limit))}
}

// Bytes is a size for people, in MiB if that is exact.
func Bytes(n int64) string {
	if n >= 1<<20 && n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// MemorySpool is a Spool in memory.
type MemorySpool struct{ b []byte }

func (m *MemorySpool) Write(p []byte) (int, error) {
	m.b = append(m.b, p...)
	return len(p), nil
}

// ReadAt reads from what was written.
func (m *MemorySpool) ReadAt(p []byte, at int64) (int, error) {
	return bytes.NewReader(m.b).ReadAt(p, at)
}

// Close lets go of what was written.
func (m *MemorySpool) Close() error {
	m.b = nil
	return nil
}
