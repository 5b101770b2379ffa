/* test_trace.c - reading of map/unmap traces: the oddities of recordings, and figures. */
#include "trace_text.h"

static struct trace *load(const char *text)
{
	struct trace *t = NULL;
	struct err err;

	write_bytes(text, strlen(text));
	if (trace_load(&t, path, &err))
		fail_msg("%s", err.text);
	return t;
}

static void reads_fields(void **state)
{
	(void)state;
	struct trace *t = load("# tracer: nop\n#\n\n"
			       MAP("3", "13.727940", "00000000fff7a000", "00000000fff7c000", "8192")
			       UNMAP("1", "14.000000001", "fff7a000", "fff7c000", "8192"));

	assert_int_equal(t->n, 2);
	assert_int_equal(t->events[0].kind, TRACE_MAP);
	assert_int_equal(t->events[0].iova, 0xfff7a000);
	assert_int_equal(t->events[0].bytes, 8192);
	assert_int_equal(t->events[0].pa, 0x10000);
	assert_int_equal(t->events[0].cpu, 1);
	assert_false(t->events[0].atomic);
	assert_int_equal(t->events[1].kind, TRACE_UNMAP);
	assert_int_equal(t->events[1].cpu, 0);
	assert_true(t->events[1].atomic);
	assert_float_equal(t->seconds, 0.272060001, 1e-9);
	assert_int_equal(t->lines, 5);
	assert_int_equal(t->other_lines, 3);
	assert_int_equal(t->cross_cpu_unmaps, 1);
	assert_int_equal(t->leaf_tables, 1);
	assert_int_equal(t->peak_live_pages, 2);
	assert_int_equal(t->end_live_pages, 0);
	assert_int_equal(t->size_lg2_count[13], 2);
	assert_true(t->context_known);
	trace_free(t);
}

/* Tasks with odd names, no flags, perf's event names, DOS line ends, no line end at the end. */
static void reads_odd_lines(void **state)
{
	(void)state;
	struct trace *t = load(
		" a b[0] 1:-7 [002] 1.000001: map: IOMMU: iova=0x1000 - 0x2000"
		" paddr=0x0 size=4096\r\n"
		" kworker/u8:1-12 (-----) [8191] 1.000002: iommu:map: IOMMU: iova=0x2000 - 0x3000"
		" paddr=0x1000 size=4096\n"
		"<idle>-0 [000] 1.000003:   iommu:unmap:  IOMMU: iova=0x1000 - 0x2000 size=4096"
		" unmapped_size=4096");

	assert_int_equal(t->n, 3);
	assert_int_equal(t->cpus, 3);
	assert_int_equal(t->events[1].cpu, 2);
	assert_false(t->context_known);
	trace_free(t);
}

/*
 * perf script: with and without the CPU, with a thread beside the process, nine digits, a period, call
 * chains between the events, and what it lost.
 */
static void reads_perf_script(void **state)
{
	(void)state;
	struct trace *t = load(
		"# captured on    : Mon Nov 23 05:00:00 2026\n"
		"kworker/u8:1    12 [002]   100.000001: iommu:map: IOMMU: iova=0x0000000000001000 - "
		"0x0000000000002000 paddr=0x0000000000000000 size=4096\n"
		"\tffffffff8e3a1b20 iommu_map+0x70 ([kernel.kallsyms])\n\n"
		"a b[0] 1: x 12/13 [001]   100.000002123:          1 iommu:unmap: IOMMU: iova=0x1000 - 0x2000"
		" size=4096 unmapped_size=4096\n"
		"swapper     0 [001]   100.000002200: unknown: PERF_RECORD_LOST lost 9\n"
		"fio 2.5: y  7   100.000003:  iommu:map: IOMMU: iova=0x5000 - 0x6000 paddr=0x0 size=4096\n"
		"fio  7   100.000004:        1  iommu:unmap: IOMMU: iova=0x5000 - 0x6000 size=4096 "
		"unmapped_size=4096\n");

	assert_int_equal(t->n, 4);
	assert_int_equal(t->cpus, 3);
	assert_int_equal(t->events[0].cpu, 2);
	assert_int_equal(t->events[1].cpu, 1);
	assert_float_equal(t->events[1].time_s, 100.000002123, 1e-12);
	assert_float_equal(t->events[2].time_s, 100.000003, 1e-12);
	assert_int_equal(t->events[3].kind, TRACE_UNMAP);
	assert_int_equal(t->events[3].cpu, 0);
	assert_int_equal(t->no_cpu, 2);
	assert_int_equal(t->lost_events, 9);
	assert_false(t->context_known);
	trace_free(t);
}

