//go:build amd64 && !race

package bulk

import (
	"math/bits"
	"os"
	"regexp"
	"strconv"
	"testing"
)

func TestConstantsOfTheFolding(t *testing.T) {
	source, err := os.ReadFile("wide_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	for _, m := range regexp.MustCompile(`DATA (\w+)<>\+(\d+)\(SB\)/8, \$(\w+)`).FindAllStringSubmatch(string(source), -1) {
		v, err := strconv.ParseUint(m[3], 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		got[m[1]+m[2]] = v
	}
	for _, c := range []struct {
		low, high string
		bits      int
	}{{"by2560", "by2568", 2048}, {"by640", "by648", 512}, {"lanes0", "lanes8", 384}, {"lanes16", "lanes24", 256}, {"lanes32", "lanes40", 128}} {
		low, high := folding(c.bits)
		if got[c.low] != uint64(low) || got[c.high] != uint64(high) {
			t.Errorf("over %d bits: %#x, %#x, not %#x, %#x", c.bits, got[c.low], got[c.high], low, high)
		}
	}
	if len(got) != 12 || got["lanes48"]|got["lanes56"] != 0 {
		t.Errorf("constants: %v", got)
	}
}

// folding returns the two constants for folding over d bits: x^(d+31) and x^(d-33) modulo
// the polynomial, reflected.
func folding(d int) (low, high uint32) {
	power := func(n int) uint32 {
		r := uint32(1)
		for range n {
			over := r>>31 != 0
			if r <<= 1; over {
				r ^= 0x1edc6f41
			}
		}
		return bits.Reverse32(r)
	}
	return power(d + 31), power(d - 33)
}
