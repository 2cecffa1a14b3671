package picture

import "strconv"

// Grouped writes n with a comma every three digits.
func Grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	b := make([]byte, 0, len(s)+len(s)/3)
	for i := range len(s) {
		if i > 0 && (len(s)-i)%3 == 0 {
			b = append(b, ',')
		}
		b = append(b, s[i])
	}
	return string(b)
}

// Figure writes n so that it fits a figure of the verdict: in full up to six
// digits, then in millions or billions with four. It never rounds up, so that it
// does not say that there is what there is not yet.
func Figure(n uint64) string {
	switch {
	case n < 1_000_000:
		return Grouped(n)
	case n < 1_000_000_000:
		return fourDigits(n, 1_000_000) + " M"
	}
	return fourDigits(n, 1_000_000_000) + " G"
}

// fourDigits writes n in units with the digits of its whole part, and as many
// behind the point as make four.
func fourDigits(n, unit uint64) string {
	whole, part := strconv.FormatUint(n/unit, 10), strconv.FormatUint(unit+n%unit, 10)[1:]
	if len(whole) >= 4 {
		return Grouped(n / unit)
	}
	return whole + "." + part[:4-len(whole)]
}

// Duration writes nanoseconds with two or three digits and a unit.
func Duration(ns int64) string {
	if ns < 0 {
		return "-" + Duration(-ns)
	}
	v, unit := float64(ns), " ns"
	switch {
	case ns >= 999_500_000:
		v, unit = v/1e9, " s"
	case ns >= 999_500:
		v, unit = v/1e6, " ms"
	case ns >= 1000:
		v, unit = v/1e3, " µs"
	}
	if v < 9.95 && unit != " ns" {
		s := strconv.FormatFloat(v, 'f', 1, 64)
		if s[len(s)-2:] == ".0" {
			s = s[:len(s)-2]
		}
		return s + unit
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + unit
}

// OneIn writes part of whole as odds: "1 in 15". Nothing is "none", and what
// nobody can know yet a dash.
func OneIn(part, whole uint64) string {
	switch {
	case whole == 0:
		return "–"
	case part == 0:
		return "none"
	case part >= whole:
		return "all"
	}
	in := float64(whole) / float64(part)
	if in < 9.95 {
		return "1 in " + trimZero(strconv.FormatFloat(in, 'f', 1, 64))
	}
	return "1 in " + Grouped(uint64(in+0.5))
}

func trimZero(s string) string {
	if n := len(s); n > 2 && s[n-2:] == ".0" {
		return s[:n-2]
	}
	return s
}

// WriterName is how pictures call a writer, who counts from 0 on the wire.
func WriterName(w int) string { return "W" + strconv.Itoa(w+1) }

func plural(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Grouped(n) + " " + many
}
