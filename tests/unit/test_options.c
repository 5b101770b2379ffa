/* Flags and lists: what is taken, what is refused and with which words. */
#include "parse_line.h"

#include "bench/option_row.h"
#include "bench/page_mix.h"
#include "bench/suggest.h"

static void test_defaults(void **state)
{
	struct parsed p = parse_good("");
	const struct options *o = p.jobs;

	(void)state;
	assert_int_equal(p.n, 1);
	assert_true(o->preset_default);
	assert_false(p.help);
	assert_int_equal(o->engines.n, 4);
	assert_string_equal(o->engines.v[0], "amdv1/lockless-2019");
	assert_string_equal(o->engines.v[3], "amdv1/lockless");
	assert_string_equal(o->workloads.v[0], "private");
	assert_int_equal(o->threads.n, 0);
	assert_int_equal(o->page_size.v[0], 12);
	assert_int_equal(o->batch.v[0], 1);
	assert_int_equal(o->think_ns.v[0], 0);
	assert_int_equal(o->places[0].kind, PLACE_COMPACT);
	assert_int_equal(o->mems[0].kind, POOL_MEM_LOCAL);
	assert_int_equal(o->zeros[0], POOL_ZERO_ALLOC);
	assert_int_equal(o->nplaces + o->nsmts + o->nmems + o->nzeros + o->nsources, 5);
	assert_int_equal(o->smts[0], SMT_LAST);
	assert_false(o->oversubscribe);
	assert_int_equal(o->sources[0], POOL_SOURCE_POOL);
	assert_int_equal(o->share, SHARE_AUTO);
	assert_int_equal(o->order, ORDER_AUTO);
	assert_int_equal(o->duration_ns, 0);
	assert_int_equal(o->slice_ns, 20000000);
	assert_int_equal(o->warmup_ns, 2000000);
	assert_int_equal(o->processes, 1);
	assert_int_equal(o->seed, 1);
	assert_int_equal(o->sample, 0);
	assert_int_equal(o->round, 1024);
	assert_int_equal(o->tables, 16);
	assert_int_equal(o->breakage, BREAK_NONE);
	free(p.jobs);
}

static void test_values(void **state)
{
	struct parsed p = parse_good(
		"--engines mutex,amdv1/mutex-2019 --workload=adjacent,replay:a/b.gz "
		"--threads 1,4,all --page-size 4K,2M --think 0,1.5us "
		"--place compact,cpus:0,2-5,node:1 --mem=bind:1,local,remote "
		"--smt pack,off --oversubscribe "
		"--zero ahead --share line --batch 1.5k --seed 18446744073709551615 --processes 3");
	const struct options *o = p.jobs;

	(void)state;
	assert_false(o->preset_default);
	assert_string_equal(o->engines.v[1], "amdv1/mutex-2019");
	assert_string_equal(o->workloads.v[1], "replay:a/b.gz");
	assert_int_equal(o->threads.n, 3);
	assert_int_equal(o->threads.v[1], 4);
	assert_int_equal(o->threads.v[2], THREADS_ALL);
	assert_int_equal(o->page_size.v[1], 21);
	assert_int_equal(o->think_ns.v[1], 1500);
	assert_int_equal(o->nplaces, 3);
	assert_string_equal(o->places[1].text, "cpus:0,2-5");
	assert_int_equal(o->places[2].node, 1);
	assert_int_equal(o->mems[0].kind, POOL_MEM_BIND);
	assert_int_equal(o->mems[0].node, 1);
	assert_int_equal(o->mems[1].kind, POOL_MEM_LOCAL);
	assert_int_equal(o->mems[2].kind, POOL_MEM_REMOTE);
	assert_int_equal(o->nsmts, 2);
	assert_int_equal(o->smts[0], SMT_PACK);
	assert_int_equal(o->smts[1], SMT_OFF);
	assert_true(o->oversubscribe);
	assert_int_equal(o->zeros[0], POOL_ZERO_AHEAD);
	assert_int_equal(o->share, SHARE_LINE);
	assert_int_equal(o->batch.v[0], 1500);
	assert_true(o->seed == UINT64_MAX);
	assert_int_equal(o->processes, 3);
	assert_true(options_given(o, "share"));
	assert_false(options_given(o, "slice"));
	free(p.jobs);
}

