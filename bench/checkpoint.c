#include "bench/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "bench/case.h"

#define MAGIC "iopt checkpoint 1\n"
#define PATH_BYTES 4096

struct header {
	char magic[sizeof(MAGIC)];
	uint32_t plan; /* what it is of: a checksum */
};

struct record {
	uint32_t process, group, crc;
	bool lost_pinning, clock_stepped_back;
	uint64_t bytes; /* of the cases behind it */
	uint32_t nwarnings;
	char warnings[16][240];
};

struct checkpoint {
	char path[PATH_BYTES];
	const struct plan *plan;
	uint32_t processes;
	uint64_t length; /* of header and whole records found */
	bool *done;      /* by process and group */
};

/* Everything that must be the same for the figures to belong together. */
static uint32_t plan_sum(const struct plan *plan, const struct result *result)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *f = open_memstream(&text, &bytes);
	uint32_t sum;

	if (!f)
		return 0;
	fprintf(f, "%s %s %zu %zu %zu\n", result->host.version, result->host.commit,
		sizeof(struct case_result), sizeof(struct slice), sizeof(struct draw));
	fprintf(f, "%s %s\n", result->host.cpu_model, result->host.kernel);
	for (size_t i = 0; i < result->njobs; i++)
		options_write_job(&result->jobs[i], f);
	for (size_t i = 0; i < plan->n; i++)
		for (unsigned w = 0; w < plan->groups[i].threads; w++)
			fprintf(f, "%u ", plan->groups[i].cpus[w]);
	fclose(f);
	sum = (uint32_t)crc32(0, (const unsigned char *)text, (unsigned)bytes);
	free(text);
	return sum;
}

static bool read_header(FILE *f, struct header *h)
{
	return fread(h, sizeof(*h), 1, f) == 1 && !memcmp(h->magic, MAGIC, sizeof(MAGIC));
}

bool checkpoint_in(const char *dir)
{
	char path[PATH_BYTES];
	struct header h;
	bool found;
	FILE *f;

	snprintf(path, sizeof(path), "%s/checkpoint", dir);
	f = fopen(path, "rb");
	found = f && read_header(f, &h);
	if (f)
		fclose(f);
	return found;
}

static int begin(struct checkpoint *c, uint32_t sum, struct err *err)
{
	struct header h = { .magic = MAGIC, .plan = sum };
	FILE *f = fopen(c->path, "wb");
	bool wrote = f && fwrite(&h, sizeof(h), 1, f) == 1;

	if (f && fclose(f))
		wrote = false;
	if (!wrote)
		return err_set(err, EXIT_CANT_CREATE, "cannot write %.300s: %s", c->path,
			       strerror(errno));
	c->length = sizeof(h);
	return 0;
}

static int check(struct checkpoint *c, uint32_t sum, struct err *err)
{
	FILE *f = fopen(c->path, "rb");
	struct header h;
	bool ours;

	if (!f)
		return err_set(err, EXIT_BAD_DATA, "--resume: %.300s: %s: nothing was interrupted there, or "
			       "it has been completed", c->path, strerror(errno));
	ours = read_header(f, &h);
	fclose(f);
	if (!ours)
		return err_set(err, EXIT_BAD_DATA, "%.300s: not a checkpoint", c->path);
	if (h.plan != sum)
		return err_set(err, EXIT_BAD_DATA, "%.300s: of another build, machine or set of CPUs; "
			       "measure anew: iopt run job.ini", c->path);
	c->length = sizeof(h);
	return 0;
}

int checkpoint_open(struct checkpoint **out, const char *dir, bool resume, const struct plan *plan,
		    const struct result *result, struct err *err)
{
	struct checkpoint *c = calloc(1, sizeof(*c));
	uint32_t sum = plan_sum(plan, result);

	if (c) {
		c->plan = plan;
		c->processes = result->jobs[0].processes;
		c->done = calloc(c->processes * plan->n, sizeof(*c->done));
	}
	if (!c || !c->done) {
		checkpoint_close(c);
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a checkpoint");
	}
	snprintf(c->path, sizeof(c->path), "%s/checkpoint", dir);
	if (resume ? check(c, sum, err) : begin(c, sum, err)) {
		checkpoint_close(c);
		return err->code;
	}
	*out = c;
	return 0;
}

