package relay

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
)

// Room is a room's address, https://HOST/room/NAME.
type Room struct{ address url.URL }

// String is the address that viewers open.
func (r Room) String() string { return r.address.String() }

// present is the address at which a presenter connects.
func (r Room) present() string { return r.address.JoinPath("present").String() }

var roomPath = regexp.MustCompile(`^/room/[a-z0-9-]{1,64}$`)

// ParseRoom reads a room's address. An error says what would do.
func ParseRoom(s string) (Room, error) {
	const would = "https://HOST/room/NAME would do, NAME being 1 to 64 of a-z, 0-9 and -"
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return Room{}, fmt.Errorf("%.100q is no address of a room; %s", s, would)
	case u.User != nil:
		return Room{}, errors.New("the address of a room has no user in it: the token goes into --token")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return Room{}, fmt.Errorf("%.100q has something behind the room's name; %s", s, would)
	case u.EscapedPath() != u.Path || !roomPath.MatchString(u.Path):
		return Room{}, fmt.Errorf("%.100q names no room; %s", s, would)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return Room{}, fmt.Errorf("http would carry the token for everybody to read; https://%.100s%s would do", u.Host, u.Path)
	case u.Scheme != "https" && u.Scheme != "http":
		return Room{}, fmt.Errorf("%.100q is not of https; %s", s, would)
	}
	return Room{*u}, nil
}

func loopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback()
	}
	return host == "localhost"
}

// ParseToken says what is wrong with a token, which goes into a header.
func ParseToken(s string) error {
	if s == "" || len(s) > 256 {
		return errors.New("a token has 1 to 256 characters")
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return errors.New("a token has letters, digits and signs of ASCII, and no spaces")
		}
	}
	return nil
}
