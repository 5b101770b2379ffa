#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "bench/hdr_encode.h"
#include "bench/out_hgrm.h"
#include "bench/write.h"
#include "stat/stat.h"

static struct histogram h;
static struct hdr_point points[HDR_POINTS_MAX];

static void record(uint64_t first, ...)
{
	va_list more;

	memset(&h, 0, sizeof(h));
	va_start(more, first);
	for (uint64_t v = first; v != UINT64_MAX; v = va_arg(more, uint64_t))
		hist_record(&h, v);
	va_end(more);
}

static void expect_points(size_t n, ...)
{
	va_list more;

	assert_int_equal(hdr_points(&h, points), n);
	va_start(more, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(points[i].value, va_arg(more, uint64_t));
		assert_int_equal(points[i].count, va_arg(more, uint64_t));
	}
	va_end(more);
}

#define END UINT64_MAX
#define V(x) ((uint64_t)(x))

static void test_points(void **state)
{
	(void)state;
	record(END);
	expect_points(0);
	record(V(0), END);
	expect_points(1, V(0), V(1));
	record(V(5000), END); /* alone: exact, whatever its bucket */
	expect_points(1, V(5000), V(1));
	record(V(5000), V(5000), V(5000), END);
	expect_points(1, V(5000), V(3));
	/* [4992, 5055] has its middle at 5023 */
	record(V(5000), V(5001), V(5050), V(5055), END);
	expect_points(3, V(5000), V(1), V(5023), V(2), V(5055), V(1));
	/* a middle beyond the ends is held to them */
	record(V(5040), V(5041), V(5042), END);
	expect_points(2, V(5040), V(2), V(5042), V(1));
	record(V(5000), V(5001), V(5002), END);
	expect_points(2, V(5000), V(1), V(5002), V(2));
	record(V(3), V(90), V(90), V(127), V(100000), END);
	expect_points(4, V(3), V(1), V(90), V(2), V(127), V(1), V(100000), V(1));
}

static void test_overflow_is_at_the_largest(void **state)
{
	const uint64_t over = 1ull << HIST_MAX_LG2;

	(void)state;
	record(V(7), over, over + 5, END);
	expect_points(2, V(7), V(1), over + 5, V(2));
	record(over, END);
	expect_points(1, over, V(1));
	record(over, over + 1, over + 2, END); /* the smallest is known too */
	expect_points(2, over, V(1), over + 2, V(2));
	record(over - 1, over - 1, END); /* the last bucket */
	expect_points(1, over - 1, V(2));
}

/* The definition of HdrHistogram's array, slowly: index by index. */
static void test_indices(void **state)
{
	uint64_t low = 0, width = 1;

	(void)state;
	for (uint32_t i = 0; i < 40000; i++) {
		if (i >= HDR_SUB_BUCKETS && i % (HDR_SUB_BUCKETS / 2) == 0)
			width *= 2;
		assert_int_equal(hdr_index(low), i);
		assert_int_equal(hdr_index(low + width - 1), i);
		low += width;
	}
	assert_int_equal(hdr_index(INT64_MAX), hdr_index(UINT64_MAX));
	assert_int_equal(hdr_index(INT64_MAX), 53 * 1024 + 1023);
	assert_int_equal(hdr_buckets(0), 1);
	assert_int_equal(hdr_buckets(2047), 1);
	assert_int_equal(hdr_buckets(2048), 2);
	assert_int_equal(hdr_buckets(INT64_MAX), 53);
}

/* What a reader shows: the largest value of the index. */
static uint64_t shown(uint64_t value)
{
	uint64_t v = value;

	while (hdr_index(v + 1) == hdr_index(value))
		v++;
	return v;
}

static void test_a_reader_shows_the_middle(void **state)
{
	(void)state;
	for (uint32_t b = 0; b < HIST_BUCKETS && hist_bucket_high(b) < 1 << 20; b++) {
		uint64_t low = hist_bucket_low(b), high = hist_bucket_high(b);

		record(low, low, high, high, high + 1, low - (low > 0), END);
		hdr_points(&h, points);
		for (size_t i = 0; i < 4 && low > 0; i++) {
			uint64_t middle = low + (high - low) / 2;

			if (points[i].value != middle)
				continue;
			assert_int_equal(shown(middle), middle);
			assert_true(128 * (high - middle) <= low + 127);
		}
	}
}

static unsigned digit(char c)
{
	static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return (unsigned)(strchr(all, c) - all);
}

static uint64_t big_endian(const uint8_t *v, unsigned size)
{
	uint64_t sum = 0;

	while (size--)
		sum = sum << 8 | *v++;
	return sum;
}

static struct {
	uint64_t n, last_index, last_count;
	int64_t highest;
} decoded;

