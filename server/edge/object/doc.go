// Package object holds a room for a Durable Object: an instance of the program holds one
// room for as long as the object is in memory. room.mjs, which has the sockets and the
// clock, calls it and is called by it at once; nothing here waits.
//
// It is in the program that serves the API, rather than in one of its own: a second one
// would add half a megabyte of Go's runtime to a worker that may have three in all.
package object
