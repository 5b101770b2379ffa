/* dump.c - `iopt dump FILE`: carry out an op script and print the page table it leaves. */
#include "bench/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bench/fit.h"
#include "bench/flags.h"
#include "bench/verbs.h"

static const char usage[] =
	"usage: iopt dump FILE [flags]\n"
	"\n"
	"Carry out a script of map, unmap and lookup operations with one thread and print each\n"
	"result, then every entry of the page table.\n"
	"\n"
	"A script has an operation a line; # starts a comment:\n"
	"  map IOVA PA PGSIZE COUNT PROT   COUNT pages of PGSIZE; PROT 1 read, 2 write, 3 both\n"
	"  unmap IOVA PGSIZE COUNT\n"
	"  map_range IOVA PA SIZE PROT     the largest page sizes that fit\n"
	"  unmap_range IOVA SIZE\n"
	"  lookup IOVA\n"
	"Numbers: decimal, 0x…, suffixes K M G T P, sums 1G+4K, differences 1G-4K, -X for 2^64 - X.\n"
	"\n"
	"Example:\n"
	"  printf 'map 64K 0x10000 64K 2 3\\nlookup 0x11234\\n' > two.ops\n"
	"  iopt dump two.ops --engine mutex-2019\n";

static const char *error_name(int err)
{
	switch (err) {
	case EINVAL:
		return "-EINVAL";
	case ERANGE:
		return "-ERANGE";
	case ENOMEM:
		return "-ENOMEM";
	case EADDRINUSE:
		return "-EADDRINUSE";
	}
	return "0";
}

static void print_result(FILE *out, size_t number, const char *text, const struct pt_op *op)
{
	fprintf(out, "# %zu: %s -> ", number, text);
	switch ((enum pt_kind)op->kind) {
	case PT_MAP:
		fprintf(out, "ret %s mapped 0x%" PRIx64 "\n", error_name(op->err), op->result);
		break;
	case PT_MAP_RANGE:
		fprintf(out, "ret %s\n", error_name(op->err));
		break;
	case PT_UNMAP:
	case PT_UNMAP_RANGE:
		fprintf(out, "unmapped 0x%" PRIx64 "\n", op->result);
		break;
	case PT_LOOKUP:
		fprintf(out, "0x%" PRIx64 "\n", op->result);
		break;
	}
}

/* Of a pointer to a table all but the address, which is another one in every run. */
static void print_pointer(FILE *out, const char *format, unsigned level, uint64_t value)
{
	/* amdv1 has the level of the child, counted from 1, in the entry: bits 11:9 */
	uint64_t left_out = strcmp(format, "amdv1") ? UINT64_C(0xffffffffff000)
						    : UINT64_C(0xffffffffffe00);

	fprintf(out, " T|%u|0x%016" PRIx64 "\n", level, value & ~left_out);
}

struct printer {
	FILE *out;
	const char *format;
};

static void print_entry(void *ctx, unsigned level, const unsigned *path, unsigned depth,
			uint64_t value, bool is_table)
{
	const struct printer *p = ctx;
	FILE *out = p->out;

	fprintf(out, "L%u ", level);
	for (unsigned i = 0; i < depth; i++)
		fprintf(out, "%s%u", i ? "/" : "", path[i]);
	if (is_table)
		print_pointer(out, p->format, level, value);
	else
		fprintf(out, " 0x%016" PRIx64 "\n", value);
}

/* Nobody else walks the table: what an operation retired is free right after it. */
static void free_gathered(struct pt_worker *w)
{
	struct page_desc *next;

	for (struct page_desc *d = w->gather.head; d; d = next) {
		next = d->next;
		page_free(w->pages, d->page);
	}
	w->gather = (struct page_list){ 0 };
}

static void print_table(FILE *out, struct pt *pt, const struct pt_worker *w)
{
	struct printer printer = { .out = out, .format = pt_engine_of(pt)->format };
	struct pt_scan scan = { .entry = print_entry, .ctx = &printer };
	uint64_t freed = w->n.freed + w->n.retired;

	fprintf(out, "# mode %u, pages live %" PRIu64 ", allocated %" PRIu64 ", freed %" PRIu64 "\n",
		pt_levels(pt), w->n.allocated - freed, w->n.allocated, freed);
	pt_scan(pt, &scan);
	fprintf(out, "# leaf entries %" PRIu64 ", table entries %" PRIu64 "\n", scan.leaf_entries,
		scan.table_entries);
}

