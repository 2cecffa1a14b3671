// Package bulk copies what is some KiB long, and sums it up: CRC-32C, as hash/crc32 does
// with its Castagnoli table, and quicker.
package bulk

import (
	"hash/crc32"
	"unsafe"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sum goes on with a sum, 0 at first: it returns that of what was summed up before, with
// b behind it.
func Sum(sum uint32, b []byte) uint32 {
	if wide && len(b) > 0 {
		return ^sumWide(&b[0], len(b), ^sum)
	}
	return crc32.Update(sum, castagnoli, b)
}

// CopySum copies from to the beginning of to, which is as long or longer and apart from it,
// and goes on with a sum.
func CopySum(sum uint32, to, from []byte) uint32 {
	to = to[:len(from)]
	if !wide {
		return inPieces(sum, to, from, true)
	}
	if n := len(from) / step * step; n > 0 {
		sum, to, from = ^copySumWide(&to[0], &from[0], n, ^sum), to[n:], from[n:]
	}
	copy(to, from)
	return Sum(sum, from)
}

// Copy copies from to the beginning of to, which is as long or longer and apart from it.
func Copy(to, from []byte) { inPieces(0, to[:len(from)], from, false) }

// Stream is Copy, and StreamSum is CopySum, for what is nobody's for a while and more than caches
// hold: where the machine can, it goes to memory past them. A cache would read from memory first
// what is there, to have it overwritten, and that is twice the traffic.
func Stream(to, from []byte) {
	to = to[:len(from)]
	if n := streamed(to, from); n > 0 {
		streamWide(&to[0], &from[0], n)
		to, from = to[n:], from[n:]
	}
	inPieces(0, to, from, false)
}

func StreamSum(sum uint32, to, from []byte) uint32 {
	to = to[:len(from)]
	if n := streamed(to, from); n > 0 {
		sum, to, from = ^streamSumWide(&to[0], &from[0], n, ^sum), to[n:], from[n:]
	}
	return CopySum(sum, to, from)
}

// streamed is how much of from can go past the caches.
func streamed(to, from []byte) int {
	const line = 64 // bytes of a cache
	if !wide || uintptr(unsafe.Pointer(unsafe.SliceData(to)))%line != 0 {
		return 0
	}
	return len(from) / step * step
}

// step is what is copied the wide way at once, in bytes.
const step = 256

// halfPiece is how much is copied at once otherwise: some KiB as a whole take nearly twice
// as long, since copies of more than 2 KiB go another way, which pays for larger ones. A
// piece is summed up while it is still on its way to memory.
const halfPiece = 512

func inPieces(sum uint32, to, from []byte, summed bool) uint32 {
	for len(from) >= 2*halfPiece {
		piece := from[:2*halfPiece]
		copy(to, piece[:halfPiece])
		copy(to[halfPiece:], piece[halfPiece:])
		if summed {
			sum = crc32.Update(sum, castagnoli, piece)
		}
		to, from = to[len(piece):], from[len(piece):]
	}
	copy(to, from)
	if summed {
		sum = crc32.Update(sum, castagnoli, from)
	}
	return sum
}
