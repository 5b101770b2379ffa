/* The DMA path as JSON: what a job asks for. */
#include "bench/option_dma.h"
#include "bench/write_json.h"

void put_job_dma(struct node o, const struct options *j)
{
	struct node array = put_array(o, "iova");
	char text[40];

	for (size_t i = 0; i < j->niovas; i++)
		add_text(array, j->iovas[i]->name);
	put_u64(o, "iova_window", j->iova_window);
	array = put_array(o, "buffers");
	for (size_t i = 0; i < j->buffers.n; i++)
		add_text(array, kind_buffer.show(NULL, &j->buffers.v[i], text, sizeof(text)));
	array = put_array(o, "flush");
	for (size_t i = 0; i < j->nflushes; i++)
		add_text(array, flush_name(j->flushes[i]));
	put_u64(o, "flush_ns", j->flush_ns);
	put_text(o, "flush_lock", j->flush_lockless ? "none" : "lock");
}
