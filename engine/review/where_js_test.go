package review

import "testing"

// where are the places that stores can lie in: there are no mapped files here.
func where(*testing.T, bool) map[string]Options { return map[string]Options{"heap": {Heap: true}} }
