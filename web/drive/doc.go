// Package drive runs the program of recordings and replays (package tape) in a web worker:
// it gives it the browser's files, IndexedDB and the server, and passes on what it and the
// page have to say to each other (static/tape.js). It exists under GOOS=js alone.
package drive
