//go:build edge

package edge_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"slotrace/server/edge/edgetest"
)

func TestHealth(t *testing.T) {
	origin := edgetest.Serve(t, "../..")
	answer, err := http.Get(origin + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 || strings.TrimSpace(string(body)) != "ok" {
		t.Errorf("%d %q %v", answer.StatusCode, body, err)
	}
}
