/* The process that the gate checkpoints: it counts, and its memory follows from the count.
 *
 * Every step changes one word in each of SPARSE pages, so that a pre-dump finds pages that did not change; once in a
 * while it hashes all of its memory and writes one record over standard output, at offset 0: count, hash, pid and
 * what it last heard on its connection. Package counter knows the same sums and tells from a record whether the memory
 * is what it must be.
 *
 *	counter          counts
 *	counter server   listens on 127.0.0.1:7707, counts, and sends back what its first client sends
 *	counter client   connects there, counts, and sends a number, and the next when that came back
 *
 * No libc, no threads, no heap: nothing that the four architectures would do differently. The script build compiles it.
 */
typedef unsigned long u64;
typedef unsigned int u32;

#define PAGE 4096
#define PAGES 1024		/* of 4 KiB: 4 MiB */
#define CHANGING (PAGES / 4)	/* the others never change: a pre-dump is to find them so */
#define SPARSE 16		/* pages that a step changes */
#define EVERY 8			/* steps from one record to the next */

#if defined(__x86_64__)
enum { WRITE = 1, SENDTO = 44, RECVFROM = 45, SOCKET = 41, CONNECT = 42, BIND = 49, LISTEN = 50, ACCEPT = 43, NANOSLEEP = 35, GETPID = 39, EXIT = 60, PWRITE = 18 };
__asm__(".globl _start\n_start: mov %rsp,%rdi\nand $-16,%rsp\ncall start\n");
static long sys(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "+a"(n) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return n;
}
#elif defined(__aarch64__)
enum { PWRITE = 68, NANOSLEEP = 101, GETPID = 172, SOCKET = 198, BIND = 200, LISTEN = 201, ACCEPT = 202, CONNECT = 203, SENDTO = 206, RECVFROM = 207, EXIT = 93 };
__asm__(".globl _start\n_start: mov x0,sp\nb start\n");
static long sys(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
#elif defined(__powerpc64__)
enum { PWRITE = 180, NANOSLEEP = 162, GETPID = 20, SOCKET = 326, BIND = 327, CONNECT = 328, LISTEN = 329, ACCEPT = 330, SENDTO = 335, RECVFROM = 337, EXIT = 1 };
__asm__(".globl _start\n_start: lis 2,.TOC.@ha\naddi 2,2,.TOC.@l\nmr 3,1\nli 0,0\nstdu 0,-128(1)\nb start\n");
static long sys(long n, long a, long b, long c, long d, long e, long f)
{
	register long r0 __asm__("r0") = n, r3 __asm__("r3") = a, r4 __asm__("r4") = b, r5 __asm__("r5") = c, r6 __asm__("r6") = d, r7 __asm__("r7") = e, r8 __asm__("r8") = f;
	__asm__ volatile("sc\nbns+ 1f\nneg 3,3\n1:" : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8) : : "memory", "cr0", "ctr", "r9", "r10", "r11", "r12");
	return r3;
}
#elif defined(__s390x__)
enum { PWRITE = 181, NANOSLEEP = 162, GETPID = 20, SOCKET = 359, BIND = 361, CONNECT = 362, LISTEN = 363, ACCEPT = 364, SENDTO = 369, RECVFROM = 371, EXIT = 1 };
__asm__(".globl _start\n_start: lgr %r2,%r15\naghi %r15,-160\nxc 0(8,%r15),0(%r15)\njg start\n");
static long sys(long n, long a, long b, long c, long d, long e, long f)
{
	register long r1 __asm__("r1") = n, r2 __asm__("r2") = a, r3 __asm__("r3") = b, r4 __asm__("r4") = c, r5 __asm__("r5") = d, r6 __asm__("r6") = e, r7 __asm__("r7") = f;
	__asm__ volatile("svc 0" : "+d"(r2) : "d"(r1), "d"(r3), "d"(r4), "d"(r5), "d"(r6), "d"(r7) : "memory");
	return r2;
}
#endif

