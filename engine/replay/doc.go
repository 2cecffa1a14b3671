// Package replay shows a recording (package recording) as of any of its times, in the
// messages that a viewer of the run would have got (package event): what shows a run,
// shows its recording. A Player seeks, takes single steps on and back, and finds
// collisions; of the recording it keeps a few segments at a time.
package replay
