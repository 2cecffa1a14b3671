//go:build !race && !js

package lab

import (
	"math/big"
	"testing"
)

// orders is (n*threads)! / (n!)^threads: the orders of threads with n operations each.
func orders(threads, n int) *big.Int {
	all := new(big.Int).MulRange(1, int64(threads*n))
	for range threads {
		all.Div(all, new(big.Int).MulRange(1, int64(n)))
	}
	return all
}

// The numbers that anybody can work out by hand, of the whole space: of every execution, and
// of one of each class.
func TestCountsOfTheWholeSpace(t *testing.T) {
	for _, x := range []struct {
		variant      string
		all, classes int // operations of a store that count: all of them, and those that depend on others'
		safe         bool
	}{{"check-then-act", 3, 2, false}, {"fetch-add", 2, 1, true}} {
		for threads := 1; threads <= 4; threads++ {
			for ops := 1; ops <= 3; ops++ {
				check := func(mode string, operations int) {
					r := explored(t, allocation(x.variant, threads, ops), mode, Bounds{})
					want, safe := orders(threads, operations*ops), orders(threads, ops)
					if x.safe {
						safe = want
					}
					if got := new(big.Int).Sub(r.Executions.Int, r.Violations.Int); r.Executions.Cmp(want) != 0 || got.Cmp(safe) != 0 || !r.Complete {
						t.Errorf("%s of %s, %d x %d: %s executions, want %s; %s are safe, want %s", mode, x.variant, threads, ops, r.Executions, want, got, safe)
					}
				}
				check(Count, x.all)
				if threads <= 3 && ops <= 2 {
					check(All, x.all)
				}
				if threads <= 3 && ops <= 2 || x.safe && (ops <= 2 || threads <= 3) {
					check(Prove, x.classes)
				}
			}
		}
	}
}
