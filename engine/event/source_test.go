package event

import "testing"

func TestASourceWithoutItsBoundsIsAnError(t *testing.T) {
	for _, text := range []string{"", "func Claim(", "func Refuse("} {
		if s, err := ParseSource("x.go", text, "Claim(", "Refuse("); err == nil {
			t.Errorf("%q: %+v", text, s)
		}
	}
}
