/* SPDX-License-Identifier: Apache-2.0 */
/* What a JSON value looks like inside, for the files behind the door. */
#ifndef PLIMSOLL_PROTO_JSON_PRIVATE_H
#define PLIMSOLL_PROTO_JSON_PRIVATE_H

#include "proto/arena.h"
#include "proto/json.h"

enum { JSON_MAX_DEPTH = 512 };

/*
 * A parsed document lies in one arena, which its root owns; a built value is a block of its own and
 * owns its children. A built value never goes into a parsed document, nor a part of one into a
 * built value.
 */
struct json {
	struct json *next; /* member or element */
	const char *key;   /* NULL: no member of an object */
	union {
		bool boolean;
		int64_t integer;
		double real;
		struct {
			const char *text; /* with a NUL behind its last byte */
			size_t size;
		} string;
		struct {
			struct json *first, *last;
			size_t n;
			/* Of a long parsed list, so that it can be searched: elements by position,
			 * members by key in byte order; NULL elsewhere. */
			struct json **index;
		} list;
	};
	struct arena *arena; /* root of a parsed document; NULL elsewhere */
	enum json_kind kind;
	guint32 line; /* of a parsed member's key; 0 elsewhere */
};

/* A list is linked behind its last member. */
void json_link(struct json *list, struct json *value);
/* Members in byte order of their keys. gives: list.n values, free with g_free(). */
const struct json **json_sorted(const struct json *object);

#endif
