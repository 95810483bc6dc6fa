/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of one unit of work (a report, a collection, an evaluation): allocated piecewise, freed at
 * once, capped. It is also the ProtobufCAllocator for unpacking what a peer sent.
 */
#ifndef PLIMSOLL_PROTO_ARENA_H
#define PLIMSOLL_PROTO_ARENA_H

#include <glib.h>
#include <protobuf-c/protobuf-c.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "proto/base.h"

struct arena;

/*
 * For main() of a program that does the same work again and again, before it has threads: memory
 * stays with the process between units of work, up to some MB per thread. Without it each report
 * pays for a hundred fresh pages, a fifth of its evaluation.
 */
void arena_keep_memory(void);

/* max_bytes: what all allocations may take together; SIZE_MAX for work that no peer can influence.
 */
struct arena *arena_new(size_t max_bytes);
void arena_free(struct arena *arena);
PLIMSOLL_AUTOPTR(arena, arena_free)

/* Zeroed memory, aligned for any type. NULL once the cap is reached; the arena then stays
 * exhausted. */
void *arena_alloc(struct arena *arena, size_t size);
bool arena_is_exhausted(const struct arena *arena);
size_t arena_used_bytes(const struct arena *arena);

/* As arena_alloc(), for arenas made with SIZE_MAX: never NULL. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);
char *arena_strdup(struct arena *arena, const char *text); /* NULL gives NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) G_GNUC_PRINTF(2, 3);
char *arena_vprintf(struct arena *arena, const char *format, va_list arguments) G_GNUC_PRINTF(2, 0);

/* For protobuf-c; its free does nothing. Lives as long as the arena. */
ProtobufCAllocator *arena_allocator(struct arena *arena);

#endif
