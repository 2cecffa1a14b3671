// Package tape is the program of the Recordings view and of replays: it knows the
// recordings that there are, in this browser and on the server, plays one, and says what
// is to be seen as trees of elements (package tree). It touches neither browser nor
// network: package drive gives it files, and carries out what it asks for.
package tape
