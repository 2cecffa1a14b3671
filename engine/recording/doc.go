// Package recording keeps a run: what ran, its exact counters and slot maps, and the
// steps of its writers, in a folder that can be opened, sought through, sent as one
// file, and read again after the process that wrote it was killed. FORMAT.md beside
// this file is enough to read one with other tools.
//
// A Recorder is shown what a run's board is shown and turns it into frames; a Writer
// puts frames into segments and those into files, through hackpadfs: a folder of the
// system, IndexedDB, or memory. Open reads a folder or a zip of it, a segment at a
// time. A Shelf is a folder of recordings.
package recording

// Limits of what is written, and of what is believed when it is read: a recording may
// come from anywhere.
const (
	SegmentBytes = 4 << 20 // a segment ends when its frames have about so many, uncompressed

	maxRaw      = 16 << 20 // uncompressed frames of a segment
	maxFile     = maxRaw + 1<<20
	maxManifest = 64 << 20
	maxSummary  = 64 << 10 // JSON of a segment's summary: there are some 20 KiB in the largest
	maxSegments = 1 << 17
	maxFrames   = 1 << 16 // in a segment
	maxCurve    = 64      // points of a segment's curve, on each side
	maxMarks    = 256     // collisions whose time a segment's summary has
	maxGaps     = 64      // gaps that a segment's summary has

	maxAllocators = 16 // that took turns on a side

	maxText = 1000 // bytes of any other text in header and manifest

	MaxName = 100 // characters
)
