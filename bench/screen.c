/* The frame of the screen: what it ran on, the ruler, what spoils it; audit, scope and files. */
#include "bench/screen.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/preset.h"
#include "bench/units.h"
#include "bench/write.h"

static void drop(char *text, const char *word)
{
	char *at;

	while ((at = strstr(text, word)))
		memmove(at, at + strlen(word), strlen(at + strlen(word)) + 1);
}

/* "AMD EPYC 7763 64-Core Processor" is "EPYC 7763" to its friends. */
static void short_model(const char *model, char *text, size_t size)
{
	static const char *const noise[] = { "(R)", "(TM)", "(r)", "(tm)", " CPU", " Processor",
					     "AMD ", "Intel " };
	char *at;

	snprintf(text, size, "%s", model[0] ? model : "unknown CPU");
	at = strstr(text, " @");
	if (at)
		*at = '\0';
	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		drop(text, noise[i]);
	at = strstr(text, "-Core");
	while (at && at > text && isdigit((unsigned char)at[-1]))
		at--;
	if (at && at > text)
		at[-1] = '\0';
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

static void print_machine(const struct screen *s)
{
	const struct host_facts *h = &s->r->host;
	const struct topology *t = s->r->topo;
	struct audit_sum sum = audit_sum(s->r);
	bool known = h->commit[0] && strcmp(h->commit, "unknown"); /* built outside git */
	struct flow flow = flow_begin(s, "", " | ");
	char model[128];

	short_model(h->cpu_model, model, sizeof(model));
	flow_add(&flow, "iopt %s%s%s", h->version, known ? "-g" : "", known ? h->commit : "");
	if (t)
		flow_add(&flow, "%u x %s, %u node%s, %u core%s, SMT %s%s%s", t->npackages, model,
			 t->nnodes, plural(t->nnodes), t->ncores, plural(t->ncores),
			 h->smt < 0 ? "unknown" : h->smt ? "on" : "off", h->hypervisor[0] ? ", in " : "",
			 h->hypervisor);
	flow_add(&flow, "%s%s", isdigit((unsigned char)h->kernel[0]) ? "Linux " : "", h->kernel);
	flow_add(&flow, "%u/%u CPU%s as asked", sum.cpus_as_asked, sum.cpus, plural(sum.cpus));
	if (t && t->quota_cpus > 0 && t->quota_cpus < t->nallowed)
		flow_add(&flow, "quota %.1f CPUs", t->quota_cpus);
	flow_end(&flow);
}

static void print_ruler(const struct screen *s)
{
	const struct ruler *ruler = &s->r->ruler;
	const struct histogram *h = &ruler->hiccups;
	char step[32], pair[32], text[32];
	struct flow flow = flow_begin(s, "ruler: ", " | ");

	flow_add(&flow, "%s step %s, pair %s, null %s%s", ruler->clock.source,
		 show_ns(step, sizeof(step), ruler->clock.step_ns),
		 show_ns(pair, sizeof(pair), ruler->clock.pair_ns),
		 isnan(ruler->null_ns) ? "unknown" : show_ns(text, sizeof(text), ruler->null_ns),
		 isnan(ruler->null_ns) ? "" : "/op");
	if (h->n && hist_supports(h, 0.9999))
		flow_add(&flow, "idle hiccup p99.99 %s",
			 show_ns(text, sizeof(text), (double)hist_quantile(h, 0.9999)));
	else
		flow_add(&flow, "longest idle hiccup %s",
			 h->n ? show_ns(text, sizeof(text), (double)h->max) : "none");
	if (ruler->steal_ns)
		flow_add(&flow, "steal %s", show_ns(text, sizeof(text), (double)ruler->steal_ns));
	else
		flow_add(&flow, "steal 0");
	flow_add(&flow, "load %.1f", s->r->host.load1);
	flow_end(&flow);
}

static void print_warnings(const struct screen *s)
{
	if (!s->r->complete)
		screen_alarm(s, "! incomplete: the run was cut short; this is what it had measured (with --out "
				"DIR, `iopt run --resume DIR` goes on)");
	for (unsigned i = 0; i < s->r->nwarnings; i++) {
		char text[sizeof(s->r->warnings[i]) + 2];

		snprintf(text, sizeof(text), "! %s", s->r->warnings[i]);
		columns_words(s->out, &s->terminal, PAINT_UNSURE, 0, 2, text);
	}
	if (s->r->lost_pinning)
		screen_alarm(s, "! a worker did not stay pinned to its CPU: do not trust this run");
	if (s->r->clock_stepped_back)
		screen_alarm(s, "! the clock stepped back: do not trust this run");
}

static void print_failures(const struct screen *s)
{
	for (size_t i = 0; i < s->r->ncases; i++) {
		const struct case_result *c = &s->r->cases[i];

		if (!ledger_balances(&c->pages))
			screen_alarm(s, "   ! %s: pages do not balance", c->case_id);
		if (!case_withheld(c))
			continue;
		screen_alarm(s, "   ! %s: failed, its numbers are withheld", c->case_id);
		for (unsigned k = 0; k < c->nevidence; k++)
			screen_words(s, "     ", "%s", c->evidence[k]);
	}
}

static void print_audit(const struct screen *s)
{
	struct audit_sum sum = audit_sum(s->r);
	struct flow flow;

	fputs(paint_begin(&s->terminal, PAINT_TITLE), s->out);
	flow = flow_begin(s, "4  AUDIT ", " | "); /* the lead alone */
	fputs(paint_end(&s->terminal, PAINT_TITLE), s->out);
	flow_add(&flow, "%u/%u clean", sum.clean, sum.audited);
	if (sum.unbalanced)
		flow_paint(&flow, PAINT_WORSE, "pages do NOT balance in %u case%s", sum.unbalanced,
			   plural(sum.unbalanced));
	else
		flow_add(&flow, "pages balance");
	if (isfinite(sum.on_asked_node))
		flow_add(&flow, "table pages on the asked node %.2f %%", 100 * sum.on_asked_node);
	else
		flow_add(&flow, "where table pages are is unknown");
	flow_add(&flow, "elapsed %.0f s", s->r->ruler.elapsed_s);
	flow_end(&flow);
	print_failures(s);
}

/* What the figures are of, and what is not in them. */
static const char *screen_scope(const struct result *r)
{
	bool path = false;

	for (size_t i = 0; i < r->ncases; i++)
		path |= r->cases[i].dma.asked;
	if (screen_models(r))
		return "page table, allocator, a MODEL of invalidation; no device, no irq context";
	return path ? "page table and allocator: no IOTLB flush, no irq context, no device reads"
		    : "page table only: no IOTLB flush, no irq context, no device reads";
}

static void print_files(const struct screen *s)
{
	const char *out = s->r->njobs ? s->r->jobs[0].out : "";
	struct flow flow;

	screen_words(s, "SCOPE ", "%s", screen_scope(s->r));
	if (!out[0]) {
		fprintf(s->out, "FILES none: --out DIR keeps the numbers, and iopt report DIR shows them\n");
		return;
	}
	flow = flow_begin(s, "FILES ", "   ");
	flow_add(&flow, "%s/{result.json,*.csv,latency.hlog,hgrm}", out);
	flow_add(&flow, "see: iopt report %s", out);
	if (s->r->complete)
		flow_add(&flow, "again: iopt run %s/job.ini", out);
	else
		flow_add(&flow, "go on: iopt run --resume %s", out);
	flow_end(&flow);
}

void screen_print(const struct result *r, FILE *out, struct terminal terminal)
{
	struct screen s = { .out = out, .terminal = terminal, .r = r, .standard = true };
	const struct preset *preset = r->njobs == 1 ? preset_of(&r->jobs[0]) : NULL;

	for (size_t i = 0; i < r->njobs; i++)
		s.standard = s.standard && r->jobs[i].preset_default;

	print_machine(&s);
	print_ruler(&s);
	screen_counters(&s);
	print_warnings(&s);
	if (preset) {
		preset->print(&s);
	} else {
		screen_lock(&s);
		screen_table(&s);
		screen_scaling(&s);
		screen_waste(&s);
		screen_overlap(&s);
	}
	screen_lock_stat(&s);
	print_audit(&s);
	print_files(&s);
}
