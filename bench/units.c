/* units.c - see units.h. Integer arithmetic throughout: 1.5k is 1500 exactly, 0.1 is refused. */
#include "bench/units.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t scale;
};

static const struct unit byte_units[] = {
	{ "", 1 },		 { "K", 1ULL << 10 }, { "M", 1ULL << 20 },
	{ "G", 1ULL << 30 },	 { "T", 1ULL << 40 }, { "P", 1ULL << 50 },
	{ "k", 1ULL << 10 },	 { NULL, 0 },
};
/* No small m or g: 2m of a duration is two minutes, and milli elsewhere. */
static const struct unit count_units[] = {
	{ "", 1 },	   { "k", 1000 },	  { "K", 1000 },
	{ "M", 1000000 },  { "G", 1000000000 },	  { "T", 1000000000000 },
	{ NULL, 0 },
};
static const struct unit time_units[] = {
	{ "ns", 1 },		{ "us", 1000 },		 { "ms", 1000000 },
	{ "s", 1000000000 },	{ "m", 60000000000ULL }, { "h", 3600000000000ULL },
	{ NULL, 0 },
};

static const struct unit *unit_find(const struct unit *units, const char *text, size_t len)
{
	for (; units->name; units++)
		if (strlen(units->name) == len && !memcmp(units->name, text, len))
			return units;
	return NULL;
}

/* value = whole.fraction × scale, exactly; `fraction` holds `digits` decimal digits. */
static bool scale_exactly(uint64_t whole, uint64_t fraction, unsigned digits, uint64_t scale,
			  uint64_t *out)
{
	unsigned __int128 part = (unsigned __int128)fraction * scale;
	uint64_t divisor = 1;

	while (digits--)
		divisor *= 10;
	if (__builtin_mul_overflow(whole, scale, &whole) || part % divisor)
		return false;
	return !__builtin_add_overflow(whole, (uint64_t)(part / divisor), out);
}

/* Digits after the point, trailing zeros dropped; 18 of them fit. */
static bool fraction_read(const char **text, uint64_t *fraction, unsigned *digits)
{
	const char *p = *text;
	size_t len = strspn(p, "0123456789"), used = len;

	if (!len)
		return false;
	while (used && p[used - 1] == '0')
		used--;
	if (used > 18)
		return false;
	*fraction = 0;
	*digits = (unsigned)used;
	for (size_t i = 0; i < used; i++)
		*fraction = *fraction * 10 + (uint64_t)(p[i] - '0');
	*text = p + len;
	return true;
}

/* Digits, 0x… where `hex` says so; no sign, no blank. Advances *text. */
static bool whole_read(const char **text, bool hex, uint64_t *out)
{
	const char *p = *text;
	unsigned base = 10;

	if (hex && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	}
	const char *first = p;

	for (*out = 0; base == 16 ? isxdigit((unsigned char)*p) : isdigit((unsigned char)*p); p++) {
		unsigned digit = isdigit((unsigned char)*p) ?
			(unsigned)(*p - '0') : (unsigned)(tolower((unsigned char)*p) - 'a') + 10;

		if (__builtin_mul_overflow(*out, base, out) ||
		    __builtin_add_overflow(*out, digit, out))
			return false;
	}
	*text = p;
	return p != first;
}

/* A decimal number with an optional fraction, and one of `units` up to the end of the text. */
static bool quantity(const char *text, const struct unit *units, uint64_t *out)
{
	uint64_t whole, fraction = 0;
	unsigned digits = 0;

	if (!whole_read(&text, false, &whole))
		return false;
	if (*text == '.') {
		text++;
		if (!fraction_read(&text, &fraction, &digits))
			return false;
	}
	const struct unit *unit = unit_find(units, text, strlen(text));

	return unit && scale_exactly(whole, fraction, digits, unit->scale, out);
}

bool parse_bytes(const char *text, uint64_t *out)
{
	bool wrapped = *text == '-', minus = wrapped;
	unsigned __int128 sum = wrapped ? (unsigned __int128)1 << 64 : 0;

	text += wrapped;
	do {
		uint64_t term;

		if (!whole_read(&text, true, &term))
			return false;
		size_t len = strcspn(text, "+-");
		const struct unit *unit = unit_find(byte_units, text, len);

		if (!unit || __builtin_mul_overflow(term, unit->scale, &term))
			return false;
		if (minus && sum < term)
			return false;
		sum = minus ? sum - term : sum + term;
		/* 2^64 itself may stand in the middle of a sum, as in -4K; far beyond is junk. */
		if (sum >> 65)
			return false;
		text += len;
		minus = *text == '-';
	} while (*text && *++text);
	if (text[-1] == '+' || text[-1] == '-' || sum >> 64)
		return false;
	*out = (uint64_t)sum;
	return true;
}

bool parse_count(const char *text, uint64_t *out)
{
	return quantity(text, count_units, out);
}

bool parse_duration_ns(const char *text, uint64_t *out)
{
	if (!strcmp(text, "0")) {
		*out = 0;
		return true;
	}
	return quantity(text, time_units, out);
}

bool parse_page_size_lg2(const char *text, uint64_t *out)
{
	uint64_t bytes;

	if (!parse_bytes(text, &bytes) || !bytes || bytes & (bytes - 1))
		return false;
	unsigned lg2 = 63u - (unsigned)__builtin_clzll(bytes);

	/* Every size of the AMD format; 512 GiB is left out by the driver for a hardware bug. */
	if (lg2 < 12 || lg2 > 51 || lg2 == 39)
		return false;
	*out = lg2;
	return true;
}

/* One digit after the point below 100, none above; "1.0 us" rather than "1000 ns". */
static char *show_scaled(char *buf, size_t size, double value, const char *const *names,
			 size_t n, double step)
{
	const char *sign = value < 0 ? "-" : "";
	size_t i = 0;

	if (!isfinite(value)) {
		snprintf(buf, size, "-");
		return buf;
	}
	value = fabs(value);
	while (i + 1 < n && value >= step - 0.5) {
		value /= step;
		i++;
	}
	bool whole = value >= 99.95 || value == floor(value);

	snprintf(buf, size, "%s%.*f%s", sign, whole ? 0 : 1, value, names[i]);
	return buf;
}

char *show_ns(char *buf, size_t size, double ns)
{
	static const char *const names[] = { " ns", " us", " ms", " s" };

	return show_scaled(buf, size, ns, names, 4, 1000);
}

char *show_count(char *buf, size_t size, double count)
{
	static const char *const names[] = { "", " k", " M", " G", " T" };

	return show_scaled(buf, size, count, names, 5, 1000);
}

char *show_bytes(char *buf, size_t size, uint64_t bytes)
{
	static const char *const names[] = { "", "K", "M", "G", "T", "P" };

	return show_scaled(buf, size, (double)bytes, names, 6, 1024);
}

char *show_int(char *buf, size_t size, uint64_t v)
{
	char digits[24], text[32];
	int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)v);
	char *to = text;

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	snprintf(buf, size, "%s", text);
	return buf;
}

void show_more(char *buf, size_t size, const char *fmt, ...)
{
	size_t used = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + used, size - used, fmt, ap);
	va_end(ap);
}
