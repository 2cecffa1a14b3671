// Package worker runs the explorer in a web worker: what the page asks for comes in as
// lines of text, what it is to show goes out as patches (package tree). It exists under
// GOOS=js alone.
package worker
