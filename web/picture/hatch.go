package picture

// hatchPeriod is the width of the repeating tile, in pixels.
const hatchPeriod = 8

// Hatch is the tile of the pattern that marks a collision, hatchPeriod pixels
// square: stripes from bottom left to top right.
func (t *Theme) Hatch() (pixels []uint32, size int) {
	pixels = make([]uint32, hatchPeriod*hatchPeriod)
	for y := range hatchPeriod {
		for x := range hatchPeriod {
			pixels[y*hatchPeriod+x] = t.hatched(x, y)
		}
	}
	return pixels, hatchPeriod
}

func (t *Theme) hatched(x, y int) uint32 {
	if (x+y)%hatchPeriod < hatchPeriod/2-1 {
		return t.Error.Pixel()
	}
	return t.ErrorPanel.Pixel()
}
