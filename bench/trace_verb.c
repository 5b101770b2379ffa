/* trace_verb.c - `iopt trace FILE`: what a recorded trace holds. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bench/flags.h"
#include "bench/trace.h"
#include "bench/verbs.h"

static const char usage[] =
	"usage: iopt trace FILE [flags]\n"
	"\n"
	"Summarise a trace of the kernel's iommu:map and iommu:unmap events: sizes, leaf tables,\n"
	"unmaps on another CPU than their map, IOVAs that move between CPUs, live pages, how long\n"
	"maps live, and how soon an IOVA is mapped again, after how many others, by whom. FILE\n"
	"is the text of the kernel's trace file, of `trace-cmd report` or of `perf script`, plain or\n"
	"gzipped, or a shipped trace's name.\n"
	"\n"
	"Shipped traces are looked for in $IOPT_TRACE_DIR, then where they were installed with\n"
	"the program, then among the sources.\n"
	"\n"
	"Example:\n"
	"  iopt trace nvme-amd-lazy\n"
	"To record one, as root: scripts/record-trace, or by hand\n"
	"  cd /sys/kernel/tracing && echo 1 > events/iommu/map/enable &&\n"
	"  echo 1 > events/iommu/unmap/enable && sleep 10 && gzip < trace > ~/my.trace.gz\n";

/* Jansson strings are UTF-8; the name of a file need not be. */
static json_t *text_or_null(const char *text)
{
	json_t *v = json_string(text);

	return v ? v : json_null();
}

static json_t *sizes_json(const struct trace *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(t->size_lg2_count) / sizeof(*t->size_lg2_count); i++)
		if (t->size_lg2_count[i])
			json_array_append_new(list, json_pack("{s:I, s:I}",
				"up_to_bytes", (json_int_t)(1ull << i),
				"events", (json_int_t)t->size_lg2_count[i]));
	return list;
}

static json_t *count_or_null(bool known, uint64_t v)
{
	return known ? json_integer((json_int_t)v) : json_null();
}

static json_t *quantile_json(const struct histogram *h, double q)
{
	if (!h->n || (q < 1 && !hist_supports(h, q)))
		return json_null();
	return json_integer((json_int_t)hist_quantile(h, q));
}

static json_t *histogram_json(const struct histogram *h)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o}", "n", (json_int_t)h->n, "p50", quantile_json(h, 0.5),
			 "p90", quantile_json(h, 0.9), "p99", quantile_json(h, 0.99),
			 "max", quantile_json(h, 1));
}

/* A class each; up_to_bytes null: no bound. The last is all of them. */
static json_t *lifetimes_json(const struct trace_life *life)
{
	json_t *list = json_array();

	for (unsigned k = 0; k < LIFE_CLASSES; k++) {
		bool bound = life_class_bytes[k] != UINT64_MAX;

		json_array_append_new(list, json_pack("{s:s, s:o, s:o}",
			"maps", k == LIFE_CLASSES - 1 ? "all" : "class",
			"up_to_bytes", count_or_null(bound, life_class_bytes[k]),
			"ns", histogram_json(&life->lifetime[k])));
	}
	return list;
}

static json_t *reuse_json(const struct trace_life *life)
{
	return json_pack("{s:I, s:I, s:I, s:o, s:o}", "pages_unmapped", (json_int_t)life->pages_unmapped,
			 "pages_reused", (json_int_t)life->pages_reused,
			 "by_same_cpu", (json_int_t)life->pages_by_same_cpu,
			 "maps_between", histogram_json(&life->maps_between),
			 "ns_between", histogram_json(&life->ns_between));
}

static json_t *trace_json(const struct trace *t, const struct trace_life *life)
{
	return json_pack(
		"{s:s, s:i, s:o, s:I, s:I, s:I, s:f, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:I, s:I, s:o, s:o, s:I, s:o, s:o, s:I, s:o}",
		"schema", "iopt-trace", "schema_version", 1, "name", text_or_null(t->name),
		"events", (json_int_t)t->n, "maps", (json_int_t)t->maps,
		"unmaps", (json_int_t)t->unmaps, "elapsed_s", t->seconds, "cpus", (int)t->cpus,
		"lines", (json_int_t)t->lines, "other_lines", (json_int_t)t->other_lines,
		"lost_events", (json_int_t)t->lost_events,
		"skipped_unmaps", (json_int_t)t->skipped_unmap,
		"skipped_maps", (json_int_t)t->skipped_map,
		"leaf_tables", (json_int_t)t->leaf_tables,
		"cross_cpu_unmaps", (json_int_t)t->cross_cpu_unmaps,
		"migrations", (json_int_t)t->migrations,
		"peak_live_pages", (json_int_t)t->peak_live_pages,
		"end_live_pages", (json_int_t)t->end_live_pages,
		"atomic_maps", count_or_null(t->context_known, t->atomic_maps),
		"atomic_unmaps", count_or_null(t->context_known, t->atomic_unmaps),
		"events_without_cpu", (json_int_t)t->no_cpu,
		"sizes", sizes_json(t), "lifetimes", lifetimes_json(life),
		"live_maps_at_end", (json_int_t)life->live_maps, "reuse", reuse_json(life));
}

static int print_json(const struct trace *t, const struct trace_life *life, FILE *out, struct err *err)
{
	json_t *root = trace_json(t, life);

	if (!root)
		return err_set(err, EXIT_NO_RESOURCE, "%s: no memory", t->name);
	json_dumpf(root, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(root);
	return 0;
}

static int carry_out(const char *file, bool json, FILE *out, struct err *err)
{
	struct trace_life *life;
	struct trace *t;

	if (trace_load(&t, file, err))
		return err->code;
	life = trace_life_of(t);
	if (!life)
		err_set(err, EXIT_NO_RESOURCE, "%s: no memory", t->name);
	else if (json)
		print_json(t, life, out, err);
	else
		trace_print(t, life, out, terminal_of(out));
	free(life);
	trace_free(t);
	return err->code;
}

int verb_trace(int argc, char **argv)
{
	static const char *const formats[] = { "text", "json", NULL };
	unsigned format = 0;
	const struct flag flags[] = {
		{ "format", FLAG_CHOICE, &format, .choices = formats, .metavar = "FORMAT",
		  .help = "text, a screen, or json, one object (default: text)" },
		{ .name = NULL },
	};
	struct flag_args args = { .most = 1 };
	struct err err = { 0 };
	int rc = flags_parse(flags, "trace", argc, argv, &args, &err);

	if (!rc && args.help) {
		char names[512], *rest = trace_shipped(names, sizeof(names));
		const char *words[32] = { NULL }, *name;

		for (size_t n = 0; n + 1 < sizeof(words) / sizeof(words[0]) && (name = strsep(&rest, ", "));)
			if (*name)
				words[n++] = name;
		help_show(&(struct help_page){ "trace", usage, .flags = flags, .files = true, .words = words });
		return EXIT_FINE;
	}
	if (!rc && !args.nargs)
		rc = err_set(&err, EXIT_USAGE, "no FILE given (see iopt trace --help)");
	if (!rc)
		rc = carry_out(args.args[0], format == 1, stdout, &err);
	return rc ? verb_fail("trace", &err) : EXIT_FINE;
}
