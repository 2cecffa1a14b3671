package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

func runVersion(args []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && (args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
		fmt.Fprint(stdout, "usage: slotrace version\n\nprints the version, and what it was built with.\n")
		return exitOK
	}
	if len(args) > 0 {
		return misused(stderr, "slotrace version", fmt.Sprintf("it takes nothing, not %.40q", args[0]))
	}
	_, err := fmt.Fprintf(stdout, "%s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return printed("version", err, stderr, exitOK)
}

// version names the build: its module's version, or else the revision that it was
// made from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "slotrace"
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	v := "slotrace"
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		return v + " " + info.Main.Version
	}
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if revision == "" {
		return v + " (built without a revision)"
	}
	v += " " + revision[:min(12, len(revision))]
	if settings["vcs.modified"] == "true" {
		v += " (changed)"
	}
	return v
}
