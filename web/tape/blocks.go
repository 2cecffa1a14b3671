package tape

import (
	"errors"
	"io"
	"sync"
)

// blocks reads what is dear to ask for, a file of the browser's or of a server's, in
// blocks, and keeps the few it read last.
type blocks struct {
	from io.ReaderAt
	size int64

	mu   sync.Mutex
	kept []block // the one that was used last at the end
}

type block struct {
	number int64
	bytes  []byte
}

const (
	blockBytes = 512 << 10
	keptBlocks = 6
)

// Blocks reads from in blocks.
func Blocks(from io.ReaderAt, size int64) io.ReaderAt { return &blocks{from: from, size: size} }

func (b *blocks) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, errors.New("before the beginning")
	}
	for n < len(p) {
		if at >= b.size {
			return n, io.EOF
		}
		part, err := b.block(at / blockBytes)
		if err != nil {
			return n, err
		}
		c := copy(p[n:], part[min(at%blockBytes, int64(len(part))):])
		if c == 0 {
			return n, io.ErrUnexpectedEOF // it is shorter than it was said to be
		}
		n += c
		at += int64(c)
	}
	return n, nil
}

func (b *blocks) block(number int64) ([]byte, error) {
	b.mu.Lock()
	for i := range b.kept {
		if b.kept[i].number == number {
			found := b.kept[i]
			b.kept = append(append(b.kept[:i:i], b.kept[i+1:]...), found)
			b.mu.Unlock()
			return found.bytes, nil
		}
	}
	b.mu.Unlock()
	at := number * blockBytes
	p := make([]byte, min(blockBytes, b.size-at))
	n, err := b.from.ReadAt(p, at)
	if n == len(p) {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.kept) == keptBlocks {
		b.kept = b.kept[1:]
	}
	b.kept = append(b.kept[:len(b.kept):len(b.kept)], block{number, p})
	return p, nil
}
