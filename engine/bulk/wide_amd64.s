//go:build amd64 && !race

#include "textflag.h"

// CRC-32C by folding: Gopal et al., "Fast CRC computation for generic polynomials using the PCLMULQDQ instruction", Intel, 2009,
// with 512 bits at a time. 16 bytes that D bits of data follow can be replaced by two products, to be added to the 16 bytes that
// are D bits further on: their low half times x^(D+31) mod P, and their high half times x^(D-33) mod P, all of it reflected. The
// test computes these constants anew.

// Over 256 bytes.
DATA by256<>+0(SB)/8, $0xdcb17aa4
DATA by256<>+8(SB)/8, $0xb9e02b86
GLOBL by256<>(SB), RODATA|NOPTR, $16

// Over 64 bytes.
DATA by64<>+0(SB)/8, $0x740eef02
DATA by64<>+8(SB)/8, $0x9e4addf8
GLOBL by64<>(SB), RODATA|NOPTR, $16

// Each of four lanes onto what is behind the last: over 48, 32 and 16 bytes, and the last itself not.
DATA lanes<>+0(SB)/8, $0x1c291d04
DATA lanes<>+8(SB)/8, $0xddc0152b
DATA lanes<>+16(SB)/8, $0x3da6d0cb
DATA lanes<>+24(SB)/8, $0xba4fc28e
DATA lanes<>+32(SB)/8, $0xf20c0dfe
DATA lanes<>+40(SB)/8, $0x493c7d27
DATA lanes<>+48(SB)/8, $0
DATA lanes<>+56(SB)/8, $0
GLOBL lanes<>(SB), RODATA|NOPTR, $64

// The first 256 bytes: Z0 to Z3 are what has been folded, and begin as the data with the sum so far, AX, in its first four bytes.
#define FIRST \
	VMOVDQU64 (SI), Z0 \
	VMOVDQU64 64(SI), Z1 \
	VMOVDQU64 128(SI), Z2 \
	VMOVDQU64 192(SI), Z3

#define BEGIN \
	VMOVD AX, X4 \
	VPXORQ Z4, Z0, Z0 \
	VBROADCASTI32X4 by256<>(SB), Z12

// The next 256 bytes, in Z8 to Z11.
#define NEXT \
	VMOVDQU64 (SI), Z8 \
	VMOVDQU64 64(SI), Z9 \
	VMOVDQU64 128(SI), Z10 \
	VMOVDQU64 192(SI), Z11

#define FOLD \
	VPCLMULQDQ $0, Z12, Z0, Z4 \
	VPCLMULQDQ $0, Z12, Z1, Z5 \
	VPCLMULQDQ $0, Z12, Z2, Z6 \
	VPCLMULQDQ $0, Z12, Z3, Z7 \
	VPCLMULQDQ $17, Z12, Z0, Z0 \
	VPCLMULQDQ $17, Z12, Z1, Z1 \
	VPCLMULQDQ $17, Z12, Z2, Z2 \
	VPCLMULQDQ $17, Z12, Z3, Z3 \
	VPTERNLOGQ $0x96, Z8, Z4, Z0 \
	VPTERNLOGQ $0x96, Z9, Z5, Z1 \
	VPTERNLOGQ $0x96, Z10, Z6, Z2 \
	VPTERNLOGQ $0x96, Z11, Z7, Z3

#define ONTO(from, to) \
	VPCLMULQDQ $0, Z12, from, Z4 \
	VPCLMULQDQ $17, Z12, from, Z5 \
	VPTERNLOGQ $0x96, Z4, Z5, to

