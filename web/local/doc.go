// Package local is what stands in for a server where there is none: it runs Live in a
// web worker, under a random walk, answers what the page would ask the API of runs, and
// sends it what it would get over the stream.
package local
