//go:build unix

package live

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"slotrace/engine/recording"
	"slotrace/server/run"
)

// The test binary is also the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SLOTRACE_RECORD_DIR"); dir != "" {
		fmt.Fprintln(os.Stderr, recordUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// recordUntilKilled records a run, and says in a line how many bytes have been written, whenever
// there are more.
func recordUntilKilled(dir string) error {
	fsys, err := osFolder(dir)
	if err != nil {
		return err
	}
	l, err := New(Options{Dir: dir, Recordings: recording.NewShelf(fsys), Recording: recording.Options{Segment: 64 << 10, Oldest: 5 * time.Millisecond}})
	if err != nil {
		return err
	}
	st, err := l.Start(context.Background(), run.Config{Allocator: "check-then-act", Writers: 4, Slots: 3000, Embedding: 4, Record: true})
	stored := false
	for told := int64(0); err == nil && st.Recording.State == "recording"; st, err = l.Status(st.ID) {
		if st.Recording.Bytes > told && (told == 0 || stored) { // once that early, then where there is something to lose
			told = st.Recording.Bytes
			fmt.Println(told)
		}
		stored = stored || st.Sides[0].Stored > 0
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("%+v, %w", st.Recording, err)
}

func TestKill9LeavesARecordingThatOpensUpToItsLastWholeSegment(t *testing.T) {
	for kill := range 8 {
		dir := t.TempDir()
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "SLOTRACE_RECORD_DIR="+dir)
		var complaint bytes.Buffer
		c.Stderr = &complaint
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		told := int64(0)
		lines := bufio.NewReader(out)
		for range 1 + kill*2 {
			if _, err := fmt.Fscanln(lines, &told); err != nil {
				t.Fatal(err)
			}
		}
		c.Process.Kill()
		for err == nil { // what had been said meanwhile
			_, err = fmt.Fscanln(lines, &told)
		}
		c.Wait()
		if complaint.Len() > 0 {
			t.Fatalf("the recording process failed: %s", &complaint)
		}
		shelf := recording.NewShelf(folderOf(t, dir))
		ids, err := shelf.IDs()
		if err != nil || len(ids) != 1 {
			t.Fatalf("%v, %v", ids, err)
		}
		r, err := shelf.Open(ids[0])
		if err != nil {
			t.Fatal(err)
		}
		p := play(t, r)
		if n := r.Summary().Bytes; n < told || r.Ended != "" {
			t.Errorf("kill %d: %d bytes are there of the %d that were told, ended %q", kill, n, told, r.Ended)
		}
		s, last := &p.sides[0], r.Segments[len(r.Segments)-1].Sides[0]
		if s.totals.Stored != last.Stored || s.totals.Stored != s.totals.Readable+s.totals.Lost+s.totals.Unread || kill > 1 && last.Stored == 0 {
			t.Errorf("kill %d: %+v", kill, s.totals)
		}
		wantWholePuts(t, "check-then-act", false, true, s)
	}
}
