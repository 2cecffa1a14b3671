//go:build !js

package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheSavedGoTestFailsWhileTheVariantBreaks(t *testing.T) {
	dir, err := os.MkdirTemp(".", "saved-") // within the module
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for variant, schedule := range map[string]string{"check-then-act": "A1B3A2", "fetch-add": "A1B2A1"} {
		text, err := GoTest(allocation(variant, 2, 1), schedule)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "saved_test.go"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("go", "test", "./"+dir).CombinedOutput()
		if broke := strings.Contains(string(out), "B looked between A's look and A's tell"); (err != nil) != (variant == "check-then-act") || broke != (err != nil) {
			t.Errorf("%s: %v\n%s", variant, err, out)
		}
	}
	if _, err := GoTest(allocation("fetch-add", 2, 1), "A1;B1"); err == nil {
		t.Error("a schedule that is off was saved")
	}
}