static void test_axes(void **state)
{
	struct parsed p = parse_good("--page-size 4K:60,64K:30,2M:1k --order descending --share l2 "
				     "--page-source mmap,pool");
	const struct list_u64 *sizes = &p.jobs->page_size;
	struct page_mix mix = page_mix_of(sizes->v, sizes->n);
	char text[96];

	(void)state;
	assert_int_equal(p.jobs->order, ORDER_DESCENDING);
	assert_int_equal(p.jobs->share, SHARE_L2);
	assert_int_equal(p.jobs->nsources, 2);
	assert_int_equal(p.jobs->sources[0], POOL_SOURCE_MMAP);
	assert_int_equal(mix.n, 3);
	assert_int_equal(mix.lg2[1], 16);
	assert_int_equal(mix.weight[1], 30);
	assert_string_equal(page_mix_show(text, sizeof(text), &mix, 0), "4K:60+64K:30+2M:1000");
	free(p.jobs);
	p = parse_good("--page-size 4K,2M");
	mix = page_mix_of(p.jobs->page_size.v, p.jobs->page_size.n);
	assert_int_equal(mix.n, 0);
	assert_string_equal(page_mix_show(text, sizeof(text), &mix, 65536), "64K");
	free(p.jobs);
	p = parse_good("--share line --workload private,adjacent");
	free(p.jobs);
	p = parse_good("--share root --workload private,cursor");
	free(p.jobs);
}

static void test_words(void **state)
{
	struct parsed p = parse_good("--break stray-leaf --dry-run --quiet --format csv --out d "
				     "--topology x.xml --sample auto --workload overlap --disjoint "
				     "--range 4K-over-2M");

	(void)state;
	assert_int_equal(p.jobs->breakage, BREAK_STRAY_LEAF);
	assert_true(p.jobs->dry_run && p.jobs->quiet && p.jobs->disjoint);
	assert_int_equal(p.jobs->format, FORMAT_CSV);
	assert_int_equal(p.jobs->range, RANGE_4K_OVER_2M);
	assert_string_equal(p.jobs->out, "d");
	assert_string_equal(p.jobs->topology, "x.xml");
	free(p.jobs);
	p = parse_good("--dry-run=no");
	assert_false(p.jobs->dry_run);
	free(p.jobs);
	for (unsigned k = BREAK_NONE; k <= BREAK_STRAY_LEAF; k++) {
		char line[64];

		snprintf(line, sizeof(line), "--break %s", breakage_name(k));
		p = parse_good(line);
		assert_int_equal(p.jobs->breakage, k);
		free(p.jobs);
	}
}

static void test_handicap(void **state)
{
	struct parsed p = parse_good("--handicap slow:8");
	char text[24];

	(void)state;
	assert_int_equal(p.jobs->handicap.kind, HANDICAP_SLOW);
	assert_true(p.jobs->handicap.percent == 8);
	assert_true(p.jobs->preset_default); /* it does not choose what to compare */
	free(p.jobs);
	p = parse_good("--handicap slow:0.125");
	assert_string_equal(handicap_text(&p.jobs->handicap, text, sizeof(text)), "slow:0.125");
	free(p.jobs);
	p = parse_good("--handicap waste");
	assert_int_equal(p.jobs->handicap.kind, HANDICAP_WASTE);
	assert_string_equal(handicap_text(&p.jobs->handicap, text, sizeof(text)), "waste");
	free(p.jobs);
	p = parse_good("--handicap none");
	assert_int_equal(p.jobs->handicap.kind, HANDICAP_NONE);
	assert_string_equal(handicap_text(&p.jobs->handicap, text, sizeof(text)), "none");
	free(p.jobs);
}

static void test_groups(void **state)
{
	struct parsed p = parse_good("--engines 2019"), modern = parse_good("--engines modern"),
		      all = parse_good("--engines all");

	(void)state;
	assert_true(p.jobs->engines.n >= 3);
	for (size_t i = 0; i < p.jobs->engines.n; i++)
		assert_non_null(strstr(p.jobs->engines.v[i], "-2019"));
	for (size_t i = 0; i < modern.jobs->engines.n; i++)
		assert_null(strstr(modern.jobs->engines.v[i], "-2019"));
	/* all: the two bodies, and the one that only intel has */
	assert_int_equal(all.jobs->engines.n, p.jobs->engines.n + modern.jobs->engines.n + 1);
	free(p.jobs);
	free(modern.jobs);
	free(all.jobs);
}

