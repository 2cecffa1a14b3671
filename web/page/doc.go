// Package page is the Live view: a model of the run as the stream tells it, views
// that show it, and one loop that draws what has changed, once a frame and only
// while somebody looks. It exists under GOOS=js, but for what it wishes of a run,
// which is tested natively.
package page