/* Kernels of 2019 print no end of the range; trace-cmd says otherwise what was lost. */
static void reads_old_kernels_and_trace_cmd(void **state)
{
	(void)state;
	struct trace *t = load(
		"cpus=4\n"
		"CPU:1 [EVENTS DROPPED]\n"
		"CPU:3 [20 EVENTS DROPPED]\n"
		"             fio-7     [001]   100.000001: map:                  IOMMU: iova=0x1000 "
		"paddr=0x2000 size=8192\n"
		"             fio-7     [003] d..1.   100.000002: unmap:                IOMMU: iova=0x1000 size=8192 "
		"unmapped_size=8192\n");

	assert_int_equal(t->n, 2);
	assert_int_equal(t->events[0].bytes, 8192);
	assert_int_equal(t->events[0].pa, 0x2000);
	assert_int_equal(t->end_live_pages, 0);
	assert_int_equal(t->lost_events, 21);
	assert_true(t->context_known);
	trace_free(t);
}

static void ignores_other_events(void **state)
{
	(void)state;
	struct trace *t = load(
		"# comment\n"
		"CPU:2 [LOST 41 EVENTS]\n"
		"  fio-1 [001] d..2. 1.000000: sched_switch: prev_comm=map: prev_pid=1\n"
		"  fio-1 [001] d..2. 1.000000: attach_device_to_domain: IOMMU: device=0:00:01.0\n"
		"  fio-1 [001] d..2. 1.000000: <stack trace>\n"
		" => iommu_map\n => __iommu_dma_map\n"
		"  fio-1 [001] d..2. 1.000000: io_page_fault: IOMMU:amd 0:0 iova=0x1000 flags=0x0\n"
		MAP("0", "2.0", "1000", "2000", "4096"));

	assert_int_equal(t->n, 1);
	assert_int_equal(t->lines, 9);
	assert_int_equal(t->other_lines, 8);
	assert_int_equal(t->lost_events, 41);
	trace_free(t);
}

/* An interrupt, soft or hard, or interrupts, bottom halves or preemption off. */
static void knows_where_a_mutex_cannot_be_taken(void **state)
{
	static const struct {
		const char *flags;
		bool atomic;
	} rows[] = {
		{ ".....", false }, { ".N..1", false }, { "...0.", false }, { "d....", true },
		{ "b....", true },  { "..s..", true },  { "..H..", true },  { "...1.", true },
		{ "d", true },	    { ".", false },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct trace *t;

		snprintf(text, sizeof(text), "a-1 [0] %s 1.0: map: IOMMU: iova=0x0 - 0x1000 "
			 "paddr=0x0 size=4096\n", rows[i].flags);
		t = load(text);
		if (t->events[0].atomic != rows[i].atomic || t->atomic_maps != rows[i].atomic)
			fail_msg("flags %s", rows[i].flags);
		trace_free(t);
	}
}

