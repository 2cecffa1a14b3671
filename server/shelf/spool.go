package shelf

import (
	"errors"
	"fmt"
	"io"

	"github.com/hack-pad/hackpadfs"

	"slotrace/server/run"
)

// spool is a file for an upload.
type spool struct {
	shelf  *Shelf
	number int
	name   string
	file   hackpadfs.File
}

// Spool returns an empty place for an upload.
func (s *Shelf) Spool() (run.Spool, error) {
	select {
	case n := <-s.spools:
		p := &spool{shelf: s, number: n, name: fmt.Sprintf("%s%d.part", spoolPrefix, n)}
		f, err := hackpadfs.OpenFile(s.fsys, p.name, hackpadfs.FlagReadWrite|hackpadfs.FlagCreate|hackpadfs.FlagTruncate, 0o600)
		if err != nil {
			s.spools <- n
			return nil, fmt.Errorf("an upload has no place: %w", reason(err))
		}
		p.file = f
		return p, nil
	default:
		return nil, run.ErrBusy
	}
}

func (p *spool) Write(b []byte) (int, error) {
	n, err := hackpadfs.WriteFile(p.file, b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return n, reason(err)
}

func (p *spool) ReadAt(b []byte, at int64) (int, error) {
	n, err := hackpadfs.ReadAtFile(p.file, b, at)
	return n, reason(err)
}

func (p *spool) Close() error {
	err := errors.Join(p.file.Close(), hackpadfs.Remove(p.shelf.fsys, p.name))
	p.shelf.spools <- p.number
	return err
}
