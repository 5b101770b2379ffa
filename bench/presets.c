/* presets.c - the table of presets. */
#include "bench/preset.h"

#include <stdio.h>
#include <string.h>

#include "bench/option_row.h"

const struct preset *const presets[] = { &preset_generic_pt, &preset_dma_map_benchmark, NULL };

const struct choice preset_choices[] = {
	{ "none", "no preset" },
	{ "generic_pt", "the kernel's kunit benchmark of its page tables: each size, one thread" },
	{ "dma_map_benchmark", "the kernel's tool of that name, told in its own options: dma_map_benchmark:-t 4" },
	{ NULL, NULL },
};

static bool preset_parse(const struct option_row *row, const char *text, void *value, struct why *why)
{
	const char *colon = strchr(text, ':');
	struct preset_choice *choice = value;
	const struct preset *p;
	char name[256];

	snprintf(name, sizeof(name), "%.*s", colon ? (int)(colon - text) : 255, text);
	choice->args[0] = '\0';
	if (!kind_choice.parse(row, name, &choice->which, why))
		return false;
	p = choice->which ? presets[choice->which - 1] : NULL;
	if (!colon || (p && p->parse && strlen(colon + 1) < sizeof(choice->args) && !strpbrk(colon, ";\n") &&
		       p->parse(colon + 1, why->text, sizeof(why->text)))) {
		snprintf(choice->args, sizeof(choice->args), "%s", colon ? colon + 1 : "");
		return true;
	}
	if (!p || !p->parse || !why->text[0])
		snprintf(why->text, sizeof(why->text), "%s takes no such text behind its name; leave it out",
			 name);
	return false;
}

static char *choice_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	const struct preset_choice *choice = value;

	snprintf(buf, size, "%s%s%s", row->choices[choice->which].name, choice->args[0] ? ":" : "",
		 choice->args);
	return buf;
}

const struct option_kind kind_preset = { "NAME", sizeof(struct preset_choice), preset_parse, choice_show,
					 NULL };

char *preset_show(const struct options *o, char *buf, size_t size)
{
	buf[0] = '\0';
	return o->preset.which ? choice_show(option_find("preset"), &o->preset, buf, size) : buf;
}

const struct preset *preset_of(const struct options *o)
{
	return o->preset.which ? presets[o->preset.which - 1] : NULL;
}

bool preset_chooses(const struct option_row *row)
{
	return (row->flags & ROW_CHOOSES || row->group < GROUP_MEASURE) && strcmp(row->name, "preset");
}

bool preset_takes(const struct preset *p, const char *option)
{
	size_t len = strlen(option);

	for (const char *at = p->takes; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strcspn(at, ",") == len && !strncmp(at, option, len))
			return true;
	}
	return false;
}
