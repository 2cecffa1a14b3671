package stream_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// client is a viewer written from engine/event/WIRE.md alone: it shares no code with
// the server, so that what the page says and what the server does cannot drift
// apart together.
type client struct {
	conn    *websocket.Conn
	hello   *clientHello
	frame   uint32 // sequence number of the newest
	state   clientState
	notices []string
	sides   [2]clientSide
	bytes   int // of the newest message
}

type clientHello struct {
	server     string
	control    bool
	allocators []clientAllocator
	put        clientSource
}

type clientAllocator struct {
	name   string
	holds  bool
	source clientSource
}

type clientSource struct {
	file  string
	first int
	lines []string
	marks map[byte]int // line by step
}

type clientState struct {
	run            uint32
	state          byte
	writers, sides byte
	allocators     [2]byte
	slots          uint32
	pace, window   uint32
	stores         uint64
	watching       uint16
	failure        string
}

type clientSide struct {
	clock                                               uint64
	lap                                                 uint32
	stored, readable, lost, unread                      uint64
	collisions, collided, recentStored, recentCollision uint64
	rate, p50, p99, p999                                uint32
	dropped                                             uint64

	mapLap      uint32
	mapEnded    bool
	mapCollided uint32
	cells       []byte

	steps    []clientStep
	leftOut  uint64
	bursts   int
	evidence map[uint64]clientLoss
	lostSeen uint64
}

type clientStep struct {
	at     uint64
	lap    uint32
	value  uint32
	store  uint32
	writer byte
	step   byte
	phase  byte
}

type clientLoss struct {
	slot, lap         uint32
	writer            byte
	store             uint32
	id, expected, got string
}

// dial connects as a viewer, with a transport if one is given.
func dial(ctx context.Context, url string, o *websocket.DialOptions) (*client, error) {
	if o == nil {
		o = &websocket.DialOptions{}
	}
	o.Subprotocols = []string{"slotrace.v1"}
	conn, _, err := websocket.Dial(ctx, url, o)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(128 << 10)
	return &client{conn: conn}, nil
}

// next receives a message and makes it part of the picture.
func (c *client) next(ctx context.Context) error {
	kind, b, err := c.conn.Read(ctx)
	if err != nil {
		return err
	}
	if kind != websocket.MessageBinary {
		return fmt.Errorf("a message of type %v", kind)
	}
	c.bytes = len(b)
	f := &fields{b: b}
	if version := f.u8(); version != 1 {
		return fmt.Errorf("version %d", version)
	}
	switch kind := f.u8(); {
	case kind == 1 && c.hello == nil:
		c.readHello(f)
	case kind == 2 && c.hello != nil:
		c.readFrame(f)
	default:
		return fmt.Errorf("a message of kind %d", kind)
	}
	if f.err == nil && len(f.b) > 0 {
		f.err = fmt.Errorf("%d bytes too many", len(f.b))
	}
	return f.err
}

// acknowledge tells the server that the newest frame was dealt with.
func (c *client) acknowledge(ctx context.Context) error {
	return c.send(ctx, c.frame)
}

func (c *client) send(ctx context.Context, sequence uint32) error {
	return c.conn.Write(ctx, websocket.MessageBinary, binary.LittleEndian.AppendUint32([]byte{1, 3}, sequence))
}

