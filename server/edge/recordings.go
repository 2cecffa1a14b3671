package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"slotrace/engine/recording"
	"slotrace/server/run"
)

// Bodies keeps bytes by key: a bucket of R2.
type Bodies interface {
	// Put keeps what r has, which is size bytes.
	Put(key string, size int64, r io.Reader) error
	// Get returns up to n bytes from at on. Without such a key it is fs.ErrNotExist.
	Get(key string, at, n int64) ([]byte, error)
	// List tells of the first thousand there are, and whether that is all.
	List() (some []Body, all bool, err error)
	Delete(key string) error
}

// Body is what a bucket tells of a key.
type Body struct {
	Key  string
	Size int64
	At   time.Time // when it was put
}

// Names keeps small values by key, until they expire: a namespace of KV.
type Names interface {
	// Get returns what is kept; nil = nothing.
	Get(key string) ([]byte, error)
	Put(key string, value []byte, age time.Duration) error
}

// Limits of what is kept here. An upload is in the worker's memory twice, of which there are
// 128 MB, for all requests that one worker serves at a time. Whoever deploys it pays for it,
// and anybody may send something: so there is an end to size, number and age.
const (
	maxRecording  = 16 << 20
	maxRecordings = 500 // List tells of some more
	keepFor       = 30 * 24 * time.Hour
)

// recordings is a run.Recordings: its bodies are zips by their ids, its names say what there
// is to tell of each. A recording is there as long as its name is; its body goes when
// another recording comes.
type recordings struct {
	bodies Bodies
	names  Names
	now    func() time.Time
}

var errOthers = &run.RefusedError{Why: "refused: nobody is known here who might do this; what is kept here goes by itself, after 30 days"}

func (s *recordings) List(context.Context) ([]run.Kept, error) { return nil, errOthers }

func (s *recordings) Rename(context.Context, string, string) (run.Kept, error) {
	return run.Kept{}, errOthers
}

func (s *recordings) Remove(context.Context, string) error { return errOthers }

func (s *recordings) Find(_ context.Context, id string) (k run.Kept, err error) {
	if !recording.IsID(id) {
		return k, recording.ErrUnknown
	}
	value, err := s.names.Get(id)
	if err != nil {
		return k, fmt.Errorf("the recording's name: %w", err)
	}
	if value == nil {
		return k, recording.ErrUnknown
	}
	if err := json.Unmarshal(value, &k); err != nil {
		return k, fmt.Errorf("the recording's name: %w", err)
	}
	if until, err := time.Parse(time.RFC3339, k.Expires); err != nil || !s.now().Before(until) {
		return run.Kept{}, recording.ErrUnknown
	}
	return k, nil
}

func (s *recordings) Open(ctx context.Context, id string) (o run.Opened, err error) {
	k, err := s.Find(ctx, id)
	if err != nil {
		return o, err
	}
	return run.Opened{
		Kept: k,
		From: func(at int64) (io.ReadCloser, error) {
			return io.NopCloser(&stretch{bodies: s.bodies, key: id, at: at, size: k.Size}), nil
		},
		Frames: func() (*recording.Recording, error) {
			b, err := s.bodies.Get(id, 0, k.Size)
			if err != nil {
				return nil, err
			}
			return recording.OpenZip(bytes.NewReader(b), int64(len(b)))
		},
	}, nil
}

// stretch reads a body from at on, a piece at a time: each is a request of its own, of which
// one to the worker may make a thousand.
type stretch struct {
	bodies   Bodies
	key      string
	at, size int64
	piece    []byte
}

const pieceBytes = 1 << 20

func (r *stretch) Read(p []byte) (n int, err error) {
	if len(r.piece) == 0 {
		if r.at >= r.size {
			return 0, io.EOF
		}
		// Whoever asks for little gets little fetched.
		most := min(max(int64(len(p)), 64<<10), pieceBytes, r.size-r.at)
		if r.piece, err = r.bodies.Get(r.key, r.at, most); err != nil {
			return 0, err
		}
		if len(r.piece) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		r.at += int64(len(r.piece))
	}
	n = copy(p, r.piece)
	r.piece = r.piece[n:]
	return n, nil
}

func (s *recordings) Limit() int64 { return maxRecording }

func (s *recordings) Spool() (run.Spool, error) { return new(run.MemorySpool), nil }

func (s *recordings) Keep(_ context.Context, r *recording.Recording) (k run.Kept, err error) {
	if err := r.Verify(nil); err != nil {
		return k, err
	}
	z, err := r.Zip()
	if err != nil {
		return k, err
	}
	if z.Size() > maxRecording {
		return k, run.TooLarge(maxRecording)
	}
	if err := s.makeRoom(); err != nil {
		return k, err
	}
	now := s.now().UTC()
	k = run.Kept{
		ID: recording.NewID(), State: run.RecordingKept, Summary: r.Summary(), Size: z.Size(), Sum: z.Sum(),
		Kept: now.Format(time.RFC3339), Expires: now.Add(keepFor).Format(time.RFC3339),
	}
	name, err := json.Marshal(k)
	if err != nil {
		return k, err
	}
	if err := s.bodies.Put(k.ID, k.Size, z.From(0)); err != nil {
		return k, fmt.Errorf("the recording could not be kept: %w", err)
	}
	if err := s.names.Put(k.ID, name, keepFor); err != nil {
		return k, errors.Join(fmt.Errorf("the recording could not be named: %w", err), s.bodies.Delete(k.ID))
	}
	return k, nil
}

// makeRoom removes bodies whose names have expired, a few at a time, and fails if there are
// too many others.
func (s *recordings) makeRoom() error {
	some, all, err := s.bodies.List()
	if err != nil {
		return fmt.Errorf("what is kept: %w", err)
	}
	left := len(some)
	for _, b := range some {
		if removed := len(some) - left; removed == 20 {
			break
		}
		if s.now().Sub(b.At) < keepFor+time.Hour {
			continue
		}
		if err := s.bodies.Delete(b.Key); err != nil {
			return fmt.Errorf("what has expired: %w", err)
		}
		left--
	}
	if !all || left >= maxRecordings {
		return &run.LimitError{Why: fmt.Sprintf("%d recordings are kept here, and more are not; in a few days some of them will be gone", maxRecordings)}
	}
	return nil
}

// Picture remembers what was drawn with the names: it takes a tenth of a second to draw.
func (s *recordings) Picture(_ context.Context, k *run.Kept, draw func() ([]byte, error)) ([]byte, error) {
	key := "picture " + k.ID + " " + k.Sum
	if b, err := s.names.Get(key); err == nil && b != nil {
		return b, nil
	}
	b, err := draw()
	if err == nil {
		s.names.Put(key, b, keepFor) // if that fails it is drawn again
	}
	return b, err
}
