/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one door to JSON. Reading is strict (one value, no duplicate keys, exact 64-bit integers,
 * errors with line and column), except that a NUL in a string is accepted: a label must not make a
 * whole document unreadable. Writing escapes everything that is not plain text.
 */
#ifndef PLIMSOLL_PROTO_JSON_H
#define PLIMSOLL_PROTO_JSON_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base.h"

struct json; /* a value; children live as long as their root */

enum json_kind {
	JSON_KIND_NULL,
	JSON_KIND_BOOL,
	JSON_KIND_INTEGER,
	JSON_KIND_REAL,
	JSON_KIND_STRING,
	JSON_KIND_ARRAY,
	JSON_KIND_OBJECT
};

struct json_place {
	int line;
	int column;
};

/* gives: the root, free with json_free(). error: JSON_ERROR, "line L column C: ...". ret_place may
 * be NULL. */
struct json *json_parse(const char *text, size_t size, struct json_place *ret_place,
			GError **error);
void json_free(struct json *root);
PLIMSOLL_AUTOPTR(json, json_free)

/* Every reader accepts NULL and values of another type: then "not there". */
enum json_kind json_kind(const struct json *value); /* JSON_KIND_NULL for NULL */
bool json_is(const struct json *value, enum json_kind kind);
const struct json *json_get(const struct json *object, const char *key);
const struct json *json_path(const struct json *object,
			     const char *dotted); /* "HostConfig.Memory"; keys without dots */
size_t json_length(const struct json *array_or_object);
const struct json *json_at(const struct json *array, size_t index);
/* The text up to its first NUL; ret_size (may be NULL) is the full length, so a caller can tell.
 * NULL: no string. */
const char *json_as_string(const struct json *value, size_t *ret_size);
bool json_as_integer(const struct json *value,
		     int64_t *ret_value); /* integers, and reals without a fraction */
bool json_as_boolean(const struct json *value, bool *ret_value);
/* Line of the key of a parsed document's member, from 1; 0 for anything else. */
guint json_line(const struct json *member);
/* Calls back in byte order of keys: lists in facts must not depend on a hash. */
void json_each(const struct json *object,
	       void (*each)(const char *key, const struct json *value, void *data), void *data);

/* Building. The add functions take the value and return it, so that nested values can be filled
 * afterwards. */
struct json *json_object_new(void);
struct json *json_array_new(void);
struct json *json_set(struct json *object, const char *key, struct json *value);
struct json *json_append(struct json *array, struct json *value);
struct json *json_new_string(
	const char *text); /* NULL: JSON null; invalid UTF-8 is replaced by U+FFFD */
struct json *json_new_integer(int64_t value);
struct json *json_new_real(double value);
struct json *json_new_boolean(bool value);
struct json *json_new_null(void);
/* gives: free with g_free(). Keys keep the order in which they were set. */
char *json_text(const struct json *value, bool indented);

/*
 * Writing a long document piece by piece, so that it never stands in memory as values. key is NULL
 * for what is no member of an object. The text is borrowed and appended to.
 */
struct json_writer;
struct json_writer *json_writer_new(GString *text, bool indented);
void json_writer_free(struct json_writer *writer);
PLIMSOLL_AUTOPTR(json_writer, json_writer_free)
void json_write_begin(struct json_writer *writer, const char *key,
		      enum json_kind kind); /* JSON_KIND_OBJECT or JSON_KIND_ARRAY */
void json_write_end(struct json_writer *writer);
void json_write_value(struct json_writer *writer, const char *key,
		      struct json *value); /* takes the value */
/* As json_write_value() of json_new_string(), without a value in between. */
void json_write_string(struct json_writer *writer, const char *key, const char *text);

#define JSON_ERROR (json_error_quark())
GQuark json_error_quark(void);

#endif
