package database

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"

	"github.com/hack-pad/hackpadfs/indexeddb"
)

// Open opens it. It may take a while, and so must not be called by the browser.
func Open() (fsys *indexeddb.FS, err error) {
	// Some browsers throw where others answer with an error, or have no such thing.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("IndexedDB: %v", r)
		}
	}()
	if !js.Global().Get("indexedDB").Truthy() {
		return nil, errors.New("there is no IndexedDB")
	}
	return indexeddb.NewFS(context.Background(), "slotrace", indexeddb.Options{})
}
