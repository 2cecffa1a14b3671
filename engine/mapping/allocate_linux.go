package mapping

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate grows the empty file f to size bytes that the disk has set aside.
func allocate(f *os.File, size int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), 0, 0, size)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS):
			return writeZeros(f, size)
		default:
			return err
		}
	}
}

// populate is there from Linux 5.14 on.
func populate(b []byte) bool {
	for {
		err := unix.Madvise(b, unix.MADV_POPULATE_WRITE)
		if !errors.Is(err, unix.EINTR) {
			return err == nil
		}
	}
}
