#include "bench/verify_evidence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/units.h"

const char *const verify_layer_name[VERIFY_LAYERS] = {
	[VERIFY_SEQUENCE] = "sequence", [VERIFY_RACE] = "race",         [VERIFY_DEVICE] = "device",
	[VERIFY_HISTORY] = "history",   [VERIFY_EXPLORER] = "explorer", [VERIFY_TSAN] = "tsan",
};

char *verify_path(char *text, size_t size, unsigned levels, uint64_t iova)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned level = levels; level-- > 0 && used < size;)
		used += (size_t)snprintf(text + used, size - used, "%s%u", used ? "/" : "",
					 (unsigned)(iova >> (12 + 9 * level)) % 512);
	return text;
}

char *verify_op_text(char *text, size_t size, const struct pt_op *op)
{
	static const char *const kinds[] = { "map", "unmap", "lookup", "map range", "unmap range" };
	char bytes[32];

	if (op->kind == PT_LOOKUP)
		snprintf(text, size, "lookup 0x%" PRIx64, op->iova);
	else
		snprintf(text, size, "%s %" PRIu32 " x %s at 0x%" PRIx64, kinds[op->kind], op->count,
			 show_bytes(bytes, sizeof(bytes), UINT64_C(1) << op->size_lg2), op->iova);
	return text;
}

static void add(struct verify_outcome *out, const char *fmt, va_list ap)
{
	size_t used = strlen(out->evidence), room = sizeof(out->evidence) - used;

	if (used && room > 1) {
		out->evidence[used++] = '\n';
		out->evidence[used] = '\0';
		room--;
	}
	vsnprintf(out->evidence + used, room, fmt, ap);
}

bool verify_caught(struct verify_outcome *out, const char *oracle, const char *fmt, ...)
{
	va_list ap;

	if (out->caught)
		return false;
	out->caught = true;
	snprintf(out->oracle, sizeof(out->oracle), "%s", oracle);
	out->evidence[0] = '\0';
	va_start(ap, fmt);
	add(out, fmt, ap);
	va_end(ap);
	return true;
}

void verify_add(struct verify_outcome *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(out, fmt, ap);
	va_end(ap);
}

void verify_evidence_print(const char *evidence, FILE *out)
{
	while (*evidence) {
		size_t length = strcspn(evidence, "\n");

		fprintf(out, "    %.*s\n", (int)length, evidence);
		evidence += length + (evidence[length] == '\n');
	}
}

void verify_again(struct verify_outcome *out, const struct verify_job *job, enum verify_layer layer,
		  uint64_t seed)
{
	char broken[64] = "";

	if (job->mutant)
		snprintf(broken, sizeof(broken), " --break %s", pt_mutants[job->mutant].name);
	verify_add(out, "%s, layer %s, round of seed %" PRIu64, job->engine->name,
		   verify_layer_name[layer], seed);
	verify_add(out, "again: iopt verify --engine %s --layer %s --threads %u --seed %" PRIu64
		   " --shake %u%s", job->engine->name, verify_layer_name[layer], job->threads, seed, job->shake,
		   broken);
}
