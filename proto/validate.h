/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer's bytes, judged before protobuf-c sees them: what is no well-formed message of this
 * descriptor, would unpack to more than the limits allow, or holds text that is not UTF-8, never
 * reaches an allocation.
 */
#ifndef PLIMSOLL_PROTO_VALIDATE_H
#define PLIMSOLL_PROTO_VALIDATE_H

#include <glib.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Walks the bytes of one message and of all below it. Unknown fields are skipped, a known singular
 * field that occurs twice is refused.
 *
 * max_messages  sub-messages and list members together.
 * error         WIRE_ERROR; names message and field.
 */
bool validate_wire(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data, size_t size,
		   size_t max_messages, GError **error);

#endif
