/* What is kept between runs: baselines by name, and the floor of a machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/store.h"

#define KEY "0123456789abcdef"

static char root[64], result_path[128];
static char commit[64] = "a1b2c3d-dirty";
static struct stored result = { .path = result_path, .complete = true, .host.commit = commit };
static struct err err;

static char *in_root(const char *name)
{
	static char path[2][512];
	static unsigned turn;
	char *out = path[turn++ % 2];

	snprintf(out, sizeof(path[0]), "%s/%s", root, name);
	return out;
}

static void put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static char *get_file(const char *path)
{
	static char text[4096];
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static int setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/iopt-test-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(result_path, sizeof(result_path), "%s/result.json", root);
	put_file(result_path, "{ \"a\": \"result\" }\n");
	setenv("XDG_DATA_HOME", in_root("data"), 1);
	setenv("HOME", in_root("home"), 1);
	result.complete = true;
	err.text[0] = '\0';
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Names in a directory, hidden ones too. */
static unsigned entries(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	unsigned n = 0;

	assert_non_null(d);
	while ((entry = readdir(d)))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(d);
	return n;
}

static char *save(const char *name)
{
	static char path[512];

	if (store_save_baseline(name, &result, path, sizeof(path), &err))
		fail_msg("%s", err.text);
	return path;
}

static void finds(const char *name, const char *ends)
{
	char path[512];

	if (store_find_baseline(name, path, sizeof(path), &err))
		fail_msg("%s", err.text);
	assert_string_equal(path, in_root(ends));
}

static void finds_not(const char *name, int code, const char *says)
{
	char path[512];

	assert_int_equal(store_find_baseline(name, path, sizeof(path), &err), code);
	assert_int_equal(err.code, code);
	if (!strstr(err.text, says))
		fail_msg("%s: not in: %s", says, err.text);
}

static void test_each_is_numbered_and_older_ones_stay(void **state)
{
	char **paths;
	size_t n;

	(void)state;
	assert_string_equal(save("main"), in_root("data/iopt/baselines/main/0001-a1b2c3d-dirty.json"));
	put_file(result_path, "{ \"a\": \"newer\" }\n");
	strcpy(commit, "feed/../beef");
	assert_string_equal(save("main"), in_root("data/iopt/baselines/main/0002-feed_.._beef.json"));
	strcpy(commit, "");
	save("main");
	strcpy(commit, "a1b2c3d-dirty");
	finds("main", "data/iopt/baselines/main/0003-unknown.json");
	finds("main@1", "data/iopt/baselines/main/0001-a1b2c3d-dirty.json");
	finds("main@0002", "data/iopt/baselines/main/0002-feed_.._beef.json");
	assert_string_equal(get_file(in_root("data/iopt/baselines/main/0001-a1b2c3d-dirty.json")),
			    "{ \"a\": \"result\" }\n");
	assert_string_equal(get_file(in_root("data/iopt/baselines/main/0003-unknown.json")),
			    "{ \"a\": \"newer\" }\n");
	assert_int_equal(entries(in_root("data/iopt/baselines/main")), 3);
	assert_int_equal(store_list_baseline("main", &paths, &n, &err), 0);
	assert_int_equal(n, 3);
	assert_string_equal(paths[0], in_root("data/iopt/baselines/main/0001-a1b2c3d-dirty.json"));
	store_free_list(paths, n);
}

static void test_ten_thousand_come_after_9999(void **state)
{
	(void)state;
	save("main");
	assert_int_equal(rename(in_root("data/iopt/baselines/main/0001-a1b2c3d-dirty.json"),
				in_root("data/iopt/baselines/main/9999-x.json")), 0);
	save("main");
	finds("main", "data/iopt/baselines/main/10000-a1b2c3d-dirty.json");
}

static void test_what_is_not_there_is_told_with_what_is(void **state)
{
	(void)state;
	finds_not("main", EXIT_BAD_DATA, "none is kept");
	save("main");
	save("v6.12");
	finds_not("mian", EXIT_BAD_DATA, "did you mean main?");
	finds_not("mian", EXIT_BAD_DATA, "kept: main, v6.12");
	finds_not("main@7", EXIT_BAD_DATA, "main@7: there is no number 7; kept are 1, the newest is 1");
}