/* A scatter list is mapped piece by piece and unmapped whole. */
static void one_unmap_covers_several_maps(void **state)
{
	(void)state;
	struct trace *t = load(MAP("0", "1.0", "1000", "2000", "4096")
			       MAP("1", "1.1", "2000", "5000", "12288")
			       MAP("0", "1.2", "6000", "7000", "4096")
			       UNMAP("0", "1.3", "1000", "5000", "16384"));

	assert_int_equal(t->n, 4);
	assert_int_equal(t->unmaps, 1);
	assert_int_equal(t->cross_cpu_unmaps, 1);
	assert_int_equal(t->peak_live_pages, 5);
	assert_int_equal(t->end_live_pages, 1);
	assert_int_equal(t->size_lg2_count[14], 2); /* 12 KiB counts as up to 16 KiB */
	trace_free(t);
}

static void skips_what_is_not_legal(void **state)
{
	(void)state;
	struct trace *t = load(
		UNMAP("0", "1.0", "1000", "2000", "4096")   /* mapped before the recording */
		MAP("0", "1.1", "10000", "14000", "16384")
		UNMAP("0", "1.2", "f000", "14000", "20480") /* in part before the recording */
		UNMAP("0", "1.3", "10000", "11000", "4096") /* the start of a map */
		UNMAP("0", "1.4", "13000", "14000", "4096") /* the end of a map */
		MAP("0", "1.5", "13000", "15000", "8192")   /* over a live page */
		UNMAP("0", "1.6", "10000", "14000", "16384")
		MAP("1", "1.7", "13000", "15000", "8192"));

	assert_int_equal(t->n, 3);
	assert_int_equal(t->skipped_unmap, 4);
	assert_int_equal(t->skipped_map, 1);
	assert_int_equal(t->end_live_pages, 2);
	assert_int_equal(t->migrations, 1);
	trace_free(t);
}

