// Package engine is the memory store: fixed-size blocks and their content in a
// mapped file, an index from ids to slots, and writers that take slots through an
// allocator (package alloc). With an allocator that holds it keeps what it was
// given; with one that breaks it loses data the way the original did. The code is
// the same but for those few lines.
//
// A Store belongs to a process, and to no other at the same time; a Handle to a
// goroutine. Everything that threads share goes through package visible, so a
// Handle's Observer sees every step.
//
// # What it promises, with an allocator that holds
//
// After Put or Delete returns, their effect survives the death of the process, at
// any instruction; after Sync, the loss of power. An entry is there whole or not at
// all. Opening a store verifies every entry; one that is damaged is not served, and
// Check says which. A full disk is an error of Create, or of Compact: all of a file's
// space is taken when it is made. A file that somebody cuts short while it is mapped is
// ErrTruncated, not the end of the process, and so is a disk that fails under it. What is
// missing within the file's last page only Sync, Close and Compact notice: until then it
// reads as zeros, as nothing that is read is summed up again.
//
// # What it does not
//
// There are no transactions over several ids, and no order of ids. A store has a
// capacity; Resize gives it another. Freed slots are used anew when no fresh one is
// left, their room for content when the content area is full; what an entry leaves of
// such room goes to another free slot that has less, and what cannot is lost until Compact. Between two Syncs the system writes pages in an order
// of its own, so the loss of power may take any entry that was put, replaced or deleted
// since, but never gives half of one (ContentOnly apart).
package engine
