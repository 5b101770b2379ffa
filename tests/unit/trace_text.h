/*
 * trace_text.h - what the tests of trace files share: recorded lines, and a file to put them in.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "bench/trace.h"
#include "stat/stat.h"

/* A recorder's lines. */
#define MAP(cpu, time, from, to, size) \
	"  fio-1  [00" cpu "] ..... " time ": map: IOMMU: iova=0x" from " - 0x" to \
	" paddr=0x10000 size=" size "\n"
#define UNMAP(cpu, time, from, to, size) \
	"  fio-1  [00" cpu "] d.h1. " time ": unmap: IOMMU: iova=0x" from " - 0x" to " size=" size \
	" unmapped_size=" size "\n"

/* The file of this test; made and removed around its group. */
static char path[] = "/tmp/test_trace_XXXXXX";

static const char sample[] =
	"# tracer: nop\n"
	MAP("0", "1.000001", "fffff000", "100000000", "4096")
	MAP("1", "1.000002", "ffffc000", "ffffe000", "8192")
	UNMAP("1", "1.000003", "fffff000", "100000000", "4096")
	"CPU:1 [LOST 3 EVENTS]\n"
	"  ip-1 [001] ..... 1.000003: sched_wakeup: comm=x\n"
	MAP("2", "1.000004", "ffffe000", "fffff000", "4096")
	UNMAP("0", "1.000005", "ffffc000", "fffff000", "12288")
	MAP("2", "1.000006", "ffffc000", "fffff000", "12288");

static inline void write_bytes(const void *data, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static inline size_t gzip(unsigned char *out, size_t room, const char *text)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)text, .avail_in = (uInt)strlen(text),
		       .next_out = out, .avail_out = (uInt)room };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return z.total_out;
}

static inline int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	unsetenv("IOPT_TRACE_DIR");
	return fd < 0 || close(fd);
}

static inline int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}
