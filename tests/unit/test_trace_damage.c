/* test_trace_damage.c - damaged traces are refused with place and reason, never with a crash. */
#include "trace_text.h"

/* The text is refused, and the message holds `where` and `what`. */
static void refuse(const char *text, const char *where, const char *what)
{
	struct trace *t = NULL;
	struct err err;

	write_bytes(text, strlen(text));
	assert_int_equal(trace_load(&t, path, &err), EXIT_BAD_DATA);
	assert_int_equal(err.code, EXIT_BAD_DATA);
	assert_null(t);
	if (!strstr(err.text, where) || !strstr(err.text, what))
		fail_msg("'%s' names neither %s nor %s", err.text, where, what);
}

static void names_damaged_lines(void **state)
{
	static const struct {
		const char *line, *what;
	} rows[] = {
		{ "a-1 1.0: map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096", "no [CPU]" },
		{ "a-1 [x] . 1.0: map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096", "no [CPU]" },
		{ "a-1 [8192] 1.0: map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096",
		  "CPU number" },
		{ "a-1 [0] ..... map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096", "time stamp" },
		{ "a-1 [0] . 99: map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096",
		  "trace_clock" },
		{ "a-1 [0] . 1.: map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096", "fraction" },
		{ "a-1 [0] . 1.0 map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096", "no ':'" },
		{ "a-1 [0] . 1.0: mop: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096", "neither" },
		{ "a-1 [0] . 1.0: map: OIMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096", "IOMMU:" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=1000 - 0x1000 paddr=0x0 size=4096", "iova=0x" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0x-1 - 0x1000 paddr=0x0 size=4096", "iova=0x" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0x11111111111111111 - 0x1 paddr=0x0 size=1",
		  "iova=0x" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0x0 - 1000 paddr=0x0 size=4096", "after iova" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0x0 - 0x1000 size=4096", "paddr=0x" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=", "'size=" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0x0 - 0x1000 paddr=0x0", "'size=" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096k",
		  "more text" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=8192", "differs" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0x1000 - 0x1000 paddr=0x0 size=0", "size=0" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0x10 - 0x1010 paddr=0x0 size=4096", "4096" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0x0 - 0x1000 paddr=0x800 size=4096", "4096" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0x0 - 0x1000 paddr=0x10000000000000 size=4096",
		  "2^52" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0x0 - 0x2000 paddr=0xffffffffff000 size=8192",
		  "2^52" },
		{ "a-1 [0] . 1.0: map: IOMMU: iova=0xfffffffffffff000 - 0x1000 paddr=0x0 size=8192",
		  "2^64" },
		{ "a-1 [0] 1.0: map: IOMMU: iova=0x0 - 0x80000001000 paddr=0x0 size=8796093026304",
		  "8 TiB" },
		{ "a-1 [0] . 1.0: unmap: IOMMU: iova=0x0 - 0x1000 size=4096", "unmapped_size" },
		{ "a-1 [0] . 1.0: unmap: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096", "'size=" },
		{ "a-1 [0] . 1.0: unmap: IOMMU: iova=0x0 - 0x10", "'size=" },
		{ "a 1 100: iommu:map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096", "no time stamp" },
		{ "a 1 iommu:map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096", "no time stamp" },
		{ "a 1 1.0: x iommu:map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096", "no time stamp" },
		{ "a 1 [8192] 1.0: iommu:map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=4096", "CPU number" },
		{ "a 1 1.0: iommu:map: IOMMU: iova=0x0 - 0x1000 paddr=0x0 size=8192", "differs" },
		{ "a 1 [0] 1.0: iommu:map: IOMMU: iova=0x10 paddr=0x0 size=4096", "4096" },
		{ "a 1 [0] 1.0: iommu:unmap: IOMMU: iova=0xfffffffffffff000 size=8192 unmapped_size=8192",
		  "2^64" },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(text, sizeof(text), "# one\n" MAP("0", "0.5", "0", "1000", "4096") "%s\n",
			 rows[i].line);
		refuse(text, ":3: ", rows[i].what);
	}
}

