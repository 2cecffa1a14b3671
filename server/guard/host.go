package guard

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Host is a host as a request names it, in one spelling only.
type Host struct {
	name string // in lower case, without the root's dot; an address as netip writes it
	port uint16 // 0 = none was given
}

func (h Host) String() string {
	name := h.name
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	if h.port == 0 {
		return name
	}
	return name + ":" + strconv.Itoa(int(h.port))
}

// ParseHost parses NAME or NAME:PORT as it stands in a Host header: the name of a
// host, an IPv4 address, or an IPv6 address in brackets.
func ParseHost(s string) (Host, error) {
	name, port := s, ""
	bracketed := strings.HasPrefix(s, "[")
	switch {
	case strings.Contains(s, "/"):
		return Host{}, fmt.Errorf("%.100q is neither NAME nor NAME:PORT", s)
	case bracketed && strings.HasSuffix(s, "]"):
		name = s[1 : len(s)-1]
	case strings.Contains(s, ":"):
		var err error
		if name, port, err = net.SplitHostPort(s); err != nil {
			return Host{}, fmt.Errorf("%.100q is neither NAME nor NAME:PORT", s)
		}
		if port == "" {
			return Host{}, fmt.Errorf("%.100q has no port behind the colon", s)
		}
	}
	n, err := parseName(name)
	if err != nil {
		return Host{}, err
	}
	if bracketed != strings.Contains(name, ":") {
		return Host{}, fmt.Errorf("%.100q: brackets belong around an IPv6 address, and there only", s)
	}
	h := Host{name: n}
	if port != "" {
		p, err := strconv.ParseUint(port, 10, 16)
		if err != nil || p == 0 {
			return Host{}, fmt.Errorf("%.100q: a port is a number from 1 to 65535", s)
		}
		h.port = uint16(p)
	}
	return h, nil
}

func parseName(s string) (string, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		if a.Zone() != "" {
			return "", fmt.Errorf("%.100q: an address with a zone is no host", s)
		}
		return a.Unmap().String(), nil
	}
	name := strings.ToLower(strings.TrimSuffix(s, "."))
	switch {
	case name == "":
		return "", errors.New("it is empty")
	case strings.Contains("."+name+".", ".."):
		return "", fmt.Errorf("%.100q: there is nothing between two dots", s)
	case len(name) > 253: // RFC 1035, section 2.3.4
		return "", fmt.Errorf("%.40q… is too long for a name", s)
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		default:
			return "", fmt.Errorf("%.100q: there is no %q in a name", s, c)
		}
	}
	return name, nil
}
