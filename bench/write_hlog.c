/* latency.hlog: each case's latencies as a tagged line of an HdrHistogram log, format 1.3. */
#include <ctype.h>
#include <stdlib.h>
#include <time.h>

#include "bench/analyse.h"
#include "bench/hdr_encode.h"
#include "bench/write.h"

/* Readers take a tag up to the next comma, and a line's fields apart at blanks. */
static void put_tag(const char *id, const char *kind, FILE *out)
{
	fputs("Tag=", out);
	for (; *id; id++)
		fputc(*id == ',' || !isgraph((unsigned char)*id) ? '_' : *id, out);
	fprintf(out, ":%s", kind);
}

static int put_line(const struct case_result *c, int kind, FILE *out)
{
	const struct histogram *h = c->latency[kind];
	char *payload = hdr_encode(h);

	if (!payload)
		return -1;
	put_tag(c->case_id, op_kind_name[kind], out);
	/* start in seconds after StartTime, length in seconds, largest value in ms: exact */
	fprintf(out, ",0.000,%.3f,%.6f,%s\n", (double)c->elapsed_ns / 1e9, (double)h->max / 1e6,
		payload);
	free(payload);
	return 0;
}

static void put_head(const struct result *r, FILE *out)
{
	struct tm tm = { 0 };
	time_t start = 0;

	if (strptime(r->started_utc, "%Y-%m-%dT%H:%M:%SZ", &tm))
		start = timegm(&tm);
	fprintf(out, "#[iopt %s; values in ns; a tag is CASE:OPERATION]\n", r->host.version);
	fprintf(out, "#[Histogram log format version 1.3]\n");
	fprintf(out, "#[StartTime: %lld.000 (seconds since epoch), %s]\n", (long long)start,
		r->started_utc);
	fprintf(out, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
		     "\"Interval_Compressed_Histogram\"\n");
}

int write_latency_hlog(const struct result *r, FILE *out)
{
	put_head(r, out);
	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		for (int kind = 0; kind < OP_KINDS; kind++)
			if (case_sampled(c, kind) && put_line(c, kind, out))
				return -1;
	}
	return fflush(out) || ferror(out) ? -1 : 0;
}
