/*
 * verify_device.c - the same with devices that translate all the time through an IOTLB, while the writers
 * do around the table what a driver does (src/iotlb/domain.h).
 */
#include "bench/verify_threads.h"

int verify_device(const struct verify_job *job, struct verify_outcome *out, struct err *err)
{
	return verify_rounds(job, VERIFY_DEVICE, out, err);
}
