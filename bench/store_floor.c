/* store_floor.c - the A/A floor of a machine: floors/KEY.json, small enough to be read by eye. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/json.h"
#include "bench/signals.h"
#include "bench/store.h"
#include "bench/store_place.h"

#define FLOOR_SCHEMA "iopt-floor"
#define FLOOR_SCHEMA_VERSION 1
#define FLOOR_BYTES_MAX (1 << 16)
#define FLOOR_MAX 100.0 /* identical code a hundred times as fast: no measurement */
#define TRIALS_MAX 1000000

static const char *const design_name[GATE_DESIGNS] = { "files", "builds" };

static int floor_path(const char *key, char *dir, char *path, int code, struct err *err)
{
	char file[FINGERPRINT_KEY + 8];

	if (strlen(key) != FINGERPRINT_KEY - 1 || strspn(key, "0123456789abcdef") != strlen(key))
		return err_set(err, EXIT_INTERNAL, "%.40s is no key of a machine", key);
	snprintf(file, sizeof(file), "%s.json", key);
	return store_place("floors", dir, code, err) || store_join(dir, file, path, err) ? err->code : 0;
}

static int broken(const char *path, const char *what, struct err *err)
{
	return err_set(err, EXIT_BAD_DATA, "%s: %s; remove it, and `iopt doctor --calibrate` measures it "
		       "again", path, what);
}

/* A text that fits; false: not there, or none. */
static bool get_text(const json_t *o, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text && (size_t)snprintf(out, size, "%s", text) < size;
}

/* Floors of one design; metrics that are not there stay NaN. False: one is no such number. */
static bool get_floors(const json_t *o, double floors[GATE_METRICS])
{
	for (unsigned m = 0; m < GATE_METRICS; m++) {
		const json_t *v = json_object_get(o, gate_metric_name[m]);

		if (!v || json_is_null(v))
			continue;
		floors[m] = json_is_number(v) ? json_number_value(v) : -1;
		if (!(floors[m] >= 0 && floors[m] <= FLOOR_MAX))
			return false;
	}
	return true;
}

static int parse(const json_t *doc, const char *path, const char *key, struct floor_facts *f,
		 struct err *err)
{
	const json_t *version = json_object_get(doc, "schema_version"), *floors, *trials;
	char text[64];

	if (!get_text(doc, "schema", text, sizeof(text)) || strcmp(text, FLOOR_SCHEMA) ||
	    !json_is_integer(version))
		return broken(path, "not a floor that iopt has measured", err);
	if (json_integer_value(version) != FLOOR_SCHEMA_VERSION)
		return broken(path, "of another version of iopt", err);
	if (!get_text(doc, "key", text, sizeof(text)) || strcmp(text, key))
		return broken(path, "of another machine", err);
	trials = json_object_get(doc, "trials");
	if (!json_is_integer(trials) || json_integer_value(trials) < 1 ||
	    json_integer_value(trials) > TRIALS_MAX)
		return broken(path, "trials: not a number of trials", err);
	f->trials = (unsigned)json_integer_value(trials);
	if (!get_text(doc, "measured_utc", f->measured_utc, sizeof(f->measured_utc)))
		return broken(path, "measured_utc: not a time", err);
	if (!get_text(doc, "version", f->version, sizeof(f->version)))
		return broken(path, "version: not a version", err);
	if (!get_text(doc, "host", f->host, sizeof(f->host)))
		return broken(path, "host: not a machine", err);
	floors = json_object_get(doc, "floors");
	for (unsigned d = 0; d < GATE_DESIGNS; d++) {
		const json_t *o = json_object_get(floors, design_name[d]);

		if (!json_is_object(o))
			return broken(path, "floors: one design is missing", err);
		if (!get_floors(o, f->floor[d]))
			return broken(path, "floors: not a number from 0 to 100", err);
	}
	return 0;
}

int store_load_floor(const char *key, struct floor_facts *facts, bool *found, struct err *err)
{
	char dir[STORE_PATH_BYTES], path[STORE_PATH_BYTES];
	json_error_t wrong;
	struct stat st;
	json_t *doc;
	int code;

	*found = false;
	memset(facts, 0, sizeof(*facts));
	for (unsigned d = 0; d < GATE_DESIGNS; d++)
		for (unsigned m = 0; m < GATE_METRICS; m++)
			facts->floor[d][m] = NAN;
	code = floor_path(key, dir, path, EXIT_CANT_CREATE, err);
	if (code == EXIT_CANT_CREATE) {
		*err = (struct err){ 0 };
		return 0; /* no place, so nothing in it */
	}
	if (code)
		return code;
	if (stat(path, &st))
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : broken(path, strerror(errno), err);
	if (!S_ISREG(st.st_mode) || st.st_size > FLOOR_BYTES_MAX)
		return broken(path, "not a floor that iopt has measured", err);
	doc = json_load_file(path, JSON_REJECT_DUPLICATES, &wrong);
	if (!doc) {
		char text[sizeof(wrong.text) + 32];

		snprintf(text, sizeof(text), "line %d: %s", wrong.line, wrong.text);
		return broken(path, text, err);
	}
	code = parse(doc, path, key, facts, err);
	json_decref(doc);
	*found = !code;
	return code;
}

static json_t *make_floor(const char *key, const struct floor_facts *f)
{
	bool failed = false;
	struct node doc = { json_object(), &failed }, floors;

	if (!doc.json)
		return NULL;
	put_text(doc, "schema", FLOOR_SCHEMA);
	put_u64(doc, "schema_version", FLOOR_SCHEMA_VERSION);
	put_text(doc, "key", key);
	put_text(doc, "host", f->host);
	put_text(doc, "version", f->version);
	put_text(doc, "measured_utc", f->measured_utc);
	put_u64(doc, "trials", f->trials);
	floors = put_object(doc, "floors");
	for (unsigned d = 0; d < GATE_DESIGNS; d++) {
		struct node o = put_object(floors, design_name[d]);

		for (unsigned m = 0; m < GATE_METRICS; m++)
			put_real(o, gate_metric_name[m], f->floor[d][m]);
	}
	if (!failed)
		return doc.json;
	json_decref(doc.json);
	return NULL;
}

static int write_floor(const json_t *doc, const char *dir, const char *path, struct err *err)
{
	char temporary[STORE_PATH_BYTES];
	bool failed;
	FILE *out;

	if (store_make_dirs(dir, err))
		return err->code;
	out = store_open_temporary(dir, temporary, err);
	if (!out)
		return err->code;
	failed = json_dumpf(doc, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) || fputc('\n', out) == EOF;
	if (store_close_temporary(out, failed, temporary, err))
		return err->code;
	if (!rename(temporary, path))
		return 0;
	err_set(err, EXIT_CANT_CREATE, "cannot create %s: %s", path, strerror(errno));
	unlink(temporary);
	return err->code;
}

int store_save_floor(const char *key, const struct floor_facts *facts, char *path, size_t size,
		     struct err *err)
{
	char dir[STORE_PATH_BYTES], kept[STORE_PATH_BYTES];
	sigset_t before;
	json_t *doc;
	int code;

	if (floor_path(key, dir, kept, EXIT_CANT_CREATE, err))
		return err->code;
	doc = make_floor(key, facts);
	if (!doc)
		return err_set(err, EXIT_NO_RESOURCE, "out of memory");
	signals_hold(&before);
	code = write_floor(doc, dir, kept, err);
	signals_release(&before);
	json_decref(doc);
	if (!code)
		snprintf(path, size, "%s", kept);
	return code;
}
