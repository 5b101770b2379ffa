#include "bench/fingerprint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	size_t at;
	bool build; /* differs between builds, not between machines */
} facts[] = {
	{ "CPU model", offsetof(struct stored_host, cpu_model), false },
	{ "microcode", offsetof(struct stored_host, microcode), false },
	{ "kernel", offsetof(struct stored_host, kernel), false },
	{ "governor", offsetof(struct stored_host, governor), false },
	{ "boost", offsetof(struct stored_host, boost), false },
	{ "SMT", offsetof(struct stored_host, smt), false },
	{ "nodes", offsetof(struct stored_host, nodes), false },
	{ "CPUs", offsetof(struct stored_host, cpus), false },
	{ "allocator", offsetof(struct stored_host, allocator), false },
	{ "compiler", offsetof(struct stored_host, compiler), true },
	{ "flags", offsetof(struct stored_host, flags), true },
};
#define FACTS (sizeof(facts) / sizeof(facts[0]))

/* "" unknown; what was made by hand may have NULL. */
static const char *fact(const struct stored_host *host, size_t i)
{
	const char *const *text = (const void *)((const char *)host + facts[i].at);

	return *text ? *text : "";
}

bool fingerprint_differs(const struct stored_host *base, const struct stored_host *new,
			 enum fingerprint_scope scope, unsigned i, char *text, size_t size)
{
	for (size_t f = 0; f < FACTS; f++) {
		const char *was = fact(base, f), *is = fact(new, f);

		if ((facts[f].build && scope == FINGERPRINT_HOST) || !*was || !*is ||
		    !strcmp(was, is) || i--)
			continue;
		snprintf(text, size, "%s: %.120s, was %.120s", facts[f].name, is, was);
		return true;
	}
	return false;
}

/* FNV-1a of 64 bits (Fowler, Noll and Vo), each text with the zero that ends it. */
void fingerprint_key(const struct stored_host *host, char key[FINGERPRINT_KEY])
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t f = 0; f < FACTS; f++) {
		const char *c = fact(host, f);

		if (facts[f].build)
			continue;
		do {
			hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
		} while (*c++);
	}
	snprintf(key, FINGERPRINT_KEY, "%016" PRIx64, hash);
}

static void add(char *text, size_t size, const char *what, const char *after)
{
	size_t used = strlen(text);

	if (*what)
		snprintf(text + used, size - used, "%s%s%s", used ? ", " : "", what, after);
}

void fingerprint_show(const struct stored_host *host, char *text, size_t size)
{
	const char *cpus = host->cpus ? host->cpus : "", *nodes = host->nodes ? host->nodes : "";

	text[0] = '\0';
	add(text, size, host->cpu_model ? host->cpu_model : "", "");
	add(text, size, host->kernel ? host->kernel : "", "");
	add(text, size, cpus, !strcmp(cpus, "1") ? " CPU" : " CPUs");
	add(text, size, nodes, !strcmp(nodes, "1") ? " node" : " nodes");
	if (!*text)
		snprintf(text, size, "unknown machine");
}
