/* test_golden.c - every golden script on every engine, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/dump.h"

static char *slurp(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;
	ssize_t length;

	assert_non_null(file);
	length = getdelim(&text, &room, '\0', file);
	assert_true(length > 0);
	fclose(file);
	return text;
}

/* NAME_4_levels.ops: of a table with 4. Else 3. */
static unsigned levels_of(const char *path)
{
	const char *levels = strstr(path, "_levels.ops");

	return levels ? (unsigned)(levels[-1] - '0') : 3;
}

/* What dump prints, or NULL and *rc. */
static char *dump(const char *path, const char *engine, int *rc, struct err *err)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	*rc = dump_run(path, engine, levels_of(path), out, err);
	fclose(out);
	return text;
}

static void first_difference(const char *want, const char *got)
{
	for (size_t line = 1; *want && *got; line++) {
		size_t a = strcspn(want, "\n"), b = strcspn(got, "\n");

		if (a != b || memcmp(want, got, a)) {
			print_error("line %zu\n  want %.*s\n  got  %.*s\n", line, (int)a, want, (int)b, got);
			return;
		}
		want += a + !!want[a];
		got += b + !!got[b];
	}
	print_error("one is longer\n");
}

static void check_script(const char *ops, const struct pt_engine *engine)
{
	const char *suffix = strcmp(engine->body, "2019") ? engine->body : "classic";
	char path[512];
	struct err err = { 0 };
	char *want, *got;
	int rc;

	snprintf(path, sizeof(path), "%.*s%s", (int)(strlen(ops) - 3), ops, suffix);
	want = slurp(path);
	got = dump(ops, engine->name, &rc, &err);
	assert_int_equal(rc, 0);
	if (strcmp(want, got)) {
		print_error("%s on %s: ", ops, engine->name);
		first_difference(want, got);
		fail();
	}
	free(want);
	free(got);
}

static void test_golden(void **state)
{
	const struct pt_engine *engine = *state;
	bool intel = !strcmp(engine->format, "vtdss");
	const char *where = intel ? TEST_DATA "/golden/vtdss/*.ops" : TEST_DATA "/golden/*.ops";
	glob_t found;

	assert_int_equal(glob(where, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= (intel ? 30 : 42));
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_script(found.gl_pathv[i], engine);
	globfree(&found);
}

/* Dump this script; the output starts like that. */
static void expect(const char *script, const char *engine, const char *want)
{
	char path[] = "/tmp/iopt-golden-XXXXXX";
	int fd = mkstemp(path), rc;
	struct err err = { 0 };
	char *got;

	assert_true(fd >= 0);
	assert_true(write(fd, script, strlen(script)) == (ssize_t)strlen(script));
	close(fd);
	got = dump(path, engine, &rc, &err);
	unlink(path);
	if (rc)
		snprintf(got = realloc(got, 600), 600, "%d %s", rc, strrchr(err.text, ':'));
	if (strncmp(got, want, strlen(want))) {
		print_error("want %s\ngot  %s\n", want, got);
		fail();
	}
	free(got);
}

static void test_refusals(void **state)
{
	(void)state;
	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		if (e->ruler || strcmp(e->format, "amdv1"))
			continue;
		expect("map 0 0 3000 1 3\nmap 0 0 512G 1 3\nmap 0 0 4K 0 3\nmap 0 0 4K 1 0\n"
		       "map 0 0 4K 1 4\nmap 0x800 0 4K 1 3\nmap 0 0x1000 8K 1 3\n"
		       "map_range 0 0 6K 3\nunmap_range 0x10 4K\n",
		       e->name,
		       "# 1: map 0 0 3000 1 3 -> ret -EINVAL mapped 0x0\n"
		       "# 2: map 0 0 512G 1 3 -> ret -EINVAL mapped 0x0\n"
		       "# 3: map 0 0 4K 0 3 -> ret -EINVAL mapped 0x0\n"
		       "# 4: map 0 0 4K 1 0 -> ret -EINVAL mapped 0x0\n"
		       "# 5: map 0 0 4K 1 4 -> ret -EINVAL mapped 0x0\n"
		       "# 6: map 0x800 0 4K 1 3 -> ret -EINVAL mapped 0x0\n"
		       "# 7: map 0 0x1000 8K 1 3 -> ret -EINVAL mapped 0x0\n"
		       "# 8: map_range 0 0 6K 3 -> ret -EINVAL\n"
		       "# 9: unmap_range 0x10 4K -> unmapped 0x0\n"
		       "# mode 3, pages live 1, allocated 1, freed 0\n"
		       "# leaf entries 0, table entries 0\n");
		expect("map 0 4P 4K 1 3\nmap 0 4P-4K 4K 2 3\nmap -4K 0 4K 2 3\n"
		       "map_range -8K 0 12K 3\nunmap -4K 4K 2\nmap 0 4P-4K 4K 1 3\n",
		       e->name,
		       "# 1: map 0 4P 4K 1 3 -> ret -ERANGE mapped 0x0\n"
		       "# 2: map 0 4P-4K 4K 2 3 -> ret -ERANGE mapped 0x0\n"
		       "# 3: map -4K 0 4K 2 3 -> ret -ERANGE mapped 0x0\n"
		       "# 4: map_range -8K 0 12K 3 -> ret -ERANGE\n"
		       "# 5: unmap -4K 4K 2 -> unmapped 0x0\n"
		       "# 6: map 0 4P-4K 4K 1 3 -> ret 0 mapped 0x1000\n"
		       "# mode 3, pages live 3, allocated 3, freed 0\n");
	}
}

