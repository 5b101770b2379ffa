/* The histogram: bucket bounds, the promised error, nothing dropped, lossless merge, quantiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "stat/histogram.h"
#include "stat/stat.h"

#define SAMPLES 20000u

static struct histogram first, second, both;

static int clear(void **state)
{
	(void)state;
	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	memset(&both, 0, sizeof(both));
	return 0;
}

/* Spread evenly over the powers of two, so that every bucket's width is met. */
static uint64_t sample(uint64_t *rng, unsigned bits)
{
	return stat_rand(rng) >> (64 - 1 - stat_below(rng, bits));
}

static void buckets_tile_the_range(void **state)
{
	(void)state;
	assert_int_equal(hist_bucket_low(0), 0);
	assert_int_equal(hist_bucket_high(HIST_BUCKETS - 1), (UINT64_C(1) << HIST_MAX_LG2) - 1);
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		uint64_t low = hist_bucket_low(i), high = hist_bucket_high(i);

		assert_true(low <= high);
		assert_int_equal(hist_bucket(low), i);
		assert_int_equal(hist_bucket(high), i);
		if (i)
			assert_int_equal(low, hist_bucket_high(i - 1) + 1);
		/* The middle is within 1/128 of both ends, which the header calls 0.8 %. */
		assert_true((high - low + 1) / 2 * 128 <= low || low == high);
	}
}

static void nothing_is_dropped(void **state)
{
	uint64_t limit = UINT64_C(1) << HIST_MAX_LG2;

	(void)state;
	hist_record(&first, limit - 1);
	assert_int_equal(first.overflow, 0);
	assert_int_equal(first.count[HIST_BUCKETS - 1], 1);
	hist_record(&first, limit);
	hist_record(&first, UINT64_MAX / 4);
	hist_record(&first, 0);
	assert_int_equal(first.overflow, 2);
	assert_int_equal(first.n, 4);
	assert_int_equal(first.min, 0);
	assert_int_equal(first.max, UINT64_MAX / 4);
	/* Rank 3 of 4 lies in the overflow: all that is known above the range is max. */
	assert_int_equal(hist_quantile(&first, 0.75), UINT64_MAX / 4);
	assert_true(hist_quantile(&first, 0.5) < limit);
}

static void smallest_value_is_kept(void **state)
{
	(void)state;
	hist_record(&first, 5000);
	assert_int_equal(first.min, 5000);
	hist_record(&first, 7000);
	hist_record(&first, 4000);
	assert_int_equal(first.min, 4000);
	assert_int_equal(first.max, 7000);
}

static void merge_loses_nothing(void **state)
{
	uint64_t rng = 1;

	(void)state;
	for (uint32_t i = 0; i < SAMPLES; i++) {
		uint64_t value = sample(&rng, 44);

		hist_record(i % 3 ? &first : &second, value);
		hist_record(&both, value);
	}
	assert_true(both.overflow > 0);
	hist_merge(&first, &second);
	assert_memory_equal(&first, &both, sizeof(both));
}

static void many_at_once_are_as_many_one_by_one(void **state)
{
	static const uint64_t values[] = { 0, 1, 63, 64, 4711, (1ull << HIST_MAX_LG2) - 1, 1ull << HIST_MAX_LG2 };
	static struct histogram many, single;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		hist_record_many(&many, values[i], i);
		for (size_t k = 0; k < i; k++)
			hist_record(&single, values[i]);
		assert_memory_equal(&many, &single, sizeof(many));
	}
}

static void merge_with_an_empty_one(void **state)
{
	(void)state;
	hist_record(&first, 77);
	both = first;
	hist_merge(&first, &second); /* the empty one's min of 0 must not come through */
	assert_memory_equal(&first, &both, sizeof(both));
	hist_merge(&second, &first);
	assert_memory_equal(&second, &both, sizeof(both));
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void quantiles_match_sorted_data(void **state)
{
	static const struct {
		double q;
		uint32_t rank; /* of 20000, counted by hand */
	} want[] = { { 0.00001, 1 }, { 0.07, 1400 },     { 0.5, 10000 },	 { 0.9, 18000 },
		     { 0.99, 19800 }, { 0.999, 19980 }, { 0.99995, 19999 }, { 1, 20000 } };
	static uint64_t sorted[SAMPLES];
	uint64_t rng = 2;

	(void)state;
	for (uint32_t i = 0; i < SAMPLES; i++) {
		sorted[i] = sample(&rng, 38);
		hist_record(&first, sorted[i]);
	}
	qsort(sorted, SAMPLES, sizeof(*sorted), by_size);
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		uint64_t exact = sorted[want[i].rank - 1], have = hist_quantile(&first, want[i].q);
		uint64_t error = have > exact ? have - exact : exact - have;

		assert_true(error * 128 <= exact);
	}
	assert_int_equal(hist_quantile(&first, 1), sorted[SAMPLES - 1]);
}

static void quantile_takes_the_right_rank(void **state)
{
	(void)state;
	assert_int_equal(hist_quantile(&first, 0.5), 0);
	for (uint64_t i = 1; i <= 100; i++) /* below 128 every value has its bucket */
		hist_record(&first, i);
	assert_int_equal(hist_quantile(&first, 0.07), 7); /* 0.07 * 100 > 7 in binary */
	assert_int_equal(hist_quantile(&first, 0.071), 8);
	assert_int_equal(hist_quantile(&first, 0.001), 1);
	assert_int_equal(hist_quantile(&first, 0.99), 99);
	assert_int_equal(hist_quantile(&first, 1), 100);
}

static void quantile_stays_between_min_and_max(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		hist_record(&first, 1u << 20); /* the low end of a wide bucket */
	assert_int_equal(hist_quantile(&first, 0.5), 1u << 20);
	for (int i = 0; i < 3; i++)
		hist_record(&second, (1u << 21) - 1);
	assert_int_equal(hist_quantile(&second, 0.5), (1u << 21) - 1);
}

static void ten_samples_beyond(void **state)
{
	(void)state;
	assert_false(hist_supports(&first, 0.5));
	for (int i = 0; i < 19; i++)
		hist_record(&first, 1);
	assert_false(hist_supports(&first, 0.5));
	hist_record(&first, 1);
	assert_true(hist_supports(&first, 0.5));
	first.n = 9999;
	assert_false(hist_supports(&first, 0.999));
	first.n = 10000;
	assert_true(hist_supports(&first, 0.999));
	first.n = 99999;
	assert_false(hist_supports(&first, 0.9999));
	first.n = 100000; /* 1e5 * (1 - 0.9999) < 10 in binary */
	assert_true(hist_supports(&first, 0.9999));
	assert_false(hist_supports(&first, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(buckets_tile_the_range, clear),
		cmocka_unit_test_setup(nothing_is_dropped, clear),
		cmocka_unit_test_setup(smallest_value_is_kept, clear),
		cmocka_unit_test_setup(merge_loses_nothing, clear),
		cmocka_unit_test_setup(many_at_once_are_as_many_one_by_one, clear),
		cmocka_unit_test_setup(merge_with_an_empty_one, clear),
		cmocka_unit_test_setup(quantiles_match_sorted_data, clear),
		cmocka_unit_test_setup(quantile_takes_the_right_rank, clear),
		cmocka_unit_test_setup(quantile_stays_between_min_and_max, clear),
		cmocka_unit_test_setup(ten_samples_beyond, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