/* Order is that of the time stamps, and that of the file where they are equal. */
static void sorts_by_time(void **state)
{
	(void)state;
	struct trace *t = load(MAP("0", "2.000002", "1000", "2000", "4096")
			       UNMAP("1", "2.000001", "1000", "2000", "4096")
			       MAP("2", "1.000001", "1000", "2000", "4096")
			       UNMAP("3", "2.000002", "1000", "2000", "4096")
			       MAP("0", "2.000002", "1000", "2000", "4096"));

	static const unsigned cpus[] = { 2, 1, 0, 3, 0 };

	assert_int_equal(t->n, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(t->events[i].cpu, cpus[i]);
	assert_int_equal(t->migrations, 1);
	trace_free(t);
}

/* The last page of the IOVA space, and maps of terabytes cost no memory. */
static void reads_extremes(void **state)
{
	(void)state;
	struct trace *t = load(
		MAP("0", "1.0", "fffffffffffff000", "0000000000000000", "4096")
		"a-1 [0] 1.1: map: IOMMU: iova=0x0 - 0x80000000000 paddr=0xff80000000000"
		" size=8796093022208\n"
		UNMAP("0", "1.2", "0", "80000000000", "8796093022208"));

	assert_int_equal(t->n, 3);
	assert_int_equal(t->leaf_tables, (1u << 22) + 1);
	assert_int_equal(t->size_lg2_count[43], 2);
	assert_int_equal(t->end_live_pages, 1);
	trace_free(t);
}

/* Lines that straddle the reader's buffer: comments of every length come first. */
static void reads_lines_across_its_buffer(void **state)
{
	static const char event[] = MAP("0", "1.0", "1000", "2000", "4096");
	size_t comment = (64u << 10) - 200;
	char *text = malloc(comment + sizeof(event) + 256);

	(void)state;
	assert_non_null(text);
	memset(text, '#', comment + 256);
	for (size_t k = 0; k < 256; k += 5) {
		struct trace *t;

		memset(text, '#', comment + k);
		text[1000] = text[comment + k - 1] = '\n';
		memcpy(text + comment + k, event, sizeof(event));
		t = load(text);
		assert_int_equal(t->n, 1);
		assert_int_equal(t->lines, 3);
		trace_free(t);
	}
	free(text);
}

static void knows_shipped_traces(void **state)
{
	static const struct {
		const char *name;
		uint64_t events, leaf_tables, cross_cpu_unmaps, migrations, peak, end, skips;
	} rows[] = { /* counted by a separate script */
		{ "nvme-amd-lazy", 98014, 10, 0, 710, 2043, 2, 0 },
		{ "nvme-vtd-strict", 69999, 8, 0, 0, 1074, 664, 0 },
		{ "net-amd-strict", 79999, 15, 21947, 7007, 810, 337, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct trace *t;
		struct err err;
		uint64_t sizes = 0;

		if (trace_load(&t, rows[i].name, &err))
			fail_msg("%s", err.text);
		assert_string_equal(t->name, rows[i].name);
		assert_int_equal(t->n + t->skipped_map + t->skipped_unmap, rows[i].events);
		assert_int_equal(t->skipped_map + t->skipped_unmap, rows[i].skips);
		assert_int_equal(t->maps + t->unmaps, t->n);
		assert_int_equal(t->cpus, 4);
		assert_int_equal(t->leaf_tables, rows[i].leaf_tables);
		assert_int_equal(t->cross_cpu_unmaps, rows[i].cross_cpu_unmaps);
		assert_int_equal(t->migrations, rows[i].migrations);
		assert_int_equal(t->peak_live_pages, rows[i].peak);
		assert_int_equal(t->end_live_pages, rows[i].end);
		assert_int_equal(t->atomic_unmaps, t->unmaps);
		for (size_t k = 0; k < 64; k++)
			sizes += t->size_lg2_count[k];
		assert_int_equal(sizes, t->n);
		trace_free(t);
	}
}

/* $IOPT_TRACE_DIR comes before the source tree. */
static void looks_in_the_named_directory(void **state)
{
	char dir[] = "/tmp/test_trace_dir_XXXXXX", file[128];
	unsigned char z[4096];
	size_t n = gzip(z, sizeof(z), sample);
	struct trace *t;
	struct err err;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/nvme-amd-lazy.trace.gz", dir);
	f = fopen(file, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(z, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	setenv("IOPT_TRACE_DIR", dir, 1);
	assert_int_equal(trace_load(&t, "nvme-amd-lazy", &err), 0);
	assert_int_equal(t->n, 6);
	trace_free(t);
	assert_int_equal(trace_load(&t, "net-amd-strict", &err), 0);
	trace_free(t);
	unsetenv("IOPT_TRACE_DIR");
	unlink(file);
	rmdir(dir);
}

/* The screen says what must not be concluded. */
static void prints_the_notes(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct trace *t = load(sample);

	(void)state;
	assert_non_null(out);
	trace_print(t, NULL, out, (struct terminal){ .width = TERMINAL_FILE });
	fclose(out);
	assert_non_null(strstr(text, "6 events"));
	assert_non_null(strstr(text, "too few for a rate of waste: none lost is 0 of 1 [0 3.00]"));
	assert_non_null(strstr(text, "no mutex can be taken"));
	assert_non_null(strstr(text, "the recorder lost 3 events"));
	free(text);
	trace_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_fields),
		cmocka_unit_test(reads_odd_lines),
		cmocka_unit_test(reads_perf_script),
		cmocka_unit_test(reads_old_kernels_and_trace_cmd),
		cmocka_unit_test(ignores_other_events),
		cmocka_unit_test(knows_where_a_mutex_cannot_be_taken),
		cmocka_unit_test(one_unmap_covers_several_maps),
		cmocka_unit_test(skips_what_is_not_legal),
		cmocka_unit_test(sorts_by_time),
		cmocka_unit_test(reads_extremes),
		cmocka_unit_test(reads_lines_across_its_buffer),
		cmocka_unit_test(knows_shipped_traces),
		cmocka_unit_test(looks_in_the_named_directory),
		cmocka_unit_test(prints_the_notes),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
