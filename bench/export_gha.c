/*
 * github-action-benchmark's custom tools: [{"name", "unit", "value", "range", "extra"}]. A file is
 * of one direction: throughput is customBiggerIsBetter, all else customSmallerIsBetter.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/export.h"
#include "bench/fingerprint.h"
#include "bench/json.h"

static void put_value(struct node array, const char *name, const struct export_value *v,
		      const char *extra)
{
	struct node o = add_object(array);
	char text[800];

	snprintf(text, sizeof(text), "%s %s", name, v->name);
	put_text(o, "name", text);
	put_text(o, "unit", v->unit);
	put_real(o, "value", v->v);
	if (isfinite(v->lo) && isfinite(v->hi)) {
		/* it is shown behind the value; intervals need not be symmetric: the larger half */
		snprintf(text, sizeof(text), "± %.12g", fmax(v->hi - v->v, v->v - v->lo));
		put_text(o, "range", text);
	}
	put_text(o, "extra", extra);
}

static int put_case(struct node array, const struct stored *s, const struct stored_case *c,
		    unsigned metrics)
{
	struct export_value values[EXPORT_VALUES_MAX];
	int n = export_values(s, c, metrics, values);
	char host[320], extra[480], *name = n > 0 ? export_name(c) : NULL;

	fingerprint_show(&s->host, host, sizeof(host));
	snprintf(extra, sizeof(extra), "iopt %s %s; %s; processes: %zu", s->host.version,
		 s->host.commit, host, c->ndraws);
	for (int i = 0; name && i < n; i++)
		put_value(array, name, &values[i], extra);
	free(name);
	return n < 0 || (n && !name) ? -1 : 0;
}

int export_gha(const struct stored *s, unsigned metrics, FILE *out)
{
	bool failed = false;
	struct node array = { json_array(), &failed };

	for (size_t i = 0; !failed && i < s->ncases; i++)
		if (export_shows(&s->cases[i], false))
			failed |= put_case(array, s, &s->cases[i], metrics) != 0;
	failed |= !array.json || json_dumpf(array.json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	json_decref(array.json);
	fputc('\n', out);
	return failed || fflush(out) || ferror(out) ? -1 : 0;
}
