/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer's bytes into every message that one sends. What unpacks must pack to something that
 * unpacks again, and go through JSON and back unchanged.
 */
#include <string.h>

#include "proto/facts_json.h"
#include "proto/limits.h"
#include "tests/fuzz/fuzz.h"

static void check_json(const ProtobufCMessage *message, struct arena *arena)
{
	PLIMSOLL_AUTO(json) *value = facts_json_from_message(message);
	g_autofree char *text = json_text(value, false);
	ProtobufCMessage *again = facts_json_to_message(message->descriptor, value, arena, NULL);

	if (again == NULL)
		return; /* the arena is full */
	PLIMSOLL_AUTO(json) *value_again = facts_json_from_message(again);
	g_autofree char *text_again = json_text(value_again, false);
	g_assert_cmpstr(text, ==, text_again);
}

static void check_packing(const ProtobufCMessage *message, struct arena *arena)
{
	g_autoptr(GBytes) bytes = wire_pack(message);
	g_autoptr(GError) error = NULL;

	if (wire_unpack(message->descriptor, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
			arena, &error) == NULL)
		g_assert_error(error, WIRE_ERROR, WIRE_ERROR_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const ProtobufCMessageDescriptor *const messages[] = {
		&plimsoll__report__descriptor,
		&plimsoll__facts__descriptor,
		&plimsoll__observed__descriptor,
		&plimsoll__reply__descriptor,
	};

	for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
		PLIMSOLL_AUTO(arena) *arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
		g_autoptr(GError) error = NULL;
		ProtobufCMessage *message = wire_unpack(messages[i], data, size, arena, &error);

		g_assert_true((message == NULL) == (error != NULL));
		if (message == NULL)
			continue;
		check_packing(message, arena);
		check_json(message, arena);
	}
	g_autoptr(GBytes) plain = wire_decompress(data, size, LIMIT_REPORT_BYTES, NULL);
	(void)plain;
	return 0;
}
