package event

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"slotrace/engine/visible"
)

var (
	anyText = rapid.StringN(0, 40, 200)
	anyU8   = rapid.Uint8()
	anyU32  = rapid.Uint32()
	anyU64  = rapid.Uint64()
)

func anySource(t *rapid.T) Source {
	s := Source{File: anyText.Draw(t, "file"), First: rapid.IntRange(0, 1<<16-1).Draw(t, "first")}
	s.Lines = rapid.SliceOfN(anyText, 0, 5).Draw(t, "lines")
	s.Marks = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Mark {
		return Mark{Step: visible.Step(anyU8.Draw(t, "step")), Line: rapid.IntRange(0, 1<<16-1).Draw(t, "line")}
	}), 0, 5).Draw(t, "marks")
	return s
}

func TestHelloRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &Hello{Server: anyText.Draw(t, "server"), Control: rapid.Bool().Draw(t, "control")}
		for range rapid.IntRange(0, 6).Draw(t, "allocators") {
			h.Allocators = append(h.Allocators, Allocator{Name: anyText.Draw(t, "name"), Holds: rapid.Bool().Draw(t, "holds"), Source: anySource(t)})
		}
		h.Put = anySource(t)
		got, err := ParseHello(AppendHello(nil, h))
		if err != nil || !same(got, h) {
			t.Fatalf("%+v, %v\nwant %+v", got, err, h)
		}
	})
}

// same compares two messages; an empty list is as good as none.
func same(a, b any) bool { return reflect.DeepEqual(emptied(a), emptied(b)) }

func emptied(v any) any {
	copied := reflect.New(reflect.TypeOf(v).Elem())
	copied.Elem().Set(reflect.ValueOf(v).Elem())
	empty(copied.Elem())
	return copied.Interface()
}

func empty(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			empty(v.Field(i))
		}
	case reflect.Slice:
		if v.Len() == 0 {
			v.SetZero()
			return
		}
		items := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(items, v)
		for i := range v.Len() {
			empty(items.Index(i))
		}
		v.Set(items)
	case reflect.Pointer:
		if !v.IsNil() {
			p := reflect.New(v.Type().Elem())
			p.Elem().Set(v.Elem())
			empty(p.Elem())
			v.Set(p)
		}
	}
}

