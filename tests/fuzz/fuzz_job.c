/* Any bytes as a job file; and what is accepted can be written, and reads back as what it was. */
#include <string.h>

#include "bench/options.h"
#include "input.h"

/* All jobs as job.ini has them; from malloc. */
static char *written(const struct options *jobs, size_t n, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	MUST(out);
	for (size_t i = 0; i < n; i++)
		options_write_job(&jobs[i], out);
	MUST(!fclose(out));
	return text;
}

static int parse(struct options **jobs, size_t *n, const void *data, size_t size, struct err *err)
{
	char *argv[] = { (char *)as_file(data, size), NULL };
	bool help = false;

	return jobs_parse(jobs, n, 1, argv, &help, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct options *jobs = NULL, *again = NULL;
	size_t njobs = 0, nagain = 0, size, size_again;
	struct err err = { 0 };
	int rc = parse(&jobs, &njobs, data, n, &err);
	char *text, *text_again;

	MUST(!rc == !!jobs);
	if (rc) {
		MUST(*err.text && (rc == EXIT_BAD_DATA || rc == EXIT_USAGE));
		return 0;
	}
	MUST(njobs >= 1 && njobs <= JOBS_MAX);
	text = written(jobs, njobs, &size);
	rc = parse(&again, &nagain, text, size, &err);
	if (rc)
		fprintf(stderr, "%s\n%s\n", err.text, text);
	MUST(!rc && nagain == njobs);
	text_again = written(again, nagain, &size_again);
	if (strcmp(text, text_again))
		fprintf(stderr, "%s\n%s\n", text, text_again);
	MUST(!strcmp(text, text_again));
	free(text);
	free(text_again);
	free(jobs);
	free(again);
	return 0;
}
