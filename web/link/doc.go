// Package link is the page's connection to the server: the stream of frames over
// a websocket, and the HTTP API of runs. It uses the browser's own WebSocket and
// fetch, since a Go library would bring net/http along and more than double the
// page's size. It exists under GOOS=js alone.
package link