// What has been folded becomes one register, then 16 bytes, and of these the sum is taken: DX.
#define END \
	VBROADCASTI32X4 by64<>(SB), Z12 \
	ONTO(Z0, Z1) \
	ONTO(Z1, Z2) \
	ONTO(Z2, Z3) \
	VMOVDQU64 lanes<>(SB), Z12 \
	VPCLMULQDQ $0, Z12, Z3, Z4 \
	VPCLMULQDQ $17, Z12, Z3, Z5 \
	VPXORQ Z5, Z4, Z4 \
	VEXTRACTI64X4 $1, Z4, Y5 \
	VPXOR Y5, Y4, Y4 \
	VEXTRACTI128 $1, Y4, X5 \
	VPXOR X5, X4, X4 \
	VEXTRACTI32X4 $3, Z3, X5 \
	VPXOR X5, X4, X4 \
	VMOVQ X4, AX \
	VPEXTRQ $1, X4, BX \
	VZEROUPPER \
	XORL DX, DX \
	CRC32Q AX, DX \
	CRC32Q BX, DX

// What is in Z8 to Z11, or in Z0 to Z3 at first, goes to DI: by way of the caches, or past them.
#define KEEP(a, b, c, d) \
	VMOVDQU64 a, (DI) \
	VMOVDQU64 b, 64(DI) \
	VMOVDQU64 c, 128(DI) \
	VMOVDQU64 d, 192(DI)

#define STREAM(a, b, c, d) \
	VMOVNTDQ a, (DI) \
	VMOVNTDQ b, 64(DI) \
	VMOVNTDQ c, 128(DI) \
	VMOVNTDQ d, 192(DI)

// What both ways of copying and summing up do; STORE is KEEP or STREAM.
#define COPYSUM(STORE) \
	MOVQ to+0(FP), DI \
	MOVQ from+8(FP), SI \
	MOVQ n+16(FP), CX \
	MOVL sum+24(FP), AX \
	FIRST \
	STORE(Z0, Z1, Z2, Z3) \
	BEGIN \
	SUBQ $256, CX \
	JZ   end \
loop: \
	ADDQ $256, SI \
	ADDQ $256, DI \
	NEXT \
	STORE(Z8, Z9, Z10, Z11) \
	FOLD \
	SUBQ $256, CX \
	JNZ  loop \
end:

// func copySumWide(to, from *byte, n int, sum uint32) uint32
TEXT ·copySumWide(SB), NOSPLIT, $0-36
	COPYSUM(KEEP)
	END
	MOVL DX, ret+32(FP)
	RET

// func streamSumWide(to, from *byte, n int, sum uint32) uint32
TEXT ·streamSumWide(SB), NOSPLIT, $0-36
	COPYSUM(STREAM)
	SFENCE
	END
	MOVL DX, ret+32(FP)
	RET

// func streamWide(to, from *byte, n int)
TEXT ·streamWide(SB), NOSPLIT, $0-24
	MOVQ to+0(FP), DI
	MOVQ from+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	NEXT
	STREAM(Z8, Z9, Z10, Z11)
	ADDQ $256, SI
	ADDQ $256, DI
	SUBQ $256, CX
	JNZ  loop
	SFENCE
	VZEROUPPER
	RET

// func sumWide(of *byte, n int, sum uint32) uint32
TEXT ·sumWide(SB), NOSPLIT, $0-28
	MOVQ of+0(FP), SI
	MOVQ n+8(FP), CX
	MOVL sum+16(FP), DX
	CMPQ CX, $512
	JB   words
	MOVL DX, AX
	FIRST
	BEGIN
	SUBQ $512, CX

loop:
	ADDQ $256, SI
	NEXT
	FOLD
	SUBQ $256, CX
	JAE  loop
	END
	ADDQ $256, SI
	ADDQ $256, CX

words:
	SUBQ $8, CX
	JB   bytes

word:
	CRC32Q (SI), DX
	ADDQ   $8, SI
	SUBQ   $8, CX
	JAE    word

bytes:
	ADDQ $8, CX
	JZ   done

byte:
	CRC32B (SI), DX
	INCQ   SI
	DECQ   CX
	JNZ    byte

done:
	MOVL DX, ret+24(FP)
	RET
