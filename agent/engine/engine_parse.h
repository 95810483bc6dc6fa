/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From one JSON answer of the Engine to rows of facts. Allow list by construction: a parser names
 * each member that it takes, everything else is skipped. A member of another type or out of range
 * is not seen (absent), never 0; a list that is missing is trouble, since an empty list would read
 * as "there is none".
 */
#ifndef PLIMSOLL_AGENT_ENGINE_PARSE_H
#define PLIMSOLL_AGENT_ENGINE_PARSE_H

#include "proto/arena.h"
#include "proto/json.h"
#include "proto/limits.h"
#include "proto/plimsoll.pb-c.h"

struct engine_parse {
	struct arena *arena;            /* keeps all rows and texts */
	Plimsoll__Fetch__Status status; /* OK, or what the first trouble was */
	char *detail;                   /* of the trouble; in the arena */
};

void engine_parse_init(struct engine_parse *parse, struct arena *arena);

/* Remembers the first trouble; detail is printed into the arena. */
void engine_parse_trouble(struct engine_parse *parse, Plimsoll__Fetch__Status status,
			  const char *format, ...) G_GNUC_PRINTF(3, 4);

/* A new, empty message of the arena. */
void *engine_parse_row(struct engine_parse *parse, const ProtobufCMessageDescriptor *descriptor);

/*
 * The text, or NULL when value is none. A NUL becomes U+FFFD, so that no text is cut to another
 * one; a text above LIMIT_STRING_BYTES is not seen and trouble.
 */
char *engine_parse_text(struct engine_parse *parse, const struct json *value);
char *engine_parse_copy(struct engine_parse *parse, const char *text, size_t size);

/* Null counts as 0: the Engine writes it for limits that are not set. */
bool engine_parse_integer(const struct json *value, int64_t *ret_value);
bool engine_parse_boolean(const struct json *value, protobuf_c_boolean *ret_value);
/* RFC 3339 to seconds; the Engine's year 1 means never and is not seen. */
bool engine_parse_time(const struct json *value, int64_t *ret_seconds);

#define TAKE_INTEGER(message, field, value)                                                        \
	((message)->has_##field = engine_parse_integer((value), &(message)->field))
#define TAKE_BOOLEAN(message, field, value)                                                        \
	((message)->has_##field = engine_parse_boolean((value), &(message)->field))
#define TAKE_TIME(message, field, value)                                                           \
	((message)->has_##field = engine_parse_time((value), &(message)->field))

/*
 * Length of a list or an object of the Engine, at most LIMIT_LIST_MEMBERS: null is empty, missing
 * or of another type is trouble under the name.
 */
size_t engine_parse_list(struct engine_parse *parse, const struct json *list, enum json_kind kind,
			 const char *name);

/* Takes a list of texts; order kept unless is_sorted. */
char **engine_parse_texts(struct engine_parse *parse, const struct json *list, const char *name,
			  bool is_sorted, size_t *ret_count);
/* The keys of an object in byte order. Missing or null gives none. */
char **engine_parse_keys(struct engine_parse *parse, const struct json *object, size_t *ret_count);
/* "NAME=value" texts: names and whether there is a value. Missing or null gives none. */
Plimsoll__EnvName **engine_parse_env(struct engine_parse *parse, const struct json *list,
				     size_t *ret_count);

/* Test[0] of a health check: NONE, CMD, CMD-SHELL, "" for none, "_" for anything else. */
char *engine_parse_health(struct engine_parse *parse, const struct json *config);

/* The pointers of rows as an array of the arena; NULL for none. */
void *engine_parse_array(struct engine_parse *parse, const GPtrArray *rows, size_t *ret_count);

#endif
