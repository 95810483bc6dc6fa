/* SPDX-License-Identifier: Apache-2.0 */
/* Facts as JSON and back, by reflection over the descriptors: no line of code per field. */
#ifndef PLIMSOLL_PROTO_FACTS_JSON_H
#define PLIMSOLL_PROTO_FACTS_JSON_H

#include "proto/json.h"
#include "proto/wire.h"

/*
 * A saved collection: { "plimsoll_facts": 1, "envelope": {...}, "facts": {...}, "observed": {...}
 * }. bytes as lower-case hex, enums as lower-case names, int64 as JSON integers; absent fields are
 * absent.
 */
struct collection {
	Plimsoll__Envelope *envelope;
	Plimsoll__Facts *facts;
	Plimsoll__Observed *observed;
	struct arena *arena; /* owns the three */
};

struct json *facts_json_from_message(const ProtobufCMessage *message);
/* error: JSON_ERROR with the path of the field: "facts.container[3].memory: expected an integer".
 */
ProtobufCMessage *facts_json_to_message(const ProtobufCMessageDescriptor *descriptor,
					const struct json *value, struct arena *arena,
					GError **error);

/* gives: text, free with g_free(). */
char *facts_json_write(const struct collection *collection);
/* Reads text written by facts_json_write(). gives: free with collection_free(). */
struct collection *facts_json_read(const char *text, size_t size, GError **error);
void collection_free(struct collection *collection);
PLIMSOLL_AUTOPTR(collection, collection_free)

#endif
