//go:build !js

package bench

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"time"

	"slotrace/engine"
	"slotrace/engine/mapping"
)

var recoveries = []measure{
	{Figure{
		Name: "recovery/time", Unit: "s per million",
		What: "time to open a store whose file is in memory, of 50,000 entries of 768 values, times 20",
	}, func(s *session) (r Spread, err error) {
		err = s.recovery(func(open, _ Side, entries int) error {
			r, err = Median(s.ctx, s.pick(7, 2), func() (float64, error) {
				took, err := open()
				return took.Seconds() * 1e6 / float64(entries), err
			})
			return err
		})
		return r, err
	}},
	{Figure{
		Name: "recovery/of-a-checksum", Unit: "x",
		What: "that time by the time to map a file of the same blocks and checksum it from end to end",
	}, func(s *session) (r Spread, err error) {
		err = s.recovery(func(open, sum Side, _ int) error {
			r, err = Ratio(s.ctx, s.pick(7, 2), open, sum)
			return err
		})
		return r, err
	}},
}

// recovery makes a full store and a file of as many blocks, and gives measure what
// opens the one and what reads the other.
func (s *session) recovery(measure func(open, sum Side, entries int) error) (err error) {
	n := s.pick(50_000, fewSlots)
	store, raw := s.path(), s.path()
	defer func() { err = errors.Join(err, os.RemoveAll(store), os.RemoveAll(raw)) }()
	f, err := newFilling(store, n, engine.Options{})
	if err != nil {
		return err
	}
	if _, err = f.part(0, len(f.ids[0]), nil); err != nil {
		return errors.Join(err, f.store.Close())
	}
	if err = f.store.Close(); err != nil {
		return err
	}
	m, err := mapping.Create(raw, int64(n)*block)
	if err != nil {
		return err
	}
	if _, err := copying(m, n)(); err != nil {
		return err
	}
	if err = m.Close(); err != nil {
		return err
	}
	open := func() (time.Duration, error) {
		began := time.Now()
		st, err := engine.Open(store, "")
		if err != nil {
			return 0, err
		}
		took := time.Since(began)
		if got := st.Stats().Entries; got != n {
			return 0, errors.Join(fmt.Errorf("%d of %d entries were there again", got, n), st.Close())
		}
		return took, st.Close()
	}
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	sum := func() (time.Duration, error) {
		began := time.Now()
		m, err := mapping.Open(raw, false)
		if err != nil {
			return 0, err
		}
		crc32.Checksum(m.Bytes(), castagnoli)
		took := time.Since(began)
		return took, m.Close()
	}
	return measure(open, sum, n)
}
