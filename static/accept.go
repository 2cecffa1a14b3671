package static

import (
	"strconv"
	"strings"
)

// coding is a content coding as HTTP names it.
type coding string

const (
	brotli   coding = "br"
	gzipped  coding = "gzip"
	identity coding = "identity"
)

// codings in the order of the server's preference, which decides where the client's weights are equal.
var codings = [...]coding{brotli, gzipped, identity}

// accepted chooses a coding by an Accept-Encoding header (RFC 9110, section 12.5.3). Identity is what is left when nothing
// is accepted, even where the client refused that too: the RFC allows 406 instead, and nobody is served by it.
func accepted(header string) coding {
	weights := make(map[coding]float64)
	for item := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(item, ";")
		weights[coding(strings.ToLower(strings.TrimSpace(name)))] = weight(parameters)
	}
	best, most := identity, 0.0
	for _, c := range codings {
		w, named := weights[c]
		if !named {
			w = weights["*"]
		}
		if w > most {
			best, most = c, w
		}
	}
	return best
}

// weight reads the q of one coding, 1 when there is none. What is not a weight refuses: then nothing is sent that may be unreadable.
func weight(parameters string) float64 {
	name, value, _ := strings.Cut(strings.TrimSpace(parameters), "=")
	if name == "" {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if !strings.EqualFold(strings.TrimSpace(name), "q") || err != nil || !(q >= 0 && q <= 1) {
		return 0
	}
	return q
}
