/*
 * corpus FILE…: a fuzzer's known inputs, where it is not linked with libFuzzer: each as it is, cut
 * short in places, and with bytes changed in places.
 */
#include <string.h>

#include "input.h"

#define SIZE_MAX_READ (1u << 20)
#define PLACES 24u

static uint8_t *read_file(const char *path, size_t *n)
{
	FILE *in = fopen(path, "rb");
	uint8_t *data = malloc(SIZE_MAX_READ);

	MUST(in && data);
	*n = fread(data, 1, SIZE_MAX_READ, in);
	MUST(!ferror(in) && *n < SIZE_MAX_READ);
	fclose(in);
	return data;
}

/* An allocation of just this size, so that reading beyond it is seen. */
static void run(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	MUST(copy);
	memcpy(copy, data, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

int main(int argc, char **argv)
{
	MUST(argc > 1);
	for (int i = 1; i < argc; i++) {
		size_t n;
		uint8_t *data = read_file(argv[i], &n);

		run(data, n);
		for (size_t k = 0; k < PLACES && n; k++) {
			size_t at = k * n / PLACES;
			uint8_t was = data[at];

			run(data, at);
			data[at] = (uint8_t)(was ^ (k % 2 ? 0x80 : 0x05));
			run(data, n);
			data[at] = was;
		}
		free(data);
	}
	printf("%d inputs\n", argc - 1);
	return 0;
}
