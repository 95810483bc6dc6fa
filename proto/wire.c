/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to bytes and back. A report's path in is: size, decompression with a bound, validation
 * of the wire format, and only then protobuf-c, with an arena that says no in time.
 */
#include "proto/wire.h"

#include <zstd.h>

#include "proto/limits.h"
#include "proto/validate.h"

enum { COMPRESSION_LEVEL = 1 };

GQuark wire_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-wire-error");
}

GBytes *wire_pack(const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *data = g_malloc(MAX(size, (size_t)1));

	if (protobuf_c_message_pack(message, data) != size)
		g_error("a message changed while it was packed");
	return g_bytes_new_take(data, size);
}

static ProtobufCMessage *unpack_bounded(const ProtobufCMessageDescriptor *descriptor,
					const void *data, size_t size, size_t max_bytes,
					struct arena *arena, GError **error)
{
	ProtobufCMessage *message = NULL;

	if (size > max_bytes) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_SIZE,
			    "%s: %zu bytes, at most %zu are accepted", descriptor->short_name, size,
			    max_bytes);
		return NULL;
	}
	if (size == 0)
		data = ""; /* not NULL: what follows computes an end from it */
	if (!validate_wire(descriptor, data, size, LIMIT_MESSAGES, error))
		return NULL;
	message = protobuf_c_message_unpack(descriptor, arena_allocator(arena), size, data);
	if (message == NULL && arena_is_exhausted(arena))
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_SIZE,
			    "%s: takes more memory than is accepted", descriptor->short_name);
	else if (message == NULL)
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, "%s: does not unpack",
			    descriptor->short_name);
	return message;
}

ProtobufCMessage *wire_unpack(const ProtobufCMessageDescriptor *descriptor, const void *data,
			      size_t size, struct arena *arena, GError **error)
{
	return unpack_bounded(descriptor, data, size, LIMIT_REPORT_BYTES, arena, error);
}

Plimsoll__Report *wire_unpack_report(const void *data, size_t size, struct arena *arena,
				     GError **error)
{
	return (Plimsoll__Report *)wire_unpack(&plimsoll__report__descriptor, data, size, arena,
					       error);
}

Plimsoll__Facts *wire_unpack_facts(const void *data, size_t size, struct arena *arena,
				   GError **error)
{
	return (Plimsoll__Facts *)wire_unpack(&plimsoll__facts__descriptor, data, size, arena,
					      error);
}

Plimsoll__Observed *wire_unpack_observed(const void *data, size_t size, struct arena *arena,
					 GError **error)
{
	return (Plimsoll__Observed *)wire_unpack(&plimsoll__observed__descriptor, data, size, arena,
						 error);
}

Plimsoll__Reply *wire_unpack_reply(const void *data, size_t size, struct arena *arena,
				   GError **error)
{
	return (Plimsoll__Reply *)unpack_bounded(&plimsoll__reply__descriptor, data, size,
						 LIMIT_REPLY_BYTES, arena, error);
}

void wire_sha256(const void *data, size_t size, uint8_t ret_digest[static WIRE_SHA256_BYTES])
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize digest_size = WIRE_SHA256_BYTES;

	/* By GLib: OpenSSL takes 2 MB before its first digest, and a collection needs nothing else
	 * of it. */
	g_checksum_update(checksum, data, (gssize)size);
	g_checksum_get_digest(checksum, ret_digest, &digest_size);
}

char *wire_hex(const uint8_t *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char *text = g_malloc(2 * size + 1);

	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[data[i] >> 4];
		text[2 * i + 1] = digits[data[i] & 0xf];
	}
	text[2 * size] = '\0';
	return text;
}

static void free_compressor(gpointer compressor)
{
	(void)ZSTD_freeCCtx(compressor);
}

/* Its tables are made once for each thread: to make them costs as much as a report's bytes do. */
static ZSTD_CCtx *compressor_of_thread(void)
{
	static GPrivate kept = G_PRIVATE_INIT(free_compressor);
	ZSTD_CCtx *compressor = g_private_get(&kept);

	if (compressor != NULL)
		return compressor;
	compressor = ZSTD_createCCtx();
	if (compressor == NULL)
		g_error("zstd: out of memory");
	g_private_set(&kept, compressor);
	return compressor;
}

GBytes *wire_compress(const void *data, size_t size)
{
	size_t bound = ZSTD_compressBound(size);
	g_autofree void *compressed = g_malloc(bound);
	size_t written = ZSTD_compressCCtx(compressor_of_thread(), compressed, bound, data, size,
					   COMPRESSION_LEVEL);

	if (ZSTD_isError(written))
		g_error("zstd: %s", ZSTD_getErrorName(written));
	return g_bytes_new(compressed, written);
}

/*
 * The frame must state its size, as wire_compress() makes it do: the bound is then checked before
 * anything is allocated, and memory that a lying frame claims is never touched.
 */
GBytes *wire_decompress(const void *data, size_t size, size_t max_bytes, GError **error)
{
	unsigned long long claimed = ZSTD_getFrameContentSize(data, size);
	g_autofree void *plain = NULL;

	if (claimed == ZSTD_CONTENTSIZE_ERROR || claimed == ZSTD_CONTENTSIZE_UNKNOWN ||
	    ZSTD_findFrameCompressedSize(data, size) != size) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_COMPRESSION,
			    "not one zstd frame that states its size");
		return NULL;
	}
	if (claimed > max_bytes) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_SIZE,
			    "%llu bytes after decompression, at most %zu are accepted", claimed,
			    max_bytes);
		return NULL;
	}
	plain = g_malloc(MAX((size_t)claimed, (size_t)1));
	if (ZSTD_decompress(plain, (size_t)claimed, data, size) != claimed) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_COMPRESSION,
			    "does not decompress to the size it states");
		return NULL;
	}
	return g_bytes_new_take(g_steal_pointer(&plain), (size_t)claimed);
}
