//go:build !race && !js

package lab

import "testing"

// The whole space at the sizes that anybody can count by hand.
func TestCountsOfTheWholeSpace(t *testing.T) {
	for _, x := range []struct {
		variant      string
		threads, ops int
		mode         string
		all, safe    int64
	}{
		{"check-then-act", 1, 1, All, 1, 1}, {"check-then-act", 1, 2, All, 1, 1}, {"check-then-act", 3, 1, All, 1680, 6},
		{"fetch-add", 2, 1, All, 6, 6}, {"fetch-add", 3, 1, All, 90, 90}, {"fetch-add", 3, 2, All, 34650, 34650},
		{"check-then-act", 3, 2, All, 17153136, 90},
		{"check-then-act", 2, 1, Prove, 6, 2}, {"check-then-act", 2, 2, Prove, 70, 6}, {"check-then-act", 3, 1, Prove, 90, 6}, {"check-then-act", 3, 2, Prove, 34650, 90},
		{"fetch-add", 3, 3, Prove, 1680, 1680}, {"fetch-add", 4, 2, Prove, 2520, 2520},
	} {
		r := explored(t, allocation(x.variant, x.threads, x.ops), x.mode, Bounds{})
		if r.Executions.Int64() != x.all || r.Executions.Int64()-r.Violations.Int64() != x.safe || !r.Complete {
			t.Errorf("%+v: %s executions, %s violate", x, r.Executions, r.Violations)
		}
	}
}