func anyFrame(t *rapid.T) *Frame {
	f := &Frame{Sequence: anyU32.Draw(t, "sequence")}
	side := rapid.Uint8Range(0, MaxSides-1)
	writer := rapid.Uint8Range(0, MaxWriters-1)
	if rapid.Bool().Draw(t, "state") {
		f.State = &State{
			Run: anyU32.Draw(t, "run"), State: RunState(rapid.Uint8Range(0, uint8(Failed)).Draw(t, "doing")),
			Writers: rapid.Uint8Range(1, MaxWriters).Draw(t, "writers"), Sides: rapid.Uint8Range(1, MaxSides).Draw(t, "sides"),
			Allocators: [MaxSides]uint8{anyU8.Draw(t, "a"), anyU8.Draw(t, "b")},
			Slots:      anyU32.Draw(t, "slots"), Pace: anyU32.Draw(t, "pace"), Window: anyU32.Draw(t, "window"), Stores: anyU64.Draw(t, "stores"),
			Watching: rapid.Uint16().Draw(t, "watching"), Failure: anyText.Draw(t, "failure"),
			Recording: Recording(rapid.Uint8Range(0, uint8(RecordingFailed)).Draw(t, "recording")),
		}
	}
	f.Totals = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Totals {
		u64 := func(name string) uint64 { return anyU64.Draw(t, name) }
		u32 := func(name string) uint32 { return anyU32.Draw(t, name) }
		return Totals{
			Side: side.Draw(t, "side"), Clock: rapid.Int64().Draw(t, "clock"), Lap: u32("lap"), Stored: u64("stored"), Readable: u64("readable"),
			Lost: u64("lost"), Unread: u64("unread"), Collisions: u64("collisions"), Collided: u64("collided"), RecentStored: u64("recent stored"),
			RecentCollisions: u64("recent collisions"), Rate: u32("rate"), P50: u32("p50"), P99: u32("p99"), P999: u32("p999"), Dropped: u64("dropped"),
		}
	}), 0, 2).Draw(t, "totals")
	f.Cells = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Cells {
		c := Cells{
			Side: side.Draw(t, "side"), Lap: anyU32.Draw(t, "lap"), Ended: rapid.Bool().Draw(t, "ended"), Collided: anyU32.Draw(t, "collided"),
			First: rapid.Uint32Range(0, 1e6).Draw(t, "first"), Cells: rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "cells"),
		}
		c.Slots = c.First + uint32(len(c.Cells)) + rapid.Uint32Range(0, 9).Draw(t, "more")
		return c
	}), 0, 3).Draw(t, "stretches")
	f.Steps = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Steps {
		s := Steps{
			Side: side.Draw(t, "side"), Lap: anyU32.Draw(t, "lap"), Burst: rapid.Bool().Draw(t, "burst"), Base: rapid.Int64Range(0, 1<<60).Draw(t, "base"),
			Length: anyU32.Draw(t, "length"), OneIn: anyU32.Draw(t, "one in"), LeftOut: anyU32.Draw(t, "left out"),
		}
		s.Anew = !s.Burst && rapid.Bool().Draw(t, "anew")
		s.Records = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Record {
			return Record{
				At: s.Base + int64(anyU32.Draw(t, "at")), Value: anyU32.Draw(t, "value"), Number: anyU32.Draw(t, "number"),
				Thread: writer.Draw(t, "writer"), Step: visible.Step(anyU8.Draw(t, "step")), Phase: Phase(rapid.Uint8Range(0, 1).Draw(t, "phase")),
			}
		}), 0, 20).Draw(t, "records")
		return s
	}), 0, 3).Draw(t, "steps")
	f.Evidence = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Evidence {
		return Evidence{Side: side.Draw(t, "side"), Total: anyU64.Draw(t, "total"), Items: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Loss {
			return Loss{
				Number: anyU64.Draw(t, "number"), Slot: anyU32.Draw(t, "slot"), Lap: anyU32.Draw(t, "lap"), Writer: writer.Draw(t, "writer"),
				Store: anyU32.Draw(t, "store"), ID: anyText.Draw(t, "id"), Expected: anyText.Draw(t, "expected"), Got: anyText.Draw(t, "got"),
			}
		}), 0, 5).Draw(t, "items")}
	}), 0, 2).Draw(t, "evidence")
	if f.Noticed = rapid.Bool().Draw(t, "noticed"); f.Noticed {
		f.Notice = anyText.Draw(t, "notice")
	}
	return f
}

func appendWhole(f *Frame) []byte {
	b := AppendFrame(nil, f.Sequence)
	if f.State != nil {
		b = f.State.Append(b)
	}
	for i := range f.Totals {
		b = f.Totals[i].Append(b)
	}
	for i := range f.Cells {
		b = f.Cells[i].Append(b)
	}
	for i := range f.Steps {
		b = f.Steps[i].Append(b)
	}
	for i := range f.Evidence {
		b = f.Evidence[i].Append(b)
	}
	if f.Noticed {
		b = AppendNotice(b, f.Notice)
	}
	return b
}

func TestFrameRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFrame(t)
		got, err := ParseFrame(appendWhole(f))
		if err != nil || !same(got, f) {
			t.Fatalf("%+v, %v\nwant %+v", got, err, f)
		}
	})
}

func TestSizesAreWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFrame(t)
		if n := len(AppendFrame(nil, 1)); n != FrameBytes {
			t.Errorf("a frame without sections has %d bytes, not %d", n, FrameBytes)
		}
		for i := range f.Steps {
			if n, want := len(f.Steps[i].Append(nil)), StepsBytes(len(f.Steps[i].Records)); n != want {
				t.Errorf("steps: %d bytes, not %d", n, want)
			}
		}
		for i := range f.Cells {
			if n, want := len(f.Cells[i].Append(nil)), CellsBytes+len(f.Cells[i].Cells); n != want {
				t.Errorf("cells: %d bytes, not %d", n, want)
			}
		}
		for i := range f.Evidence {
			n := len((&Evidence{}).Append(nil))
			for k := range f.Evidence[i].Items {
				n += f.Evidence[i].Items[k].Bytes()
			}
			if got := len(f.Evidence[i].Append(nil)); got != n {
				t.Errorf("evidence: %d bytes, not %d", got, n)
			}
		}
	})
}

