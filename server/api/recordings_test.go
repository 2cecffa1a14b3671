package api

import (
	"io"
	"strings"
	"testing"
)

func TestContentIsReadFromWhereItWasSought(t *testing.T) {
	const text = "0123456789"
	opened := 0
	c := &content{size: int64(len(text)), from: func(at int64) (io.ReadCloser, error) {
		opened++
		return io.NopCloser(strings.NewReader(text[at:])), nil
	}}
	for _, s := range []struct {
		offset int64
		whence int
		want   string
	}{{0, io.SeekEnd, ""}, {0, io.SeekStart, "01"}, {2, io.SeekCurrent, "45"}, {-3, io.SeekEnd, "78"}, {1, io.SeekStart, "12"}} {
		if _, err := c.Seek(s.offset, s.whence); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 2)
		n, err := io.ReadFull(c, b)
		if string(b[:n]) != s.want || err != nil && s.want != "" {
			t.Errorf("%+v: %q, %v", s, b[:n], err)
		}
	}
	if _, err := c.Seek(-1, io.SeekStart); err == nil || opened != 4 {
		t.Errorf("%v, opened %d times", err, opened)
	}
}
