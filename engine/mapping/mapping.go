// Package mapping gives bytes to work on: a file mapped into memory, or plain
// memory on the heap where there are no files (js) and where Go's race detector is
// to see the accesses (it ignores addresses outside Go's heap). It also locks a
// folder against other processes.
package mapping

import (
	"errors"
	"unsafe"
)

// Errors, wrapped with the file's name.
var (
	ErrInUse       = errors.New("another process has it open")
	ErrUnsupported = errors.New("files cannot be mapped on this platform")
)

// Mapping is memory with a file behind it, or without.
type Mapping struct {
	bytes []byte
	file  file
}

const pageBytes = 4096 // of the smallest pages there are

// Heap returns zeroed memory of size bytes that belongs to this process alone.
func Heap(size int) *Mapping {
	const line = 64 // bytes; blocks are laid out on cache lines
	b := make([]byte, size+line)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) % line)
	return &Mapping{bytes: b[skip : skip+size : skip+size]}
}

// Bytes is the memory. It must not be touched after Close.
func (m *Mapping) Bytes() []byte { return m.bytes }

// Contains says whether an address lies in the memory: a fault there is the file's.
func (m *Mapping) Contains(address uintptr) bool {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(m.bytes)))
	return address >= start && address-start < uintptr(len(m.bytes))
}

// Sync returns when the memory's present content would survive the loss of power.
// For a heap mapping it does nothing.
func (m *Mapping) Sync() error { return m.file.sync(m.bytes) }

// Short says whether the file has fewer bytes than the memory by now. Memory behind its last
// page faults, but what is missing within that page reads as zeros, and takes what is written.
func (m *Mapping) Short() bool { return m.file.short(len(m.bytes)) }

// Populate has the system find memory for [from, to) before it is written to: a
// fault for each page costs several times the copy of what goes there. It changes
// no byte, and is a hint: false says that there is no point in giving more.
func (m *Mapping) Populate(from, to uint64) bool {
	from, to = from&^(pageBytes-1), min(to, uint64(len(m.bytes)))
	return from < to && m.file.populate(m.bytes[from:to])
}

// Close gives the memory back. A second Close does nothing.
func (m *Mapping) Close() error {
	b := m.bytes
	m.bytes = nil
	return m.file.close(b)
}