// follow receives and acknowledges until until says so.
func (c *client) follow(ctx context.Context, until func() bool) error {
	for c.hello == nil || !until() {
		if err := c.next(ctx); err != nil {
			return err
		}
		if c.frame > 0 {
			if err := c.acknowledge(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// fields reads what the page calls by the same names.
type fields struct {
	b   []byte
	err error
}

func (f *fields) take(n int) []byte {
	if n > len(f.b) {
		if f.err == nil {
			f.err = fmt.Errorf("%d bytes where %d more were due", len(f.b), n)
		}
		f.b = nil
		return make([]byte, n)
	}
	b := f.b[:n]
	f.b = f.b[n:]
	return b
}

func (f *fields) u8() byte    { return f.take(1)[0] }
func (f *fields) u16() uint16 { return binary.LittleEndian.Uint16(f.take(2)) }
func (f *fields) u32() uint32 { return binary.LittleEndian.Uint32(f.take(4)) }
func (f *fields) u64() uint64 { return binary.LittleEndian.Uint64(f.take(8)) }

func (f *fields) str() string {
	s := string(f.take(int(f.u16())))
	if !utf8.ValidString(s) && f.err == nil {
		f.err = fmt.Errorf("%q is not UTF-8", s)
	}
	return s
}

func (f *fields) source() clientSource {
	s := clientSource{file: f.str(), first: int(f.u16()), marks: make(map[byte]int)}
	for n := f.u16(); n > 0 && f.err == nil; n-- {
		s.lines = append(s.lines, f.str())
	}
	for n := f.u8(); n > 0 && f.err == nil; n-- {
		step := f.u8()
		s.marks[step] = int(f.u16())
	}
	return s
}

func (c *client) readHello(f *fields) {
	h := &clientHello{server: f.str(), control: f.u8() == 1}
	for n := f.u8(); n > 0 && f.err == nil; n-- {
		h.allocators = append(h.allocators, clientAllocator{name: f.str(), holds: f.u8() == 1, source: f.source()})
	}
	h.put = f.source()
	c.hello = h
}

func (c *client) readFrame(f *fields) {
	sequence := f.u32()
	if sequence != c.frame+1 && f.err == nil {
		f.err = fmt.Errorf("frame %d after frame %d", sequence, c.frame)
	}
	c.frame = sequence
	for len(f.b) > 0 && f.err == nil {
		tag, side := f.u8(), f.u8()
		s := &fields{b: f.take(int(f.u32()))}
		if side > 1 {
			f.err = fmt.Errorf("side %d", side)
			return
		}
		switch tag {
		case 1:
			c.readState(s)
		case 2:
			c.sides[side].readTotals(s)
		case 3:
			c.sides[side].readCells(s)
		case 4:
			c.sides[side].readSteps(s)
		case 5:
			c.sides[side].readEvidence(s)
		case 6:
			c.notices = append(c.notices, s.str())
		}
		if s.err != nil && f.err == nil {
			f.err = fmt.Errorf("section %d: %w", tag, s.err)
		}
	}
}

func (c *client) readState(f *fields) {
	before := c.state.run
	c.state = clientState{
		run: f.u32(), state: f.u8(), writers: f.u8(), sides: f.u8(), allocators: [2]byte{f.u8(), f.u8()},
		slots: f.u32(), pace: f.u32(), window: f.u32(), stores: f.u64(), watching: f.u16(), failure: f.str(),
	}
	if c.state.run != before { // all else is of the run before
		c.sides = [2]clientSide{}
	}
}

func (s *clientSide) readTotals(f *fields) {
	s.clock, s.lap = f.u64(), f.u32()
	s.stored, s.readable, s.lost, s.unread = f.u64(), f.u64(), f.u64(), f.u64()
	s.collisions, s.collided, s.recentStored, s.recentCollision = f.u64(), f.u64(), f.u64(), f.u64()
	s.rate, s.p50, s.p99, s.p999 = f.u32(), f.u32(), f.u32(), f.u32()
	s.dropped = f.u64()
	if s.stored != s.readable+s.lost+s.unread && f.err == nil {
		f.err = fmt.Errorf("stored %d, but readable %d + lost %d + unread %d", s.stored, s.readable, s.lost, s.unread)
	}
}

func (s *clientSide) readCells(f *fields) {
	lap := f.u32()
	s.mapEnded = f.u8() == 1
	slots := f.u32()
	s.mapCollided = f.u32()
	if lap != s.mapLap || s.cells == nil {
		s.mapLap, s.cells = lap, make([]byte, slots)
	}
	first := int(f.u32())
	if slots != uint32(len(s.cells)) || first+len(f.b) > len(s.cells) {
		f.err = fmt.Errorf("%d cells from %d on in a map of %d", len(f.b), first, len(s.cells))
		return
	}
	copy(s.cells[first:], f.b)
}

// countCollided counts the cells that say that they were claimed more than once.
func (s *clientSide) countCollided() (n uint32) {
	for _, c := range s.cells {
		n += uint32(bits.OnesCount8(c & 0x80))
	}
	return n
}

func (s *clientSide) readSteps(f *fields) {
	lap, burst, base := f.u32(), f.u8() == 1, f.u64()
	length, oneIn := f.u32(), f.u32()
	s.leftOut += uint64(f.u32())
	if burst {
		s.bursts++
	} else if (length != 0 || oneIn != 1) && f.err == nil {
		f.err = fmt.Errorf("every step is shown, in a length of %d and one in %d", length, oneIn)
	}
	for len(f.b) > 0 && f.err == nil {
		s.steps = append(s.steps, clientStep{
			lap: lap, at: base + uint64(f.u32()), value: f.u32(), store: f.u32(), writer: f.u8(), step: f.u8(), phase: f.u8(),
		})
		f.u8()
	}
}

func (s *clientSide) readEvidence(f *fields) {
	s.lostSeen = f.u64()
	if s.evidence == nil {
		s.evidence = make(map[uint64]clientLoss)
	}
	for n := f.u16(); n > 0 && f.err == nil; n-- {
		number := f.u64()
		s.evidence[number] = clientLoss{slot: f.u32(), lap: f.u32(), writer: f.u8(), store: f.u32(), id: f.str(), expected: f.str(), got: f.str()}
	}
}
