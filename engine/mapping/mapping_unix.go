//go:build unix

package mapping

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

type section struct{}

func tryLock(f *os.File) (busy bool, err error) {
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	return errors.Is(err, unix.EWOULDBLOCK), err
}

func isReadOnly(err error) bool { return errors.Is(err, unix.EROFS) }

func mapView(f *os.File, size int, write bool) ([]byte, section, error) {
	may := unix.PROT_READ
	if write {
		may |= unix.PROT_WRITE
	}
	b, err := unix.Mmap(int(f.Fd()), 0, size, may, unix.MAP_SHARED)
	return b, section{}, err
}

func flush(b []byte) error { return unix.Msync(b, unix.MS_SYNC) }

func unmap(b []byte, _ section) error { return unix.Munmap(b) }

// SyncDir returns when the files that were made, renamed and removed in the folder
// would be so after the loss of power.
func SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// writeZeros allocates by writing, where the file system cannot do it by a call.
func writeZeros(f *os.File, size int64) error {
	zeros := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}
