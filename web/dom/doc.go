// Package dom is what the page needs of the browser's document, in Go's terms.
// Text is only ever set as text. It exists under GOOS=js alone.
package dom
