// Package mapping gives bytes to work on: a file mapped into memory, locked
// against other processes, or plain memory on the heap where there are no files
// (js) and where Go's race detector is to see the accesses (it ignores addresses
// outside Go's heap).
package mapping

import (
	"errors"
	"unsafe"
)

// Errors of Create and Open, wrapped with the file's name.
var (
	ErrInUse       = errors.New("another process has it open")
	ErrUnsupported = errors.New("files cannot be mapped on this platform")
)

// Mapping is memory with a file behind it, or without.
type Mapping struct {
	bytes []byte
	file  file
}

// Heap returns zeroed memory of size bytes that belongs to this process alone.
func Heap(size int) *Mapping {
	const line = 64 // bytes; blocks are laid out on cache lines
	b := make([]byte, size+line)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) % line)
	return &Mapping{bytes: b[skip : skip+size : skip+size]}
}

// Bytes is the memory. It must not be touched after Close.
func (m *Mapping) Bytes() []byte { return m.bytes }

// Sync returns when the memory's present content would survive the loss of power.
// For a heap mapping it does nothing.
func (m *Mapping) Sync() error { return m.file.sync(m.bytes) }

// Close gives memory and lock back. A second Close does nothing.
func (m *Mapping) Close() error {
	b := m.bytes
	m.bytes = nil
	return m.file.close(b)
}
