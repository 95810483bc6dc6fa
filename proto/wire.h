/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 3 of the flow, both ends: messages to bytes and back. Sizes, the wire format and all strings
 * (UTF-8 without NUL) are checked before unpacking, which uses a capped arena. Nothing else calls
 * protobuf-c's unpack.
 */
#ifndef PLIMSOLL_PROTO_WIRE_H
#define PLIMSOLL_PROTO_WIRE_H

#include <glib.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/arena.h"
#include "proto/plimsoll.pb-c.h"

enum { WIRE_SHA256_BYTES = 32 };

enum wire_error {
	WIRE_ERROR_SIZE,      /* larger than a limit of limits.h */
	WIRE_ERROR_MALFORMED, /* does not unpack */
	WIRE_ERROR_TEXT,      /* a string is not UTF-8 or holds a NUL */
	WIRE_ERROR_COMPRESSION,
};
#define WIRE_ERROR (wire_error_quark())
GQuark wire_error_quark(void);

/* Packs any message. gives: free with g_bytes_unref(). */
GBytes *wire_pack(const ProtobufCMessage *message);

/*
 * Unpacks a peer's bytes into the arena.
 *
 * error  WIRE_ERROR; the message names the field for WIRE_ERROR_TEXT.
 * gives  a message that lives as long as the arena; never free it with protobuf-c.
 */
ProtobufCMessage *wire_unpack(const ProtobufCMessageDescriptor *descriptor, const void *data,
			      size_t size, struct arena *arena, GError **error);
Plimsoll__Report *wire_unpack_report(const void *data, size_t size, struct arena *arena,
				     GError **error);
Plimsoll__Facts *wire_unpack_facts(const void *data, size_t size, struct arena *arena,
				   GError **error);
Plimsoll__Observed *wire_unpack_observed(const void *data, size_t size, struct arena *arena,
					 GError **error);
Plimsoll__Reply *wire_unpack_reply(const void *data, size_t size, struct arena *arena,
				   GError **error);

void wire_sha256(const void *data, size_t size, uint8_t ret_digest[static WIRE_SHA256_BYTES]);
/* gives: lower-case hex, free with g_free(). */
char *wire_hex(const uint8_t *data, size_t size);

/* zstd level 1; max_bytes bounds what decompression may yield. gives: free with g_bytes_unref(). */
GBytes *wire_compress(const void *data, size_t size);
GBytes *wire_decompress(const void *data, size_t size, size_t max_bytes, GError **error);

/* Sets an optional scalar of a protobuf-c message together with its presence bit. */
#define WIRE_SET(message, field, v)                                                                \
	do {                                                                                       \
		(message)->has_##field = true;                                                     \
		(message)->field = (v);                                                            \
	} while (0)

#endif