static void decode(void)
{
	static uint8_t packed[1 << 16], body[1 << 16];
	char *text = hdr_encode(&h);
	uLongf size = sizeof(body);
	size_t n = 0;
	uint64_t index = 0;

	assert_non_null(text);
	assert_memory_equal(text, "HISTFAAA", 8);
	for (const char *p = text; *p; p += 4) {
		uint32_t three = digit(p[0]) << 18 | digit(p[1]) << 12 |
				 (p[2] == '=' ? 0 : digit(p[2]) << 6) | (p[3] == '=' ? 0 : digit(p[3]));

		packed[n++] = (uint8_t)(three >> 16);
		packed[n++] = (uint8_t)(three >> 8);
		packed[n++] = (uint8_t)three;
		n -= (size_t)(p[2] == '=') + (p[3] == '=');
	}
	free(text);
	assert_int_equal(big_endian(packed, 4), 0x1c849314);
	assert_int_equal(big_endian(packed + 4, 4), n - 8);
	assert_int_equal(uncompress(body, &size, packed + 8, n - 8), Z_OK);
	assert_int_equal(big_endian(body, 4), 0x1c849313);
	assert_int_equal(big_endian(body + 4, 4), size - 40);
	assert_int_equal(big_endian(body + 12, 4), 3);
	assert_int_equal(big_endian(body + 32, 8), 0x3ff0000000000000); /* 1.0 */
	decoded.highest = (int64_t)big_endian(body + 24, 8);
	decoded.n = 0;
	for (size_t at = 40; at < size;) {
		uint64_t word = 0;
		int64_t v;

		for (unsigned shift = 0;; shift += 7) {
			uint64_t byte = body[at++];

			word |= (shift == 56 ? byte : byte & 0x7f) << shift;
			if (shift == 56 || byte < 0x80)
				break;
		}
		v = (int64_t)(word >> 1) ^ -(int64_t)(word & 1);
		assert_int_not_equal(v, 0);
		if (v < 0) {
			index += (uint64_t)-v;
			continue;
		}
		decoded.n += (uint64_t)v;
		decoded.last_index = index++;
		decoded.last_count = (uint64_t)v;
	}
	assert_true(!decoded.n || index == decoded.last_index + 1); /* nothing follows */
}

static void test_totals(void **state)
{
	uint64_t seed = 5, over = (1ull << 45) + 77;

	(void)state;
	record(END);
	decode();
	assert_int_equal(decoded.n, 0);
	assert_int_equal(decoded.highest, 2); /* readers refuse less */
	record(V(0), END);
	decode();
	assert_int_equal(decoded.n, 1);
	assert_int_equal(decoded.last_index, 0);
	record(END);
	for (unsigned i = 0; i < 20000; i++)
		hist_record(&h, stat_rand(&seed) >> (24 + stat_below(&seed, 40)));
	hist_record(&h, over);
	decode();
	assert_int_equal(decoded.n, 20001);
	assert_int_equal(decoded.last_index, hdr_index(over));
	assert_int_equal(decoded.last_count, h.overflow);
	assert_int_equal(decoded.highest, over);
	record(V(1), UINT64_MAX - 1, END); /* beyond what it can count */
	decode();
	assert_int_equal(decoded.n, 2);
	assert_int_equal(decoded.highest, INT64_MAX);
}

/* Counts of every length, to nine bytes. */
static void test_large_counts(void **state)
{
	(void)state;
	for (unsigned lg2 = 0; lg2 < 63; lg2++) {
		h = (struct histogram){ .n = 1ull << lg2, .min = 100, .max = 100 };
		h.count[hist_bucket(100)] = h.n;
		decode();
		assert_int_equal(decoded.n, 1ull << lg2);
		assert_int_equal(decoded.last_index, 100);
	}
}

static void test_names(void **state)
{
	char name[HGRM_NAME_MAX], other[HGRM_NAME_MAX], longest[640];

	(void)state;
	hgrm_file_name(name, "private/mutex-2019/t2/4K/b1/think0ns/cpus+smt", "map");
	assert_string_equal(name, "private_mutex-2019_t2_4K_b1_think0ns_cpus+smt-map.hgrm");
	hgrm_file_name(name, "a/b#2", "map");
	hgrm_file_name(other, "a/b:2", "map");
	assert_memory_equal(name, "a_b_2-", 6);
	assert_string_not_equal(name, other);
	hgrm_file_name(other, "a/b_2", "map"); /* an underscore is no slash either */
	assert_string_not_equal(name, other);
	hgrm_file_name(name, "../../etc/x y\n", "map");
	assert_null(strpbrk(name, "/ \n"));
	assert_int_not_equal(name[0], '.');
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	hgrm_file_name(name, longest, "lookup");
	longest[sizeof(longest) - 2] = 'y';
	hgrm_file_name(other, longest, "lookup");
	assert_string_not_equal(name, other);
	assert_non_null(strstr(name, "-lookup.hgrm"));
}

static void test_hgrm(void **state)
{
	static const char want[] =
		"       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
		"      10.000 0.000000000000          1           1.00\n"
		"      10.000 0.100000000000          1           1.11\n"
		"      10.000 0.200000000000          1           1.25\n"
		"      20.000 0.300000000000          3           1.43\n"
		"      20.000 0.400000000000          3           1.67\n"
		"      20.000 0.500000000000          3           2.00\n"
		"      20.000 0.550000000000          3           2.22\n"
		"      20.000 0.600000000000          3           2.50\n"
		"      20.000 0.650000000000          3           2.86\n"
		"      20.000 0.700000000000          3           3.33\n"
		"      20.000 0.750000000000          3           4.00\n"
		"  150000.000 0.775000000000          4           4.44\n"
		"  150000.000 1.000000000000          4\n"
		"#[Mean    =    37512.500, StdDeviation   =    64944.689]\n"
		"#[Max     =   150000.000, Total count    =            4]\n"
		"#[Buckets =            8, SubBuckets     =         2048]\n";
	char text[4096] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(out);
	record(V(20), V(10), V(150000), V(20), END);
	assert_int_equal(write_hgrm(&h, out), 0);
	fclose(out);
	assert_string_equal(text, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_points),
		cmocka_unit_test(test_overflow_is_at_the_largest),
		cmocka_unit_test(test_indices),
		cmocka_unit_test(test_a_reader_shows_the_middle),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_large_counts),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_hgrm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