static void test_preset(void **state)
{
	static const struct {
		const char *line;
		bool preset;
	} rows[] = {
		{ "--threads 2", true }, { "--duration 5s --seed 7 --processes 2 --quiet", true },
		{ "--out x --format json --sample 64 --slice 5ms --warmup 1ms", true },
		{ "--dry-run --topology pu:4", true }, { "--engines 2019", false },
		{ "--workload private", false }, { "--think 0", false },
		{ "--page-size 4K", false }, { "--batch 1", false },
		{ "--place scatter", false }, { "--mem local", false },
		{ "--zero free", false }, { "--order random", false },
		{ "--page-source pool", false }, { "--share root", false }, { "--break drop-leaf", false }, { "--tables 8", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct parsed p = parse_good(rows[i].line);

		if (p.jobs->preset_default != rows[i].preset)
			fail_msg("%s: preset is %d", rows[i].line, !rows[i].preset);
		free(p.jobs);
	}
}

static const struct {
	const char *line, *says;
} refused[] = {
	{ "--threads 0", "--threads 0: must be 1..1024" },
	{ "--threads 1,1025", "--threads 1025: must be 1..1024" },
	{ "--threads 2x", "--threads 2x: neither a number" },
	{ "--threads -1", "--threads -1: neither a number" },
	{ "--threads 1,,2", "an empty place in the list" },
	{ "--threads 1,", "an empty place in the list" },
	{ "--threads=", "an empty place in the list" },
	{ "--threads 2,1,2", "--threads 2: in the list twice" },
	{ "--batch 1000,1k", "--batch 1k: in the list twice" },
	{ "--page-size 4K,4096", "--page-size 4096: in the list twice" },
	{ "--engines mutex,amdv1/mutex", "--engines amdv1/mutex: in the list twice" },
	{ "--engines 2019,mutex-2019", "--engines mutex-2019: in the list twice" },
	{ "--threads", "--threads: needs a value" },
	{ "--threads --quiet", "--threads: needs a value" },
	{ "--threads 1 --threads 2", "--threads: given twice; put the values into one list" },
	{ "--seed 1 --seed 2", "--seed: given twice; give it once" },
	{ "--thread 1", "--thread: unknown option; did you mean --threads?" },
	{ "--worklaod private", "did you mean --workload?" },
	{ "--xyzzy", "--xyzzy: unknown option (" },
	{ "-t 1", "-t: unknown option; options are written out" },
	{ "--", "--: unknown option" },
	{ "--engines lockles", "did you mean lockless?" },
	{ "--engines mutex-2091", "did you mean mutex-2019?" },
	{ "--engines xyzzy", "--engines xyzzy: no such engine (" },
	{ "--workload privat", "did you mean private?" },
	{ "--workload replay", "names no FILE" },
	{ "--workload replay:", "names no FILE" },
	{ "--workload replay:FI;LE", "semicolon" },
	{ "--think 5", "--think 5: not a duration with its unit" },
	{ "--think 2s", "--think 2s: must be 0..1ms" },
	{ "--slice 1us", "--slice 1us: must be 100us..10s" },
	{ "--duration 25h", "must be 0..24h" },
	{ "--duration -1s", "not a duration" },
	{ "--page-size 512G", "must be a power of two 4K..2P other than 512G" },
	{ "--page-size 4K:60,2M", "4K has a weight and 2M has none; give a weight to each" },
	{ "--page-size 4K,64K,2M:1", "2M has a weight and 4K has none" },
	{ "--page-size 4K:60", "a mix has 2..8 sizes, this one 1; a single size is written" },
	{ "--page-size 4K:1,8K:1,16K:1,32K:1,64K:1,128K:1,256K:1,512K:1,1M:1", "this one 9" },
	{ "--page-size 4K:60,2M:10,4096:5", "--page-size: 4K is in the mix twice" },
	{ "--page-size 4K:1,2M:0", "--page-size 2M:0: the weight behind the colon must be 1..1000000" },
	{ "--page-size 4K:", "the weight behind the colon" },
	{ "--page-size 4K:-1,2M:1", "the weight behind the colon" },
	{ "--page-size 5K:1,2M:1", "must be a power of two" },
	{ "--order down", "must be one of auto, random, ascending, descending" },
	{ "--page-source malloc", "must be one of pool, arena, jemalloc, mmap" },
	{ "--page-source mmap,mmap", "in the list twice" },
	{ "--batch 0", "must be 1..65536" },
	{ "--processes 0", "--processes 0: must be 1..1000" },
	{ "--processes 4294967297", "must be 1..1000" },
	{ "--seed 18446744073709551616", "not a whole number" },
	{ "--sample 3", "must be a power of two, auto or none" },
	{ "--zero ahed", "did you mean ahead?" },
	{ "--format yaml", "must be one of text, csv, json" },
	{ "--break drop", "must be one of none, drop-leaf" },
	{ "--place nowhere", "--place nowhere: " },
	{ "--mem remot", "must be local, bind:NODE, device:NODE, interleave or remote" },
	{ "--mem bind", "must be local" },
	{ "--mem bind:", "the node must be a number" },
	{ "--mem bind:64", "the node must be a number 0..63" },
	{ "--mem device:x", "the node must be a number" },
	{ "--mem bind:1,bind:01", "in the list twice" },
	{ "--mem remote:1", "must be local, bind:NODE" },
	{ "--smt of", "must be one of last, pack, off; did you mean off?" },
	{ "--smt last,last", "in the list twice" },
	{ "--out=", "must not be empty" },
	{ "--dry-run=maybe", "must be yes or no" },
	{ "--share line", "add --workload adjacent" },
	{ "--share root --workload adjacent", "--share root: workload adjacent shares" },
	{ "--share l1 --workload private,adjacent", "--share l1: workload adjacent shares leaf tables" },
	{ "--share l2 --workload cursor", "--share l2: is about workload private" },
	{ "--share l3", "must be one of auto, root, l2, l1, table, line" },
	{ "--range 64K", "--range: is about workload overlap; add --workload overlap" },
	{ "--disjoint --workload private", "--disjoint: is about workload overlap" },
	{ "--warmup 20ms", "--warmup: must be shorter than --slice" },
	{ "--topology pu:4", "--topology: another machine" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct parsed p = parse(refused[i].line);

		if (p.rc != EXIT_USAGE)
			fail_msg("%s: exit %d %s", refused[i].line, p.rc, p.err.text);
		if (!strstr(p.err.text, refused[i].says))
			fail_msg("%s: says '%s'", refused[i].line, p.err.text);
	}
}

static void test_help(void **state)
{
	struct parsed p = parse_good("--threads 0 --help");
	char *text;
	size_t len;

	(void)state;
	assert_true(p.help);
	assert_null(p.jobs);
	FILE *out = open_memstream(&text, &len);

	options_help(out);
	fclose(out);
	for (const struct option_row *row = option_rows; row->name; row++) {
		char flag[40];

		snprintf(flag, sizeof(flag), "  --%s ", row->name);
		if (!strstr(text, flag))
			fail_msg("--help does not know --%s", row->name);
	}
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strlen(line) > 100)
			fail_msg("too long: %s", line);
	free(text);
}

static void test_suggest(void **state)
{
	struct suggest s;

	(void)state;
	assert_int_equal(edit_distance("", ""), 0);
	assert_int_equal(edit_distance("", "abc"), 3);
	assert_int_equal(edit_distance("kitten", "sitting"), 3);
	assert_int_equal(edit_distance("rnu", "run"), 1);
	assert_int_equal(edit_distance("abc", "abc"), 0);
	suggest_start(&s, "x");
	suggest_offer(&s, "y");
	assert_null(s.best);
	suggest_start(&s, "threds");
	suggest_offer(&s, "tables");
	suggest_offer(&s, "threads");
	suggest_offer(&s, "think");
	assert_string_equal(s.best, "threads");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
		cmocka_unit_test(test_axes),
		cmocka_unit_test(test_words), cmocka_unit_test(test_handicap), cmocka_unit_test(test_groups),
		cmocka_unit_test(test_preset), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_help), cmocka_unit_test(test_suggest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
