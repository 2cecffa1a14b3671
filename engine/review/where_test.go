//go:build !js

package review

import "testing"

// where are the places that stores can lie in. Those of allocators that break are
// files: on the heap the race detector would rightly fail the test.
func where(t *testing.T, holds bool) map[string]Options {
	places := map[string]Options{"file": {Dir: t.TempDir()}}
	if holds {
		places["heap"] = Options{Heap: true}
	}
	return places
}
