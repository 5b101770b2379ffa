/* units.h - numbers with units, both ways: `2M`, `20ms`, `1.5k`; 31.2 M, 412 ns. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes and addresses: decimal, 0x…, K M G T P (powers of 1024), sums and differences `1G-4K`, and
 * a leading minus for 2^64 - x. False when malformed or out of 64 bits.
 */
bool parse_bytes(const char *text, uint64_t *out);
/* A count: 1500, 1.5k, 2M (powers of 1000). */
bool parse_count(const char *text, uint64_t *out);
/* A duration: 0, 20ms, 1us, 1.5s, 100ns, 2m. A bare number other than 0 is refused. */
bool parse_duration_ns(const char *text, uint64_t *out);
/* 4K, 64K, 2M, … to log2; a power of two 2^12..2^51 without 2^39. */
bool parse_page_size_lg2(const char *text, uint64_t *out);

/* Short forms into buf, which is returned: "412 ns", "16.1 us", "3.1 ms"; "4K", "2M"; "31.2 M". */
char *show_ns(char *buf, size_t size, double ns);
char *show_bytes(char *buf, size_t size, uint64_t bytes);
char *show_count(char *buf, size_t size, double count);
/* 12345678 as "12,345,678". */
char *show_int(char *buf, size_t size, uint64_t v);
/* Behind what the buffer holds; what does not fit is cut off. */
void show_more(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
