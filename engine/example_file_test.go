//go:build unix || windows

package engine_test

import (
	"bytes"
	"context"
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

// What is damaged is told by entry, and stays until somebody lets go of it.
func ExampleCheck() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	at := filepath.Join(dir, "memories")
	s, err := engine.Create(at, engine.Options{Capacity: 10, Embedding: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := s.Handle(0, nil)
	err = errors.Join(
		h.Put(&engine.Memory{ID: "sky", Content: []byte("it is blue"), Embedding: make([]float32, 3)}),
		h.Put(&engine.Memory{ID: "sea", Content: []byte("it is wide"), Embedding: make([]float32, 3)}),
		s.Sync(), // from here on the loss of power loses neither
		s.Close())
	file := filepath.Join(at, "00000001.store")
	b, readErr := os.ReadFile(file)
	if err = errors.Join(err, readErr); err != nil {
		fmt.Println(err)
		return
	}
	b[bytes.Index(b, []byte("blue"))] ^= 1 // as a disk does in the course of years
	if err := os.WriteFile(file, b, 0o644); err != nil {
		fmt.Println(err)
		return
	}

	r, err := engine.Check(at)
	fmt.Println(r.Entries, "whole,", r.Damaged, err)

	if s, err = engine.Open(at, ""); err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	h = s.Handle(0, nil)
	if err := h.Compact(context.Background()); errors.Is(err, engine.ErrDamaged) {
		n, err := s.DropDamaged()
		fmt.Println(n, "dropped,", err)
	}
	fmt.Println(h.Compact(context.Background()))
	// Output:
	// 1 whole, [{0 sky its checksum is off}] <nil>
	// 1 dropped, <nil>
	// <nil>
}

// Compact takes back the content of what was deleted and replaced.
func ExampleHandle_Compact() {
	s, err := engine.New(engine.Options{Capacity: 10, Embedding: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	h := s.Handle(0, nil)
	for _, content := range []string{"it is blue", "it is grey", "it is dark"} {
		if err := h.Put(&engine.Memory{ID: "sky", Content: []byte(content), Embedding: make([]float32, 3)}); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(s.Stats().ContentTaken, "bytes of content were given out")
	if err := h.Compact(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Stats().ContentTaken, "are needed")
	// Output:
	// 39 bytes of content were given out
	// 13 are needed
}
