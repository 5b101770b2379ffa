#include "bench/hdr_encode.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

/* The low byte's upper half says that counts are of a varying number of bytes. */
#define COOKIE 0x1c849313u
#define COOKIE_COMPRESSED 0x1c849314u
#define HEADER_BYTES 40u
#define COMPRESSED_HEADER_BYTES 8u
#define LEB_BYTES 9u /* seven bits each in eight, all eight in the ninth */
#define SUB_LG2 11u
_Static_assert(HDR_SUB_BUCKETS == 1u << SUB_LG2, "sub-buckets are a power of two");

struct bytes {
	uint8_t *v;
	size_t n;
};

static void add_point(struct hdr_point *points, size_t *n, uint64_t value, uint64_t count)
{
	if (!count)
		return;
	if (*n && points[*n - 1].value == value)
		points[*n - 1].count += count;
	else
		points[(*n)++] = (struct hdr_point){ value, count };
}

/* Is the value counted in this bucket? */
static bool lies_in(uint64_t value, uint32_t bucket)
{
	return value >= hist_bucket_low(bucket) && value <= hist_bucket_high(bucket);
}

size_t hdr_points(const struct histogram *h, struct hdr_point points[HDR_POINTS_MAX])
{
	bool two_ends = h->n > 1;
	size_t n = 0;

	if (!h->n)
		return 0;
	add_point(points, &n, h->min, 1);
	for (uint32_t b = 0; b < HIST_BUCKETS; b++) {
		uint64_t low = hist_bucket_low(b), middle = low + (hist_bucket_high(b) - low) / 2;
		uint64_t count = h->count[b];

		if (!count)
			continue;
		count -= lies_in(h->min, b) + (two_ends && lies_in(h->max, b));
		middle = middle < h->min ? h->min : middle;
		add_point(points, &n, middle > h->max ? h->max : middle, count);
	}
	if (h->overflow)
		add_point(points, &n, h->max, h->overflow - (h->min >> HIST_MAX_LG2 != 0));
	else if (two_ends)
		add_point(points, &n, h->max, 1);
	return n;
}

static uint32_t lg2(uint64_t value)
{
	return 63 - (uint32_t)__builtin_clzll(value);
}

/* HdrHistogram counts in signed numbers. */
static uint64_t representable(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : value;
}

uint32_t hdr_index(uint64_t value)
{
	uint32_t bucket = lg2(representable(value) | (HDR_SUB_BUCKETS - 1)) - (SUB_LG2 - 1);

	return (bucket << (SUB_LG2 - 1)) + (uint32_t)(representable(value) >> bucket);
}

uint32_t hdr_buckets(uint64_t value)
{
	return lg2(representable(value) | (HDR_SUB_BUCKETS - 1)) - (SUB_LG2 - 2);
}

static void put_big_endian(struct bytes *b, uint64_t v, unsigned size)
{
	while (size--)
		b->v[b->n++] = (uint8_t)(v >> (8 * size));
}

static void put_leb128(struct bytes *b, int64_t count)
{
	uint64_t zigzag = (uint64_t)count << 1 ^ (count < 0 ? UINT64_MAX : 0);

	for (unsigned i = 1; zigzag >> 7 && i < LEB_BYTES; i++) {
		b->v[b->n++] = (uint8_t)(zigzag | 0x80);
		zigzag >>= 7;
	}
	b->v[b->n++] = (uint8_t)zigzag;
}

/* Counts by index; a negative number is so many zeros. */
static void put_counts(struct bytes *b, const struct hdr_point *points, size_t n)
{
	uint32_t next = 0;

	for (size_t i = 0; i < n;) {
		uint32_t index = hdr_index(points[i].value);
		uint64_t count = 0;

		for (; i < n && hdr_index(points[i].value) == index; i++)
			count += points[i].count;
		if (index > next)
			put_leb128(b, -(int64_t)(index - next));
		put_leb128(b, (int64_t)count);
		next = index + 1;
	}
}

static void put_histogram(struct bytes *b, const struct hdr_point *points, size_t n)
{
	const double ratio = 1; /* of the values to whole numbers */
	uint64_t most = n ? representable(points[n - 1].value) : 0, bits;
	size_t counts;

	memcpy(&bits, &ratio, sizeof(bits));
	b->n = HEADER_BYTES;
	put_counts(b, points, n);
	counts = b->n - HEADER_BYTES;
	b->n = 0;
	put_big_endian(b, COOKIE, 4);
	put_big_endian(b, counts, 4);
	put_big_endian(b, 0, 4); /* index that counts begin at, in histograms that were shifted */
	put_big_endian(b, HDR_DIGITS, 4);
	put_big_endian(b, 1, 8); /* lowest value told from 0 */
	/* highest: readers want at least two; the room for it is theirs to make */
	put_big_endian(b, most > 2 ? most : 2, 8);
	put_big_endian(b, bits, 8);
	b->n += counts;
}

static char *base64(const uint8_t *v, size_t n)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = malloc((n + 2) / 3 * 4 + 1), *at = text;

	for (size_t i = 0; text && i < n; i += 3) {
		uint32_t three = (uint32_t)v[i] << 16 | (i + 1 < n ? (uint32_t)v[i + 1] << 8 : 0) |
				 (i + 2 < n ? v[i + 2] : 0);

		*at++ = digit[three >> 18];
		*at++ = digit[three >> 12 & 63];
		*at++ = digit[three >> 6 & 63];
		*at++ = digit[three & 63];
	}
	for (size_t pad = (3 - n % 3) % 3; text && pad; pad--)
		at[-(ptrdiff_t)pad] = '=';
	if (text)
		*at = '\0';
	return text;
}

static char *compress_and_print(const struct bytes *plain)
{
	uLongf room = compressBound(plain->n);
	struct bytes packed = { .v = malloc(COMPRESSED_HEADER_BYTES + room) };
	char *text = NULL;

	if (packed.v &&
	    compress2(packed.v + COMPRESSED_HEADER_BYTES, &room, plain->v, plain->n,
		      Z_BEST_COMPRESSION) == Z_OK) {
		put_big_endian(&packed, COOKIE_COMPRESSED, 4);
		put_big_endian(&packed, room, 4);
		text = base64(packed.v, packed.n + room);
	}
	free(packed.v);
	return text;
}

char *hdr_encode(const struct histogram *h)
{
	struct hdr_point *points = malloc(HDR_POINTS_MAX * sizeof(*points));
	/* for each point a run of zeros before it, and its count */
	struct bytes plain = { .v = malloc(HEADER_BYTES + 2 * LEB_BYTES * HDR_POINTS_MAX) };
	char *text = NULL;

	if (points && plain.v) {
		put_histogram(&plain, points, hdr_points(h, points));
		text = compress_and_print(&plain);
	}
	free(plain.v);
	free(points);
	return text;
}
