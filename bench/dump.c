/* dump.c - `iopt dump FILE`: carry out an op script and print the page table it leaves. */
#include "bench/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bench/verbs.h"

static const char usage[] =
	"usage: iopt dump FILE [--engine ENGINE]\n"
	"\n"
	"Carry out a script of map, unmap and lookup operations with one thread and print each\n"
	"result, then every entry of the page table.\n"
	"\n"
	"  --engine ENGINE   an engine of `iopt list` (default: amdv1/lockless)\n"
	"  --help            this text\n"
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

static void print_entry(void *ctx, unsigned level, const unsigned *path, unsigned depth,
			uint64_t value, bool is_table)
{
	FILE *out = ctx;

	fprintf(out, "L%u ", level);
	for (unsigned i = 0; i < depth; i++)
		fprintf(out, "%s%u", i ? "/" : "", path[i]);
	if (is_table)
		fprintf(out, " T|%u|0x%016" PRIx64 "\n", (unsigned)(value >> 9 & 7),
			value & ~UINT64_C(0x000ffffffffffe00));
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
	struct pt_scan scan = { .entry = print_entry, .ctx = out };
	uint64_t freed = w->n.freed + w->n.retired;

	fprintf(out, "# mode %u, pages live %" PRIu64 ", allocated %" PRIu64 ", freed %" PRIu64 "\n",
		pt_levels(pt), w->n.allocated - freed, w->n.allocated, freed);
	pt_scan(pt, &scan);
	fprintf(out, "# leaf entries %" PRIu64 ", table entries %" PRIu64 "\n", scan.leaf_entries,
		scan.table_entries);
}

static int run_script(struct dump_script *script, const struct pt_engine *engine,
		      struct pt_worker *w, FILE *out, struct err *err)
{
	struct pt *pt;

	if (pt_create(&pt, engine, w))
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

static int run_with_pool(struct dump_script *script, const struct pt_engine *engine, FILE *out,
			 struct err *err)
{
	const struct pool_config config = { .zero = POOL_ZERO_ALLOC, .mem = POOL_MEM_LOCAL };
	struct pt_worker w = { 0 };
	struct pool *pool;
	int rc = pool_create(&pool, &config, err);

	if (rc)
		return rc;
	w.pages = pool_cache_create(pool, 0);
	if (w.pages) {
		rc = run_script(script, engine, &w, out, err);
		pool_cache_destroy(w.pages);
	} else {
		rc = err_set(err, EXIT_NO_RESOURCE, "no memory for a page cache");
	}
	pool_destroy(pool);
	return rc;
}

int dump_run(const char *path, const char *engine, FILE *out, struct err *err)
{
	const struct pt_engine *found = pt_engine_find(engine);
	struct dump_script script;
	int rc;

	if (!found)
		return err_set(err, EXIT_USAGE, "no engine '%s' (see iopt list)", engine);
	if (found->ruler)
		return err_set(err, EXIT_USAGE, "%s is a ruler, it builds no table", found->name);
	rc = dump_read(&script, path, err);
	if (rc)
		return rc;
	rc = run_with_pool(&script, found, out, err);
	dump_free(&script);
	return rc;
}

/* 0 or EXIT_USAGE. */
static int parse_arguments(int argc, char **argv, const char **path, const char **engine,
			   struct err *err)
{
	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--engine") && i + 1 < argc)
			*engine = argv[++i];
		else if (!strncmp(argv[i], "--engine=", 9))
			*engine = argv[i] + 9;
		else if (!strcmp(argv[i], "--engine"))
			return err_set(err, EXIT_USAGE, "--engine needs a name (see iopt list)");
		else if (argv[i][0] == '-' && argv[i][1])
			return err_set(err, EXIT_USAGE, "unknown option '%s' (see iopt dump --help)",
				       argv[i]);
		else if (*path)
			return err_set(err, EXIT_USAGE, "one FILE at a time: '%s' and '%s'", *path,
				       argv[i]);
		else
			*path = argv[i];
	}
	if (!*path)
		return err_set(err, EXIT_USAGE, "dump wants a FILE (see iopt dump --help)");
	return 0;
}

int verb_dump(int argc, char **argv)
{
	const char *path = NULL, *engine = "amdv1/lockless";
	struct err err = { 0 };
	int rc;

	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			fputs(usage, stdout);
			return EXIT_FINE;
		}
	rc = parse_arguments(argc, argv, &path, &engine, &err);
	if (!rc)
		rc = dump_run(path, engine, stdout, &err);
	return rc ? verb_fail("dump", &err) : EXIT_FINE;
}
