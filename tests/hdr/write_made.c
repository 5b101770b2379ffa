/* write_made DIR: latencies made by hand, the awkward ones among them, written as `run --out` does. */
#include "made_result.h"

static struct histogram *made(struct case_result *c, enum op_kind kind)
{
	c->latency[kind] = calloc(1, sizeof(*c->latency[kind]));
	assert(c->latency[kind]);
	return c->latency[kind];
}

/* Every order of magnitude, each with its neighbours. */
static void record_wide(struct histogram *h)
{
	uint64_t state = 11;

	for (unsigned lg2 = 0; lg2 < HIST_MAX_LG2; lg2++)
		for (unsigned i = 0; i < 40; i++)
			hist_record(h, (1ull << lg2) + stat_below(&state, 1ull << lg2));
}

/* As it comes: many fast, a tail. */
static void record_usual(struct histogram *h)
{
	uint64_t state = 12;

	for (unsigned i = 0; i < 50000; i++)
		hist_record(h, 40 + stat_below(&state, 8) * 10 +
				       (i % 100 ? 0 : 1ull << (6 + stat_below(&state, 12))));
}

int main(int argc, char **argv)
{
	struct result r = made_result();
	struct case_result *c;
	struct err err = { 0 };
	struct histogram *h;

	if (argc != 2)
		return EXIT_USAGE;
	c = made_case(&r, 0, LOCKLESS_2019, 2, 0);
	record_usual(made(c, OP_MAP));
	record_wide(made(c, OP_UNMAP));
	hist_record(made(c, OP_LOOKUP), 123456);
	c = made_case(&r, 0, MUTEX_2019, 2, 0);
	strcpy(c->case_id, "replay:a b/mutex-2019/t2/cpus:0,2-5#2"); /* awkward in names and tags */
	h = made(c, OP_MAP);
	hist_record(h, 0);
	hist_record(h, 5000);
	hist_record(h, 1ull << HIST_MAX_LG2); /* overflow */
	hist_record(h, (1ull << 62) + 12345);
	h = made(c, OP_UNMAP); /* merged of days: counts of many bytes */
	*h = (struct histogram){ .n = (1ull << 40) + 2, .min = 70, .max = 1000001 };
	h->count[hist_bucket(70)] = 1;
	h->count[hist_bucket(300)] = 1ull << 40;
	h->count[hist_bucket(1000001)] = 1;
	c = made_case(&r, 0, SPIN_2019, 2, 0);
	record_usual(made(c, OP_MAP));
	c->verified = VERIFIED_NO; /* withheld */
	c = made_case(&r, 0, LOCKLESS, 2, 0);
	made(c, OP_MAP); /* nothing sampled */
	if (analyse(&r))
		return EXIT_INTERNAL;
	out_dir_write(&r, argv[1], &err);
	if (err.code)
		fprintf(stderr, "%s\n", err.text);
	result_free(&r);
	return err.code;
}
