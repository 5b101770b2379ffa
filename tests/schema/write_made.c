/* write_made whole|sweep|scaling|dma DIR: a result made by hand, written as `run --out DIR` writes one. */
#include "made_dma.h"
#include "made_scaling.h"

int main(int argc, char **argv)
{
	struct result r;
	struct err err = { 0 };

	if (argc != 3)
		return EXIT_USAGE;
	r = !strcmp(argv[1], "sweep") ? made_sweep() :
	    !strcmp(argv[1], "scaling") ? made_scaling() :
	    !strcmp(argv[1], "dma") ? made_dma_path() : made_whole();
	if (analyse(&r))
		return EXIT_INTERNAL;
	out_dir_write(&r, argv[2], &err);
	if (err.code)
		fprintf(stderr, "%s\n", err.text);
	result_free(&r);
	return err.code;
}