/* The last address that an operation of the script names. */
static uint64_t script_reach(const struct dump_script *script)
{
	uint64_t reach = 0;

	for (size_t i = 0; i < script->n; i++) {
		const struct pt_op *op = &script->steps[i].op;
		uint64_t more = op->kind == PT_LOOKUP ? 0 : ((uint64_t)op->count << op->size_lg2) - 1;
		uint64_t last = op->iova + more < op->iova ? UINT64_MAX : op->iova + more;

		reach = last > reach ? last : reach;
	}
	return reach;
}

static int run_script(struct dump_script *script, const struct pt_engine *engine, unsigned levels,
		      struct pt_worker *w, FILE *out, struct err *err)
{
	struct pt *pt;

	if (!levels) {
		levels = fit_levels(engine, script_reach(script));
		if (levels > pt_engine_levels_max(engine)) /* what is above the top is refused */
			levels = pt_engine_levels_max(engine);
	}
	if (pt_create_levels(&pt, engine, levels, w))
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a page table");
	for (size_t i = 0; i < script->n; i++) {
		engine->run(pt, w, &script->steps[i].op, 1);
		free_gathered(w);
		print_result(out, i + 1, script->steps[i].text, &script->steps[i].op);
	}
	print_table(out, pt, w);
	pt_destroy(pt, w);
	fprintf(out, "# after destroy: pages live %" PRIu64 "\n",
		w->n.allocated - w->n.freed - w->n.retired);
	return 0;
}

static int run_with_pool(struct dump_script *script, const struct pt_engine *engine,
			 unsigned levels, FILE *out, struct err *err)
{
	const struct pool_config config = { .zero = POOL_ZERO_ALLOC, .mem = POOL_MEM_LOCAL };
	struct pt_worker w = { 0 };
	struct pool *pool;
	int rc = pool_create(&pool, &config, err);

	if (rc)
		return rc;
	w.pages = pool_cache_create(pool, 0);
	if (w.pages) {
		rc = run_script(script, engine, levels, &w, out, err);
		pool_cache_destroy(w.pages);
	} else {
		rc = err_set(err, EXIT_NO_RESOURCE, "no memory for a page cache");
	}
	pool_destroy(pool);
	return rc;
}

int dump_run(const char *path, const char *engine, unsigned levels, FILE *out, struct err *err)
{
	const struct pt_engine *found = pt_engine_find(engine);
	struct dump_script script;
	int rc;

	if (!found)
		return err_set(err, EXIT_USAGE, "no engine '%s' (see iopt list)", engine);
	if (found->ruler)
		return err_set(err, EXIT_USAGE, "%s is a ruler, it builds no table", found->name);
	if (levels > pt_engine_levels_max(found))
		return err_set(err, EXIT_USAGE, "--levels %u: a table of %s has at most %u", levels,
			       found->name, pt_engine_levels_max(found));
	rc = dump_read(&script, path, err);
	if (rc)
		return rc;
	rc = run_with_pool(&script, found, levels, out, err);
	dump_free(&script);
	return rc;
}

int verb_dump(int argc, char **argv)
{
	static const char *const levels[] = { "auto", "3", "4", "5", "6", NULL };
	const char *engine = "amdv1/lockless";
	unsigned level = 0;
	const struct flag flags[] = {
		{ "engine", FLAG_TEXT, &engine, .metavar = "ENGINE",
		  .help = "an engine of `iopt list` (default: amdv1/lockless)" },
		{ "levels", FLAG_CHOICE, &level, .choices = levels, .metavar = "N",
		  .help = "3 to 6 levels of a new table (default: auto, which is 3 where a table grows, "
		  "and else the least that spans the script)" },
		{ .name = NULL },
	};
	struct flag_args args = { .most = 1 };
	struct err err = { 0 };
	int rc = flags_parse(flags, "dump", argc, argv, &args, &err);

	if (!rc && args.help) {
		help_show(&(struct help_page){ "dump", usage, .flags = flags, .files = true });
		return EXIT_FINE;
	}
	if (!rc && !args.nargs)
		rc = err_set(&err, EXIT_USAGE, "dump wants a FILE (see iopt dump --help)");
	if (!rc)
		rc = dump_run(args.args[0], engine, level ? level + 2 : 0, stdout, &err);
	return rc ? verb_fail("dump", &err) : EXIT_FINE;
}
