package engine_test

import (
	"context"
	"errors"
	"fmt"

	"slotrace/engine"
)

// A view copies nothing, and what it is given is gone when it returns.
func ExampleHandle_View() {
	s, _ := engine.New(engine.Options{Capacity: 10, Embedding: 2})
	defer s.Close()
	h := s.Handle(0, nil)
	h.Put(&engine.Memory{ID: "a", Embedding: []float32{3, 4}})
	var product float32
	err := h.View("a", func(m *engine.Memory) error {
		for _, x := range m.Embedding {
			product += x * x
		}
		return nil
	})
	fmt.Println(product, err)
	fmt.Println(errors.Is(h.View("b", nil), engine.ErrNotFound))
	// Output:
	// 25 <nil>
	// true
}

// GetInto allocates nothing: the caller brings the memory and uses it again.
func ExampleHandle_GetInto() {
	s, _ := engine.New(engine.Options{Capacity: 10, Embedding: 1})
	defer s.Close()
	h := s.Handle(0, nil)
	h.Put(&engine.Memory{ID: "a", Content: []byte("first"), Embedding: []float32{1}})
	h.Put(&engine.Memory{ID: "b", Content: []byte("second"), Embedding: []float32{2}})
	embedding, buffer := make([]float32, 1), make([]byte, 0, 64)
	for _, id := range []string{"a", "b"} {
		m, err := h.GetInto(id, embedding, buffer)
		fmt.Printf("%s %v %v\n", m.Content, m.Embedding, err)
	}
	// Output:
	// first [1] <nil>
	// second [2] <nil>
}

// A full store says so, and has room again after a delete. Compact takes back the
// content of what was deleted or replaced; Resize makes a store larger or smaller.
func ExampleHandle_Resize() {
	s, _ := engine.New(engine.Options{Capacity: 1, Embedding: 1})
	defer s.Close()
	h := s.Handle(0, nil)
	one := []float32{1}
	h.Put(&engine.Memory{ID: "a", Embedding: one})
	fmt.Println(h.Put(&engine.Memory{ID: "b", Embedding: one}))
	if err := h.Resize(context.Background(), 100, 0); err != nil {
		fmt.Println(err)
	}
	fmt.Println(h.Put(&engine.Memory{ID: "b", Embedding: one}))
	h.Delete("a")
	h.Range(func(m *engine.Memory) bool { fmt.Println(m.ID); return true })
	// Output:
	// the store is full
	// <nil>
	// b
}
