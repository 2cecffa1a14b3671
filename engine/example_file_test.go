//go:build unix || windows

package engine_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"slotrace/engine"
)

// A store in a folder of its own keeps what it was given from one process to the next.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	s, err := engine.Create(filepath.Join(dir, "memories"), engine.Options{Capacity: 1000, Embedding: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := s.Handle(0, nil) // one for each goroutine
	err = h.Put(&engine.Memory{ID: "sky", Content: []byte("it is blue"), Embedding: []float32{0, 0.4, 1}})
	if err = errors.Join(err, s.Close()); err != nil {
		fmt.Println(err)
		return
	}

	s, err = engine.Open(filepath.Join(dir, "memories"), "fetch-add")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	m, err := s.Handle(0, nil).Get("sky")
	fmt.Printf("%s %v %v\n", m.Content, m.Embedding, err)
	// Output: it is blue [0 0.4 1] <nil>
}
