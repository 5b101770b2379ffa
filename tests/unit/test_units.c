/* Numbers with units, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "bench/units.h"

struct row {
	const char *text;
	uint64_t value;
};

static void accepts(bool (*parse)(const char *, uint64_t *), const struct row *rows)
{
	for (; rows->text; rows++) {
		uint64_t v = 0xdead;

		if (!parse(rows->text, &v))
			fail_msg("'%s' is refused", rows->text);
		if (v != rows->value)
			fail_msg("'%s' gives %llu", rows->text, (unsigned long long)v);
	}
}

static void refuses(bool (*parse)(const char *, uint64_t *), const char *const *texts)
{
	uint64_t v;

	for (; *texts; texts++)
		if (parse(*texts, &v))
			fail_msg("'%s' is accepted as %llu", *texts, (unsigned long long)v);
}

static void test_bytes(void **state)
{
	static const struct row good[] = {
		{ "0", 0 }, { "1500", 1500 }, { "0x1000", 4096 }, { "0XfF", 255 }, { "4K", 4096 },
		{ "4k", 4096 }, { "2M", 2u << 20 }, { "1G", 1u << 30 }, { "1T", 1ULL << 40 },
		{ "2P", 1ULL << 51 }, { "0x10K", 16384 }, { "1G+4K", (1ULL << 30) + 4096 },
		{ "1G-4K", (1ULL << 30) - 4096 }, { "1G-4K-4K+1", (1ULL << 30) - 8191 },
		{ "-4K", 0xfffffffffffff000 }, { "-4K-4K", 0xffffffffffffe000 },
		{ "-1", UINT64_MAX }, { "-1G+4K", 0xffffffffc0001000 },
		{ "18446744073709551615", UINT64_MAX }, { "0xffffffffffffffff", UINT64_MAX },
		{ "16383P+1024T-1", (16383ULL << 50) + (1ULL << 50) - 1 }, { NULL, 0 },
	};
	static const char *const bad[] = {
		"", " ", " 1", "1 ", "K", "1.5K", "4KB", "4KK", "1G+", "1G-", "+1", "+", "-",
		"--4K", "1G++4K", "1G+-4K", "4K-1G", "-0", "-4K+4K", "-4K+8K", "0x", "0xg", "1e6",
		"12q", "18446744073709551616", "0x10000000000000000", "16384P", "16383P+1024T", "1,5",
		"99999999999999999999999", "nan", "4K\n", NULL,
	};

	(void)state;
	accepts(parse_bytes, good);
	refuses(parse_bytes, bad);
}

static void test_count(void **state)
{
	static const struct row good[] = {
		{ "0", 0 }, { "007", 7 }, { "1500", 1500 }, { "1.5k", 1500 }, { "1.5K", 1500 },
		{ "2M", 2000000 }, { "0.25M", 250000 }, { "1.0", 1 },
		{ "1.5000000000000000000000k", 1500 }, { "3G", 3000000000 },
		{ "1T", 1000000000000 }, { "1.123456789012T", 1123456789012 },
		{ "18446744073709551615", UINT64_MAX }, { NULL, 0 },
	};
	static const char *const bad[] = {
		"", "k", ".5k", "1.", "1.k", "1.5", "1.2345k", "0.1", "-1", "+1", " 1", "1 k", "2m",
		"1kk", "18446744073709551616", "18446744073709552k", "18.4467440737095516T", "0x10",
		"1e3", "1.1234567890123456789T", "one", "1,000", NULL,
	};

	(void)state;
	accepts(parse_count, good);
	refuses(parse_count, bad);
}

static void test_duration(void **state)
{
	static const struct row good[] = {
		{ "0", 0 }, { "0ns", 0 }, { "100ns", 100 }, { "1us", 1000 }, { "20ms", 20000000 },
		{ "1.5s", 1500000000 }, { "0.5us", 500 }, { "2m", 120000000000 },
		{ "1h", 3600000000000 }, { NULL, 0 },
	};
	static const char *const bad[] = {
		"", "1", "00", "20", "ms", "1.5", "0.5ns", "-1s", "1S", "1 s", "1ss", "1sec",
		"584y", "18446744074s", "99999999h", "1e3s", NULL,
	};

	(void)state;
	accepts(parse_duration_ns, good);
	refuses(parse_duration_ns, bad);
}

static void test_page_size(void **state)
{
	static const struct row good[] = {
		{ "4K", 12 }, { "4096", 12 }, { "0x1000", 12 }, { "64K", 16 }, { "2M", 21 },
		{ "1G", 30 }, { "256G", 38 }, { "1T", 40 }, { "2P", 51 }, { "1G+1G", 31 },
		{ NULL, 0 },
	};
	static const char *const bad[] = {
		"0", "2K", "3K", "12", "4K+1", "512G", "4P", "", "4KB", NULL,
	};

	(void)state;
	accepts(parse_page_size_lg2, good);
	refuses(parse_page_size_lg2, bad);
}

static void test_show(void **state)
{
	char b[32];

	(void)state;
	assert_string_equal(show_ns(b, sizeof(b), 0), "0 ns");
	assert_string_equal(show_ns(b, sizeof(b), 0.42), "0.4 ns");
	assert_string_equal(show_ns(b, sizeof(b), 24.26), "24.3 ns");
	assert_string_equal(show_ns(b, sizeof(b), 412.4), "412 ns");
	assert_string_equal(show_ns(b, sizeof(b), 999.4), "999 ns");
	assert_string_equal(show_ns(b, sizeof(b), 999.7), "1.0 us");
	assert_string_equal(show_ns(b, sizeof(b), 16100), "16.1 us");
	assert_string_equal(show_ns(b, sizeof(b), 3.1e6), "3.1 ms");
	assert_string_equal(show_ns(b, sizeof(b), 7200e9), "7200 s");
	assert_string_equal(show_ns(b, sizeof(b), -16100), "-16.1 us");
	assert_string_equal(show_ns(b, sizeof(b), (double)NAN), "-");
	assert_string_equal(show_bytes(b, sizeof(b), 4096), "4K");
	assert_string_equal(show_bytes(b, sizeof(b), 1000), "1000");
	assert_string_equal(show_bytes(b, sizeof(b), 2u << 20), "2M");
	assert_string_equal(show_bytes(b, sizeof(b), 1ULL << 51), "2P");
	assert_string_equal(show_bytes(b, sizeof(b), 5000), "4.9K");
	assert_string_equal(show_count(b, sizeof(b), 31.2e6), "31.2 M");
	assert_string_equal(show_count(b, sizeof(b), 999), "999");
	assert_string_equal(show_int(b, sizeof(b), 0), "0");
	assert_string_equal(show_int(b, sizeof(b), 999), "999");
	assert_string_equal(show_int(b, sizeof(b), 1000), "1,000");
	assert_string_equal(show_int(b, sizeof(b), 12345678), "12,345,678");
	assert_string_equal(show_int(b, sizeof(b), UINT64_MAX), "18,446,744,073,709,551,615");
	assert_string_equal(show_int(b, 4, 12345678), "12,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes), cmocka_unit_test(test_count),
		cmocka_unit_test(test_duration), cmocka_unit_test(test_page_size),
		cmocka_unit_test(test_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
