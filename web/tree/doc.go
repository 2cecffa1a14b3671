// Package tree is how a program without a document shows something in one: it says what
// is to be seen as a tree of elements, and what is sent is how that differs from what was
// sent before. The explorer's program runs in a worker, which has no document; the page
// has, and applies what comes (static/patch.js).
//
// Text is only ever text. Tags and attributes are those of two short lists, in which there
// is no script, no style, no address and no event handler.
package tree
