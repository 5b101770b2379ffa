/* compare_tell.c - a verdict to whoever asked: stdout, a file, an exit code. */
#include "bench/compare.h"
#include "bench/verbs.h"

int compare_worse(int a, int b)
{
	static const int order[] = { EXIT_VERIFY, EXIT_UNTRUSTED, EXIT_NOT_COMPARABLE, EXIT_CANT_CREATE,
				     EXIT_WRITE, EXIT_REGRESSED, EXIT_INCONCLUSIVE };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return a ? a : b;
}

int compare_tell(const struct gate *g, const struct gate_options *as,
		 const struct compare_options *o, struct err *err)
{
	bool mere = g->code == EXIT_REGRESSED || g->code == EXIT_INCONCLUSIVE;
	int code = as->warn_only && mere ? EXIT_FINE : g->code;
	int told = gate_write(g, as, o->format, stdout, terminal_of(stdout)) ? finish_stdout() : EXIT_FINE;

	/* after the text: where the file cannot be written, the figures are not lost */
	if (o->verdict)
		told = compare_worse(told, gate_write_verdict(g, as, o->verdict, err));
	return compare_worse(code, told);
}
