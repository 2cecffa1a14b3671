//go:build unix

package mapping

import (
	"testing"

	"golang.org/x/sys/unix"
)

// allocated is how much of the file's content the disk has set aside.
func allocated(t *testing.T, path string) int64 {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return int64(st.Blocks) * 512
}