static void test_names_cannot_leave_the_store(void **state)
{
	static const char *const bad[] = { "", ".", "..", "../x", "a/b", ".hidden", "-x", "a b", "a\n",
		"@1", "na\xc3\xafve",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 65 */ };
	char path[512];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(store_save_baseline(bad[i], &result, path, sizeof(path), &err),
				 EXIT_USAGE);
		finds_not(bad[i], EXIT_USAGE, "want a name");
	}
	assert_int_equal(store_save_baseline("a@1", &result, path, sizeof(path), &err), EXIT_USAGE);
	finds_not("a@", EXIT_USAGE, "such as a@1");
	finds_not("a@0", EXIT_USAGE, "NAME@N");
	finds_not("a@1x", EXIT_USAGE, "NAME@N");
	finds_not("a@99999999999999999999", EXIT_USAGE, "NAME@N");
	assert_int_not_equal(access(in_root("data"), F_OK), 0);
}

static void test_only_complete_files_are_kept(void **state)
{
	char path[512];

	(void)state;
	result.complete = false;
	assert_int_equal(store_save_baseline("main", &result, path, sizeof(path), &err),
			 EXIT_BAD_DATA);
	assert_non_null(strstr(err.text, "--resume"));
	result.complete = true;
	result.path = (char[]){ "-" };
	assert_int_equal(store_save_baseline("main", &result, path, sizeof(path), &err), EXIT_USAGE);
	result.path = result_path;
	assert_int_equal(remove(result_path), 0);
	assert_int_equal(store_save_baseline("main", &result, path, sizeof(path), &err),
			 EXIT_BAD_DATA);
	assert_int_equal(entries(in_root("data/iopt/baselines/main")), 0);
}

static void test_the_place_follows_the_specification(void **state)
{
	char path[512];

	(void)state;
	setenv("XDG_DATA_HOME", "relative", 1);
	save("main");
	finds("main", "home/.local/share/iopt/baselines/main/0001-a1b2c3d-dirty.json");
	setenv("XDG_DATA_HOME", "", 1);
	save("main");
	unsetenv("XDG_DATA_HOME");
	finds("main@2", "home/.local/share/iopt/baselines/main/0002-a1b2c3d-dirty.json");
	for (int i = 0; i < 2; i++) {
		if (i)
			setenv("HOME", "home", 1);
		else
			unsetenv("HOME");
		assert_int_equal(store_save_baseline("main", &result, path, sizeof(path), &err),
				 EXIT_CANT_CREATE);
		assert_non_null(strstr(err.text, "XDG_DATA_HOME nor HOME"));
		finds_not("main", EXIT_BAD_DATA, "XDG_DATA_HOME nor HOME");
	}
}

static void cannot_save(int code, const char *variable)
{
	char path[512];

	assert_int_equal(store_save_baseline("main", &result, path, sizeof(path), &err), code);
	if (!strstr(err.text, variable))
		fail_msg("%s: not in: %s", variable, err.text);
}

static void test_where_nothing_can_be_put_the_variable_is_named(void **state)
{
	static const struct rlimit small = { .rlim_cur = 4, .rlim_max = RLIM_INFINITY };
	static const struct rlimit any = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };

	(void)state;
	put_file(in_root("file"), "");
	setenv("XDG_DATA_HOME", in_root("file"), 1);
	cannot_save(EXIT_CANT_CREATE, "its place follows from XDG_DATA_HOME");
	unsetenv("XDG_DATA_HOME");
	setenv("HOME", in_root("file"), 1);
	cannot_save(EXIT_CANT_CREATE, "its place follows from HOME");
	setenv("HOME", "/proc/1/nowhere", 1);
	cannot_save(EXIT_CANT_CREATE, "its place follows from HOME");
	setenv("HOME", in_root("home"), 1);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	cannot_save(EXIT_WRITE, "File too large");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &any), 0);
	assert_int_equal(entries(in_root("home/.local/share/iopt/baselines/main")), 0);
}

static void test_foreign_files_are_told_not_trusted(void **state)
{
	static const char *const foreign[] = { "0000-zero.json", "003-few.json", "0003.json",
					       "0003-.json", "0003-a.txt", "0003-a b.json",
					       "1234567-many.json", "notes.txt" };
	const size_t nforeign = sizeof(foreign) / sizeof(foreign[0]);
	char **paths;
	size_t n;

	(void)state;
	save("main");
	for (size_t i = 0; i < nforeign; i++) {
		char below[128];

		snprintf(below, sizeof(below), "data/iopt/baselines/main/%s", foreign[i]);
		put_file(in_root(below), "{}");
	}
	assert_int_equal(mkdir(in_root("data/iopt/baselines/main/0009-directory.json"), 0777), 0);
	finds("main", "data/iopt/baselines/main/0001-a1b2c3d-dirty.json");
	assert_int_equal(store_list_foreign("main", &paths, &n, &err), 0);
	assert_int_equal(n, nforeign + 1);
	store_free_list(paths, n);
	assert_int_equal(store_list_baseline("main", &paths, &n, &err), 0);
	assert_int_equal(n, 1);
	store_free_list(paths, n);
	put_file(in_root("data/iopt/baselines/main/0001-copied.json"), "{}");
	finds_not("main", EXIT_BAD_DATA, "0001-a1b2c3d-dirty.json and 0001-copied.json have one number");
	assert_int_equal(store_list_baseline("main", &paths, &n, &err), EXIT_BAD_DATA);
}

