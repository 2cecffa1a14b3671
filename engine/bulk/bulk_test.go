package bulk

import (
	"bytes"
	"hash/crc32"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// Lengths around each border, at places that are aligned to nothing, beside bytes that are
// nobody's business.
func TestCopiesAndSumsAreThoseOfTheLibrary(t *testing.T) {
	if !wide {
		t.Log("this machine, or this build, has no wide way")
	}
	random := rand.New(rand.NewPCG(1, 2))
	from := make([]byte, 5000)
	for i := range from {
		from[i] = byte(random.Uint32())
	}
	for n := 0; n <= 4200; n++ {
		if n > 300 && n%256 > 2 && n%256 < 254 && n%61 != 0 {
			continue
		}
		at, seed := random.IntN(70), random.Uint32()
		if n%3 == 0 {
			seed = 0
		}
		b := from[at : at+n]
		want := crc32.Update(seed, castagnoli, b)
		if got := Sum(seed, b); got != want {
			t.Errorf("%d bytes: Sum is %08x, not %08x", n, got, want)
		}
		to := make([]byte, n+200)
		where := random.IntN(70)
		if n%2 == 0 { // a cache line's beginning
			where = int(-uintptr(unsafe.Pointer(unsafe.SliceData(to))) % 64)
		}
		for _, way := range []struct {
			name   string
			summed bool
			copy   func(to, from []byte) uint32
		}{
			{"CopySum", true, func(to, from []byte) uint32 { return CopySum(seed, to, from) }},
			{"CopySum in pieces", true, func(to, from []byte) uint32 { return inPieces(seed, to[:len(from)], from, true) }},
			{"StreamSum", true, func(to, from []byte) uint32 { return StreamSum(seed, to, from) }},
			{"Copy", false, func(to, from []byte) uint32 { Copy(to, from); return 0 }},
			{"Stream", false, func(to, from []byte) uint32 { Stream(to, from); return 0 }},
		} {
			for i := range to {
				to[i] = 0xee
			}
			if got := way.copy(to[where:], b); way.summed && got != want {
				t.Errorf("%d bytes: %s is %08x, not %08x", n, way.name, got, want)
			}
			if !bytes.Equal(to[where:where+n], b) {
				t.Errorf("%d bytes: %s copies others", n, way.name)
			}
			rest := bytes.Count(to[:where], []byte{0xee}) + bytes.Count(to[where+n:], []byte{0xee})
			if rest != len(to)-n {
				t.Errorf("%d bytes: %s writes beside them", n, way.name)
			}
		}
	}
}

// A target that is too short is a mistake of the caller's that nothing may be written for.
func TestATargetTooShortIsRefused(t *testing.T) {
	for _, way := range []func(to, from []byte){Copy, Stream, func(to, from []byte) { CopySum(0, to, from) }, func(to, from []byte) { StreamSum(0, to, from) }} {
		all := make([]byte, 600)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("it is taken")
				}
			}()
			way(all[:511:511], bytes.Repeat([]byte{1}, 512))
		}()
		if bytes.Count(all, []byte{0}) != len(all) {
			t.Error("something was written")
		}
	}
}

// A sum is that of one bit's flip wherever it is: no byte is left out of the folding.
func TestEveryBitCounts(t *testing.T) {
	b := make([]byte, 768)
	none := Sum(0, b)
	seen := map[uint32]int{none: -1}
	for i := range len(b) * 8 {
		b[i/8] ^= 1 << (i % 8)
		sum := Sum(0, b)
		if before, twice := seen[sum]; twice {
			t.Fatalf("with bit %d it is as with bit %d", i, before)
		}
		seen[sum] = i
		b[i/8] ^= 1 << (i % 8)
	}
}

func FuzzSum(f *testing.F) {
	f.Add(uint32(0), []byte("123456789"))
	f.Add(uint32(7), bytes.Repeat([]byte("slot"), 200))
	f.Fuzz(func(t *testing.T, seed uint32, b []byte) {
		want := crc32.Update(seed, castagnoli, b)
		to, past := make([]byte, len(b)), make([]byte, len(b))
		if got, copied, streamed := Sum(seed, b), CopySum(seed, to, b), StreamSum(seed, past, b); got != want || copied != want || streamed != want || !bytes.Equal(to, b) || !bytes.Equal(past, b) {
			t.Errorf("Sum is %08x, CopySum %08x, StreamSum %08x, and it should be %08x", got, copied, streamed, want)
		}
	})
}

func BenchmarkCopySum(b *testing.B) {
	from, to := make([]byte, 3072), make([]byte, 3072)
	for _, way := range []struct {
		name string
		do   func()
	}{
		{"bulk", func() { CopySum(0, to, from) }},
		{"in pieces", func() { inPieces(0, to, from, true) }},
		{"one behind the other", func() { copy(to, from); crc32.Update(0, castagnoli, from) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.SetBytes(int64(len(from)))
			for b.Loop() {
				way.do()
			}
		})
	}
}
