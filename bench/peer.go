package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"unsafe"

	"slotrace/engine"
)

const (
	values   = 768 // of an embedding
	distinct = 16
)

// data is what every store is given: the same ids, embeddings and contents. Peers get
// the values of their keys ready-made, so that encoding them is not in their time.
type data struct {
	ids      []string
	keys     [][]byte
	memories []engine.Memory // the i-th is of id i modulo their number, but for its ID
	encoded  [][]byte        // each as one value: embedding, metadata, content
	order    [2][]int        // in which a reader asks for ids
}

func newData(n int) *data {
	d := &data{ids: make([]string, n), keys: make([][]byte, n)}
	for i := range n {
		d.ids[i] = fmt.Sprintf("w%d-m%d", i%2, i/2)
		d.keys[i] = []byte(d.ids[i])
	}
	for i := range min(n, distinct) {
		m := engine.Memory{Content: fmt.Appendf(nil, "Writer %d content %03d", i%2, i/2), Embedding: make([]float32, values), Confidence: 1}
		for k := range m.Embedding {
			m.Embedding[k] = float32(i + k)
		}
		d.memories = append(d.memories, m)
		d.encoded = append(d.encoded, encode(&m))
	}
	for t := range d.order {
		d.order[t] = rand.New(rand.NewPCG(1, uint64(t))).Perm(n)
	}
	return d
}

// encode gives what the store keeps of m apart from its id.
func encode(m *engine.Memory) []byte {
	b := append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(m.Embedding))), 4*len(m.Embedding))...)
	for _, f := range []float32{m.Confidence, m.Activation, m.DecayRate} {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	b = binary.LittleEndian.AppendUint16(b, m.Flags)
	b = binary.LittleEndian.AppendUint64(b, uint64(m.Created))
	b = binary.LittleEndian.AppendUint64(b, uint64(m.LastAccess))
	b = binary.LittleEndian.AppendUint32(b, m.Recalls)
	return append(b, m.Content...)
}

func (d *data) memory(i int) *engine.Memory { return &d.memories[i%len(d.memories)] }
func (d *data) value(i int) []byte          { return d.encoded[i%len(d.encoded)] }

// stored is a store that is open.
type stored interface {
	// clear prepares for the same ids again, outside the time.
	clear() error
	// put stores what a writer of so many has to: every writers-th id from writer on.
	put(d *data, writer, writers int) error
	// get copies what is stored under the ids into memory of the caller's, in the
	// reader's order, and returns how many bytes of content and embedding it got.
	get(d *data, reader int) (int, error)
	close() error
}

// peer is a store to compare with.
type peer struct {
	peerWords
	open func(dir string) (stored, error)
}

type peerWords struct {
	Name     string `json:"name"`
	Settings string `json:"settings"`      // that it has here
	More     string `json:"promises_more"` // that slotrace does not
	Less     string `json:"promises_less"` // what slotrace promises, and it, set as it is here, does not
}

var peers = []*peer{bboltEach, bboltThousand, pebbleEach, pebbleMemory, badgerEach}

const promises = `slotrace: a fixed number of slots of one size, an entry a Put, an id to each; a whole-entry checksum. What Put returned
for survives the death of the process, and after Sync the loss of power. No transactions, no order among ids.`
