package explore

import (
	"fmt"
	"math"
	"strconv"
)

// deadlock draws who waits for whom; nil if nobody does for ever.
func (d *Desk) deadlock() *node {
	waits := d.state.Deadlock
	if len(waits) == 0 {
		return nil
	}
	const width, height, radius, r = 280, 180, 58, 17
	var names []string
	order := map[string]int{}
	for _, w := range waits {
		for _, name := range []string{w.Thread, w.Owner} {
			if _, known := order[name]; !known {
				order[name] = len(names)
				names = append(names, name)
			}
		}
	}
	place := func(name string) (x, y float64) {
		angle := 2*math.Pi*float64(order[name])/float64(len(names)) + math.Pi
		return width/2 + 1.5*radius*math.Cos(angle), height/2 + radius*math.Sin(angle)
	}
	svg := el("svg", "cycle").Set("viewBox", fmt.Sprintf("0 0 %d %d", width, height)).Set("role", "img").Named("deadlock")
	label := "Deadlock."
	for _, w := range waits {
		x0, y0 := place(w.Thread)
		x1, y1 := place(w.Owner)
		dx, dy := x1-x0, y1-y0
		length := math.Max(1, math.Hypot(dx, dy))
		ux, uy := dx/length, dy/length
		px, py := -uy, ux // across: where the curve bends to
		if len(names) > 2 {
			px, py = uy, -ux // out of the circle
		}
		bx, by := (x0+x1)/2+px*34, (y0+y1)/2+py*34
		sx, sy := x0+ux*r*0.8+px*r*0.9, y0+uy*r*0.8+py*r*0.9
		ex, ey := x1-ux*r*0.8+px*r*0.9, y1-uy*r*0.8+py*r*0.9
		tx, ty := ex-bx, ey-by
		l := math.Max(1, math.Hypot(tx, ty))
		tx, ty = tx/l, ty/l
		svg.Add(el("g", "wait",
			el("path", "").Set("d", fmt.Sprintf("M%.1f %.1fQ%.1f %.1f %.1f %.1f", sx, sy, bx, by, ex, ey)),
			el("path", "head").Set("d", fmt.Sprintf("M%.1f %.1fL%.1f %.1fL%.1f %.1fz", ex+tx*3, ey+ty*3, ex-tx*8-ty*5, ey-ty*8+tx*5, ex-tx*8+ty*5, ey-ty*8-tx*5)),
			txt("text", "", w.Lock).Set("x", at(bx+px*8)).Set("y", at(by+py*12+4)).Set("text-anchor", "middle")).Named(w.Thread + w.Lock))
		label += " " + w.Thread + " waits for the " + w.Lock + ", which " + w.Owner + " holds."
	}
	for _, name := range names {
		x, y := place(name)
		svg.Add(el("g", "w"+strconv.Itoa(int(name[0]-'A')%8),
			el("circle", "").Set("cx", at(x)).Set("cy", at(y)).SetInt("r", r),
			txt("text", "", name).Set("x", at(x)).Set("y", at(y+5)).Set("text-anchor", "middle")).Named("thread " + name))
	}
	return svg.Set("aria-label", label)
}