/* The next record whole and unspoilt, its cases in *data (free). False: the end of what is usable. */
static bool read_record(struct checkpoint *c, FILE *f, struct record *r, char **data)
{
	*data = NULL;
	if (fread(r, sizeof(*r), 1, f) != 1 || r->process >= c->processes ||
	    r->group >= c->plan->n || r->nwarnings > sizeof(r->warnings) / sizeof(r->warnings[0]) ||
	    r->bytes > UINT32_MAX)
		return false;
	*data = malloc(r->bytes);
	if (*data && fread(*data, r->bytes, 1, f) == 1 &&
	    crc32(0, (const unsigned char *)*data, (unsigned)r->bytes) == r->crc)
		return true;
	free(*data);
	return false;
}

static int merge(struct checkpoint *c, const struct record *r, char *data, struct result *result)
{
	FILE *f = fmemopen(data, r->bytes, "rb");
	size_t first = 0;
	int error = f ? 0 : -1;

	for (size_t i = 0; i < r->group; i++)
		first += c->plan->groups[i].nengines;
	for (unsigned e = 0; e < c->plan->groups[r->group].nengines && !error; e++)
		error = case_load_merge(&result->cases[first + e], f);
	if (f)
		fclose(f);
	result->lost_pinning |= r->lost_pinning;
	result->clock_stepped_back |= r->clock_stepped_back;
	for (uint32_t i = 0; i < r->nwarnings; i++)
		result_warn(result, "%s", r->warnings[i]);
	return error;
}

int checkpoint_load(struct checkpoint *c, struct result *result, struct err *err)
{
	FILE *f = fopen(c->path, "rb");
	struct record *r = malloc(sizeof(*r));
	int error = 0;
	char *data;

	while (f && r && !error && !fseek(f, (long)c->length, SEEK_SET) &&
	       read_record(c, f, r, &data)) {
		bool *done = &c->done[r->process * c->plan->n + r->group];

		error = *done ? 0 : merge(c, r, data, result);
		result->resumed += !*done;
		*done = true;
		c->length += sizeof(*r) + r->bytes;
		free(data);
	}
	free(r);
	if (f)
		fclose(f);
	/* what a kill left behind the last whole record goes, or the next would be unreadable */
	if (!f || error || truncate(c->path, (off_t)c->length))
		return err_set(err, EXIT_BAD_DATA, "%.300s: cannot be read", c->path);
	if (result->resumed)
		result_warn(result, "%lu of %lu groups were measured before an interruption; clock, load "
			    "and steal are of what came after it: for those of all, measure again without "
			    "--resume", (unsigned long)result->resumed, (unsigned long)(c->plan->n * c->processes));
	return 0;
}

bool checkpoint_has(const struct checkpoint *c, uint32_t process, size_t group)
{
	return c && c->done[process * c->plan->n + group];
}

/* The cases of a group as they travel between processes, too. */
static bool save_cases(char **data, size_t *bytes, const struct case_result *cases, unsigned n)
{
	FILE *f = open_memstream(data, bytes);
	bool saved = f;

	for (unsigned e = 0; e < n && saved; e++)
		saved = !case_save(&cases[e], f);
	return !(f && fclose(f)) && saved;
}

static bool append(const struct checkpoint *c, const struct record *r, const char *data)
{
	FILE *f = fopen(c->path, "r+b");
	long before = f && !fseek(f, 0, SEEK_END) ? ftell(f) : -1;
	bool wrote = before >= 0 && fwrite(r, sizeof(*r), 1, f) == 1 && fwrite(data, r->bytes, 1, f) == 1;

	if (f && fclose(f))
		wrote = false;
	/* half a record would hide the whole ones that may follow it */
	if (!wrote && before >= 0 && truncate(c->path, before))
		return false;
	return wrote;
}

void checkpoint_add(struct checkpoint *c, uint32_t process, size_t group, size_t first,
		    struct result *result)
{
	struct record *r = calloc(1, sizeof(*r));
	char *data = NULL;
	size_t bytes = 0;
	bool kept = r && save_cases(&data, &bytes, &result->cases[first],
				    c->plan->groups[group].nengines);

	if (kept) {
		*r = (struct record){ .process = process, .group = (uint32_t)group, .bytes = bytes,
				      .crc = (uint32_t)crc32(0, (unsigned char *)data, (unsigned)bytes),
				      .lost_pinning = result->lost_pinning,
				      .clock_stepped_back = result->clock_stepped_back,
				      .nwarnings = result->nwarnings };
		memcpy(r->warnings, result->warnings, sizeof(r->warnings));
		kept = append(c, r, data);
	}
	if (!kept)
		result_warn(result, "cannot write %.180s: --resume would measure a group again", c->path);
	free(data);
	free(r);
}

void checkpoint_remove(const struct checkpoint *c)
{
	unlink(c->path);
}

void checkpoint_close(struct checkpoint *c)
{
	if (!c)
		return;
	free(c->done);
	free(c);
}
