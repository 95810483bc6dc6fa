/* SPDX-License-Identifier: Apache-2.0 */
/* A bump allocator: chunks that double, a cap over their sum, one free for all. */
#include "proto/arena.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK_BYTES = 16 << 10, LARGEST_CHUNK_BYTES = 128 << 10, ALIGNMENT = 16 };

enum { SHORT_TEXT_BYTES = 256 };

enum { KEPT_BLOCK_BYTES = 1 << 20, KEPT_HEAP_BYTES = 4 << 20 };

struct chunk {
	struct chunk *next;
	size_t size, used; /* bytes of data */
	_Alignas(ALIGNMENT) unsigned char data[];
};

struct arena {
	struct chunk *chunks; /* newest first */
	size_t max_bytes, used_bytes, next_chunk_bytes;
	bool exhausted;
	ProtobufCAllocator allocator;
};

static void *allocate_for_protobuf(void *data, size_t size)
{
	return arena_alloc(data, size);
}

static void free_for_protobuf(void *data, void *pointer)
{
	(void)data;
	(void)pointer;
}

void arena_keep_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, KEPT_HEAP_BYTES);
}

struct arena *arena_new(size_t max_bytes)
{
	struct arena *arena = g_new0(struct arena, 1);

	arena->max_bytes = max_bytes;
	arena->next_chunk_bytes = FIRST_CHUNK_BYTES;
	arena->allocator = (ProtobufCAllocator){
		.alloc = allocate_for_protobuf,
		.free = free_for_protobuf,
		.allocator_data = arena,
	};
	return arena;
}

void arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	while (arena->chunks != NULL) {
		struct chunk *next = arena->chunks->next;
		free(arena->chunks);
		arena->chunks = next;
	}
	g_free(arena);
}

static bool add_chunk(struct arena *arena, size_t at_least)
{
	size_t size = MAX(arena->next_chunk_bytes, at_least);
	struct chunk *chunk = malloc(sizeof(*chunk) + size);

	if (chunk == NULL)
		return false;
	chunk->size = size;
	chunk->used = 0;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->next_chunk_bytes = MIN(arena->next_chunk_bytes * 2, (size_t)LARGEST_CHUNK_BYTES);
	return true;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t rounded = (MAX(size, (size_t)1) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	struct chunk *chunk = arena->chunks;

	if (rounded < size || rounded > arena->max_bytes - arena->used_bytes || arena->exhausted) {
		arena->exhausted = true;
		return NULL;
	}
	if (chunk == NULL || chunk->size - chunk->used < rounded) {
		if (!add_chunk(arena, rounded)) {
			arena->exhausted = true;
			return NULL;
		}
		chunk = arena->chunks;
	}
	arena->used_bytes += rounded;
	chunk->used += rounded;
	return memset(chunk->data + chunk->used - rounded, 0, rounded);
}

bool arena_is_exhausted(const struct arena *arena)
{
	return arena->exhausted;
}

size_t arena_used_bytes(const struct arena *arena)
{
	return arena->used_bytes;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
	void *memory =
		count > 0 && size > SIZE_MAX / count ? NULL : arena_alloc(arena, count * size);

	if (memory == NULL)
		g_error("out of memory: %zu x %zu bytes", count, size);
	return memory;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_calloc(arena, length + 1, 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text == NULL ? NULL : arena_strndup(arena, text, strlen(text));
}

/* Whether a format is literal text and plain %s only, and how long the text becomes. */
static bool measure_join(const char *format, va_list arguments, size_t *ret_length)
{
	size_t length = 0;

	for (const char *p = format; *p != '\0'; p++) {
		if (*p != '%') {
			length++;
			continue;
		}
		if (*++p != 's')
			return false;
		const char *text = va_arg(arguments, const char *);

		if (text == NULL)
			return false;
		length += strlen(text);
	}
	*ret_length = length;
	return true;
}

static char *join(struct arena *arena, const char *format, va_list arguments, size_t length)
{
	char *copy = arena_calloc(arena, length + 1, 1);
	char *end = copy;

	for (const char *p = format; *p != '\0'; p++) {
		if (*p != '%') {
			*end++ = *p;
			continue;
		}
		p++; /* the s */
		end = stpcpy(end, va_arg(arguments, const char *));
	}
	*end = '\0';
	return copy;
}

/* Most formats only join texts, thousands of times in a report: printf takes ten times as long. */
static char *try_join(struct arena *arena, const char *format, va_list arguments)
{
	va_list measured, joined;
	size_t length = 0;
	char *copy = NULL;

	va_copy(measured, arguments);
	if (measure_join(format, measured, &length)) {
		va_copy(joined, arguments);
		copy = join(arena, format, joined, length);
		va_end(joined);
	}
	va_end(measured);
	return copy;
}

/* Most texts are short: they are written without a detour over the heap. */
char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
	char text[SHORT_TEXT_BYTES];
	va_list again;
	int length = 0;
	char *copy = try_join(arena, format, arguments);

	if (copy != NULL)
		return copy;

	va_copy(again, arguments);
	length = vsnprintf(text, sizeof(text), format, arguments);
	if (length < 0)
		g_error("text cannot be written: '%s'", format);
	copy = arena_calloc(arena, (size_t)length + 1, 1);
	if ((size_t)length < sizeof(text))
		memcpy(copy, text, (size_t)length);
	else
		(void)vsnprintf(copy, (size_t)length + 1, format, again);
	va_end(again);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	text = arena_vprintf(arena, format, arguments);
	va_end(arguments);
	return text;
}

ProtobufCAllocator *arena_allocator(struct arena *arena)
{
	return &arena->allocator;
}
