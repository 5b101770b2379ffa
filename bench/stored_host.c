/* On what a stored result was measured, and by which build. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/stored_parts.h"

__attribute__((format(printf, 3, 4))) static int set_text(char **out, const struct json_at *at,
							   const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return err_set(at->err, EXIT_NO_RESOURCE, "no memory to read %.200s", at->file);
	free(*out);
	*out = text;
	return 0;
}

/* "4 of 8 with a quota of 1.5": goes before "CPUs". */
static int read_cpus(struct stored_host *h, const struct json_at *host, const struct json_at *topology)
{
	uint64_t all = 0, allowed = 0;
	double quota = 0;
	char few[48] = "", limit[48] = "";

	if (json_at_count(topology, "cpus", UINT64_MAX, &all) ||
	    json_at_count(topology, "cpus_allowed", UINT64_MAX, &allowed) ||
	    json_at_real(host, "cgroup_cpus", &quota))
		return host->err->code;
	if (!all)
		return set_text(&h->cpus, host, "%s", "");
	if (allowed && allowed != all)
		snprintf(few, sizeof(few), "%llu of ", (unsigned long long)allowed);
	if (quota > 0)
		snprintf(limit, sizeof(limit), " with a quota of %.6g", quota);
	return set_text(&h->cpus, host, "%s%llu%s", few, (unsigned long long)all, limit);
}

static int read_shape(struct stored_host *h, const struct json_at *host)
{
	struct json_at topology, nodes;
	bool smt = false;
	size_t n = 0;

	if (json_at_object(host, "topology", &topology) ||
	    json_at_array(&topology, "nodes", &nodes, &n) || json_at_bool(host, "smt", &smt) ||
	    read_cpus(h, host, &topology) ||
	    set_text(&h->smt, host, "%s", !json_is_boolean(json_object_get(host->json, "smt")) ? "" :
		     smt ? "on" : "off"))
		return host->err->code;
	return n ? set_text(&h->nodes, host, "%zu", n) : set_text(&h->nodes, host, "%s", "");
}

static int read_allocator(struct stored_host *h, const struct json_at *root)
{
	char *library = NULL, *version = NULL, *conf = NULL;
	struct json_at alloc;
	int rc;

	rc = json_at_object(root, "alloc", &alloc);
	if (!rc && !json_at_text(&alloc, "library", "", &library) &&
	    !json_at_text(&alloc, "version", "", &version) &&
	    !json_at_text(&alloc, "malloc_conf", "", &conf))
		set_text(&h->allocator, root, "%s%s%s%s%s", library, *version ? " " : "", version,
			 *conf ? " MALLOC_CONF=" : "", conf);
	free(library);
	free(version);
	free(conf);
	return root->err->code;
}

int stored_host_read(struct stored_host *h, const struct json_at *root)
{
	struct json_at host;
	const struct {
		const char *key;
		char **text;
	} texts[] = {
		{ "hostname", &h->hostname },   { "kernel", &h->kernel },
		{ "cpu_model", &h->cpu_model }, { "microcode", &h->microcode },
		{ "governor", &h->governor },   { "boost", &h->boost },
		{ "version", &h->version },     { "commit", &h->commit },
		{ "compiler", &h->compiler },   { "flags", &h->flags },
	};

	if (json_at_object(root, "host", &host))
		return root->err->code;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (json_at_text(&host, texts[i].key, "", texts[i].text))
			return root->err->code;
	if (read_shape(h, &host))
		return root->err->code;
	return read_allocator(h, root);
}

void stored_host_free(struct stored_host *h)
{
	char *texts[] = { h->hostname, h->kernel, h->cpu_model, h->microcode, h->governor, h->boost,
			  h->smt, h->nodes, h->cpus, h->allocator, h->version, h->commit, h->compiler,
			  h->flags };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
}