static u64 memory[PAGES][PAGE / 8] __attribute__((aligned(PAGE)));

static u64 mix(u64 x)
{
	x ^= x >> 33; x *= 0xff51afd7ed558ccdUL;
	x ^= x >> 33; x *= 0xc4ceb9fe1a85ec53UL;
	return x ^ x >> 33;
}

static u64 hash(void)
{
	u64 h = 0xcbf29ce484222325UL;
	for (u32 i = 0; i < PAGES; i++)
		for (u32 j = 0; j < PAGE / 8; j++)
			h = (h ^ memory[i][j]) * 0x100000001b3UL;
	return h;
}

static char *hex(char *to, u64 v)
{
	for (int i = 60; i >= 0; i -= 4)
		*to++ = "0123456789abcdef"[v >> i & 15];
	*to++ = ' ';
	return to;
}

__attribute__((noreturn)) static void fail(long code)
{
	for (;;)
		sys(EXIT, code, 0, 0, 0, 0, 0);
}

/* connection returns the socket of "server" or "client"; -1 for neither. */
static long connection(const char *role)
{
	unsigned char address[16] __attribute__((aligned(8))) = { 0, 0, 7707 >> 8, 7707 & 255, 127, 0, 0, 1 };
	*(unsigned short *)address = 2;	/* AF_INET, in the machine's order */
	if (!role || (*role != 's' && *role != 'c'))
		return -1;
	long fd = sys(SOCKET, 2, 1, 0, 0, 0, 0);
	if (fd < 0)
		fail(10);
	if (*role == 'c') {
		if (sys(CONNECT, fd, (long)address, 16, 0, 0, 0) < 0)
			fail(11);
		return fd;
	}
	if (sys(BIND, fd, (long)address, 16, 0, 0, 0) < 0 || sys(LISTEN, fd, 1, 0, 0, 0, 0) < 0)
		fail(12);
	long peer = sys(ACCEPT, fd, 0, 0, 0, 0, 0);
	if (peer < 0)
		fail(13);
	return peer;
}

__attribute__((noreturn, used)) void start(long *stack)
{
	const char *role = stack[0] > 1 ? (const char *)stack[2] : 0;
	long fd = connection(role);
	u64 heard = 0, said = 0;

	for (u32 i = 0; i < PAGES; i++)
		for (u32 j = 0; j < PAGE / 8; j++)
			memory[i][j] = mix((u64)i << 32 | j);

	for (u64 count = 0;; count++) {
		if (count % EVERY == 0) {
			char record[5 * 17], *p = record;
			u64 h = hash(), pid = sys(GETPID, 0, 0, 0, 0, 0, 0);
			p = hex(p, count);
			p = hex(p, h);
			p = hex(p, pid);
			p = hex(p, heard);
			p = hex(p, mix(count ^ h ^ pid ^ heard));
			p[-1] = '\n';
			if (sys(PWRITE, 1, (long)record, sizeof record, 0, 0, 0) != sizeof record)
				fail(14);
		}
		if (fd >= 0) {	/* one number at a time; MSG_DONTWAIT, MSG_NOSIGNAL */
			u64 got;
			if (*role == 'c' && said == heard) {
				said++;
				sys(SENDTO, fd, (long)&said, sizeof said, 0x4000, 0, 0);
			}
			if (sys(RECVFROM, fd, (long)&got, sizeof got, 0x40, 0, 0) == sizeof got) {
				heard = got;
				if (*role == 's')
					sys(SENDTO, fd, (long)&got, sizeof got, 0x4000, 0, 0);
			}
		}
		for (u32 k = 0; k < SPARSE; k++)
			memory[(count * SPARSE + k) % CHANGING][k] += mix(count);
		long pause[2] = { 0, 2000000 };
		sys(NANOSLEEP, (long)pause, 0, 0, 0, 0, 0);
	}
}
