// Package canvas carries the drawings of picture to 2D canvases: command buffers
// through one loop of JavaScript, framebuffers as changed rows. It exists under
// GOOS=js alone.
package canvas
