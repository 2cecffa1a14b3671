package main
import ("testing"; "slotrace/engine/bench"; "fmt"; "slices"; "path/filepath"; "os"; "time"; "slotrace/engine")
func TestY(t *testing.T) {
	d := newData(16000)
	d1 := newData(16000); d1.memories = d1.memories[:1]
	d300 := newData(16000)
	for i := 16; i < 300; i++ { m := d300.memories[i%16]; m.Embedding = slices.Clone(m.Embedding); d300.memories = append(d300.memories, m) }
	dir, _ := os.MkdirTemp("", "zz"); defer os.RemoveAll(dir)
	mine, err := openOurs(filepath.Join(dir, "ours"), 16000)
	if err != nil { t.Fatal(err) }
	defer mine.close()
	trash := make([]byte, 200<<20)
	for _, mode := range []string{"loop", "loop1", "loop300"} {
		var all []float64
		for range 20 {
			mine.clear()
			switch mode {
			case "sleep20": time.Sleep(20*time.Millisecond)
			case "sleep300": time.Sleep(300*time.Millisecond)
			case "spin300": for b := time.Now(); time.Since(b) < 300*time.Millisecond; {}
			case "smallspin": for b := time.Now(); time.Since(b) < 20*time.Millisecond; {}
			case "trashread": s := 0; for i := 0; i < len(trash); i += 64 { s += int(trash[i]) }; d.order[0][0] += s & 0
			case "trashwrite": for i := range trash { trash[i]++ }
			}
			x := d; if mode == "loop1" { x = d1 } else if mode == "loop300" { x = d300 }
			a, err := bench.Parallel(1, func(int) error { return mine.put(x, 0, 1) })
			if err != nil { t.Fatal(err) }
			all = append(all, float64(a)/16000)
		}
		slices.Sort(all)
		fmt.Printf("%s q1 %.0f med %.0f\n", mode, all[5], all[10])
	}
	_ = engine.ErrFull
}
