//go:build unix && !linux && !darwin

package mapping

import "os"

func allocate(f *os.File, size int64) error { return writeZeros(f, size) }

func syncFile(f *os.File) error { return f.Sync() }

func populate([]byte) bool { return false }