static void test_malformed(void **state)
{
	static const char *const lines[] = {
		"map 0 0 4K 1", "map 0 0 4K 1 3 3", "frob 1", "lookup", "lookup 0x", "lookup 4Q",
		"unmap 0 4K 4294967296", "map_range 0 0 1P+4K 3", "lookup 1 2", "map a 0 4K 1 3",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char script[100], path[] = "/tmp/iopt-golden-XXXXXX";
		int fd = mkstemp(path), rc;
		struct err err = { 0 };

		snprintf(script, sizeof(script), "# one\n\n%s # three\n", lines[i]);
		assert_true(write(fd, script, strlen(script)) > 0);
		close(fd);
		free(dump(path, "lockless", &rc, &err));
		unlink(path);
		assert_int_equal(rc, EXIT_BAD_DATA);
		assert_non_null(strstr(err.text, ":3: "));
	}
}

static void test_no_file(void **state)
{
	struct err err = { 0 };
	int rc;

	(void)state;
	free(dump("/nonexistent.ops", "lockless", &rc, &err));
	assert_int_equal(rc, EXIT_BAD_DATA);
	free(dump("/dev/null", "frob", &rc, &err));
	assert_int_equal(rc, EXIT_USAGE);
	free(dump("/dev/null", "limit", &rc, &err));
	assert_int_equal(rc, EXIT_USAGE);
}

/* Blanks and comments go, the rest is echoed as written; an empty script dumps an empty table. */
static void test_echo(void **state)
{
	(void)state;
	expect("  lookup\t 0x10 \t# nothing there\n", "none",
	       "# 1: lookup\t 0x10 -> 0x0\n# mode 3, pages live 1, allocated 1, freed 0\n");
	expect("# nothing\n", "none", "# mode 3, pages live 1, allocated 1, freed 0\n"
				      "# leaf entries 0, table entries 0\n"
				      "# after destroy: pages live 0\n");
}

int main(void)
{
	struct CMUnitTest tests[32];
	size_t n = 0;

	for (const struct pt_engine *e = pt_engines; e->name; e++)
		if (!e->ruler)
			tests[n++] = (struct CMUnitTest){ e->name, test_golden, NULL, NULL,
							  (void *)(uintptr_t)e };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_refusals);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_malformed);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_no_file);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_echo);
	return _cmocka_run_group_tests("golden", tests, n, NULL, NULL);
}
