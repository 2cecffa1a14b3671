package live

import (
	"bytes"
	"fmt"
	"strconv"

	"slotrace/engine"
)

// The memories of a run follow from who stores them and in which order: writer w
// (counted from 0) stores as its i-th the memory below, in the words of the
// incident that the store is known for. So what should be read back never has to
// be remembered.

func appendID(b []byte, w int, i uint32) []byte {
	b = strconv.AppendUint(append(b, 'w'), uint64(w+1), 10)
	return strconv.AppendUint(append(b, "-m"...), uint64(i), 10)
}

func appendContent(b []byte, w int, i uint32) []byte {
	b = strconv.AppendUint(append(b, "Writer "...), uint64(w+1), 10)
	return strconv.AppendUint(append(b, " content "...), uint64(i), 10)
}

func contentText(w int, i uint32) string { return string(appendContent(nil, w, i)) }

// embed makes embedding that of writer w's i-th memory: every value names the
// writer, so that a block which two wrote at once shows where one ends and the
// other begins; the first and the last name the memory.
func embed(embedding []float32, w int, i uint32) {
	mark(embedding, w)
	number(embedding, i)
}

func mark(embedding []float32, w int) {
	for k := range embedding {
		embedding[k] = float32(w + 1)
	}
}

func number(embedding []float32, i uint32) {
	n := -float32(i % (1 << 24)) // exact in a float32, and no writer's mark
	embedding[0], embedding[len(embedding)-1] = n, n
}

// finding is what a read of a memory came to.
type finding struct {
	kind  findingKind
	other string // the text that was found instead
}

type findingKind uint8

const (
	unread findingKind = iota
	intact
	replaced // another memory is in its slot
	torn     // it is there, with part of another's embedding
	missing  // nothing readable is there
)

// reader reads memories back and compares them with what was stored.
type reader struct {
	handle    *engine.Handle
	embedding []float32 // found
	want      []float32 // expected
	marked    int       // the writer that want is marked for, -1 = none
	buffer    []byte
	id        []byte
	content   []byte
}

func newReader(s *engine.Store, embedding int) *reader {
	return &reader{handle: s.Handle(0, nil), embedding: make([]float32, embedding), want: make([]float32, embedding), marked: -1}
}

// read reads the i-th memory of writer w back.
func (r *reader) read(w int, i uint32) finding {
	r.id = appendID(r.id[:0], w, i)
	m, err := r.handle.GetInto(string(r.id), r.embedding, r.buffer[:0])
	if m.Content != nil {
		r.buffer = m.Content[:0]
	}
	if m.ID == "" {
		return finding{missing, err.Error()}
	}
	r.content = appendContent(r.content[:0], w, i)
	if !bytes.Equal(m.Content, r.content) {
		return finding{replaced, string(m.Content)}
	}
	if r.marked != w {
		mark(r.want, w)
		r.marked = w
	}
	number(r.want, i)
	if from, to, ok := differ(r.want, r.embedding); ok {
		return finding{torn, tornText(m.Content, r.embedding, from, to)}
	}
	return finding{kind: intact}
}

// differ finds the values, from the first to the last, that are not as they should be.
func differ(want, got []float32) (from, to int, ok bool) {
	for from < len(want) && want[from] == got[from] {
		from++
	}
	if from == len(want) {
		return 0, 0, false
	}
	for to = len(want); want[to-1] == got[to-1]; to-- {
	}
	return from, to, true
}

func tornText(content []byte, got []float32, from, to int) string {
	whose := "another's"
	for _, v := range got[from:to] {
		if v > 0 { // a mark
			whose = fmt.Sprintf("Writer %d's", int(v))
			break
		}
	}
	return fmt.Sprintf("%s, torn: values %d to %d of its embedding are %s", content, from, to-1, whose)
}
