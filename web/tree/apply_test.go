package tree

import "encoding/binary"

// A document carries out the orders of a patch. Elements are named by their numbers.
type document interface {
	Make(id uint32, tag int)
	Text(id uint32, text string)
	Attr(id uint32, name int, value string)
	NoAttr(id uint32, name int)
	Put(parent, id, before uint32)
	Remove(id uint32)
	Reveal(id uint32)
	Address(fragment string)
	Copy(fragment string)
	Save(name, media, content string)
}

// apply has the document carry out a patch. What it does not understand ends it: ok is
// false then, and the document is of no more use.
func apply(patch []byte, d document) (ok bool) {
	r := reader{patch, true}
	for len(r.rest) > 0 && r.ok {
		kind := r.rest[0]
		r.rest = r.rest[1:]
		switch kind {
		case orderMake:
			if id, tag := r.number(), int(r.number()); tag > 0 && tag < len(Tags) {
				d.Make(id, tag)
				continue
			}
			return false
		case orderText:
			id := r.number()
			d.Text(id, r.text())
		case orderAttr, orderNoAttr:
			id, name := r.number(), int(r.number())
			if name >= len(Names) {
				return false
			}
			if kind == orderAttr {
				d.Attr(id, name, r.text())
			} else {
				d.NoAttr(id, name)
			}
		case orderPut:
			parent, id := r.number(), r.number()
			d.Put(parent, id, r.number())
		case orderRemove:
			d.Remove(r.number())
		case orderReveal:
			d.Reveal(r.number())
		case orderAddress:
			d.Address(r.text())
		case orderCopy:
			d.Copy(r.text())
		case orderSave:
			name, media := r.text(), r.text()
			d.Save(name, media, r.text())
		default:
			return false
		}
	}
	return r.ok
}

type reader struct {
	rest []byte
	ok   bool
}

func (r *reader) number() uint32 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > 1<<24 {
		r.rest, r.ok = nil, false
		return 0
	}
	r.rest = r.rest[n:]
	return uint32(v)
}

func (r *reader) text() string {
	n := int(r.number())
	if n > len(r.rest) {
		r.rest, r.ok = nil, false
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}
