/* plan_engines.c - names and walks become engines. */
#include "bench/plan_engines.h"

#include <string.h>

static void add_once(const struct pt_engine **chosen, unsigned *n, const struct pt_engine *e)
{
	for (unsigned i = 0; i < *n; i++)
		if (chosen[i] == e)
			return;
	chosen[(*n)++] = e;
}

static int add_walks(const struct options *o, const struct pt_engine *e,
		     const struct pt_engine **chosen, unsigned *n, struct err *err)
{
	for (size_t i = 0; i < o->nwalks; i++) {
		const char *walk = walk_name(o->walks[i]);
		const struct pt_engine *other = pt_engine_walking(e, walk);

		if (!other)
			return err_set(err, EXIT_USAGE, "--walk %s: %s has none: its body, %s, %s; name "
				       "modern engines only, or leave --walk out and name `NAME-rewalk` "
				       "in --engines", walk, e->name, e->body,
				       strcmp(e->walk, "re-walk")
				       ? "walks in one way only"
				       : "starts over from the root for every page, that is what it is");
		add_once(chosen, n, other);
	}
	return 0;
}

int plan_engines(const struct options *o, const struct pt_engine **chosen, unsigned *n,
		 struct err *err)
{
	*n = 0;
	for (size_t i = 0; i < o->engines.n; i++) {
		const struct pt_engine *e = pt_engine_find(o->engines.v[i]);

		if (e->ruler)
			continue;
		if (!o->nwalks)
			add_once(chosen, n, e);
		else if (add_walks(o, e, chosen, n, err))
			return err->code;
	}
	return 0;
}
