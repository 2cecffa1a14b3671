//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"slotrace/engine/event"
)

const asCommand = "SLOTRACE_TEST_AS_COMMAND"

// With the variable set the test binary is slotrace.
func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is slotrace as a process of its own.
type process struct {
	*exec.Cmd
	url    string
	stderr *bufio.Reader
}

func begin(t *testing.T) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	p := &process{Cmd: exec.CommandContext(ctx, os.Args[0], "--addr", "127.0.0.1:0")}
	p.Env = append(os.Environ(), asCommand+"=1")
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stderr = bufio.NewReader(stderr)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ok bool
	if p.url, ok = strings.CutPrefix(strings.TrimSpace(line), "slotrace serves "); !ok {
		t.Fatalf("it said %q", line)
	}
	return p
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// untilStopping reads what the process logs up to where it says that it stops.
func (p *process) untilStopping(t *testing.T) {
	t.Helper()
	for {
		line, err := p.stderr.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, "stopping") {
			return
		}
	}
}

func (p *process) dial(t *testing.T) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(p.url, "http")+"/api/stream", &websocket.DialOptions{Subprotocols: []string{event.Protocol}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	c.SetReadLimit(event.MaxMessage)
	if _, _, err := c.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// A run at full speed, a viewer, and a signal: the viewer is told, the process ends
// well, and nothing is left.
func TestASignalEndsAllCleanly(t *testing.T) {
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(s.String(), func(t *testing.T) {
			tmp := temporary(t)
			p := begin(t)
			v := p.dial(t)
			a, err := http.Post(p.url+"/api/runs", "application/json", strings.NewReader(`{"pace_us":0,"slots":1000,"embedding":16}`))
			if err != nil || a.StatusCode != 201 {
				t.Fatal(a, err)
			}
			a.Body.Close()

			told, state, signalled := "", event.Idle, false
			var end websocket.CloseError
			for {
				_, b, err := v.Read(t.Context())
				if err != nil {
					if !errors.As(err, &end) {
						t.Fatal(err)
					}
					break
				}
				f, err := event.ParseFrame(b)
				if err != nil {
					t.Fatal(err)
				}
				if f.State != nil {
					state = f.State.State
				}
				told += f.Notice
				if err := v.Write(t.Context(), websocket.MessageBinary, event.AppendAck(nil, f.Sequence)); err != nil {
					t.Fatal(err)
				}
				if state == event.Running && !signalled {
					signalled = true
					p.signal(t, s)
				}
			}
			if end.Code != websocket.StatusGoingAway || told != "the server is stopping" || state != event.Finished {
				t.Errorf("the viewer saw %v, was told %q, and then %v", state, told, end)
			}
			log, err := io.ReadAll(p.stderr)
			if err != nil || strings.Contains(string(log), "goroutine") {
				t.Errorf("%s, %v", log, err)
			}
			if err := p.Wait(); err != nil {
				t.Errorf("it ended with %v: %s", err, log)
			}
			wantEmpty(t, tmp)
		})
	}
}

// While the first signal's end waits for a viewer that does not answer, a second ends
// the process there and then.
func TestASecondSignalEndsItAtOnce(t *testing.T) {
	temporary(t)
	p := begin(t)
	p.dial(t) // and does not read from then on
	p.signal(t, os.Interrupt)
	p.untilStopping(t)
	p.signal(t, os.Interrupt)
	var end *exec.ExitError
	if err := p.Wait(); !errors.As(err, &end) || end.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v", err)
	}
}

// A review that is interrupted ends before its verdict, says so, and leaves nothing.
func TestASignalEndsAReview(t *testing.T) {
	tmp := temporary(t)
	c := exec.CommandContext(t.Context(), os.Args[0], "review", "--allocator", "mutex", "--runs", "10000")
	c.Env = append(os.Environ(), asCommand+"=1")
	var stdout, stderr strings.Builder
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for { // until it has a store
		if stores, _ := filepath.Glob(filepath.Join(tmp, "*", "*", "*.store")); len(stores) > 0 {
			break
		}
		runtime.Gosched()
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	c.Wait()
	if c.ProcessState.ExitCode() != 3 || stdout.String() != "" || stderr.String() != "slotrace review: stopped before a verdict\n" {
		t.Errorf("%v, %q, %q", c.ProcessState, stdout.String(), stderr.String())
	}
	wantEmpty(t, tmp)
}
