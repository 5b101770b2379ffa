/* Bencher Metric Format: {"CASE": {"MEASURE": {"value", "lower_value", "upper_value"}}}. */
#include <math.h>
#include <stdlib.h>

#include "bench/export.h"
#include "bench/json.h"

static int put_case(struct node root, const struct stored *s, const struct stored_case *c,
		    unsigned metrics)
{
	struct export_value values[EXPORT_VALUES_MAX];
	int n = export_values(s, c, metrics, values);
	char *name = n > 0 ? export_name(c) : NULL;
	struct node measures;

	if (n > 0 && name) {
		measures = put_object(root, name);
		for (int i = 0; i < n; i++) {
			struct node measure = put_object(measures, values[i].name);

			put_real(measure, "value", values[i].v);
			if (!isfinite(values[i].lo) || !isfinite(values[i].hi))
				continue;
			put_real(measure, "lower_value", values[i].lo);
			put_real(measure, "upper_value", values[i].hi);
		}
	}
	free(name);
	return n < 0 || (n && !name) ? -1 : 0;
}

int export_bmf(const struct stored *s, unsigned metrics, FILE *out)
{
	bool failed = false;
	struct node root = { json_object(), &failed };

	for (size_t i = 0; !failed && i < s->ncases; i++)
		if (export_shows(&s->cases[i], false))
			failed |= put_case(root, s, &s->cases[i], metrics) != 0;
	failed |= !root.json || json_dumpf(root.json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	json_decref(root.json);
	fputc('\n', out);
	return failed || fflush(out) || ferror(out) ? -1 : 0;
}