// What a later server adds is no reason to fail: sections of unknown tags, and bytes
// behind the fields of known ones.
func TestUnknownSectionsAndFieldsArePassedOver(t *testing.T) {
	b := AppendFrame(nil, 3)
	b = append(b, 99, 0, 3, 0, 0, 0, 'n', 'e', 'w')
	b = (&Totals{Stored: 7}).Append(b)
	at := len(b)
	b = append(AppendNotice(b, "hello"), 1, 2, 3)
	le.PutUint32(b[at+2:], le.Uint32(b[at+2:])+3)
	f, err := ParseFrame(b)
	if err != nil || len(f.Totals) != 1 || f.Totals[0].Stored != 7 || f.Notice != "hello" {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestAStateOfBeforeThereWereRecordingsHasNone(t *testing.T) {
	b := (&State{Run: 3, Writers: 8, Sides: 1, Failure: "no", Recording: BeingRecorded}).Append(AppendFrame(nil, 1))
	b = b[:len(b)-1]
	le.PutUint32(b[FrameBytes+2:], uint32(len(b)-FrameBytes-sectionHeader))
	f, err := ParseFrame(b)
	if err != nil || f.State == nil || f.State.Run != 3 || f.State.Failure != "no" || f.State.Recording != NotRecording {
		t.Errorf("%+v, %v", f, err)
	}
}

// Cut anywhere, a message is refused or, between two sections, a shorter frame.
func TestCutMessagesAreRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := AppendHello(nil, &Hello{Server: "s", Allocators: []Allocator{{Name: "a", Source: anySource(t)}}, Put: anySource(t)})
		n := rapid.IntRange(0, len(h)-1).Draw(t, "cut")
		if got, err := ParseHello(h[:n]); err == nil {
			t.Errorf("%d of %d bytes of a hello are %+v", n, len(h), got)
		}
		b := (&State{Writers: 1, Sides: 1, Failure: anyText.Draw(t, "failure")}).Append(AppendFrame(nil, 1))
		n = rapid.IntRange(FrameBytes+1, len(b)-1).Draw(t, "cut frame")
		if got, err := ParseFrame(b[:n]); err == nil {
			t.Errorf("%d of %d bytes of a frame are %+v", n, len(b), got)
		}
	})
}

func TestAcknowledgements(t *testing.T) {
	for _, c := range []struct {
		name    string
		message []byte
		want    uint32
		err     string
	}{
		{"one", AppendAck(nil, 0x01020304), 0x01020304, ""},
		{"empty", nil, 0, "ends in the middle"},
		{"version alone", []byte{1}, 0, "ends in the middle"},
		{"another version alone", []byte{2}, 0, ErrVersion.Error()},
		{"another version", []byte{2, 3, 1, 0, 0, 0}, 0, ErrVersion.Error()},
		{"a frame", []byte{1, 2, 1, 0, 0, 0}, 0, "kind 2 where acknowledgement, kind 3, was due"},
		{"too short", []byte{1, 3, 1, 0, 0}, 0, "5 bytes where 6 were due"},
		{"too long", []byte{1, 3, 1, 0, 0, 0, 0}, 0, "7 bytes where 6 were due"},
	} {
		got, err := ParseAck(c.message)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %d, %v; want %d, %q", c.name, got, err, c.want, c.err)
		}
	}
}

