//go:build unix && !linux && !darwin

package mapping

import "os"

func allocate(f *os.File, size int64) error { return writeZeros(f, size) }

func populate([]byte) bool { return false }
