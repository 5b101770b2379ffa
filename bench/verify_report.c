#include "bench/verify_report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bench/columns.h"
#include "bench/json.h"
#include "bench/units.h"
#include "bench/verify_evidence.h"
#include "sys/host.h"

size_t verify_report_caught(const struct verify_report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->part[i].out.caught;
	return n;
}

size_t verify_report_done(const struct verify_report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->part[i].done;
	return n;
}

static const char *result_of(const struct verify_part *p)
{
	return p->out.caught ? p->out.oracle : "clean";
}

static void put_row(struct columns *t, const struct verify_part *p)
{
	const struct verify_outcome *o = &p->out;
	char text[32];

	columns_row(t);
	columns_cell(t, "%s", p->job.engine->name);
	columns_cell(t, "%s", verify_layer_name[p->layer]);
	if (o->writers)
		columns_cell(t, "%u+%u", o->writers, o->readers + o->devices);
	else
		columns_cell(t, "-");
	columns_cell(t, "%s", show_int(text, sizeof(text), o->rounds));
	columns_cell(t, "%s", show_int(text, sizeof(text), o->operations));
	columns_cell(t, "%s", show_int(text, sizeof(text), o->lookups));
	columns_cell(t, "%s", p->layer == VERIFY_DEVICE ? show_int(text, sizeof(text), o->translations) : "-");
	columns_paint(t, o->caught ? PAINT_WORSE : PAINT_NONE, "%s%s", o->caught ? "caught: " : "", result_of(p));
}

static void print_rows(const struct verify_report *r, FILE *out, const struct terminal *terminal)
{
	static const struct column column[] = {
		{ .title = "ENGINE", .least = 28 }, { .title = "LAYER" },
		{ .title = "THREADS", .align = COLUMNS_RIGHT }, { .title = "ROUNDS", .align = COLUMNS_RIGHT },
		{ .title = "OPERATIONS", .align = COLUMNS_RIGHT, .least = 12 },
		{ .title = "LOOKUPS", .align = COLUMNS_RIGHT, .least = 12 },
		{ .title = "TRANSLATIONS", .align = COLUMNS_RIGHT }, { .title = "RESULT" },
	};
	struct columns t = columns_begin(out, terminal, column, sizeof(column) / sizeof(column[0]), 0);

	columns_below(&t); /* a heading even of no rows */
	for (size_t i = 0; i < r->n; i++)
		if (r->part[i].done)
			put_row(&t, &r->part[i]);
	columns_end(&t);
}

static void print_evidence(const struct verify_part *p, FILE *out)
{
	fprintf(out, "\n%s by %s, %s:\n", p->out.oracle, verify_layer_name[p->layer],
		p->job.engine->name);
	verify_evidence_print(p->out.evidence, out);
}

/* "caught: 2 of 4 parts: amdv1/lockless race (O4) …" */
static void print_caught(const struct verify_report *r, FILE *out, const struct terminal *terminal)
{
	char *text = NULL;
	size_t size;
	FILE *words = open_memstream(&text, &size);

	if (!words)
		return;
	fprintf(words, "caught: %zu of %zu parts:", verify_report_caught(r), verify_report_done(r));
	for (size_t i = 0; i < r->n; i++)
		if (r->part[i].out.caught)
			fprintf(words, " %s %s (%s)", r->part[i].job.engine->name,
				verify_layer_name[r->part[i].layer], r->part[i].out.oracle);
	if (!fclose(words))
		columns_words(out, terminal, PAINT_WORSE, 0, 2, text);
	free(text);
}

