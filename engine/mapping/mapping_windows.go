package mapping

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

type section = windows.Handle

// tryLock locks a byte far behind the end, so that the bytes themselves stay
// readable to others.
func tryLock(f *os.File) (busy bool, err error) {
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
	return errors.Is(err, windows.ERROR_LOCK_VIOLATION), err
}

// allocate grows the empty file f to size bytes that the disk has set aside.
func allocate(f *os.File, size int64) error {
	err := windows.SetFileInformationByHandle(windows.Handle(f.Fd()), windows.FileAllocationInfo, (*byte)(unsafe.Pointer(&size)), uint32(unsafe.Sizeof(size)))
	if err != nil {
		return err
	}
	return f.Truncate(size)
}

func isReadOnly(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }

// SyncDir does nothing: the file system's journal sees to its folders.
func SyncDir(string) error { return nil }

func populate([]byte) bool { return false }

func mapView(f *os.File, size int, write bool) ([]byte, section, error) {
	pages, may := uint32(windows.PAGE_READONLY), uint32(windows.FILE_MAP_READ)
	if write {
		pages, may = windows.PAGE_READWRITE, windows.FILE_MAP_READ|windows.FILE_MAP_WRITE
	}
	s, err := windows.CreateFileMapping(windows.Handle(f.Fd()), nil, pages, 0, 0, nil)
	if err != nil {
		return nil, 0, err
	}
	at, err := windows.MapViewOfFile(s, may, 0, 0, uintptr(size))
	if err != nil {
		return nil, 0, errors.Join(err, windows.CloseHandle(s))
	}
	// The address is no Go pointer: it is read as one through the variable that holds it.
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&at))), size), s, nil
}

func flush(b []byte) error {
	return windows.FlushViewOfFile(uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
}

func unmap(b []byte, s section) error {
	return errors.Join(windows.UnmapViewOfFile(uintptr(unsafe.Pointer(unsafe.SliceData(b)))), windows.CloseHandle(s))
}