static void test_names_are_listed(void **state)
{
	char **names;
	size_t n;

	(void)state;
	assert_int_equal(store_list_names(&names, &n, &err), 0);
	assert_int_equal(n, 0);
	save("v2");
	save("main");
	put_file(in_root("data/iopt/baselines/README"), "");
	assert_int_equal(mkdir(in_root("data/iopt/baselines/no name"), 0777), 0);
	assert_int_equal(store_list_names(&names, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_string_equal(names[0], "main");
	assert_string_equal(names[1], "v2");
	store_free_list(names, n);
}

#define WRITERS 8
#define EACH 25

/* Nobody's is lost, no number is given twice, nothing is left behind. */
static void test_writers_at_once(void **state)
{
	pid_t pids[WRITERS];
	char **paths;
	size_t n;

	(void)state;
	for (int w = 0; w < WRITERS; w++) {
		pids[w] = fork();
		if (!pids[w]) {
			char path[512];
			int failed = 0;

			for (int i = 0; i < EACH; i++) {
				snprintf(commit, sizeof(commit), "writer%d-%d", w, i);
				failed |= store_save_baseline("main", &result, path, sizeof(path), &err);
			}
			_exit(failed);
		}
		assert_true(pids[w] > 0);
	}
	for (int w = 0; w < WRITERS; w++) {
		int status;

		assert_int_equal(waitpid(pids[w], &status, 0), pids[w]);
		assert_int_equal(status, 0);
	}
	if (store_list_baseline("main", &paths, &n, &err))
		fail_msg("%s", err.text);
	assert_int_equal(n, WRITERS * EACH);
	store_free_list(paths, n);
	assert_int_equal(entries(in_root("data/iopt/baselines/main")), WRITERS * EACH);
}

static void test_a_claim_left_behind_costs_a_number(void **state)
{
	(void)state;
	save("main");
	put_file(in_root("data/iopt/baselines/main/.0002"), "");
	put_file(in_root("data/iopt/baselines/main/.part.abcdef"), "half");
	assert_string_equal(save("main"), in_root("data/iopt/baselines/main/0003-a1b2c3d-dirty.json"));
	finds("main", "data/iopt/baselines/main/0003-a1b2c3d-dirty.json");
}

static struct floor_facts some_floor(void)
{
	struct floor_facts f = { .measured_utc = "2026-11-22T10:00:00Z", .version = "0.1.0",
				 .host = "EPYC, 2 CPUs", .trials = 20 };

	for (unsigned m = 0; m < GATE_METRICS; m++) {
		f.floor[GATE_FILES][m] = 0.125 + m;
		f.floor[GATE_BUILDS][m] = NAN;
	}
	f.floor[GATE_BUILDS][GATE_THROUGHPUT] = 0.021;
	return f;
}

static void test_a_floor_comes_back(void **state)
{
	struct floor_facts f = some_floor(), back;
	char path[512];
	bool found;

	(void)state;
	assert_int_equal(store_load_floor(KEY, &back, &found, &err), 0);
	assert_false(found);
	assert_true(isnan(back.floor[GATE_FILES][GATE_WASTE]));
	assert_int_equal(store_save_floor(KEY, &f, path, sizeof(path), &err), 0);
	assert_string_equal(path, in_root("data/iopt/floors/" KEY ".json"));
	f.trials = 40; /* measured again */
	assert_int_equal(store_save_floor(KEY, &f, path, sizeof(path), &err), 0);
	assert_int_equal(entries(in_root("data/iopt/floors")), 1);
	assert_int_equal(store_load_floor(KEY, &back, &found, &err), 0);
	assert_true(found);
	assert_int_equal(back.trials, 40);
	assert_string_equal(back.measured_utc, f.measured_utc);
	assert_string_equal(back.version, f.version);
	assert_string_equal(back.host, f.host);
	for (unsigned d = 0; d < GATE_DESIGNS; d++)
		for (unsigned m = 0; m < GATE_METRICS; m++)
			assert_true(back.floor[d][m] == f.floor[d][m] ||
				    (isnan(back.floor[d][m]) && isnan(f.floor[d][m])));
	assert_int_equal(store_load_floor("00000000deadbeef", &back, &found, &err), 0);
	assert_false(found);
	assert_int_equal(store_load_floor("../../etc/passwd", &back, &found, &err), EXIT_INTERNAL);
	assert_int_equal(store_save_floor("0123", &f, path, sizeof(path), &err), EXIT_INTERNAL);
	unsetenv("XDG_DATA_HOME");
	unsetenv("HOME"); /* nowhere to look: not calibrated, and no reason to stop */
	assert_int_equal(store_load_floor(KEY, &back, &found, &err), 0);
	assert_false(found);
	assert_int_equal(store_save_floor(KEY, &f, path, sizeof(path), &err), EXIT_CANT_CREATE);
	assert_non_null(strstr(err.text, "HOME"));
}

/* The file with one thing changed. */
static void broken_floor(const char *from, const char *to, const char *says)
{
	char text[4096], *at = strcpy(text, get_file(in_root("floor.json"))), *found;
	struct floor_facts back;
	bool known;
	FILE *out = fopen(in_root("data/iopt/floors/" KEY ".json"), "w");

	found = strstr(at, from);
	assert_non_null(found);
	assert_non_null(out);
	fprintf(out, "%.*s%s%s", (int)(found - at), at, to, found + strlen(from));
	fclose(out);
	assert_int_equal(store_load_floor(KEY, &back, &known, &err), EXIT_BAD_DATA);
	assert_false(known);
	if (!strstr(err.text, says) || !strstr(err.text, "iopt doctor --calibrate"))
		fail_msg("%s: not in: %s", says, err.text);
}

static void test_a_broken_floor_is_told(void **state)
{
	struct floor_facts f = some_floor();
	char path[512];
	bool found;

	(void)state;
	assert_int_equal(store_save_floor(KEY, &f, path, sizeof(path), &err), 0);
	put_file(in_root("floor.json"), get_file(path));
	broken_floor("{", "[", "line ");
	broken_floor("iopt-floor", "iopt-result", "not a floor");
	broken_floor("\"schema_version\": 1", "\"schema_version\": 2", "another version");
	broken_floor("\"schema_version\": 1", "\"schema_version\": \"1\"", "not a floor");
	broken_floor(KEY, "fedcba9876543210", "another machine");
	broken_floor("\"trials\": 20", "\"trials\": 0", "trials");
	broken_floor("\"trials\": 20", "\"trials\": 1e300", "trials");
	broken_floor("\"trials\": 20", "\"trials\": 20, \"trials\": 21", "line ");
	broken_floor("\"trials\": 20,", "", "trials");
	broken_floor("2026-11-22", "2026-11-22 and so on, for ever and ever", "measured_utc");
	broken_floor("\"EPYC, 2 CPUs\"", "2", "host");
	broken_floor("0.021", "-0.021", "0 to 100");
	broken_floor("0.021", "1e6", "0 to 100");
	broken_floor("0.021", "\"NaN\"", "0 to 100");
	broken_floor("0.021", "NaN", "line ");
	broken_floor("\"files\"", "\"fields\"", "missing");
	put_file(path, "");
	assert_int_equal(store_load_floor(KEY, &f, &found, &err), EXIT_BAD_DATA);
	assert_int_equal(remove(path), 0);
	assert_int_equal(mkdir(path, 0777), 0);
	assert_int_equal(store_load_floor(KEY, &f, &found, &err), EXIT_BAD_DATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		STORE_TEST(test_each_is_numbered_and_older_ones_stay),
		STORE_TEST(test_ten_thousand_come_after_9999),
		STORE_TEST(test_what_is_not_there_is_told_with_what_is),
		STORE_TEST(test_names_cannot_leave_the_store),
		STORE_TEST(test_only_complete_files_are_kept),
		STORE_TEST(test_the_place_follows_the_specification),
		STORE_TEST(test_where_nothing_can_be_put_the_variable_is_named),
		STORE_TEST(test_foreign_files_are_told_not_trusted),
		STORE_TEST(test_names_are_listed),
		STORE_TEST(test_writers_at_once),
		STORE_TEST(test_a_claim_left_behind_costs_a_number),
		STORE_TEST(test_a_floor_comes_back),
		STORE_TEST(test_a_broken_floor_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
