// Package database opens what the browser keeps for the page, IndexedDB: the program that runs
// and the one that plays have recordings in common. It exists under GOOS=js alone.
package database
