//go:build browser

package browsertest

import (
	"context"
	"log/slog"
	"testing"

	"slotrace/server/edge/edgetest"
	"slotrace/server/live"
	"slotrace/server/relay"
	"slotrace/server/run"
)

// presents presents what runs in a room, until what it returns is called.
func presents(t *testing.T, runs *live.Live, address string) (stop func()) {
	t.Helper()
	room, err := relay.ParseRoom(address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- relay.New(runs.Board(), relay.Options{Room: room, Token: edgetest.Token, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}).Run(ctx)
	}()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestARoomIsWatchedInABrowser(t *testing.T) {
	address := edgetest.Serve(t, root) + "/room/lesson-1"
	b := openPage(t, address, 1280, 720)
	banner := func(says string) string {
		return "document.querySelector('#banner').checkVisibility() && document.querySelector('#banner').textContent.includes('" + says + "')"
	}
	b.until(banner("Nobody presents in this room yet"))

	runs, err := live.New(live.Options{Dir: t.TempDir(), Server: "slotrace of a test"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := runs.Close(); err != nil {
			t.Error(err)
		}
	}()
	status, err := runs.Start(t.Context(), run.Config{Allocator: "check-then-act", Writers: 8, Slots: 10_000, Embedding: 8})
	if err != nil {
		t.Fatal(err)
	}
	stop := presents(t, runs, address)
	b.until(figureAtLeast("stored", 2000))
	b.until(figureAtLeast("collisions", 100))
	b.until(banner("Watching: the presenter controls this run"))
	if !eval[bool](b, "document.querySelector('#run').disabled && document.querySelector('#pace').disabled") {
		t.Error("who watches a room could believe that the controls are theirs")
	}
	stop()
	b.until(banner("The presenter is away"))

	status, err = runs.Stop(t.Context(), status.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer presents(t, runs, address)() // as another, which a slotrace that was started again is
	b.until(banner("Watching: the presenter controls this run"))
	for name, want := range map[string]uint64{"stored": status.Sides[0].Stored, "lost": status.Sides[0].Lost, "collisions": status.Sides[0].Collisions} {
		b.until(figureAtLeast(name, int(want)))
		if got := b.figure(name); got != int(want) {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if got := b.foreign(); got != "" {
		t.Errorf("it has asked for %s", got)
	}
}
