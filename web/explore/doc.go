// Package explore is the Explore view without a browser: it is told what somebody asks
// for, a line of text at a time, and says what is to be seen as a tree of elements. All
// that is known of an exploration is here; the page only shows it.
//
// A search runs in slices, between which everything else goes on.
package explore