func TestFramesThatNoRunCanHaveAreRefused(t *testing.T) {
	frame := func(sections ...func([]byte) []byte) []byte {
		b := AppendFrame(nil, 1)
		for _, s := range sections {
			b = s(b)
		}
		return b
	}
	halfARecord := append((&Steps{}).Append(frame()), make([]byte, recordBytes/2)...)
	le.PutUint32(halfARecord[FrameBytes+2:], uint32(len(halfARecord)-FrameBytes-sectionHeader))
	for name, b := range map[string][]byte{
		"side 2":        frame((&Totals{Side: 2}).Append),
		"no writers":    frame((&State{Sides: 1}).Append),
		"65 writers":    frame((&State{Sides: 1, Writers: 65}).Append),
		"no sides":      frame((&State{Writers: 1}).Append),
		"three sides":   frame((&State{Writers: 1, Sides: 3}).Append),
		"long stretch":  frame((&Cells{Slots: 3, First: 1, Cells: make([]byte, 3)}).Append),
		"writer 64":     frame((&Steps{Records: []Record{{Thread: 64}}}).Append),
		"lost by 64":    frame((&Evidence{Items: []Loss{{Writer: 64}}}).Append),
		"half a record": halfARecord,
	} {
		if f, err := ParseFrame(b); err == nil {
			t.Errorf("%s: %+v", name, f)
		} else if errors.Is(err, ErrVersion) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseAck(f *testing.F) {
	f.Add(AppendAck(nil, 7))
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := ParseAck(b)
		if err == nil && string(AppendAck(nil, n)) != string(b) {
			t.Errorf("% x is %d", b, n)
		}
		if errors.Is(err, ErrVersion) != (len(b) > 0 && b[0] != Version) {
			t.Errorf("% x: %v", b, err)
		}
		if err != nil && len(err.Error()) > 120 {
			t.Errorf("%q is too long for the reason of a close", err)
		}
	})
}

// Whatever parses is written and parsed to the same again.
func FuzzParseFrame(f *testing.F) {
	f.Add(AppendFrame(nil, 1))
	f.Add(appendWhole(&Frame{
		Sequence: 2, State: &State{Run: 1, Writers: 8, Sides: 2}, Totals: []Totals{{Side: 1, Stored: 5}},
		Cells:    []Cells{{Lap: 1, Slots: 4, First: 1, Cells: []byte{1, 0x82}}},
		Steps:    []Steps{{Lap: 1, Base: 10, OneIn: 1, Records: []Record{{At: 12, Thread: 3, Step: visible.Claim, Phase: Done}}}},
		Evidence: []Evidence{{Total: 1, Items: []Loss{{Number: 1, ID: "w1-m0", Expected: "a", Got: "b"}}}}, Notice: "bye", Noticed: true,
	}))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := ParseFrame(b)
		if err != nil {
			return
		}
		again, err := ParseFrame(appendWhole(frame))
		if err != nil || !same(again, frame) {
			t.Errorf("%+v\nbecame %+v, %v", frame, again, err)
		}
	})
}

func FuzzParseHello(f *testing.F) {
	f.Add(AppendHello(nil, &Hello{Server: "s", Control: true, Allocators: []Allocator{{Name: "a", Holds: true, Source: Source{File: "f", Lines: []string{"l"}, Marks: []Mark{{1, 1}}}}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHello(b)
		if err != nil {
			return
		}
		again, err := ParseHello(AppendHello(nil, h))
		if err != nil || !same(again, h) {
			t.Errorf("%+v\nbecame %+v, %v", h, again, err)
		}
	})
}

func FuzzParsePresent(f *testing.F) {
	hello := AppendHello(nil, &Hello{Server: "s", Allocators: []Allocator{{Name: "a"}}})
	f.Add(AppendPresent(nil, Session{1, 2, 3}, hello))
	f.Add(AppendPresent(nil, Session{}, nil))
	f.Add(hello)
	f.Fuzz(func(t *testing.T, b []byte) {
		session, h, err := ParsePresent(b)
		if err != nil {
			return
		}
		session2, again, err := ParsePresent(AppendPresent(nil, session, AppendHello(nil, h)))
		if err != nil || session2 != session || !same(again, h) {
			t.Errorf("%x %+v\nbecame %x %+v, %v", session, h, session2, again, err)
		}
	})
}
