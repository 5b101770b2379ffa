/* page_verdicts.c - what `iopt compare` says of two of a page's results. */
#include "bench/compare.h"
#include "bench/page.h"

/* NULL: no memory, not even for this. */
static json_t *refusal(const struct err *err)
{
	json_t *o = json_object(), *text = json_string(err->text);

	/* a path need not be UTF-8 */
	if (!text)
		text = json_string("these two cannot be compared");
	if (o && !json_object_set_new(o, "error", text))
		return o;
	json_decref(o);
	return NULL;
}

json_t *page_verdict(const struct stored *base, const struct stored *now)
{
	struct gate_options usual, as;
	struct err err = { 0 };
	struct gate gate;
	json_t *verdict;

	gate_options_default(&usual);
	if (compare_two(&gate, &as, base, now, &usual, &err))
		return err.code == EXIT_NO_RESOURCE ? NULL : refusal(&err);
	verdict = gate_document(&gate, &as);
	gate_free(&gate);
	return verdict;
}
