/* Any bytes as a result.json. */
#include <math.h>
#include <string.h>

#include "bench/fingerprint.h"
#include "bench/stored.h"
#include "input.h"

/* Not a number, or one that arithmetic can be done with. */
static void must_be_figure(double x)
{
	MUST(isnan(x) || (x >= 0 && x < 1e70));
}

static void check_draw(const struct stored_draw *d)
{
	must_be_figure(d->ops_per_s);
	must_be_figure(d->steady);
	MUST(!(d->ops_per_s <= 0) && !(d->steady <= 0)); /* logarithms are taken */
	must_be_figure(d->tables);
	MUST(!isnan(d->tables));
	for (int kind = 0; kind < OP_KINDS; kind++) {
		must_be_figure(d->ns_per_op[kind]);
		must_be_figure(d->latency[kind].p50);
		must_be_figure(d->latency[kind].p9999);
	}
}

static void check_case(const struct stored *s, const struct stored_case *c, size_t n)
{
	MUST(c->id && c->engine && c->workload && c->page_size && c->handicap && c->place && c->mem);
	MUST(*c->id && c->threads && strlen(c->id) < 640);
	MUST(stored_find(s, c->id) == c);
	must_be_figure(c->ops_per_s);
	must_be_figure(c->lost_per_table_hi);
	for (size_t i = 0; i < c->ndraws; i++) {
		check_draw(&c->draws[i]);
		MUST(!i || c->draws[i - 1].process < c->draws[i].process);
		MUST(isnan(c->draws[i].steady) || c->ruler);
	}
	/* a draw and a slice are an object each, of two bytes at least */
	MUST(c->ndraws <= n / 2 && c->nslices <= n / 2);
	for (size_t i = 0; i < c->nslices; i++)
		MUST(!(c->slices[i].ops_per_s <= 0));
}

static void check_host(const struct stored_host *host)
{
	char text[320], key[FINGERPRINT_KEY];

	MUST(!fingerprint_differs(host, host, FINGERPRINT_ALL, 0, text, sizeof(text)));
	fingerprint_key(host, key);
	MUST(strlen(key) == FINGERPRINT_KEY - 1);
	fingerprint_show(host, text, sizeof(text));
	MUST(*text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct stored *s = NULL;
	struct err err = { 0 };
	int rc;

	if (n && data[0] == 0x1f) /* gzip, perhaps */
		rc = stored_read(&s, as_file(data, n), &err);
	else
		rc = stored_parse(&s, (const char *)data, n, "input", &err);
	MUST(!rc == !!s && rc == err.code);
	MUST(!rc || (rc == EXIT_BAD_DATA && *err.text));
	if (!s)
		return 0;
	check_host(&s->host);
	for (size_t i = 0; i < s->ncases; i++)
		check_case(s, &s->cases[i], data[0] == 0x1f ? SIZE_MAX : n);
	stored_free(s);
	return 0;
}
