package picture

import "math"

// Colour is an opaque sRGB colour. Only this package makes them, so that whatever
// is on the page comes from a theme.
type Colour struct{ rgb uint32 }

func hex(rgb uint32) Colour { return Colour{rgb} }

func (c Colour) channels() (r, g, b float64) {
	return float64(c.rgb >> 16 & 0xff), float64(c.rgb >> 8 & 0xff), float64(c.rgb & 0xff)
}

// CSS is the colour as stylesheets write it.
func (c Colour) CSS() string {
	const digits = "0123456789abcdef"
	b := [7]byte{0: '#'}
	for i := range 6 {
		b[1+i] = digits[c.rgb>>(20-4*i)&0xf]
	}
	return string(b[:])
}

// Pixel is the colour as a pixel of ImageData, read as a little-endian word.
func (c Colour) Pixel() uint32 {
	return 0xff<<24 | c.rgb&0xff<<16 | c.rgb&0xff00 | c.rgb>>16&0xff
}

// over mixes share of c, 0 to 1, into ground.
func (c Colour) over(ground Colour, share float64) Colour {
	r, g, b := c.channels()
	r0, g0, b0 := ground.channels()
	mix := func(a, b float64) uint32 { return uint32(math.Round(a*share + b*(1-share))) }
	return Colour{mix(r, r0)<<16 | mix(g, g0)<<8 | mix(b, b0)}
}

// luminance is WCAG 2.1's relative luminance.
func (c Colour) luminance() float64 {
	r, g, b := c.channels()
	linear := func(v float64) float64 {
		if v /= 255; v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

// Contrast is WCAG 2.1's contrast ratio, 1 to 21.
func Contrast(a, b Colour) float64 {
	x, y := a.luminance(), b.luminance()
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

// readable moves c towards black or white, whichever is further from the
// grounds, until it reads on each of them with the ratio.
func (c Colour) readable(ratio float64, grounds ...Colour) Colour {
	end := hex(0xffffff)
	if Contrast(hex(0), grounds[0]) > Contrast(end, grounds[0]) {
		end = hex(0)
	}
	for share := 0.0; share < 1; share += 0.02 {
		m := end.over(c, share)
		reads := true
		for _, g := range grounds {
			reads = reads && Contrast(m, g) >= ratio
		}
		if reads {
			return m
		}
	}
	return end
}