static void refuses_what_is_no_trace(void **state)
{
	size_t n = (64u << 10) + 100;
	char *longest = malloc(n + 1);
	struct trace *t;
	struct err err;

	(void)state;
	assert_non_null(longest);
	memset(longest, 'x', n);
	longest[n] = '\0';
	refuse(longest, ":1: ", "line beyond");
	free(longest);
	refuse("", path, "no map or unmap event");
	refuse("# nothing\nroot:x:0:0\n", path, "no map or unmap event in 2 lines");
	refuse(UNMAP("0", "1.0", "1000", "2000", "4096"), path, "none of its 1 events");
	write_bytes("\177ELF\0\1", 6);
	assert_int_equal(trace_load(&t, path, &err), EXIT_BAD_DATA);
	assert_non_null(strstr(err.text, ":1: a zero byte"));
	assert_int_equal(trace_load(&t, "/tmp", &err), EXIT_BAD_DATA);
	assert_non_null(strstr(err.text, "is a directory"));
	assert_int_equal(trace_load(&t, "/nonexistent/x", &err), EXIT_BAD_DATA);
	assert_non_null(strstr(err.text, "No such file"));
	assert_int_equal(trace_load(&t, "nvme-amd-lasy", &err), EXIT_BAD_DATA);
	assert_non_null(strstr(err.text, "net-amd-strict, nvme-amd-lazy, nvme-vtd-strict"));
}

static void reads_gzip_and_knows_its_end(void **state)
{
	unsigned char z[4096];
	size_t n = gzip(z, sizeof(z), sample);
	struct trace *t;
	struct err err;

	(void)state;
	write_bytes(z, n);
	assert_int_equal(trace_load(&t, path, &err), 0);
	assert_int_equal(t->n, 6);
	trace_free(t);
	for (size_t cut = 3; cut < n; cut++) {
		write_bytes(z, cut);
		assert_int_equal(trace_load(&t, path, &err), EXIT_BAD_DATA);
		if (cut > 20)
			assert_non_null(strstr(err.text, "cut short"));
	}
	z[n - 6] ^= 1; /* checksum */
	write_bytes(z, n);
	assert_int_equal(trace_load(&t, path, &err), EXIT_BAD_DATA);
}

/* Slow and obvious: no map over a live one, no unmap but of whole maps. */
static void assert_legal(const struct trace *t)
{
	bool live[64] = { false };

	assert_in_range(t->n, 1, 64);
	for (size_t i = 0; i < t->n; i++) {
		const struct trace_event *e = &t->events[i];
		uint64_t last = e->iova + (e->bytes - 1), covered = 0;

		for (size_t k = 0; k < i; k++) {
			const struct trace_event *m = &t->events[k];
			uint64_t m_last = m->iova + (m->bytes - 1);

			if (!live[k] || m_last < e->iova || m->iova > last)
				continue;
			assert_int_equal(e->kind, TRACE_UNMAP);
			assert_true(m->iova >= e->iova && m_last <= last);
			covered += m->bytes;
			live[k] = false;
		}
		live[i] = e->kind == TRACE_MAP;
		assert_true(live[i] || covered == e->bytes);
	}
}

/* Any damage is either read as something legal or refused with a line number. */
static void survives_damage(void **state)
{
	unsigned char z[4096], bytes[sizeof(sample) > 4096 ? sizeof(sample) : 4096];
	size_t packed = gzip(z, sizeof(z), sample);
	uint64_t rng = 1, refused = 0;

	(void)state;
	for (unsigned round = 0; round < 6000; round++) {
		bool zipped = round % 4 == 0;
		size_t n = zipped ? packed : strlen(sample);
		struct trace *t;
		struct err err = { 0 };

		memcpy(bytes, zipped ? z : (const void *)sample, n);
		for (uint64_t hits = 1 + stat_below(&rng, 3); hits; hits--) {
			size_t at = stat_below(&rng, n);

			bytes[at] = round & 1 ? (unsigned char)stat_rand(&rng)
					      : bytes[stat_below(&rng, n)];
		}
		write_bytes(bytes, n - (round % 8 == 0 ? stat_below(&rng, n) : 0));
		if (!trace_load(&t, path, &err)) {
			assert_legal(t);
			trace_free(t);
			continue;
		}
		refused++;
		assert_int_equal(err.code, EXIT_BAD_DATA);
		assert_true(strstr(err.text, path) == err.text);
		assert_non_null(strpbrk(err.text + strlen(path), "0123456789"));
	}
	assert_in_range(refused, 1000, 5900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_damaged_lines),
		cmocka_unit_test(refuses_what_is_no_trace),
		cmocka_unit_test(reads_gzip_and_knows_its_end),
		cmocka_unit_test(survives_damage),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