static void print_verdict(const struct verify_report *r, FILE *out, const struct terminal *terminal)
{
	size_t caught = verify_report_caught(r), done = verify_report_done(r);
	uint64_t operations = 0, looks = 0, refused = 0;
	char did[32], saw[32], without[32], text[256];

	for (size_t i = 0; i < r->n; i++) {
		operations += r->part[i].out.operations;
		refused += r->part[i].out.refused;
		looks += r->part[i].out.lookups + r->part[i].out.translations;
	}
	if (done < r->n)
		fprintf(out, "%s: %zu of %zu parts were done\n", r->interrupted ? "interrupted" : "ended early",
			done, r->n);
	if (caught) {
		print_caught(r, out, terminal);
		return;
	}
	if (!done) {
		fputs("nothing was looked at\n", out);
		return;
	}
	snprintf(text, sizeof(text), "clean: %s operations (%s refused memory), %s lookups and translations judged, "
		 "in %.0f s", show_int(did, sizeof(did), operations),
		 show_int(without, sizeof(without), refused), show_int(saw, sizeof(saw), looks),
		 (double)r->elapsed_ns / 1e9);
	columns_words(out, terminal, PAINT_NONE, 0, 2, text);
}

static void print_head(const struct verify_report *r, FILE *out, const struct terminal *terminal)
{
	char text[400];

	fprintf(out, "seed %" PRIu64 ", up to %u writer%s", r->seed, r->threads, r->threads == 1 ? "" : "s");
	if (r->shake)
		fprintf(out, ", held up at one labelled point in %u", r->shake);
	fputc('\n', out);
	if (!r->mutant)
		return;
	snprintf(text, sizeof(text), "with a bug: %s: %s", pt_mutants[r->mutant].name, pt_mutants[r->mutant].help);
	columns_words(out, terminal, PAINT_NONE, 0, 2, text);
}

void verify_report_print(const struct verify_report *r, FILE *out, struct terminal terminal)
{
	print_head(r, out, &terminal);
	fputc('\n', out);
	print_rows(r, out, &terminal);
	for (size_t i = 0; i < r->n; i++)
		if (r->part[i].out.caught)
			print_evidence(&r->part[i], out);
	fputc('\n', out);
	print_verdict(r, out, &terminal);
}

static void put_threads(struct node o, const char *name, const struct verify_outcome *out, unsigned n)
{
	if (out->writers)
		put_u64(o, name, n);
	else
		put_null(o, name);
}

void verify_put_outcome(struct node o, const struct verify_outcome *out)
{
	put_threads(o, "writers", out, out->writers);
	put_threads(o, "readers", out, out->readers);
	put_threads(o, "devices", out, out->devices);
	put_u64(o, "operations", out->operations);
	put_u64(o, "refused", out->refused);
	put_u64(o, "lookups", out->lookups);
	put_u64(o, "translations", out->translations);
	put_real(o, "elapsed_s", (double)out->elapsed_ns / 1e9);
	put_bool(o, "caught", out->caught);
	put_fact(o, "oracle", out->oracle);
	put_fact(o, "evidence", out->evidence);
}

static void put_part(struct node array, const struct verify_part *p)
{
	struct node o = add_object(array);

	put_text(o, "engine", p->job.engine->name);
	put_text(o, "layer", verify_layer_name[p->layer]);
	put_u64(o, "rounds", p->out.rounds);
	verify_put_outcome(o, &p->out);
}

int verify_report_json(const struct verify_report *r, FILE *out)
{
	bool failed = false;
	struct node root = { json_object(), &failed }, parts;
	const char *mutant = pt_mutants[r->mutant].name;
	struct host_facts host;

	host_read(&host, NULL);
	put_text(root, "schema", "iopt-verify");
	put_u64(root, "schema_version", 1);
	put_text(root, "version", host.version);
	put_text(root, "hostname", host.hostname);
	put_text(root, "cpu_model", host.cpu_model);
	put_text(root, "kernel", host.kernel);
	put_u64(root, "seed", r->seed);
	put_u64(root, "threads", r->threads);
	put_u64(root, "shake", r->shake);
	put_fact(root, "mutant", mutant ? mutant : "");
	put_real(root, "elapsed_s", (double)r->elapsed_ns / 1e9);
	put_bool(root, "complete", verify_report_done(r) == r->n);
	put_u64(root, "caught", verify_report_caught(r));
	parts = put_array(root, "parts");
	for (size_t i = 0; i < r->n; i++)
		if (r->part[i].done)
			put_part(parts, &r->part[i]);
	return write_document(root, 6, out);
}
